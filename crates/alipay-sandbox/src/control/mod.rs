//! `/control/…`: the library's functions for tests, over HTTP. See the documentation of the crate.

pub(crate) mod guard;
mod wire;

use actix_web::{HttpResponse, http::StatusCode, middleware::from_fn, web};
use alipay_protocol::PrivateKey;
use serde_json::json;

use crate::{Refused, app::App, failure::Failure, ledger::TradeRef, operations};
use wire::{BehaviourJson, FaultJson, KeyJson, OrderJson, RefundJson, TradeJson, request_json};

/// Maximum number of bytes of a request.
const MAX_BODY: usize = 16 * 1024;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/control")
            .wrap(from_fn(guard::turn_strangers_away))
            .app_data(web::JsonConfig::default().limit(MAX_BODY).error_handler(|error, _| {
                let answer = HttpResponse::BadRequest().json(json!({ "message": error.to_string() }));
                actix_web::error::InternalError::from_response(error, answer).into()
            }))
            .service(
                web::resource("/faults")
                    .route(web::get().to(count_faults))
                    .route(web::post().to(add_faults))
                    .route(web::delete().to(clear_faults)),
            )
            .route("/trades", web::get().to(trades))
            .route("/requests", web::get().to(requests))
            .route("/pay", web::post().to(pay))
            .route("/pay-again", web::post().to(pay_again))
            .route("/refund", web::post().to(refund))
            .route("/finish", web::post().to(finish))
            .route("/key", web::post().to(change_key))
            .service(
                web::resource("/notifications")
                    .route(web::get().to(notifications))
                    .route(web::post().to(set_notifications)),
            )
            .route("/notifications/held", web::post().to(take_held)),
    );
}

async fn count_faults(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "waiting": app.faults.waiting() }))
}

async fn add_faults(app: web::Data<App>, fault: web::Json<FaultJson>) -> HttpResponse {
    let Some((method, fault, times)) = fault.read() else {
        return bad_request(
            "method, times (1 to 1000) or milliseconds (slow only, at most 600000) is not valid",
        );
    };
    for _ in 0..times {
        if let Err(error) = app.faults.add(method, fault) {
            return bad_request(&error.to_string());
        }
    }
    count_faults(app).await
}

async fn clear_faults(app: web::Data<App>) -> HttpResponse {
    app.faults.clear();
    count_faults(app).await
}

/// The requested trades: of one number, or all.
#[derive(serde::Deserialize)]
struct TradesQuery {
    out_trade_no: Option<String>,
}

async fn trades(app: web::Data<App>, query: web::Query<TradesQuery>) -> HttpResponse {
    let trades = match &query.out_trade_no {
        Some(out_trade_no) => operations::trades_of(&app, out_trade_no),
        None => operations::trades(&app),
    };
    HttpResponse::Ok().json(trades.iter().map(TradeJson::of).collect::<Vec<_>>())
}

async fn requests(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(app.log.latest().iter().map(request_json).collect::<Vec<_>>())
}

async fn pay(app: web::Data<App>, order: web::Json<OrderJson>) -> HttpResponse {
    let reference = TradeRef::OutTradeNo(order.out_trade_no.clone());
    answer(operations::pay(&app, &reference).map(|trade| json!(TradeJson::of(&trade))))
}

async fn pay_again(app: web::Data<App>, order: web::Json<OrderJson>) -> HttpResponse {
    answer(operations::pay_again(&app, &order.out_trade_no).map(|trade| json!(TradeJson::of(&trade))))
}

async fn refund(app: web::Data<App>, refund: web::Json<RefundJson>) -> HttpResponse {
    let Ok(amount) = refund.amount.parse() else { return bad_request("amount must be a text such as 10.00") };
    let outcome = operations::refund_at_console(&app, &refund.out_trade_no, amount);
    answer(outcome.map(|out_request_no| json!({ "out_request_no": out_request_no })))
}

async fn finish(app: web::Data<App>, order: web::Json<OrderJson>) -> HttpResponse {
    answer(operations::finish(&app, &order.out_trade_no).map(|trade| json!(TradeJson::of(&trade))))
}

async fn change_key(app: web::Data<App>, change: web::Json<KeyJson>) -> HttpResponse {
    let new_key = change.new_key.then(PrivateKey::generate).transpose().map_err(|_| Failure::Signing);
    let changed = new_key.and_then(|key| app.signing.change(key, app.now()));
    answer(changed.map(|sn| json!({ "alipay_cert_sn": sn.map(|sn| sn.to_string()) })))
}

async fn notifications(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .json(app.notifier.records().all().iter().map(wire::notification_json).collect::<Vec<_>>())
}

async fn set_notifications(app: web::Data<App>, behaviour: web::Json<BehaviourJson>) -> HttpResponse {
    app.notifier.behave(behaviour.into_inner().into());
    HttpResponse::NoContent().finish()
}

async fn take_held(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(app.notifier.take_held().iter().map(wire::held_json).collect::<Vec<_>>())
}

fn answer(outcome: Result<serde_json::Value, Failure>) -> HttpResponse {
    match outcome.map_err(Refused::from) {
        Ok(json) => HttpResponse::Ok().json(json),
        Err(Refused { code, message }) => {
            HttpResponse::build(StatusCode::CONFLICT).json(json!({ "code": code, "message": message }))
        }
    }
}

fn bad_request(message: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "message": message }))
}

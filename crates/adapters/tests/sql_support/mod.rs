//! Shared by the tests of the store on both engines.

#![allow(dead_code, clippy::allow_attributes, reason = "each test binary uses its own part")]

mod engine;
mod large_shop;
mod logged;
pub(crate) mod orders;
pub(crate) mod plans;
mod shop;
pub(crate) mod unreadable;
pub(crate) mod upkeep;

pub(crate) use engine::Engine;
pub(crate) use shop::SqlShop;

/// The contract suites, once more with carts elsewhere for placing orders, and the other tests for both engines.
/// `$engine` is evaluated once per test, in an async function, to an [`Engine`] with its own empty database.
macro_rules! store_tests {
    ($engine:expr) => {
        mod contract {
            use super::*;

            ports::shop_contract!(SqlShop::on($engine, CartsIn::Database).await);
            ports::cart_contract!(SqlShop::on($engine, CartsIn::Database).await);
        }

        mod contract_with_carts_elsewhere {
            use super::*;

            ports::placing_contract!(AfterCommit, SqlShop::on($engine, CartsIn::Elsewhere).await);
        }

        mod upkeep {
            use super::*;

            sql_support::one_by_one! { $engine => upkeep: [
                migrates_once_however_many_start,
                fills_an_empty_shop_for_a_demo,
                sets_aside_a_removal_that_cannot_be_read,
                shows_a_kind_product_by_product,
                asks_no_more_often_than_it_must,
                asks_no_more_often_with_carts_elsewhere,
                asks_once_for_the_lines_of_an_order,
                goes_through_removed_addresses_once,
                finds_refund_due_payments_among_few_and_many,
                recovers_from_callers_that_give_up,
                turns_away_who_waits_too_long,
            ]}
        }

        mod rows_that_cannot_be_read {
            use super::*;

            sql_support::one_by_one! { $engine => unreadable: [
                cost_one_order_of_a_list,
                of_other_programs_cost_one_order_of_a_list,
                cost_one_sku_of_a_page,
                cost_one_payment,
                cost_one_day_of_the_figures,
                cost_one_attempt_of_the_delivery_log,
                park_one_event,
                park_one_refund,
                park_one_due_order,
                park_one_cart_removal,
                do_not_age_what_waits,
                events_have_names_that_never_repeat,
            ]}
        }

        mod plans {
            use super::*;

            #[test]
            fn never_scan_orders_lines_or_addresses() {
                let statements = sql_support::plans::Statements::default();
                let test = async {
                    sql_support::plans::never_scan_orders_lines_or_addresses($engine, &statements).await;
                };
                statements.runtime().block_on(test);
            }

            #[test]
            fn no_statement_of_the_contracts_scans_what_grows() {
                let statements = sql_support::plans::Statements::default();
                let test = async {
                    ports::shop_contract!(contract_calls, SqlShop::on($engine, CartsIn::Database).await);
                    ports::cart_contract!(contract_calls, SqlShop::on($engine, CartsIn::Database).await);
                    ports::placing_contract!(
                        contract_calls,
                        AfterCommit,
                        SqlShop::on($engine, CartsIn::Elsewhere).await
                    );
                    sql_support::plans::no_statement_scans_what_grows($engine, &statements).await;
                };
                statements.runtime().block_on(test);
            }
        }
    };
}

macro_rules! one_by_one {
    ($engine:expr => $module:ident: [$($test:ident),* $(,)?]) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                sql_support::$module::$test($engine).await;
            }
        )*
    };
}

pub(crate) use {one_by_one, store_tests};

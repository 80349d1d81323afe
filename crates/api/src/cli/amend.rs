//! Commands that change an order's amount or address.

use clap::Args;
use domain::{Money, ShippingAddress};

use super::{CommandError, operator, order_number, orders::line, output::say_line};
use crate::{configuration::Configuration, http::MAX_REASON, wiring::open_orders};

/// The new amount of an unpaid order.
#[derive(Args)]
pub(super) struct LowerAmountArguments {
    /// The order's number.
    order: String,
    /// The new amount, freight included: less than now, at least 0.01.
    amount: Money,
    /// The current amount. If the order has another amount, nothing is changed.
    #[arg(long)]
    expected: Money,
    /// The reason, for the buyer.
    #[arg(long, default_value = "商家优惠")]
    reason: String,
}

/// The new address of an order.
#[derive(Args)]
pub(super) struct ChangeAddressArguments {
    /// The order's number.
    order: String,
    /// The receiver: 1 to 10 characters.
    #[arg(long)]
    receiver: String,
    /// The receiver's mobile number: eleven digits.
    #[arg(long)]
    mobile: String,
    /// Province, city, street and house: 1 to 100 characters.
    #[arg(long)]
    address: String,
    /// A label: 1 to 10 characters.
    #[arg(long, default_value = "其他")]
    title: String,
    /// The reason, for the timeline.
    #[arg(long, default_value = "商家修改收货地址")]
    reason: String,
}

pub(super) async fn lower_amount(
    configuration: &Configuration,
    arguments: LowerAmountArguments,
) -> Result<(), CommandError> {
    let LowerAmountArguments { order, amount, expected, reason } = arguments;
    let order_id = order_number(&order)?;
    let reason = line("--reason", &reason, MAX_REASON)?;
    let orders = open_orders(configuration).await?;
    orders
        .lower_amount(&order_id, expected, amount, &reason, &operator())
        .await
        .map_err(|cause| CommandError::lower_amount(&order_id, cause))?;
    say_line(format!("order {order_id} costs {amount}")).map(drop)
}

pub(super) async fn change_address(
    configuration: &Configuration,
    arguments: ChangeAddressArguments,
) -> Result<(), CommandError> {
    let ChangeAddressArguments { order, receiver, mobile, address, title, reason } = arguments;
    let order_id = order_number(&order)?;
    let reason = line("--reason", &reason, MAX_REASON)?;
    let address = ShippingAddress::checked(&title, &receiver, &mobile, &address)?;
    let orders = open_orders(configuration).await?;
    orders
        .change_address_by_shop(&order_id, None, address, &reason, &operator())
        .await
        .map_err(|cause| CommandError::change_address(&order_id, cause))?;
    say_line(format!("order {order_id} goes to the new address")).map(drop)
}

//! Orders in the real program, from the cart to the webhook endpoint, and what remains of them.

mod amendments;
mod attempts;
mod carts;
mod events;
mod notifications;
mod old_shop;
mod purchase;
mod unpaid;
mod upkeep;
mod webhooks;

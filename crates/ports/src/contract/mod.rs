//! One suite per port: it checks what every adapter must do.
//!
//! A behaviour is a function that takes the adapter in a fixture and panics if the adapter does not have the behaviour.
//! An adapter's tests are one line per fixture. `ports::shop_contract!(a_new_empty_shop().await)` generates the tests
//! for a database with the carts, `ports::placing_contract!(AfterCommit, …)` those for placing orders without the carts
//! in the database, and `ports::cart_contract!(…)` those for a cart store. The fixture accesses the stored data where
//! the ports cannot: it adds SKUs, and reads the stored rows.
//!
//! This crate's own tests prove with intentionally wrong adapters that the suites find errors.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a suite is test code")]

pub mod address_book;
pub mod admin_orders;
pub mod cart_store;
pub mod catalog;
pub mod credentials;
pub mod daily_statements;
pub mod direct_buys;
pub mod fixture;
pub mod idempotency;
pub mod ledger;
pub mod old_orders;
pub mod order_reader;
pub mod orders;
pub mod placing;
pub mod refused_messages;
mod samples;
pub mod stock;
pub mod storefront_reader;
pub mod users;
pub mod webhook_endpoints;
pub mod webhook_queue;

pub use webhook_queue::of_another as webhook_queue_of_another;

pub use fixture::{Carts, KeptDifference, NewAddress, NewSku, OldOrder, Shop, StockRecord};

/// Generates a test for each behaviour of the ports of a database with the carts. `$shop` is evaluated once per test,
/// in an async function, to an `Arc<dyn Shop>` on an empty database.
///
/// With `contract_calls` before it, it calls the behaviours one after the other instead, to observe all of them
/// together.
#[macro_export]
macro_rules! shop_contract {
    ($shop:expr) => {
        $crate::shop_contract!(contract_tests, $shop);
    };
    ($run:ident, $shop:expr) => {
        $crate::$run! { $shop =>
            users: [
                are_found_by_their_exact_name,
                are_let_in_while_they_are_active,
                are_let_in_until_their_password_changes,
                have_destinations_of_their_own_alone,
                have_a_destination_where_they_are_let_in,
            ]
            address_book: [
                lists_the_default_first_and_deleted_never,
                adds_rewrites_and_deletes,
                keeps_one_default,
                writes_on_what_it_was_decided_on_alone,
                loses_no_entry,
            ]
            storefront_reader: [
                shows_the_first_of_each_kind,
                shows_a_kind_page_by_page,
                shows_a_product_with_all_its_skus,
            ]
            credentials: [
                are_found_by_their_exact_name,
                keep_the_first_hash_alone,
            ]
            catalog: [tells_stock_price_and_attributes, knows_nothing_of_no_ids]
            direct_buys: [remembers_the_latest_of_each_user]
            stock: [
                is_taken_sold_and_counted,
                is_not_taken_on_other_terms,
                is_never_oversold,
                is_taken_by_many_without_loss,
            ]
            orders: [
                are_read_as_they_were_written,
                are_written_many_at_once,
                keep_what_was_bought,
                need_a_number_of_their_own,
                are_not_repeated_until_their_guard_is_released,
            ]
            order_reader: [
                lists_newest_first_and_own_alone,
                lists_one_status,
                lists_page_by_page,
                follows_no_order_of_another_user,
                knows_the_numbers_of_a_second,
                knows_the_refund_due_payments_of_several_orders,
            ]
            admin_orders: [
                searches_by_each_and_all,
                searches_page_by_page,
                shows_what_was_ordered,
                files_all_that_is_on_record,
                lists_goods_and_payments,
                finds_payments_that_paid_nothing,
                counts_payments_without_a_time,
                finds_refunds_that_are_not_done,
                sums_up_days,
                sums_up_days_far_away,
            ]
            old_orders: [
                are_read_from_the_joined_tables,
                without_lines_are_listed,
                change_status_as_others_do,
            ]
            ledger: [
                reads_what_was_appended,
                is_rebuilt_from_its_events,
                keeps_what_is_of_no_order,
                keeps_the_largest_amount,
                keeps_two_hundred_characters_of_words,
                tells_webhooks_of_what_was_appended,
                decides_one_refund_at_a_time,
                changes_status_from_the_expected_one_alone,
                changes_status_once_however_many_try,
                writes_all_events_or_none,
                records_a_trade_once,
                records_a_trade_once_however_many_try,
                lowers_an_amount_from_the_expected_one_alone,
                lowers_an_amount_once_however_many_try,
                changes_an_address_in_the_expected_status_alone,
                finds_an_order_by_any_attempt,
                finds_an_order_by_an_attempt_that_is_not_on_record,
                opens_an_attempt_once,
                closes_and_pays_attempts_in_their_states_alone,
                gives_a_request_number_once,
                finishes_refunds_in_their_status_alone,
                returns_pieces_once_for_each_reason,
                retakes_pieces_that_are_there,
                due_orders_are_claimed_once_and_again_after_the_lease,
                due_orders_are_claimed_by_one_alone,
                timers_are_set_in_their_status_alone,
                due_refunds_are_claimed_once_and_again_after_the_lease,
                due_refunds_are_claimed_by_one_alone,
            ]
            refused_messages: [are_kept_as_far_as_there_is_room, are_bounded, are_forgotten_by_age]
            daily_statements: [
                has_what_is_of_the_day,
                has_what_the_bill_names,
                has_what_a_long_bill_names,
                keeps_what_was_found_last,
                keeps_many_differences_and_long_words,
            ]
            webhook_queue: [
                are_read_as_they_were_written,
                are_claimed_once_and_again_after_the_lease,
                keep_a_name_of_their_own,
                are_delivered_in_their_order,
                are_given_up_until_resent,
                are_resent,
                are_resent_one_by_one,
                are_resent_however_many,
                are_resent_as_far_as_they_are_sent,
                are_resent_with_what_stands_in_their_way,
                keep_their_time_while_earlier_ones_are_resent,
                have_the_trace_of_their_request,
                are_forgotten_after_delivery,
                are_claimed_by_one_alone,
            ]
            webhook_queue_of_another: [
                are_read_as_they_were_written,
                are_claimed_once_and_again_after_the_lease,
                keep_a_name_of_their_own,
                are_delivered_in_their_order,
                are_given_up_until_resent,
                are_resent,
                are_resent_one_by_one,
                are_resent_however_many,
                are_resent_as_far_as_they_are_sent,
                are_resent_with_what_stands_in_their_way,
                keep_their_time_while_earlier_ones_are_resent,
                have_the_trace_of_their_request,
                are_forgotten_after_delivery,
                are_claimed_by_one_alone,
            ]
            webhook_endpoints: [
                are_registered_once,
                have_events_of_their_own,
                are_new_after_an_absence,
                miss_nothing_from_their_first_moment_on,
                are_forgotten_where_nobody_names_them,
                fail_until_they_succeed,
                are_paused_until_resumed,
                are_paused_by_one_alone,
                are_not_paused_for_what_was_not_tried,
                keep_a_log_of_attempts,
                forget_old_attempts,
            ]
            idempotency: [
                binds_a_key_to_its_order,
                binds_a_key_once,
                binds_a_key_once_however_many_try,
                forgets_old_keys,
            ]
        }
        $crate::placing_contract!($run, InTransaction, $shop);
    };
}

/// Generates a test for each behaviour of placing orders, the only port of a database that behaves differently if the
/// carts are elsewhere. The mode is that of [`Shop::removal_mode`]; `$shop` is as in
/// [`shop_contract!`](crate::shop_contract).
#[macro_export]
macro_rules! placing_contract {
    ($mode:ident, $shop:expr) => {
        $crate::placing_contract!(contract_tests, $mode, $shop);
    };
    ($run:ident, InTransaction, $shop:expr) => {
        $crate::placing_contract!(@with $run, [takes_what_is_unchanged_out_of_carts], $shop);
    };
    ($run:ident, AfterCommit, $shop:expr) => {
        $crate::placing_contract!(
            @with $run, [
                knows_ordered_lines_until_they_are_forgotten,
                hands_removals_over,
                hands_each_removal_to_one,
            ],
            $shop
        );
    };
    (@with $run:ident, [$($removal:ident),* $(,)?], $shop:expr) => {
        $crate::$run! { $shop =>
            placing: [
                finds_the_buyers_of_a_group,
                knows_active_buyers_alone,
                writes_a_group_with_all_that_belongs_to_it,
                takes_stock_as_it_was_quoted_alone,
                takes_many_skus_at_once,
                leaves_no_trace_of_what_is_not_written,
                is_written_wholly_or_not_at_all,
                gives_back_what_it_held,
                says_what_stands_in_the_way,
                counts_what_is_unpaid,
                lets_nobody_slip_past_the_count,
                $($removal),*
            ]
        }
    };
}

/// Generates a test for each behaviour of a cart store. `$carts` is evaluated once per test, in an async function, to
/// an `Arc<dyn Carts>` on empty carts.
#[macro_export]
macro_rules! cart_contract {
    ($carts:expr) => {
        $crate::cart_contract!(contract_tests, $carts);
    };
    ($run:ident, $carts:expr) => {
        $crate::$run! { $carts =>
            cart_store: [
                loads_lines_in_order,
                loads_many_carts_together,
                reads_every_form_of_the_old_shop,
                hides_what_cannot_be_read_alone,
                removes_what_is_unchanged,
                removes_many_lines,
                removes_in_one_step,
                writes_as_the_old_shop_does,
                writes_all_lines_or_none,
                writes_over_what_cannot_be_read,
                loses_no_write,
                discards_lines,
            ]
        }
    };
}

/// One call per behaviour.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_calls {
    ($fixture:expr => $($suite:ident: [$($behaviour:ident),* $(,)?])*) => {
        $($(Box::pin($crate::contract::$suite::$behaviour($fixture)).await;)*)*
    };
}

/// One test per behaviour, in one module per suite.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($fixture:expr => $($suite:ident: [$($behaviour:ident),* $(,)?])*) => {
        $(
            mod $suite {
                #[allow(unused_imports, clippy::allow_attributes, reason = "a fixture may need nothing of its surroundings")]
                use super::*;

                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $behaviour() {
                        $crate::contract::$suite::$behaviour($fixture).await;
                    }
                )*
            }
        )*
    };
}

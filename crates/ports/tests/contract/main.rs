//! The contract suites on a correct adapter in memory, and on deliberately wrong ones.
//!
//! A suite that accepts a wrong adapter is useless: the named behaviour must find each defect below.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod memory;
mod metrics;

use std::sync::Arc;

use memory::{Defect, Memory};
use ports::{
    CartRemovalMode,
    contract::{self, Carts, Shop},
};

mod right {
    use super::*;

    ports::shop_contract!(Memory::shop(CartRemovalMode::InTransaction, None));
    ports::cart_contract!(Memory::carts(None));

    mod with_carts_elsewhere {
        use super::super::*;

        ports::placing_contract!(AfterCommit, Memory::shop(CartRemovalMode::AfterCommit, None));
    }
}

/// A behaviour, and a defect that it must find.
macro_rules! finds {
    ($($name:ident: $suite:ident::$behaviour:ident finds $defect:ident on $kind:expr;)*) => {
        $(
            // One thread with a paused clock that moves only when no task can run: tasks that should wait for the
            // database at the same time do so, however busy the machine is.
            #[tokio::test(start_paused = true)]
            async fn $name() {
                let behaviour = tokio::spawn(contract::$suite::$behaviour($kind(Defect::$defect)));
                let failed = behaviour.await.expect_err("the suite passed a wrong adapter");
                assert!(failed.is_panic());
            }
        )*
    };
}

fn shop(defect: Defect) -> Arc<dyn Shop> {
    Memory::shop(CartRemovalMode::InTransaction, Some(defect))
}

fn shop_with_carts_elsewhere(defect: Defect) -> Arc<dyn Shop> {
    Memory::shop(CartRemovalMode::AfterCommit, Some(defect))
}

fn carts(defect: Defect) -> Arc<dyn Carts> {
    Memory::carts(Some(defect))
}

mod wrong {
    use super::*;

    finds! {
        overselling: stock::is_never_oversold finds Oversells on shop;
        overselling_one_by_one: stock::is_not_taken_on_other_terms finds Oversells on shop;
        lost_updates: stock::is_never_oversold finds LosesUpdates on shop;
        lost_updates_of_many: stock::is_taken_by_many_without_loss finds LosesUpdates on shop;
        any_price: stock::is_not_taken_on_other_terms finds IgnoresPrice on shop;
        no_version: stock::is_taken_sold_and_counted finds ForgetsVersion on shop;
        no_rollback: placing::is_written_wholly_or_not_at_all finds KeepsWhatIsDropped on shop;
        no_compare_and_set: ledger::changes_status_from_the_expected_one_alone finds IgnoresOldStatus on shop;
        no_compare_and_set_at_once: ledger::changes_status_once_however_many_try finds IgnoresOldStatus on shop;
        status_race: ledger::changes_status_once_however_many_try finds LosesUpdates on shop;
        overwritten_orders: orders::need_a_number_of_their_own finds OverwritesOrders on shop;
        live_prices: orders::keep_what_was_bought finds ReadsSkusOfToday on shop;
        case_of_names: users::are_found_by_their_exact_name finds IgnoresCase on shop;
        case_of_names_in_tokens: users::are_let_in_while_they_are_active finds IgnoresCase on shop;
        inactive_callers: users::are_let_in_while_they_are_active finds LetsEverybodyIn on shop;
        old_passwords: users::are_let_in_until_their_password_changes finds IgnoresMarks on shop;
        inactive_buyers: users::have_a_destination_where_they_are_let_in finds LetsEverybodyIn on shop;
        old_passwords_of_buyers: users::have_a_destination_where_they_are_let_in finds IgnoresMarks on shop;
        deleted_addresses: address_book::lists_the_default_first_and_deleted_never finds ShowsDeleted on shop;
        deleted_destination: users::have_destinations_of_their_own_alone finds ShowsDeleted on shop;
        foreign_destination: users::have_destinations_of_their_own_alone finds IgnoresOwner on shop;
        foreign_list: order_reader::lists_newest_first_and_own_alone finds IgnoresOwner on shop;
        foreign_page: order_reader::follows_no_order_of_another_user finds IgnoresOwner on shop;
        foreign_payments: order_reader::knows_the_refund_due_payments_of_several_orders finds IgnoresOwner on shop;
        unordered_list: order_reader::lists_newest_first_and_own_alone finds ListsUnordered on shop;
        pages_by_time: order_reader::lists_page_by_page finds PagesByTime on shop;
        unlimited_pages: order_reader::lists_page_by_page finds IgnoresLimit on shop;
        foreign_search: admin_orders::searches_by_each_and_all finds IgnoresOwner on shop;
        any_status: admin_orders::searches_by_each_and_all finds IgnoresOldStatus on shop;
        unordered_search: admin_orders::searches_by_each_and_all finds ListsUnordered on shop;
        unlimited_search: admin_orders::searches_page_by_page finds IgnoresLimit on shop;
        search_by_time: admin_orders::searches_page_by_page finds PagesByTime on shop;
        receiver_hidden: admin_orders::shows_what_was_ordered finds NeedsSnapshots on shop;
        others_records: admin_orders::files_all_that_is_on_record finds IgnoresOwner on shop;
        unordered_parcels: admin_orders::lists_goods_and_payments finds ListsUnordered on shop;
        payments_that_paid_nothing: admin_orders::lists_goods_and_payments finds IgnoresOldStatus on shop;
        undone_refunds: admin_orders::finds_payments_that_paid_nothing finds IgnoresOldStatus on shop;
        all_strays: admin_orders::finds_payments_that_paid_nothing finds IgnoresLimit on shop;
        payments_of_no_day: admin_orders::counts_payments_without_a_time finds CountsByPaymentAlone on shop;
        forgotten_refunds: admin_orders::finds_refunds_that_are_not_done finds HidesAutomaticRefunds on shop;
        capped_sums: admin_orders::sums_up_days finds SumsUpToTheLargestAmount on shop;
        old_orders_hidden: old_orders::are_read_from_the_joined_tables finds NeedsSnapshots on shop;
        payments_twice: ledger::records_a_trade_once finds RecordsTwice on shop;
        others_guards: orders::are_not_repeated_until_their_guard_is_released finds IgnoresOwner on shop;
        clicked_twice: orders::are_not_repeated_until_their_guard_is_released finds PlacesTwice on shop;
        returned_twice: ledger::returns_pieces_once_for_each_reason finds ReturnsTwice on shop;
        refunded_at_once: ledger::decides_one_refund_at_a_time finds LosesUpdates on shop;
        some_events: ledger::writes_all_events_or_none finds KeepsWhatIsDropped on shop;
        due_for_ever: ledger::due_orders_are_claimed_once_and_again_after_the_lease finds ForgetsLeases on shop;
        due_to_many: ledger::due_orders_are_claimed_by_one_alone finds LosesUpdates on shop;
        put_off_in_any_status: ledger::timers_are_set_in_their_status_alone finds IgnoresOldStatus on shop;
        refunds_twice: ledger::gives_a_request_number_once finds RecordsTwice on shop;
        any_amount: ledger::lowers_an_amount_from_the_expected_one_alone finds IgnoresOldStatus on shop;
        amount_race: ledger::lowers_an_amount_once_however_many_try finds LosesUpdates on shop;
        redirected_in_any_status: ledger::changes_an_address_in_the_expected_status_alone finds IgnoresOldStatus on shop;
        attempts_twice: ledger::opens_an_attempt_once finds RecordsTwice on shop;
        attempts_in_any_state: ledger::closes_and_pays_attempts_in_their_states_alone finds IgnoresOldStatus on shop;
        attempts_of_no_order: ledger::finds_an_order_by_any_attempt finds IgnoresAttempts on shop;
        attempts_without_a_record: ledger::finds_an_order_by_an_attempt_that_is_not_on_record finds IgnoresAttempts on shop;
        refunds_end_twice: ledger::finishes_refunds_in_their_status_alone finds FinishesTwice on shop;
        refunds_for_ever: ledger::due_refunds_are_claimed_once_and_again_after_the_lease finds ForgetsLeases on shop;
        refunds_to_many: ledger::due_refunds_are_claimed_by_one_alone finds LosesUpdates on shop;
        every_refused_message: refused_messages::are_bounded finds KeepsEveryMessage on shop;
        days_overlap: daily_statements::has_what_is_of_the_day finds DaysOverlap on shop;
        named_twice: daily_statements::has_what_the_bill_names finds RecordsTwice on shop;
        case_of_numbers: daily_statements::has_what_the_bill_names finds IgnoresCase on shop;
        found_before: daily_statements::keeps_what_was_found_last finds KeepsEveryComparison on shop;
        events_for_ever: webhook_queue::are_claimed_once_and_again_after_the_lease finds ForgetsLeases on shop;
        events_out_of_order: webhook_queue::are_delivered_in_their_order finds Overtakes on shop;
        events_woken_late: webhook_queue::are_delivered_in_their_order finds FinishesTwice on shop;
        events_to_many: webhook_queue::are_claimed_by_one_alone finds LosesUpdates on shop;
        events_without_commit: webhook_queue::are_read_as_they_were_written finds KeepsWhatIsDropped on shop;
        events_to_many_of_another: webhook_queue_of_another::are_claimed_by_one_alone finds LosesUpdates on shop;
        events_out_of_order_of_another: webhook_queue_of_another::are_delivered_in_their_order finds Overtakes on shop;
        paused_for_nothing: webhook_endpoints::are_paused_until_resumed finds ForgetsPauses on shop;
        paused_by_many: webhook_endpoints::are_paused_by_one_alone finds LosesUpdates on shop;
        paused_for_a_stop: webhook_endpoints::are_not_paused_for_what_was_not_tried finds KeepsStreaks on shop;
        told_of_absence: webhook_endpoints::are_new_after_an_absence finds KeepsRegistrations on shop;
        lost_on_the_first_day: webhook_endpoints::miss_nothing_from_their_first_moment_on finds LooksTooEarly on shop;
        broken_leases: webhook_queue::keep_their_time_while_earlier_ones_are_resent finds BreaksLeases on shop;
        resent_past_filters: webhook_queue::are_resent_as_far_as_they_are_sent finds ResendsAnything on shop;
        mixed_endpoints: webhook_endpoints::have_events_of_their_own finds MixesEndpoints on shop;
        payments_twice_at_once: ledger::records_a_trade_once_however_many_try finds RecordsTwice on shop;
        keys_twice: idempotency::binds_a_key_once finds BindsTwice on shop;
        all_keys_at_once: idempotency::forgets_old_keys finds IgnoresLimit on shop;
        keys_twice_at_once: idempotency::binds_a_key_once_however_many_try finds LosesUpdates on shop;
        case_of_names_at_sign_in: credentials::are_found_by_their_exact_name finds IgnoresCase on shop;
        overwritten_hash: credentials::keep_the_first_hash_alone finds KeepsEveryHash on shop;
        deleted_entries: address_book::adds_rewrites_and_deletes finds ShowsDeleted on shop;
        two_defaults: address_book::keeps_one_default finds KeepsDefaults on shop;
        foreign_default: address_book::keeps_one_default finds IgnoresOwner on shop;
        stale_decision: address_book::writes_on_what_it_was_decided_on_alone finds WritesOnAnything on shop;
        stale_decisions_of_many: address_book::loses_no_entry finds WritesOnAnything on shop;
        off_shelf_in_front: storefront_reader::shows_the_first_of_each_kind finds ShowsOffShelf on shop;
        too_many_in_front: storefront_reader::shows_the_first_of_each_kind finds IgnoresLimit on shop;
        off_shelf_page: storefront_reader::shows_a_kind_page_by_page finds ShowsOffShelf on shop;
        first_direct_buy: direct_buys::remembers_the_latest_of_each_user finds KeepsFirstDirectBuy on shop;
        changed_lines: placing::takes_what_is_unchanged_out_of_carts finds IgnoresStamp on shop;
        removal_without_commit: placing::is_written_wholly_or_not_at_all finds KeepsWhatIsDropped on shop_with_carts_elsewhere;
        young_removals: placing::hands_removals_over finds ClaimsYoung on shop_with_carts_elsewhere;
        others_removals: placing::knows_ordered_lines_until_they_are_forgotten finds IgnoresOwner on shop_with_carts_elsewhere;
        buyers_by_case: placing::finds_the_buyers_of_a_group finds IgnoresCase on shop;
        buyers_with_foreign_addresses: placing::finds_the_buyers_of_a_group finds IgnoresOwner on shop;
        placing_at_any_price: placing::takes_stock_as_it_was_quoted_alone finds IgnoresPrice on shop;
        placing_too_much: placing::takes_stock_as_it_was_quoted_alone finds Oversells on shop;
        placing_without_rollback: placing::leaves_no_trace_of_what_is_not_written finds KeepsWhatIsDropped on shop;
        held_by_nobody: placing::gives_back_what_it_held finds KeepsWhatIsDropped on shop;
        placing_over_others: placing::leaves_no_trace_of_what_is_not_written finds OverwritesOrders on shop;
        placing_side_by_side: placing::lets_nobody_slip_past_the_count finds LosesUpdates on shop;
        removals_for_ever: placing::hands_removals_over finds ForgetsLeases on shop_with_carts_elsewhere;
        removals_to_many: placing::hands_each_removal_to_one finds LosesUpdates on shop_with_carts_elsewhere;
        carts_of_others: cart_store::loads_many_carts_together finds IgnoresOwner on carts;
        changed_lines_in_store: cart_store::removes_what_is_unchanged finds IgnoresStamp on carts;
        check_then_remove: cart_store::removes_in_one_step finds RemovesInTwoSteps on carts;
        form_of_a_line: cart_store::writes_as_the_old_shop_does finds WritesItsOwnForm on carts;
        some_lines: cart_store::writes_all_lines_or_none finds WritesSome on carts;
        any_line: cart_store::writes_all_lines_or_none finds IgnoresStamp on carts;
        compare_then_write: cart_store::loses_no_write finds WritesInTwoSteps on carts;
        malformed_line: cart_store::hides_what_cannot_be_read_alone finds HidesAll on carts;
        lines_as_text: cart_store::loads_lines_in_order finds ListsUnordered on carts;
    }
}

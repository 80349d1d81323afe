//! Many buyers at once: nothing is oversold, nothing is lost, and every answer is defined by the contract.

mod cases;

use cases::*;

tests::on_both_stores!(
    two_hundred_buyers_of_fifty_pieces,
    five_hundred_carts_over_twenty_skus,
    sixty_four_buyers_clear_one_sku_without_being_told_to_come_again,
    one_request_sent_many_times_under_one_key_is_one_order,
    clicks_on_one_button_are_one_order,
);

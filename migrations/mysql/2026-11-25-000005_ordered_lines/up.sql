-- What was ordered and is still to leave a buyer's cart is looked up whenever that cart is ordered.
CREATE INDEX dashop_cart_removal_of_user ON dashop_cart_removal (user_id);

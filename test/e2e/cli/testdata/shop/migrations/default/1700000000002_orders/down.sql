drop table discount, coupon, order_item, "order", cart_item, cart, inventory, warehouse, price;

drop table product, supplier, category, brand, address, customer, order_status;

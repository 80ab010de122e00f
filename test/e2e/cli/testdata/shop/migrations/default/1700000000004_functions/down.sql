drop function customer_full_name(customer);
drop function search_product(text);

create function search_product(search text) returns setof product language sql stable as
$$ select * from product where name ilike '%' || search || '%' $$;
create function customer_full_name(c customer) returns text language sql stable as
$$ select c.first_name || ' ' || c.last_name $$;

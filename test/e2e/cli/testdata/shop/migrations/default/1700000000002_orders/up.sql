create table price (id serial primary key, product_id int not null references product, amount numeric(10, 2) not null check (amount >= 0), valid_from date not null default current_date);
create table warehouse (id serial primary key, city text not null);
create table inventory (product_id int references product, warehouse_id int references warehouse, quantity int not null default 0, primary key (product_id, warehouse_id));
create table cart (id serial primary key, customer_id int not null references customer);
create table cart_item (cart_id int references cart on delete cascade, product_id int references product, quantity int not null default 1, primary key (cart_id, product_id));
create table "order" (id serial primary key, customer_id int not null references customer, status text not null default 'open' references order_status, placed_at timestamptz not null default now());
create table order_item (order_id int references "order" on delete cascade, product_id int references product, quantity int not null, primary key (order_id, product_id));
create table coupon (code text primary key, percent int not null);
create table discount (id serial primary key, product_id int references product, coupon_code text references coupon);

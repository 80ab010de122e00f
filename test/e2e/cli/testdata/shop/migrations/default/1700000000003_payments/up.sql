create table payment (id serial primary key, order_id int not null references "order", amount numeric(10, 2) not null);
create table invoice (id serial primary key, order_id int not null unique references "order", issued_on date not null default current_date);
create table shipment (id serial primary key, order_id int not null references "order", address_id int references address);
create table review (id serial primary key, product_id int not null references product, customer_id int not null references customer, stars int not null, text text);

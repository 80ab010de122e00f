create table order_status (value text primary key, comment text);
insert into order_status values ('open', 'not yet paid'), ('paid', null), ('sent', null);
create table customer (id serial primary key, email text not null unique, first_name text, last_name text, created_at timestamptz not null default now());
create table address (id serial primary key, customer_id int not null references customer on delete cascade, line text not null, city text not null);
create table brand (id serial primary key, name text not null unique);
create table category (id serial primary key, parent_id int references category, name text not null);
create table supplier (id serial primary key, name text not null);
create table product (id serial primary key, brand_id int references brand, category_id int not null references category, supplier_id int references supplier, name text not null, details jsonb not null default '{}');

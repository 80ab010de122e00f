insert into brand (name) values ('Acme'), ('Umbrella');
insert into category (name) values ('Tools');
insert into product (brand_id, category_id, name) values (1, 1, 'Hammer'), (1, 1, 'Anvil');

create schema world;
create table world.country (code char(2) primary key, full_name text not null, area numeric);
create table world.city (id int primary key, country_code char(2) not null references world.country, city_name text not null);
insert into world.country values ('DE', 'Germany', 357588), ('FR', 'France', 543940.5);
insert into world.city values (1, 'DE', 'Berlin'), (2, 'DE', 'Hamburg'), (3, 'FR', 'Paris');

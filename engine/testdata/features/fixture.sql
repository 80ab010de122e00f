-- The fixture of the features' golden cases: columns of many types, tables of every kind, names of every sort.
create extension citext;
create extension ltree;
create schema shop;
create type size as enum ('small', 'large');
create domain code as text check (value <> '');
create type point2 as (x integer, y integer);
create table thing (
  id       integer generated always as identity primary key,
  name     text not null,
  alias    citext,
  path     ltree,
  size     size,
  code     code,
  at       point2,
  span     int4range,
  period   tsrange,
  labels   text[],
  grid     integer[],
  data     jsonb,
  doc      json,
  small    smallint,
  big      bigint,
  price    numeric(8, 2),
  ratio    real,
  is_on    boolean,
  day      date,
  moment   timestamptz,
  token    uuid,
  owner    text,
  doubled  integer generated always as (small * 2) stored
);
insert into thing (name, alias, path, size, code, at, span, period, labels, grid, data, doc, small, big, price, ratio, is_on, day, moment, token, owner) values
  ('one', 'First', 'top.a.b', 'small', 'A1', '(1,2)', '[1,5)', '[2024-01-01,2024-02-01)', '{a,b}', '{1,2}', '{"k": {"n": 1}, "l": [1, 2]}', '{"d": 1}',
   1, 9007199254740993, 10.50, 1.5, true, '2024-01-02', '2024-01-02T03:04:05Z', '7f2c1f6e-0000-4000-8000-000000000001', 'u1'),
  ('two', 'second', 'top.c', 'large', 'B2', null, '[5,9]', null, '{b,c}', null, '{"k": {"n": 2}}', null,
   2, 5, 20, 2.5, false, '2024-06-01', '2024-06-01T00:00:00Z', null, 'u2'),
  ('three', null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
create table shop.item (id integer primary key, thing_id integer not null references thing, amount float8 not null, is_paid boolean not null);
insert into shop.item values (1, 1, 1.5, true), (2, 1, 2.5, true), (3, 2, 10, false);
create table "Odd Table" ("Key" integer primary key, "select" text, "two words" text, "camelCase" integer);
insert into "Odd Table" values (1, 'reserved', 'unreachable', 5);
create table measure (at date not null, value integer not null, primary key (at)) partition by range (at);
create table measure_2024 partition of measure for values from ('2024-01-01') to ('2025-01-01');
insert into measure values ('2024-03-01', 7);
create view open_item as select id, thing_id, amount, is_paid from shop.item where not is_paid;
create view item_total as select thing_id, sum(amount) as total from shop.item group by thing_id;
create materialized view thing_name as select id, name from thing;
create function thing_items(thing_row thing) returns setof shop.item language sql stable as
  $$ select * from shop.item where thing_id = thing_row.id $$;
create function thing_caller(thing_row thing, session json) returns text language sql stable as
  $$ select thing_row.name || ' for ' || coalesce(session ->> 'x-hasura-role', '?') $$;

-- The fixture of what is served beyond Hasura: two tenants, keys that are indexes only, foreign keys that may be null and
-- one that may not, a table that points back one to one, functions that return scalars.
create table author (
  id      serial primary key,
  name    text not null unique,
  email   text,
  city    text,
  is_head boolean not null default false,
  karma   integer not null default 0,
  tenant  integer not null default 1
);
create unique index author_email on author (lower(email));
create unique index author_head on author (city) where is_head;
create table article (
  id        serial primary key,
  title     text not null,
  author_id integer references author,
  genre     text,
  views     integer not null default 0,
  price     numeric(8, 2),
  meta      jsonb not null default '{}',
  raw       json,
  tenant    integer not null default 1
);
create unique index "Article Title" on article (title);
create table profile (id serial primary key, author_id integer unique references author, bio text not null);
create table tag (article_id integer not null references article on delete cascade, label text not null, primary key (article_id, label));
create table counter (n bigint not null);
insert into counter values (0);

create function add_numbers(a integer, b integer default 2) returns integer language sql immutable as 'select a + b';
create function words_of(sentence text) returns setof text language sql immutable as $$ select unnest(string_to_array(sentence, ' ')) $$;
create function whoami(hasura_session json) returns json language sql stable as $$ select json_build_object('role', hasura_session ->> 'x-hasura-role') $$;
create function nothing() returns text language sql stable as 'select null::text';
create function bump(by bigint) returns bigint language sql volatile as 'update counter set n = n + by returning n';
create function reset_counter(n_to bigint) returns void language sql volatile as 'update counter set n = n_to';

insert into author (name, email, city, is_head, karma, tenant) values
  ('Ann', 'Ann@example.org', 'Rome', true, 5, 1),
  ('Ben', 'ben@example.org', 'Rome', false, 1, 1),
  ('Cyd', null, 'Oslo', true, 3, 1),
  ('Dee', 'dee@example.org', 'Rome', false, 9, 2);
insert into article (title, author_id, genre, views, price, tenant) values
  ('One', 1, 'novel', 10, 5.50, 1),
  ('Two', 1, 'essay', 20, null, 1),
  ('Three', 2, 'novel', 30, 7.25, 1),
  ('Four', null, null, 40, 1, 1),
  ('Five', 4, 'novel', 50, 9, 2),
  ('Six', null, 'essay', 60, 2, 2);
insert into profile (author_id, bio) values (1, 'about Ann'), (null, 'about nobody');
insert into tag values (1, 'old'), (1, 'red'), (3, 'red');

-- The fixture of the query line's golden cases: mixed-case names, a space, a reserved word, a composite key, an enum
-- table and an enum type, a generated column, a view, functions.
create type mood as enum ('calm', 'wild');
create table genre (name text primary key, comment text);
insert into genre values ('novel', 'long'), ('essay', 'short'), ('poem', null);
create table author (
  id        serial primary key,
  name      text not null unique,
  born      date,
  email     text,
  rating    numeric(6, 2),
  followers bigint not null default 0,
  mood      mood not null default 'calm',
  tags      text[] not null default '{}',
  profile   jsonb not null default '{}',
  is_public boolean not null default true
);
create table article (
  id         serial primary key,
  title      text not null,
  body       text not null default '',
  author_id  integer references author on delete cascade,
  genre      text not null default 'novel' references genre,
  published  boolean not null default false,
  views      integer not null default 0 check (views >= 0),
  score      float8,
  words      integer generated always as (length(title) + length(body)) stored,
  created_at timestamptz not null default '2024-01-01T00:00:00Z'
);
create table "Order Line" (
  "order"  integer not null,
  "Item"   text not null,
  quantity integer not null default 1,
  primary key ("order", "Item")
);
create table tag (article_id integer references article on delete cascade, label text not null, primary key (article_id, label));
create view published_article as select id, title, author_id from article where published;
create function search_article(search text) returns setof article language sql stable as
  $$ select * from article where title ilike '%' || search || '%' $$;
create function my_author(hasura_session json) returns setof author language sql stable as
  $$ select * from author where id = (hasura_session ->> 'x-hasura-user-id')::int $$;
create function add_view(article_id_arg integer, by integer default 1) returns setof article language sql volatile as
  $$ update article set views = views + by where id = article_id_arg returning * $$;
create function author_label(a author) returns text language sql stable as $$ select a.name || ' #' || a.id $$;
create function author_greeting(a author, greeting text, hasura_session json) returns text language sql stable as
  $$ select greeting || ' ' || a.name || ', ' || coalesce(hasura_session ->> 'x-hasura-role', '?') $$;
create function author_weight(a author, factor integer default 1) returns integer language sql stable as $$ select a.id * factor $$;
create function one_author() returns author language sql stable as $$ select * from author where id = 2 $$;
create function author_top(a author, low integer default 0) returns setof article language sql stable as
  $$ select * from article where author_id = a.id and views >= low $$;

insert into author (name, born, email, rating, followers, mood, tags, profile, is_public) values
  ('Ada', '1815-12-10', 'ada@example.org', 4.50, 9007199254740993, 'calm', '{maths,"a \"quoted\", tag"}', '{"langs": ["en", "fr"], "home": {"city": "London"}}', true),
  ('Bob', null, null, null, 5, 'wild', '{}', '{"langs": []}', true),
  ('Cid', '1970-01-01', 'cid@example.org', 3.25, 0, 'calm', '{poetry}', '{}', false);
insert into article (title, body, author_id, genre, published, views, score) values
  ('Engines', 'On engines', 1, 'essay', true, 10, 1.5),
  ('Notes', 'On notes', 1, 'novel', false, 3, null),
  ('Rivers', 'On rivers', 2, 'poem', true, 7, 2.5),
  ('Draft', '', 3, 'novel', false, 0, 0.5),
  ('Orphan', '', null, 'novel', true, 1, null);
insert into "Order Line" values (1, 'pen', 2), (1, 'Ink', 1), (2, 'pen', 5);
insert into tag values (1, 'tech'), (1, 'old'), (3, 'nature');

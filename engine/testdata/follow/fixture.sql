create table org (id int primary key, name text);
create table author (id int primary key, name text, org_id int references org on delete cascade, created_on date default '2020-01-01');
create table article (
  id serial primary key, title text, score int not null default 0, is_published bool not null default false,
  author_id int references author on update cascade on delete cascade);
create table audit (id bigserial primary key, what text);
create table log (id bigint primary key, what text);

create function audited() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then insert into audit (what) values (tg_op || new.id); end if;
  if tg_op = 'DELETE' then delete from audit where what = 'INSERT' || old.id; end if;
  return null;
end $$;
create trigger audited after insert or update or delete on article for each row execute function audited();

create table account (id int primary key, balance int not null);
insert into account select n, 100 from generate_series(1, 10) n;

create table part (id int, kind text, v int, primary key (id, kind)) partition by list (kind);
create table part_a partition of part for values in ('a');
create table part_b partition of part for values in ('b') partition by range (id);
create table part_b_low partition of part_b for values from (minvalue) to (50);
create table "part_b ""high"".x:y, z" partition of part_b for values from (50) to (maxvalue);

create table base (id int primary key, v int);
create table derived (extra text) inherits (base);

create schema "Other.One";
create table "Other.One"."Tab: le""" (id int primary key, v text);

create unlogged table scratch (id int primary key, v int);

create view top as
  select a.id, a.name, count(r.id) as articles, coalesce(sum(r.score), 0) as score
  from author a left join article r on r.author_id = a.id group by a.id;
create view named as select t.id, t.name || ' of ' || coalesce(o.name, '') as name, t.score from top t join author using (id) left join org o on o.id = author.org_id;
create view recent as select id, what from log where now() > '2001-01-01';
create materialized view counted as select count(*) as n, 1 as id from article;

create function found(least_score int) returns setof article language sql stable
  begin atomic select * from article where score >= least_score; end;
create function worded(least_score int) returns setof article language sql stable as 'select * from article where score >= least_score';
create function author_total(a author) returns bigint language sql stable
  begin atomic select sum(score) from article where author_id = a.id; end;

create table hidden (id int primary key, v int);
create table hider (id int primary key);
alter table hidden enable row level security;
alter table hidden force row level security;
create policy shown on hidden using (id not in (select h.id from hider h));

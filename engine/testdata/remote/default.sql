create table author (id int primary key, name text not null, country char(2), born date, secret text not null default 'hidden');
create table book (id int primary key, author_id int references author, title text not null, isbn text, "odd name" text);
create function initial(a author) returns text language sql stable as $$ select left(a.name, 1) $$;

insert into author (id, name, country, born) values
  (1, 'Ada', 'DE', '1815-12-10'), (2, 'Bob "B"', 'FR', null), (3, 'Cy\d', null, '2000-02-29'), (4, 'Dee', 'XX', '1999-12-31');
insert into book values
  (1, 1, 'Engines', 'i-1', 'x"y\z'), (2, 1, 'Notes', 'i-2', null), (3, 2, 'Sea', 'i-3', ''), (4, 2, 'Sand', null, 'null'), (5, null, 'Anonymous', 'i-1', '{"a":[1]}');

create table profile (author_id bigint primary key, bio text not null, email text not null, odd text);
create table review (id int primary key, author_id bigint not null, isbn varchar(20), rating int not null, body text, reviewer text not null, public boolean not null, day timestamp);
create domain initial as text check (value <> 'D');
create table letter (letter initial primary key, word text not null);

insert into profile values (1, 'counts', 'ada@example.com', 'x"y\z'), (2, 'sails', 'bob@example.com', ''), (9, 'nobody', 'nobody@example.com', 'null');
insert into review values
  (1, 1, 'i-1', 5, 'good', 'u1', true, '1815-12-10'), (2, 1, 'i-2', 3, 'so so', 'u2', false, '2000-02-29'), (3, 1, 'i-1', 4, null, 'u1', true, null),
  (4, 2, 'i-3', 1, 'bad', 'u1', false, null), (5, 2, null, 2, 'poor', 'u2', true, '2000-02-29 00:00:01');
insert into letter values ('A', 'apple'), ('B', 'bear'), ('C', 'cat');

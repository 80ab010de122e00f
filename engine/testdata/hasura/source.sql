-- The part of a Hasura's catalog that stands in a source with event triggers (source catalog version 3), and the user's
-- tables with such a trigger.
create table hdb_catalog.hdb_source_catalog_version (version text not null, upgraded_on timestamp with time zone not null);
create unique index hdb_source_catalog_version_one_row on hdb_catalog.hdb_source_catalog_version using btree (((version is not null)));
create table hdb_catalog.event_log (id text default hdb_catalog.gen_hasura_uuid() not null primary key, schema_name text not null, table_name text not null,
  trigger_name text not null, payload jsonb not null, delivered boolean default false not null, error boolean default false not null,
  tries integer default 0 not null, created_at timestamp without time zone default now(), locked timestamp with time zone,
  next_retry_at timestamp without time zone, archived boolean default false not null);
create index event_log_fetch_events on hdb_catalog.event_log using btree (locked nulls first, next_retry_at nulls first, created_at)
  where ((delivered = false) and (error = false) and (archived = false));
create index event_log_trigger_name_idx on hdb_catalog.event_log using btree (trigger_name);
create table hdb_catalog.event_invocation_logs (id text default hdb_catalog.gen_hasura_uuid() not null primary key, event_id text, status integer,
  request json, response json, created_at timestamp without time zone default now(), trigger_name text);
create index event_invocation_logs_event_id_idx on hdb_catalog.event_invocation_logs using btree (event_id);
create table hdb_catalog.hdb_event_log_cleanups (id text default hdb_catalog.gen_hasura_uuid() not null primary key, trigger_name text not null,
  scheduled_at timestamp without time zone not null, deleted_event_logs integer, deleted_event_invocation_logs integer, status text not null,
  constraint hdb_event_log_cleanups_status_check check ((status = any (array['scheduled'::text, 'paused'::text, 'completed'::text, 'dead'::text]))));
insert into hdb_catalog.hdb_source_catalog_version values ('3', '2025-03-01 10:00:00+00');

create table author (id serial primary key, name text not null);
create table article (id serial primary key, title text, author_id int references author (id));
create function hdb_catalog."notify_hasura_on_author_INSERT"() returns trigger language plpgsql as $$
begin
  insert into hdb_catalog.event_log (schema_name, table_name, trigger_name, payload)
  values ('public', 'author', 'on_author', json_build_object('op', tg_op, 'data', json_build_object('old', null, 'new', row_to_json(new)),
                                                             'session_variables', current_setting('hasura.user', true)::json));
  return null;
end $$;
create trigger "notify_hasura_on_author_INSERT" after insert on author for each row execute function hdb_catalog."notify_hasura_on_author_INSERT"();

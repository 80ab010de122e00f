-- What a Hasura v2 (catalog version 48) leaves in a database that is both its metadata database and a source with an
-- event trigger. Facts: dumps of such databases, in the words of pg_dump.
create schema hdb_catalog;
create function hdb_catalog.gen_hasura_uuid() returns uuid language sql as $$select gen_random_uuid()$$;

create table hdb_catalog.hdb_version (hasura_uuid uuid default hdb_catalog.gen_hasura_uuid() not null, version text not null,
  upgraded_on timestamp with time zone not null, cli_state jsonb default '{}'::jsonb not null, console_state jsonb default '{}'::jsonb not null,
  ee_client_id text, ee_client_secret text);
create table hdb_catalog.hdb_metadata (id integer not null, metadata json not null, resource_version integer default 1 not null);
create table hdb_catalog.hdb_action_log (id uuid default hdb_catalog.gen_hasura_uuid() not null, action_name text, input_payload jsonb not null,
  request_headers jsonb not null, session_variables jsonb not null, response_payload jsonb, errors jsonb,
  created_at timestamp with time zone default now() not null, response_received_at timestamp with time zone, status text not null,
  constraint hdb_action_log_status_check check ((status = any (array['created'::text, 'processing'::text, 'completed'::text, 'error'::text]))));
create table hdb_catalog.hdb_cron_events (id text default hdb_catalog.gen_hasura_uuid() not null, trigger_name text not null,
  scheduled_time timestamp with time zone not null, status text default 'scheduled'::text not null, tries integer default 0 not null,
  created_at timestamp with time zone default now(), next_retry_at timestamp with time zone,
  constraint valid_status check ((status = any (array['scheduled'::text, 'locked'::text, 'delivered'::text, 'error'::text, 'dead'::text]))));
create table hdb_catalog.hdb_cron_event_invocation_logs (id text default hdb_catalog.gen_hasura_uuid() not null, event_id text, status integer,
  request json, response json, created_at timestamp with time zone default now());
create table hdb_catalog.hdb_scheduled_events (id text default hdb_catalog.gen_hasura_uuid() not null, webhook_conf json not null,
  scheduled_time timestamp with time zone not null, retry_conf json, payload json, header_conf json, status text default 'scheduled'::text not null,
  tries integer default 0 not null, created_at timestamp with time zone default now(), next_retry_at timestamp with time zone, comment text,
  constraint valid_status check ((status = any (array['scheduled'::text, 'locked'::text, 'delivered'::text, 'error'::text, 'dead'::text]))));
create table hdb_catalog.hdb_scheduled_event_invocation_logs (id text default hdb_catalog.gen_hasura_uuid() not null, event_id text, status integer,
  request json, response json, created_at timestamp with time zone default now());
create table hdb_catalog.hdb_schema_notifications (id integer not null, notification json not null, resource_version integer default 1 not null,
  instance_id uuid not null, updated_at timestamp with time zone default now(), constraint hdb_schema_notifications_id_check check ((id = 1)));

alter table hdb_catalog.hdb_action_log add constraint hdb_action_log_pkey primary key (id);
alter table hdb_catalog.hdb_cron_event_invocation_logs add constraint hdb_cron_event_invocation_logs_pkey primary key (id);
alter table hdb_catalog.hdb_cron_events add constraint hdb_cron_events_pkey primary key (id);
alter table hdb_catalog.hdb_metadata add constraint hdb_metadata_pkey primary key (id);
alter table hdb_catalog.hdb_metadata add constraint hdb_metadata_resource_version_key unique (resource_version);
alter table hdb_catalog.hdb_scheduled_event_invocation_logs add constraint hdb_scheduled_event_invocation_logs_pkey primary key (id);
alter table hdb_catalog.hdb_scheduled_events add constraint hdb_scheduled_events_pkey primary key (id);
alter table hdb_catalog.hdb_schema_notifications add constraint hdb_schema_notifications_pkey primary key (id);
alter table hdb_catalog.hdb_version add constraint hdb_version_pkey primary key (hasura_uuid);
create index hdb_cron_event_invocation_event_id on hdb_catalog.hdb_cron_event_invocation_logs using btree (event_id);
create index hdb_cron_event_status on hdb_catalog.hdb_cron_events using btree (status);
create unique index hdb_cron_events_unique_scheduled on hdb_catalog.hdb_cron_events using btree (trigger_name, scheduled_time) where (status = 'scheduled'::text);
create index hdb_scheduled_event_status on hdb_catalog.hdb_scheduled_events using btree (status);
create unique index hdb_version_one_row on hdb_catalog.hdb_version using btree (((version is not null)));
alter table hdb_catalog.hdb_cron_event_invocation_logs add constraint hdb_cron_event_invocation_logs_event_id_fkey
  foreign key (event_id) references hdb_catalog.hdb_cron_events(id) on update cascade on delete cascade;
alter table hdb_catalog.hdb_scheduled_event_invocation_logs add constraint hdb_scheduled_event_invocation_logs_event_id_fkey
  foreign key (event_id) references hdb_catalog.hdb_scheduled_events(id) on update cascade on delete cascade;

insert into hdb_catalog.hdb_version (hasura_uuid, version, upgraded_on, cli_state, console_state) values
  ('5c7f2f2a-0c52-4a9c-8a36-5a6f8c0f9d1e', '48', '2025-03-01 10:00:00+00',
   '{"settings": {"migration_mode": "true"}, "migrations": {"default": {"1700000000000": false}}, "isStateCopyCompleted": true}', '{"onboardingShown": true}');

-- Directory of the identity wing: who exists, what they may do, and the settings of sign-in.
-- Every timestamp leaves the product as epoch milliseconds.

-- +goose Up
create table identity.users (
    id                  text primary key check (length(id) between 1 and 12),
    username            text check (length(username) <= 128),
    primary_email       text check (length(primary_email) <= 128),
    primary_phone       text check (length(primary_phone) <= 128),
    name                text check (length(name) <= 128),
    avatar              text check (length(avatar) <= 2048),
    profile             jsonb not null default '{}' check (jsonb_typeof(profile) = 'object'),
    custom_data         jsonb not null default '{}' check (jsonb_typeof(custom_data) = 'object'),
    identities          jsonb not null default '{}' check (jsonb_typeof(identities) = 'object'),
    password_digest     text,
    password_algorithm  text check (password_algorithm in
                            ('Argon2i', 'Argon2id', 'Argon2d', 'SHA1', 'SHA256', 'MD5', 'Bcrypt', 'Legacy')),
    is_suspended        boolean not null default false,
    application_id      text,
    last_sign_in_at     timestamptz,
    created_at          timestamptz not null default now(),
    updated_at          timestamptz not null default now(),
    check ((password_digest is null) = (password_algorithm is null))
);
-- Logto keeps usernames apart by case unless the username policy says otherwise, and e-mail addresses never.
create unique index users_username on identity.users (username);
create        index users_username_lower on identity.users (lower(username));
create unique index users_primary_email on identity.users (lower(primary_email));
create unique index users_primary_phone on identity.users (primary_phone);
create        index users_created_at on identity.users (created_at, id);

create table identity.resources (
    id                text primary key,
    name              text not null check (length(name) between 1 and 256),
    indicator         text not null unique,
    is_default        boolean not null default false,
    is_data_api       boolean not null default false,
    access_token_ttl  bigint not null default 3600 check (access_token_ttl > 0),
    created_at        timestamptz not null default clock_timestamp()
);
create unique index resources_one_default on identity.resources ((true)) where is_default;

create table identity.scopes (
    id           text primary key,
    resource_id  text not null references identity.resources on update cascade on delete cascade,
    name         text not null check (length(name) between 1 and 256),
    description  text,
    created_at   timestamptz not null default clock_timestamp(),
    unique (resource_id, name)
);

create table identity.roles (
    id           text primary key,
    name         text not null unique check (length(name) between 1 and 128),
    description  text not null check (length(description) between 1 and 128),
    type         text not null default 'User' check (type in ('User', 'MachineToMachine')),
    is_default   boolean not null default false,
    created_at   timestamptz not null default clock_timestamp()
);

create table identity.roles_scopes (
    role_id     text not null references identity.roles on update cascade on delete cascade,
    scope_id    text not null references identity.scopes on update cascade on delete cascade,
    created_at  timestamptz not null default clock_timestamp(),
    primary key (role_id, scope_id)
);
create index roles_scopes_scope on identity.roles_scopes (scope_id);

create table identity.users_roles (
    user_id     text not null references identity.users on update cascade on delete cascade,
    role_id     text not null references identity.roles on update cascade on delete cascade,
    created_at  timestamptz not null default clock_timestamp(),
    primary key (user_id, role_id)
);
create index users_roles_role on identity.users_roles (role_id);

create table identity.applications (
    id                               text primary key,
    name                             text not null check (length(name) between 1 and 256),
    description                      text,
    type                             text not null check (type in
                                         ('Native', 'SPA', 'Traditional', 'MachineToMachine', 'Protected', 'SAML')),
    oidc_client_metadata             jsonb not null,
    custom_client_metadata           jsonb not null default '{}',
    custom_data                      jsonb not null default '{}' check (jsonb_typeof(custom_data) = 'object'),
    is_third_party                   boolean not null default false,
    app_level_access_control_enabled boolean not null default false,
    created_at                       timestamptz not null default clock_timestamp()
);
create index applications_created_at on identity.applications (created_at desc, id);

create table identity.application_secrets (
    application_id  text not null references identity.applications on update cascade on delete cascade,
    name            text not null check (length(name) between 1 and 256),
    value           text not null,
    created_at      timestamptz not null default clock_timestamp(),
    expires_at      timestamptz,
    primary key (application_id, name)
);

create table identity.applications_roles (
    application_id  text not null references identity.applications on update cascade on delete cascade,
    role_id         text not null references identity.roles on update cascade on delete cascade,
    created_at      timestamptz not null default clock_timestamp(),
    primary key (application_id, role_id)
);
create index applications_roles_role on identity.applications_roles (role_id);

-- One row: what sign-in looks like and allows. What the document does not say has its default in the code.
create table identity.sign_in_experience (
    id    text primary key default 'default' check (id = 'default'),
    data  jsonb not null default '{}'
);

-- json, not jsonb: a script comes back as it was written.
create table identity.configs (
    key    text primary key check (length(key) between 1 and 256),
    value  json not null
);

create table identity.console_members (
    user_id     text primary key references identity.users on update cascade on delete cascade,
    role        text not null check (role in ('owner', 'developer', 'support')),
    created_at  timestamptz not null default clock_timestamp()
);

-- Attempts to prove an identity, for the lockout. target is a digest: no identifier is kept.
create table identity.sentinel_activities (
    id                   bigint generated always as identity primary key,
    target               text not null,
    pool                 text not null,
    action               text not null,
    is_failure           boolean not null,
    blocked_until        timestamptz,
    created_at           timestamptz not null default clock_timestamp()
);
create index sentinel_activities_target on identity.sentinel_activities (target, pool, created_at);
create index sentinel_activities_created_at on identity.sentinel_activities (created_at);

create table identity.logs (
    id          text primary key,
    key         text not null,
    payload     jsonb not null default '{}',
    created_at  timestamptz not null default clock_timestamp()
);
create index logs_created_at on identity.logs (created_at desc, id);
create index logs_key on identity.logs (key, created_at desc);
create index logs_user on identity.logs ((payload ->> 'userId'), created_at desc);
create index logs_application on identity.logs ((payload ->> 'applicationId'), created_at desc);

-- +goose StatementBegin
create function identity.set_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at = now();
    return new;
end $$;
-- +goose StatementEnd
create trigger users_updated_at before update on identity.users
    for each row execute function identity.set_updated_at();

-- Change notices: every process hears '<kind>:<id>' on one channel and forgets what it remembers of it.
-- +goose StatementBegin
create function identity.notify_change() returns trigger language plpgsql as $$
begin
    if tg_op <> 'DELETE' then
        perform pg_notify('gatehouse_identity', tg_argv[0] || ':' || (to_jsonb(new) ->> tg_argv[1]));
    end if;
    if tg_op <> 'INSERT' then
        perform pg_notify('gatehouse_identity', tg_argv[0] || ':' || (to_jsonb(old) ->> tg_argv[1]));
    end if;
    return null;
end $$;
-- +goose StatementEnd
create trigger users_suspended after update of is_suspended on identity.users
    for each row when (old.is_suspended is distinct from new.is_suspended)
    execute function identity.notify_change('user', 'id');
create trigger users_deleted after delete on identity.users
    for each row execute function identity.notify_change('user', 'id');
create trigger users_roles_changed after insert or update or delete on identity.users_roles
    for each row execute function identity.notify_change('user', 'user_id');
create trigger console_members_changed after insert or update or delete on identity.console_members
    for each row execute function identity.notify_change('user', 'user_id');
create trigger applications_changed after insert or update or delete on identity.applications
    for each row execute function identity.notify_change('application', 'id');
create trigger applications_roles_changed after insert or update or delete on identity.applications_roles
    for each row execute function identity.notify_change('application', 'application_id');
create trigger application_secrets_changed after insert or update or delete on identity.application_secrets
    for each row execute function identity.notify_change('application', 'application_id');
create trigger roles_changed after insert or update or delete on identity.roles
    for each row execute function identity.notify_change('role', 'id');
create trigger roles_scopes_changed after insert or update or delete on identity.roles_scopes
    for each row execute function identity.notify_change('role', 'role_id');
create trigger resources_changed after insert or update or delete on identity.resources
    for each row execute function identity.notify_change('resource', 'id');
create trigger scopes_changed after insert or update or delete on identity.scopes
    for each row execute function identity.notify_change('resource', 'resource_id');
create trigger configs_changed after insert or update or delete on identity.configs
    for each row execute function identity.notify_change('config', 'key');
create trigger sign_in_experience_changed after insert or update on identity.sign_in_experience
    for each row execute function identity.notify_change('sign-in-experience', 'id');

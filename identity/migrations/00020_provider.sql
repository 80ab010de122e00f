-- +goose Up

-- A browser's sign-in. The cookie value is kept as a digest and changes at every sign-in and consent.
create table identity.sessions (
    id               text        primary key,
    digest           bytea       not null unique,
    user_id          text        not null references identity.users (id) on delete cascade,
    authenticated_at timestamptz not null,
    -- How the user signed in last, for custom claims and the list of sessions; json, as scripts see the order of keys.
    interaction      json,
    created_at       timestamptz not null,
    expires_at       timestamptz not null
);
create index sessions_user_id on identity.sessions (user_id);
create index sessions_expires_at on identity.sessions (expires_at);

-- What a user gave to a client. Its end is the end of every token made from it: the handle is the first half of the
-- jti of its access tokens, so whoever verifies a token can ask whether the grant lives.
create table identity.grants (
    id         text        primary key,
    handle     bytea       not null unique check (octet_length(handle) = 16),
    user_id    text        not null references identity.users (id) on delete cascade,
    client_id  text        not null,
    session_id text        references identity.sessions (id) on delete set null,
    offline    boolean     not null default false,
    -- Space-separated OIDC scopes, and the scopes of each API resource: {"<indicator>": ["<scope>", …]}.
    scope      text        not null default '',
    resources  jsonb       not null default '{}',
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index grants_user_id on identity.grants (user_id);
create index grants_client_id on identity.grants (client_id);
create index grants_session_id on identity.grants (session_id);
create index grants_expires_at on identity.grants (expires_at);

-- An authorization request waiting for its user.
create table identity.interactions (
    id         text        primary key,
    client_id  text        not null,
    session_id text        references identity.sessions (id) on delete cascade,
    params     jsonb       not null,
    prompt     jsonb       not null,
    -- What the sign-in pages know so far, and their outcome once there is one.
    state      json        not null default '{}',
    result     json,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index interactions_client_id on identity.interactions (client_id);
create index interactions_session_id on identity.interactions (session_id);
create index interactions_expires_at on identity.interactions (expires_at);

create table identity.codes (
    digest      bytea       primary key,
    grant_id    text        not null references identity.grants (id) on delete cascade,
    params      jsonb       not null,
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    consumed_at timestamptz
);
create index codes_grant_id on identity.codes (grant_id);
create index codes_expires_at on identity.codes (expires_at);

-- Opaque access tokens, for userinfo and the account pages. Access tokens for API resources are JWTs and not stored.
create table identity.access_tokens (
    digest     bytea       primary key,
    grant_id   text        not null references identity.grants (id) on delete cascade,
    scope      text        not null,
    grant_type text        not null,
    extra      jsonb,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index access_tokens_grant_id on identity.access_tokens (grant_id);
create index access_tokens_expires_at on identity.access_tokens (expires_at);

create table identity.refresh_tokens (
    digest      bytea       primary key,
    grant_id    text        not null references identity.grants (id) on delete cascade,
    params      jsonb       not null,
    -- When the first token of the chain was made: rotation stops a year after it.
    started_at  timestamptz not null,
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    consumed_at timestamptz
);
create index refresh_tokens_grant_id on identity.refresh_tokens (grant_id);
create index refresh_tokens_expires_at on identity.refresh_tokens (expires_at);

-- Whichever way a session ends, the grants that were to last only as long end with it.
-- +goose StatementBegin
create function identity.end_grants_of_session() returns trigger language plpgsql as $$
begin
    delete from identity.grants where session_id = old.id and not offline;
    return old;
end $$;
-- +goose StatementEnd
create trigger sessions_end before delete on identity.sessions
    for each row execute function identity.end_grants_of_session();

-- A suspended user keeps neither a session nor a grant: lifting the suspension does not bring tokens back.
-- +goose StatementBegin
create function identity.end_everything_of_user() returns trigger language plpgsql as $$
begin
    delete from identity.grants where user_id = new.id;
    delete from identity.sessions where user_id = new.id;
    return null;
end $$;
-- +goose StatementEnd
create trigger users_suspension_ends_grants after update of is_suspended on identity.users
    for each row when (new.is_suspended and not old.is_suspended)
    execute function identity.end_everything_of_user();

-- No foreign key to applications, because the built-in clients have no row there; deleting one ends its grants all the same.
-- +goose StatementBegin
create function identity.end_everything_of_application() returns trigger language plpgsql as $$
begin
    delete from identity.grants where client_id = old.id;
    delete from identity.interactions where client_id = old.id;
    return null;
end $$;
-- +goose StatementEnd
create trigger applications_deletion_ends_grants after delete on identity.applications
    for each row execute function identity.end_everything_of_application();

-- Change notices name a grant by its handle, which is all that a token tells of it.
-- +goose StatementBegin
create function identity.notify_grant() returns trigger language plpgsql as $$
begin
    perform pg_notify('gatehouse_identity', 'grant:' || encode(old.handle, 'hex'));
    return null;
end $$;
-- +goose StatementEnd
create trigger grants_changed after update or delete on identity.grants
    for each row execute function identity.notify_grant();

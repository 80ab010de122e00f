-- +goose Up

-- Members who are signed in to the console, by the digest of their cookie. A row goes with what the sign-in rests on: the
-- browser's session at the provider, the grant to the console, the user and the membership.
create table identity.console_sessions (
    digest     bytea       primary key,
    user_id    text        not null references identity.users on update cascade on delete cascade,
    session_id text        not null references identity.sessions on delete cascade,
    grant_id   text        not null references identity.grants on delete cascade,
    created_at timestamptz not null,
    -- When it was used last, to some minutes.
    used_at    timestamptz not null,
    expires_at timestamptz not null
);
create index console_sessions_user_id on identity.console_sessions (user_id);
create index console_sessions_session_id on identity.console_sessions (session_id);
create index console_sessions_grant_id on identity.console_sessions (grant_id);
create index console_sessions_expires_at on identity.console_sessions (expires_at);

-- +goose StatementBegin
create function identity.notify_console_session() returns trigger language plpgsql as $$
begin
    perform pg_notify('gatehouse_identity', 'console-session:' || encode(old.digest, 'hex'));
    return null;
end $$;
-- +goose StatementEnd
create trigger console_sessions_ended after delete on identity.console_sessions
    for each row execute function identity.notify_console_session();

-- When a member was seen last is kept with the membership, and is no change of what the member may do.
alter table identity.console_members add column last_seen_at timestamptz;
drop trigger console_members_changed on identity.console_members;
create trigger console_members_changed after insert or update of user_id, role or delete on identity.console_members
    for each row execute function identity.notify_change('user', 'user_id');

-- A membership that ends takes the sessions with it: being made a member again does not bring them back.
-- +goose StatementBegin
create function identity.end_console_sessions() returns trigger language plpgsql as $$
begin
    delete from identity.console_sessions where user_id = old.user_id;
    return null;
end $$;
-- +goose StatementEnd
create trigger console_members_ended after delete on identity.console_members
    for each row execute function identity.end_console_sessions();

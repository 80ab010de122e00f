-- +goose Up

-- JWT access tokens that were revoked before they expired, by the digest of their jti: a signature can be spelled in more
-- than one way, a signed claim cannot. A row goes with what its token lives by, the grant of a user's token or the
-- application of a machine's, and when the token has expired.
create table identity.revoked_tokens (
    digest         bytea       primary key,
    grant_handle   bytea       references identity.grants (handle) on delete cascade,
    application_id text        references identity.applications on update cascade on delete cascade,
    expires_at     timestamptz not null,
    check (num_nonnulls(grant_handle, application_id) = 1)
);
create index revoked_tokens_grant on identity.revoked_tokens (grant_handle, expires_at);
create index revoked_tokens_application on identity.revoked_tokens (application_id, expires_at);
create index revoked_tokens_expires_at on identity.revoked_tokens (expires_at);

-- Heard as a change of what the token lives by, which then says that some of its tokens are revoked, and of the token.
-- +goose StatementBegin
create function identity.notify_revoked_token() returns trigger language plpgsql as $$
begin
    perform pg_notify('gatehouse_identity', 'token:' || encode(new.digest, 'hex'));
    perform pg_notify('gatehouse_identity', case
        when new.grant_handle is not null then 'grant:' || encode(new.grant_handle, 'hex')
        else 'application:' || new.application_id end);
    return null;
end $$;
-- +goose StatementEnd
create trigger revoked_tokens_added after insert on identity.revoked_tokens
    for each row execute function identity.notify_revoked_token();

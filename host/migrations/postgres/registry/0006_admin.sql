create table innkeeper.tokens (
    id text primary key,
    name text not null,
    sha256 bytea not null,
    scopes text not null,
    created_at bigint not null,
    created_by text not null,
    expires_at bigint,
    last_used_at bigint,
    revoked_at bigint
);

create table innkeeper.component_uploads (
    id text primary key,
    app text not null,
    sha256 bytea not null,
    size bigint not null,
    received bigint not null,
    owner text not null,
    touched_at bigint not null,
    unique (app, sha256)
);
create index component_uploads_by_owner on innkeeper.component_uploads (owner);
create index component_uploads_by_time on innkeeper.component_uploads (touched_at);

create table innkeeper.component_upload_parts (
    upload text not null references innkeeper.component_uploads (id) on delete cascade,
    position bigint not null,
    data bytea not null,
    primary key (upload, position)
);
alter table innkeeper.component_upload_parts alter column data set storage external;

create table innkeeper.deployments (
    id text primary key,
    app text not null,
    sha256 bytea not null,
    request_sha256 bytea not null,
    actor text not null,
    origin text,
    state text not null,
    stage text,
    outcome text,
    created_at bigint not null,
    seen_at bigint not null,
    ended_at bigint
);
create index deployments_by_time on innkeeper.deployments (created_at);
create index deployments_by_app on innkeeper.deployments (app);

create table innkeeper.ended_sessions (
    id text primary key,
    ends_at bigint not null
);
create index ended_sessions_by_time on innkeeper.ended_sessions (ends_at);

create table innkeeper_tokens (
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

create table innkeeper_component_uploads (
    id text primary key,
    app text not null,
    sha256 bytea not null,
    size bigint not null,
    received bigint not null,
    owner text not null,
    touched_at bigint not null,
    unique (app, sha256)
);
create index innkeeper_component_uploads_by_owner on innkeeper_component_uploads (owner);
create index innkeeper_component_uploads_by_time on innkeeper_component_uploads (touched_at);

create table innkeeper_component_upload_parts (
    upload text not null references innkeeper_component_uploads (id) on delete cascade,
    position bigint not null,
    data bytea not null,
    primary key (upload, position)
);

create table innkeeper_deployments (
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
create index innkeeper_deployments_by_time on innkeeper_deployments (created_at);
create index innkeeper_deployments_by_app on innkeeper_deployments (app);

create table innkeeper_ended_sessions (
    id text primary key,
    ends_at bigint not null
);
create index innkeeper_ended_sessions_by_time on innkeeper_ended_sessions (ends_at);

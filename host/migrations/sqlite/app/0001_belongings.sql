create table innkeeper_blobs (
    app text not null,
    id text not null,
    state bigint not null,
    size bigint not null,
    sha256 bytea not null,
    content_type text not null,
    name text,
    created_at bigint not null,
    primary key (app, id)
);
create index innkeeper_blobs_not_kept on innkeeper_blobs (created_at) where state < 2;

create table innkeeper_chunks (
    app text not null,
    blob text not null,
    seq bigint not null,
    data bytea not null,
    primary key (app, blob, seq),
    foreign key (app, blob) references innkeeper_blobs (app, id) on delete cascade
);

create table innkeeper_sessions (
    app text not null,
    id_hash bytea not null,
    user_name text,
    created_at bigint not null,
    used_at bigint not null,
    idle_seconds bigint not null,
    idle_expires_at bigint not null,
    expires_at bigint not null,
    primary key (app, id_hash)
);
create index innkeeper_sessions_by_user on innkeeper_sessions (app, user_name);
create index innkeeper_sessions_by_expiry on innkeeper_sessions (expires_at);
create index innkeeper_sessions_by_idle_expiry on innkeeper_sessions (idle_expires_at);

create table innkeeper_session_values (
    app text not null,
    id_hash bytea not null,
    kind bigint not null,
    name text not null,
    value text not null,
    primary key (app, id_hash, kind, name),
    foreign key (app, id_hash) references innkeeper_sessions (app, id_hash) on delete cascade on update cascade
);

create table innkeeper_app_migrations (
    app text not null,
    name text not null,
    sha256 bytea not null,
    applied_at bigint not null,
    primary key (app, name)
);

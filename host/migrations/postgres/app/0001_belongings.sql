create table innkeeper.blobs (
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
create index blobs_not_kept on innkeeper.blobs (created_at) where state < 2;

create table innkeeper.chunks (
    app text not null,
    blob text not null,
    seq bigint not null,
    data bytea not null,
    primary key (app, blob, seq),
    foreign key (app, blob) references innkeeper.blobs (app, id) on delete cascade
);
alter table innkeeper.chunks alter column data set storage external;

create table innkeeper.sessions (
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
create index sessions_by_user on innkeeper.sessions (app, user_name);
create index sessions_by_expiry on innkeeper.sessions (expires_at);
create index sessions_by_idle_expiry on innkeeper.sessions (idle_expires_at);

create table innkeeper.session_values (
    app text not null,
    id_hash bytea not null,
    kind bigint not null,
    name text not null,
    value text not null,
    primary key (app, id_hash, kind, name),
    foreign key (app, id_hash) references innkeeper.sessions (app, id_hash) on delete cascade on update cascade
);

create table innkeeper.app_migrations (
    app text not null,
    name text not null,
    sha256 bytea not null,
    applied_at bigint not null,
    primary key (app, name)
);

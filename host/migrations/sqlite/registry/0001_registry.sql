create table innkeeper_apps (
    name text primary key,
    route text not null unique,
    settings text not null,
    active bigint,
    created_at bigint not null
);

create table innkeeper_versions (
    app text not null references innkeeper_apps (name),
    number bigint not null,
    sha256 bytea not null,
    size bigint not null,
    created_at bigint not null,
    primary key (app, number)
);

create table innkeeper_component_chunks (
    sha256 bytea not null,
    seq bigint not null,
    data bytea not null,
    primary key (sha256, seq)
);

create table innkeeper_generation (
    id bigint primary key check (id = 1),
    number bigint not null
);
insert into innkeeper_generation (id, number) values (1, 0);

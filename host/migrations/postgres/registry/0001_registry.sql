create table innkeeper.apps (
    name text primary key,
    route text not null unique,
    settings text not null,
    active bigint,
    created_at bigint not null
);

create table innkeeper.versions (
    app text not null references innkeeper.apps (name),
    number bigint not null,
    sha256 bytea not null,
    size bigint not null,
    created_at bigint not null,
    primary key (app, number)
);

create table innkeeper.component_chunks (
    sha256 bytea not null,
    seq bigint not null,
    data bytea not null,
    primary key (sha256, seq)
);
alter table innkeeper.component_chunks alter column data set storage external;

create table innkeeper.generation (
    id bigint primary key check (id = 1),
    number bigint not null
);
insert into innkeeper.generation (id, number) values (1, 0);

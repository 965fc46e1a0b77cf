create table innkeeper.keys (
    id text primary key,
    secret bytea not null,
    created_at bigint not null
);

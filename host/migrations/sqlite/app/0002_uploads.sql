-- Of an upload that may be taken up again: bytes that have arrived, and the state of their SHA-256. Null in all other blobs.
alter table innkeeper_blobs add column received bigint;
alter table innkeeper_blobs add column progress bytea;
-- What its sender said of the file, word for word.
alter table innkeeper_blobs add column metadata text;

-- Tickets whose upload has been completed, until they end (seconds since 1970): they are good for no other.
create table innkeeper_used_tickets (
    app text not null,
    id text not null,
    until bigint not null,
    primary key (app, id)
);

-- Bytes that the blobs of an app take up, those included that uploads under way have been promised, and 1024 for each beside its own.
create table innkeeper_usage (
    app text primary key,
    bytes bigint not null
);
insert into innkeeper_usage (app, bytes) select app, cast(sum(size + 1024) as bigint) from innkeeper_blobs group by app;

-- What `innkeeper blobs import` has imported: the file, by its path below the folder, and the blob that it became.
create table innkeeper_imported (
    app text not null,
    source text not null,
    blob text not null,
    primary key (app, source),
    foreign key (app, blob) references innkeeper_blobs (app, id) on delete cascade
);
create index innkeeper_imported_by_blob on innkeeper_imported (app, blob);

create table innkeeper.native_code (
    sha256 bytea not null,
    engine bytea not null,
    target text not null,
    size bigint not null,
    packed_size bigint not null,
    key_id bytea not null,
    mac bytea not null,
    compiled_by text not null,
    created_at bigint not null,
    used_at bigint not null default 0,
    primary key (sha256, engine)
);

create table innkeeper.native_code_chunks (
    sha256 bytea not null,
    engine bytea not null,
    seq bigint not null,
    data bytea not null,
    primary key (sha256, engine, seq)
);
alter table innkeeper.native_code_chunks alter column data set storage external;

create table innkeeper.compile_claims (
    sha256 bytea not null,
    engine bytea not null,
    holder text not null,
    until bigint not null,
    primary key (sha256, engine)
);

create index if not exists versions_by_sha256 on innkeeper.versions (sha256);

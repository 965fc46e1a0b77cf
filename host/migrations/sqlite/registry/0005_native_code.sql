create table innkeeper_native_code (
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

create table innkeeper_native_code_chunks (
    sha256 bytea not null,
    engine bytea not null,
    seq bigint not null,
    data bytea not null,
    primary key (sha256, engine, seq)
);

create table innkeeper_compile_claims (
    sha256 bytea not null,
    engine bytea not null,
    holder text not null,
    until bigint not null,
    primary key (sha256, engine)
);

create index if not exists innkeeper_versions_by_sha256 on innkeeper_versions (sha256);

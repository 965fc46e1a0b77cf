create table accounts (
    id bigint generated always as identity primary key,
    name text not null,
    name_key text not null unique,
    password text not null,
    created timestamptz not null
);
create table albums (
    id bigint generated always as identity primary key,
    owner bigint not null references accounts (id),
    title text not null,
    created timestamptz not null
);
create index albums_owner on albums (owner);
create table photos (
    id bigint generated always as identity primary key,
    album bigint not null references albums (id) on delete cascade,
    uploader bigint not null references accounts (id),
    blob text not null unique,
    created timestamptz not null
);
create index photos_album on photos (album, id);
create table uploads (
    blob text not null primary key,
    album bigint not null references albums (id) on delete cascade,
    uploader bigint not null references accounts (id),
    created timestamptz not null
);

create table members (
    album bigint not null references albums (id) on delete cascade,
    account bigint not null references accounts (id),
    primary key (album, account)
);
create index members_account on members (account);
alter table albums add column share_token text;
create unique index albums_share_token on albums (share_token);

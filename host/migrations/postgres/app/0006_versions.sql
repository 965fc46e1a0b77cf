alter table innkeeper.app_migrations add column version bigint;
alter table innkeeper.app_migrations add column destroyed text;

create table innkeeper.known_migrations (
    app text not null,
    version bigint not null,
    name text not null,
    primary key (app, version, name)
);

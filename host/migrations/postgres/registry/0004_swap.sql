alter table innkeeper.apps add column overrides text not null default '{}';
alter table innkeeper.apps add column keep_versions bigint;
alter table innkeeper.apps add column last_version bigint not null default 0;
alter table innkeeper.apps add column activated_at bigint;
alter table innkeeper.apps add column went_back_by_itself bigint not null default 0;
alter table innkeeper.apps add column canary bigint;
alter table innkeeper.apps add column canary_percent bigint;
alter table innkeeper.apps add column canary_since bigint;
alter table innkeeper.apps add column deleted_at bigint;

create table innkeeper.further_routes (
    route text primary key,
    app text not null references innkeeper.apps (name) on delete cascade
);
create index further_routes_by_app on innkeeper.further_routes (app);

alter table innkeeper.versions add column settings text;
alter table innkeeper.versions add column language text;
alter table innkeeper.versions add column actor text;
alter table innkeeper.versions add column origin text;
alter table innkeeper.versions add column note text;
alter table innkeeper.versions add column failed_at bigint;

create table innkeeper.components (
    sha256 bytea primary key,
    size bigint not null,
    stored_size bigint not null,
    staged_at bigint
);
create index components_by_staging on innkeeper.components (staged_at);

create table innkeeper.component_parts (
    sha256 bytea not null references innkeeper.components (sha256) on delete cascade,
    seq bigint not null,
    data bytea not null,
    primary key (sha256, seq)
);
alter table innkeeper.component_parts alter column data set storage external;

create table innkeeper.activations (
    app text not null references innkeeper.apps (name) on delete cascade,
    number bigint not null,
    version bigint not null,
    previous bigint,
    kind text not null,
    actor text not null,
    origin text,
    note text,
    at bigint not null,
    primary key (app, number)
);

create table innkeeper.hosts (
    id text primary key,
    name text not null,
    release text not null,
    started_at bigint not null,
    seen_at bigint not null,
    generation bigint not null,
    state text not null
);

create table innkeeper.audit (
    id bigint generated always as identity primary key,
    at bigint not null,
    actor text not null,
    origin text,
    action text not null,
    app text,
    sha256 bytea,
    detail text not null,
    result text not null
);
create index audit_by_app on innkeeper.audit (app, id);

create function innkeeper.audit_only_grows() returns trigger language plpgsql as
$$ begin raise exception 'the audit log only grows'; end $$;
create trigger audit_only_grows before update or delete or truncate on innkeeper.audit
    for each statement execute function innkeeper.audit_only_grows();

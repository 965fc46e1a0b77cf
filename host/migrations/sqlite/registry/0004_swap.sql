alter table innkeeper_apps add column overrides text not null default '{}';
alter table innkeeper_apps add column keep_versions bigint;
alter table innkeeper_apps add column last_version bigint not null default 0;
alter table innkeeper_apps add column activated_at bigint;
alter table innkeeper_apps add column went_back_by_itself bigint not null default 0;
alter table innkeeper_apps add column canary bigint;
alter table innkeeper_apps add column canary_percent bigint;
alter table innkeeper_apps add column canary_since bigint;
alter table innkeeper_apps add column deleted_at bigint;

create table innkeeper_further_routes (
    route text primary key,
    app text not null references innkeeper_apps (name) on delete cascade
);
create index innkeeper_further_routes_by_app on innkeeper_further_routes (app);

alter table innkeeper_versions add column settings text;
alter table innkeeper_versions add column language text;
alter table innkeeper_versions add column actor text;
alter table innkeeper_versions add column origin text;
alter table innkeeper_versions add column note text;
alter table innkeeper_versions add column failed_at bigint;

create table innkeeper_components (
    sha256 bytea primary key,
    size bigint not null,
    stored_size bigint not null,
    staged_at bigint
);
create index innkeeper_components_by_staging on innkeeper_components (staged_at);

create table innkeeper_component_parts (
    sha256 bytea not null references innkeeper_components (sha256) on delete cascade,
    seq bigint not null,
    data bytea not null,
    primary key (sha256, seq)
);

create table innkeeper_activations (
    app text not null references innkeeper_apps (name) on delete cascade,
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

create table innkeeper_hosts (
    id text primary key,
    name text not null,
    release text not null,
    started_at bigint not null,
    seen_at bigint not null,
    generation bigint not null,
    state text not null
);

create table innkeeper_audit (
    id integer primary key autoincrement,
    at bigint not null,
    actor text not null,
    origin text,
    action text not null,
    app text,
    sha256 bytea,
    detail text not null,
    result text not null
);
create index innkeeper_audit_by_app on innkeeper_audit (app, id);

-- `insert or replace` deletes without asking the trigger below.
create trigger innkeeper_audit_is_not_replaced before insert on innkeeper_audit
when exists (select 1 from innkeeper_audit where id = new.id)
begin
    select raise(abort, 'the audit log only grows');
end;
create trigger innkeeper_audit_is_not_changed before update on innkeeper_audit
begin
    select raise(abort, 'the audit log only grows');
end;
create trigger innkeeper_audit_is_not_deleted before delete on innkeeper_audit
begin
    select raise(abort, 'the audit log only grows');
end;

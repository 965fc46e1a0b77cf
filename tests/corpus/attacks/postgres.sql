# Attacks on what an app must not reach on Postgres. Each line is one statement. None of them may show or change anything of
# the host, of another app, of the server or of its files; the test looks at all of these after the statements.
# A statement must be refused (denied, syntax or another code that says so before anything is run), unless the line behind it is
#   => harmless   it may pass or fail: only the looking afterwards counts
# `{FILE}` is a file with a secret in it, `{NEW}` one that must not be made, `{LF}`, `{CR}`, `{NUL}` are these characters.
# The host's tables are in the schema innkeeper, the other app's table is app_other.secrets. To add an attack: write a line.

# Host tables and other apps by name
select * from innkeeper.sessions
select * from INNKEEPER.SESSIONS
select * from "innkeeper"."sessions"
select * from innkeeper . sessions
select * from innkeeper/**/./**/sessions
select * from innkeeper.{LF}sessions
select * from "innkeeper".sessions as s
select s.* from innkeeper.sessions s
select innkeeper.sessions.* from innkeeper.sessions
table innkeeper.sessions
select * from only innkeeper.sessions
select * from only (innkeeper.sessions)
select * from app_other.secrets
select * from "app_other"."secrets"
select * from test.app_other.secrets
select * from "APP_OTHER".secrets
=> harmless
select * from (app_other.secrets)
select * from t, app_other.secrets
select * from t join app_other.secrets s on true
select (select a from app_other.secrets)
select exists (select 1 from app_other.secrets)
select array(select a from app_other.secrets)
select count(*) from t where a in (select length(a) from app_other.secrets)
with s as (select * from app_other.secrets) select * from s
with recursive s as (select a from app_other.secrets union all select a from s) select * from s
insert into t (a) select 1 from app_other.secrets
insert into t (a) values ((select length(a) from app_other.secrets))
insert into t (a) values (1) returning (select a from app_other.secrets)
insert into t (a) values (1) on conflict (a) do update set a = (select 1 from app_other.secrets)
insert into app_other.secrets (a) values ('x')
update app_other.secrets set a = 'x'
update t set a = 1 from app_other.secrets
update t set a = (select length(a) from app_other.secrets limit 1)
delete from app_other.secrets
delete from t using app_other.secrets
delete from t returning (select a from app_other.secrets)
truncate app_other.secrets
truncate t, app_other.secrets
drop table app_other.secrets
drop table t, app_other.secrets
alter table app_other.secrets add column x int
alter table app_other.secrets rename to stolen
create index i on app_other.secrets (a)
create view v as select * from app_other.secrets
create view app_other.v as select 1
create table c as select * from app_other.secrets
create table c (a text references app_other.secrets (a))
create table c (a text, foreign key (a) references app_other.secrets)
create table c (like app_other.secrets including all)
create table c () inherits (app_other.secrets)
create table c (x app_other.secrets)
create table c partition of app_other.secrets default
create table app_other.c (a int)
alter table t set schema app_other
alter table t inherit app_other.secrets
alter table t add constraint f foreign key (a) references app_other.secrets (a)
alter index app_other.i rename to j
alter view app_other.v rename to w
select null::app_other.secrets
select cast(null as app_other.secrets)
select app_other.secrets from app_other.secrets
select * from json_populate_record(null::innkeeper.sessions, '{}')
select U&"app\005fother".secrets from t
select * from U&"app\005fother".U&"secrets"
select * from U&"app!005fother" uescape '!'
select * from t for update of innkeeper.sessions
select * from innkeeper.sessions for update
merge into app_other.secrets s using t on true when matched then delete
explain select * from app_other.secrets
explain analyze delete from app_other.secrets
declare c cursor for select * from app_other.secrets
prepare p as select * from app_other.secrets
prepare p as select 1
execute p
deallocate all
fetch all from c
move 1 in c
close all
copy app_other.secrets to stdout
copy (select * from app_other.secrets) to stdout
copy t from stdin

# Text that is taken for SQL or for a name
select query_to_xml('select * from app_other.secrets', true, true, '')
select "query_to_xml"('select * from app_other.secrets', true, true, '')
select pg_catalog.query_to_xml('select * from app_other.secrets', true, true, '')
select table_to_xml('app_other.secrets', true, true, '')
select schema_to_xml('app_other', true, true, '')
select database_to_xml(true, true, '')
select query_to_xmlschema('select 1', true, true, '')
select cursor_to_xml('c', 1, true, true, '')
select * from ts_stat('select to_tsvector(a) from app_other.secrets')
select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, ''b''::tsquery from app_other.secrets')
select g.ts_stat from upper('x') as g
select ('select 1').ts_stat
select (upper('select 1')).query_to_xml
select g.nextval from lower('app_other.s') as g
select g.nextval from lower('app_other.s') as g(n)
select lower.nextval from lower('app_other.s')
select g.lo_get from abs(1) as g
select g.loread from abs(1) as g
select g.regclass from lower('app_other.secrets') g
select (lower('app_other.secrets')).regclass
select (lower('x')).setseed
select g.to_regclass from lower('app_other.secrets') g
select g.version from lower('x') g
select u.currval from unnest(array['app_other.s']) u
select r.current_setting from (select 1) q, lower('data_directory') r
select nextval('app_other.s')
select nextval('"app_other"."s"')
select nextval('innkeeper.s')
select setval('app_other.s', 1)
select setval('app_other.s'::text, 1)
select currval('app_other.s')
select lastval()
=> harmless
select nextval(E'app_other\x2es')
select nextval(U&'app_other\002es')
select nextval('app_other' || '.s')
select nextval((select 'app_other.s'))
select nextval('app_other.s'::regclass)
select nextval(16384)
select nextval(sequence => 'app_other.s')
create table c (a bigint default nextval('app_other.s'))
select * from nextval('app_other.s')
select * from currval('innkeeper.s') as c
select * from t, lateral nextval('app_other.s') as n
insert into t (a) select n from nextval('app_other.s') as n
select pg_get_serial_sequence('app_other.secrets', 'a')
select pg_sequence_last_value('app_other.s')
select * from app_other.s
select 'app_other.secrets'::regclass
select 'app_other.secrets'::regclass::oid
select regclass 'app_other.secrets'
select cast('app_other.secrets' as regclass)
select regclass('app_other.secrets')
select to_regclass('app_other.secrets')
select to_regtype('int'), to_regrole('postgres'), to_regnamespace('innkeeper')
select 'postgres'::regrole
select 'innkeeper'::regnamespace
select 'pg_sleep'::regproc
select 'now()'::regprocedure
select '16384'::oid::regclass
select 1::xid
select '0/0'::pg_lsn
select '(0,1)'::pg_catalog.tid
select 'english'::regconfig
select array['app_other.secrets']::regclass[]
select to_tsvector('app_other.words', 'x')
select to_tsvector('"app_other"."words"', 'x')
select to_tsvector('words', 'x')
select to_tsvector('16384', 'x')
select to_tsvector(('app_other.words'), 'x')
select to_tsvector((('app_other.words')), 'x')
select to_tsvector(E'app_other\x2ewords', 'x')
select to_tsvector(U&'app_other\002ewords', 'x')
select to_tsvector(N'app_other.words', 'x')
select to_tsvector('app_other.words', '{}'::jsonb)
select to_tsvector(config => 'app_other.words', document => 'x')
select TO_TSVECTOR('app_other.words', 'x')
select * from to_tsvector('app_other.words', 'x')
select * from t, lateral to_tsvector('app_other.words', 'x') as v
select to_tsquery('app_other.words', 'x')
select plainto_tsquery('app_other.words', 'x')
select phraseto_tsquery('app_other.words', 'x')
select websearch_to_tsquery('app_other.words', 'x')
select * from websearch_to_tsquery('app_other.words', 'x') as q
select json_to_tsvector('app_other.words', '{}', '"all"')
select jsonb_to_tsvector('app_other.words', '{}', '"all"')
select ts_headline('app_other.words', 'x', 'x'::tsquery)
select ts_headline('app_other.words', 'x', 'x'::tsquery, 'MaxWords=3')
select ts_headline('app_other.words', '{}'::jsonb, 'x'::tsquery)
select ts_lexize('app_other.stems', 'x')
select ts_debug('app_other.words', 'x')
select get_current_ts_config()
select 'x'::text @@ to_tsquery('app_other.words', 'x')
create index i on t using gin (to_tsvector('app_other.words', a::text))
create table c (a text, b tsvector generated always as (to_tsvector('app_other.words', a)) stored)
create table c (a text check (length(to_tsvector('app_other.words', a)) > 0))
create view v as select to_tsvector('app_other.words', 'x')
update t set a = 1 where to_tsvector('app_other.words', 'x') @@ 'x'::tsquery
select 'app_other.stems'::regdictionary
select 'app_other.=(int,int)'::regoperator
select '+'::regoper
select 'app_other.c'::regcollation
create table c (a regclass)
alter table t alter column a type regclass using a::regclass

# Catalogues
select * from pg_class
select * from pg_catalog.pg_class
select * from "pg_catalog"."pg_class"
select * from PG_CLASS
select * from "pg_authid"
select * from pg_shadow
select rolpassword from pg_authid
select * from pg_roles
select * from pg_user
select * from pg_settings
select * from pg_stat_activity
select * from pg_stat_statements
select * from pg_locks
select * from pg_tables
select * from pg_stats
select * from pg_statistic
select * from pg_views
select * from pg_proc
select * from pg_attribute
select * from pg_database
select * from pg_file_settings
select * from pg_hba_file_rules
select * from pg_largeobject
select * from pg_prepared_statements
select * from pg_cursors
select * from information_schema.tables
select * from information_schema.columns
select * from "information_schema"."tables"
select * from INFORMATION_SCHEMA.schemata
select * from pg_toast.pg_toast_1
select * from pg_temp.x
select pg_class.* from pg_class
select null::pg_class
select null::pg_authid
select * from t natural join pg_class
select * from ((pg_class))
select tableoid::regclass from t

# Who and where the host is
select current_user
select * from current_user
select * from session_user
select * from user
select * from current_role
select * from current_catalog
select * from current_schema
select * from t, current_user u
select * from t join session_user on true
create table leak as select * from session_user
select user
select session_user
select current_role
select current_catalog
select current_schema
select current_schema()
select current_schemas(true)
select current_database()
select current_query()
select version()
select inet_server_addr(), inet_server_port()
select inet_client_addr()
select getpgusername()
select has_table_privilege('app_other.secrets', 'select')
select has_schema_privilege('innkeeper', 'usage')
select has_database_privilege('test', 'create')
select pg_has_role('postgres', 'member')
select row_security_active('app_other.secrets')
select col_description(1, 1), obj_description(1), shobj_description(1, 'x')
select pg_typeof(1)
select pg_column_size(t) from t
select pg_total_relation_size('app_other.secrets')
select pg_database_size('test')
select pg_relation_filepath('app_other.secrets')
select pg_describe_object(1259, 16384, 0)
select format_type(16384, null)
select pg_get_viewdef('app_other.v')
select pg_get_constraintdef(1)
select txid_current()
select txid_current_snapshot()
select pg_current_xact_id()
select pg_backend_pid()
select xpath('/', '<a/>')
select xmlparse(document '<!DOCTYPE a [<!ENTITY b SYSTEM "file://{FILE}">]><a>&b;</a>')

# Settings, roles, the session
set role postgres
set local role postgres
reset role
set session authorization default
set session authorization postgres
set search_path = innkeeper
set local search_path to app_other
set schema 'app_other'
set statement_timeout = 0
set synchronous_commit = off
set transaction isolation level serializable
set constraints all deferred
set time zone 'Europe/Oslo'
reset all
reset search_path
show all
show data_directory
show search_path
discard all
discard plans
select set_config('search_path', 'innkeeper', false)
select "set_config"('role', 'postgres', false)
select set_config/**/('role', 'postgres', false)
select pg_catalog.set_config('role', 'postgres', false)
select current_setting('data_directory')
select current_setting('is_superuser')
create view v as select set_config('search_path', 'innkeeper', false)
create table c (a text default set_config('search_path', 'innkeeper', false))
create table c (a text default current_user)
create table c (a text default current_setting('data_directory'))
create index i on t (set_config('a.b', 'c', false))
select case when set_config('role', 'postgres', false) = '' then 1 end
select coalesce(set_config('role', 'postgres', false), '')
select * from set_config('role', 'postgres', false)
select * from rows from (set_config('role', 'postgres', false))
select * from t, lateral set_config('role', 'postgres', false)
select * from t order by set_config('role', 'postgres', false)
select * from t limit length(set_config('role', 'postgres', false))
select count(*) filter (where set_config('role', 'postgres', false) = '') from t
select sum(a) over (order by set_config('role', 'postgres', false)) from t
select a from t group by a, set_config('role', 'postgres', false)
select a from t group by a having set_config('role', 'postgres', false) = ''
select a from t tablesample bernoulli (length(set_config('role', 'postgres', false)))
select array[set_config('role', 'postgres', false)]
select (array[1])[length(set_config('role', 'postgres', false))]
select row(set_config('role', 'postgres', false))
select * from t a join t b on set_config('role', 'postgres', false) = ''
values (set_config('role', 'postgres', false))
insert into t (a) values (1) on conflict do nothing returning set_config('role', 'postgres', false)
update t set a = length(set_config('role', 'postgres', false))
select 1 union select length(set_config('role', 'postgres', false))
select string_agg('a', ',' order by set_config('role', 'postgres', false))
select percentile_cont(0.5) within group (order by length(set_config('role', 'postgres', false))) from t
select extract(year from set_config('role', 'postgres', false)::date)
select distinct on (set_config('role', 'postgres', false)) a from t
select interval '1' || set_config('role', 'postgres', false)
select position('a' in set_config('role', 'postgres', false))
select a from t window w as (order by set_config('role', 'postgres', false))
alter role tenant password 'x'
alter role tenant set search_path = innkeeper
alter role tenant connection limit 0
alter user tenant superuser
alter database postgres set search_path = innkeeper
alter system set fsync = off
create role r superuser
create user u
drop role tenant
drop owned by tenant
reassign owned by tenant to postgres
grant all on schema innkeeper to public
grant postgres to tenant
revoke all on all tables in schema innkeeper from public
alter default privileges grant select on tables to public
security label on table t is 'x'
comment on table t is 'x'
comment on column innkeeper.sessions.app is 'x'
comment on database postgres is 'x'

# Transactions, locks, the bus
begin
start transaction
commit
commit and chain
end
abort
rollback
savepoint s
release s
rollback to s
prepare transaction 'p'
commit prepared 'p'
lock table t
lock innkeeper.sessions in access exclusive mode
select pg_advisory_lock(1)
select pg_advisory_xact_lock(1)
select pg_try_advisory_lock(1)
select pg_advisory_unlock_all()
select pg_sleep(60)
select pg_sleep_for('1 minute')
select pg_sleep_until(now() + interval '1 minute')
select PG_SLEEP(60)
select "pg_sleep"(60)
select pg_catalog . pg_sleep (60)
select pg_cancel_backend(1)
select pg_terminate_backend(1)
select pg_notify('innkeeper', 'forged')
listen innkeeper
notify innkeeper, 'forged'
unlisten *
select pg_export_snapshot()
select pg_reload_conf()
select pg_switch_wal()
select pg_create_restore_point('x')
vacuum
vacuum full t
analyze t
reindex table t
cluster t
checkpoint

# Files, programs, other servers
copy t to '{NEW}'
copy t to program 'touch {NEW}'
copy t from '{FILE}'
copy t from program 'cat {FILE}'
select pg_read_file('{FILE}')
select pg_read_binary_file('{FILE}')
select pg_stat_file('{FILE}')
select pg_ls_dir('.')
select pg_ls_waldir()
select * from pg_ls_logdir()
select g.pg_read_file from lower('{FILE}') as g
select lo_import('{FILE}')
select lo_export(1, '{NEW}')
select lo_from_bytea(0, 'x')
select lo_create(0)
select lo_put(1, 0, 'x')
select lo_get(1)
select lo_unlink(1)
select loread(1, 1)
select lowrite(1, 'x')
load 'plpython3'
load '{FILE}'
create extension dblink
create extension if not exists postgres_fdw
create extension file_fdw schema innkeeper
select dblink('dbname=postgres', 'select 1')
select * from dblink('x', 'y') as d(a int)
select dblink_connect('x')
create server s foreign data wrapper postgres_fdw
create foreign table f (a int) server s
create foreign data wrapper w
import foreign schema x from server s into y
create user mapping for tenant server s
create subscription s connection 'x' publication p
create publication p for all tables
alter publication p add table t
select pg_logical_emit_message(true, 'a', 'b')
select pg_create_logical_replication_slot('a', 'b')
create tablespace x location '/tmp'
create database d
drop database postgres
create table c (a int) tablespace pg_default
alter table t set tablespace pg_default
alter table all in tablespace pg_default set tablespace x
create index i on t (a) tablespace x

# Code of its own
do $$ begin perform 1; end $$
do 'begin end'
call f()
create function f() returns int language sql as 'select 1'
create function f() returns int language sql security definer as 'select 1'
create or replace function now() returns timestamptz language sql as 'select null::timestamptz'
create function f() returns int begin atomic select 1; end
create procedure p() language sql as 'select 1'
create operator === (leftarg = int, rightarg = int, function = int4eq)
create operator class c for type int using btree as operator 1 <
create cast (text as regclass) with inout as implicit
create aggregate a (int) (sfunc = int4pl, stype = int)
create trigger x after insert on t execute function f()
create event trigger e on ddl_command_end execute function f()
create rule r as on insert to t do also select 1
create domain d as int check (value > 0)
create type m as enum ('a')
create type m as (a int)
create collation c (locale = 'C')
create text search configuration c (copy = english)
create text search dictionary d (template = simple)
create language plpython3u
create schema s
create schema authorization tenant
create sequence s
create materialized view m as select 1
create policy p on t using (true)
create statistics s on a from t
create transform for int language sql (from sql with function f(internal))
create conversion c for 'UTF8' to 'LATIN1' from f
create access method m type index handler f
alter function f() security definer
drop function now()
drop schema innkeeper cascade
drop schema public cascade
drop extension plpgsql
drop owned by current_user
drop type m
alter table t enable row level security
alter table t disable trigger all
alter table t owner to postgres
alter table t set (autovacuum_enabled = false)
alter table t set unlogged
alter table t replica identity full
alter table t add column x int default pg_backend_pid()
alter table t alter column a set statistics 1
=> harmless
alter table t alter column a set storage external
alter table t cluster on i
create table c (a int) with (autovacuum_enabled = false)
create table c (a int) partition by range (a)
create table c of m
create table c (a int) using heap
create temp table t (a int)
create temporary table pg_class (a int)
create unlogged table c (a int)
create view v with (security_barrier) as select 1
create index concurrently i on t (a)
create index i on t using bloom (a)
create table pg_evil (a int)
create table innkeeper_evil (a int)

# Operators, casts and other side doors
select 1 operator(pg_catalog.+) 2
select 1 operator(app_other.+) 2
select a operator(public.=) 1 from t
select a collate pg_catalog."C" from t
select a collate "app_other"."c" from t
select 'x' collate app_other.c
select a from t tablesample app_other.method (1)
create index i on t (a app_other.ops)
create index i on t using app_other (a)
select 1::pg_catalog.int4
select cast(1 as pg_catalog.int4)
select pg_catalog.int4 '1'
select pg_catalog.now()
select public.f()
select "app_other"."f"()
select app_other.f(1)
select x'1'::"app_other"."secrets"
select (t).pg_typeof from t
select t.pg_typeof from t
select (null::t).a
select * into stolen from t
select 1 into temp x
with x as (select 1) select * into y from x
select json_object('a' value set_config('role', 'x', false))
select xmlelement(name a, set_config('role', 'x', false))
select * from xmltable('/' passing '<a/>' columns a text)
select * from json_table('{}', '$' columns (a text path '$'))
select treat(1 as app_other.secrets)
select * from t where current of c
select a from t where a = any (select length(a) from app_other.secrets)
select grouping(set_config('role', 'x', false))
select {fn set_config('role', 'x', false)}

# What hides from one reader and shows to another
select 1; select * from app_other.secrets
select 1;{LF}commit
select 1;;
; select 1
select '1'; drop table t
select 1 -- {CR}, (select a from app_other.secrets)
select 1 /* /* */ , (select a from app_other.secrets) /* */ */
select /*! a from app_other.secrets */ 1
=> harmless
select $$a$$
select $x$ a from app_other.secrets $x$
select 'a' $$ || (select a from app_other.secrets) || $$
select E'\'' || (select a from app_other.secrets) || E'\''
select E'a\' , (select a from app_other.secrets) -- '
select E'a'{LF}'\' , (select a from app_other.secrets) -- '
select U&'\0027 , (select a from app_other.secrets) -- '
=> harmless
select 'a\' , (select a from app_other.secrets) -- '
select "a"" , (select a from app_other.secrets) -- "
=> harmless
select "a\" , (select a from app_other.secrets)
select n'a' , (select a from app_other.secrets)
select b'1' , (select a from app_other.secrets)
select {NUL}1
select 1{NUL}; select * from app_other.secrets
select * from app_other.{NUL}secrets
select * from app_other.secrets
select * from app_other。secrets
=> harmless
select [a] from t
select `a` from app_other.secrets
select #comment{LF} 1
select ?
select :name
select @name
\copy t to '{NEW}'
\! touch {NEW}
select * from t \gexec
select E'\x27 , (select a from app_other.secrets) -- '
=> harmless
select '1'::vector('3), (select a from app_other.secrets')
select 1::numeric('1), (select a from app_other.secrets')
select x'1', (select a from app_other.secrets) as "a"

# What the server cannot cancel, or only late
select btrim(repeat('a',400000), repeat('b',400000)||'a')
=> harmless
select trim(both repeat('b',400000)||'a' from repeat('a',400000))
=> harmless
select translate(repeat('a',400000), repeat('b',400000), 'c')
=> harmless
select strpos(repeat('a',16000000), 'b'||repeat('a',8000000))
=> harmless
select replace(repeat('a',16000000), 'b'||repeat('a',8000000), '')
=> harmless
select repeat('a',16000000) like '%'||repeat('a',8000000)||'b'
=> harmless
select normalize(repeat(chr(789)||chr(768),4000000))
=> harmless
select array_fill(1,array[400000]) && array_fill(2,array[400000])
=> harmless
select array_fill(1,array[400000]) @> array_fill(2,array[400000]) or array_fill(1,array[400000]) <@ array_fill(2,array[400000])
=> harmless
select factorial(30000) > 0
=> harmless
select plainto_tsquery('english', repeat('running ',200000)) is null
=> harmless
select polygon(20000, '((0,0),1)'::circle) && polygon(20000, '((0,0),2)'::circle)
=> harmless
select repeat('x',150000000) is null

# What the parser does not know is carried past it, and judged all the same
select (v).nextval from (select 'x'::text as v) v
=> harmless
select (v).lo_get from (select 1 as v) v
select (v).pg_sleep from (select 1 as v) v
update t set a[nextval('app_other.s')] = 1
update t set a[(select 1)] = 1
update t set a[pg_sleep(1)] = 1
update t set app_other.secrets[1] = 1
insert into t (a) values (1) on conflict ((select a from app_other.secrets)) do nothing
insert into t (a) values (1) on conflict (set_config('search_path', 'app_other', false)) do nothing
insert into t (a) values (1) on conflict (no_such_function(a)) do nothing
insert into t (a) values (1) on conflict ((a::regclass)) do nothing
select * from json_to_recordset('[]') as (a regclass)
select json_to_recordset.nextval from json_to_recordset('[]') as (a int)
select f.nextval[1] from unnest('{a}'::text[]) as f
select concat(variadic array[current_user])
select 1 between symmetric pg_backend_pid() and 2
select 1 between symmetric no_such_function(1) and 2
with recursive r(n) as (select 1) search depth first by n set pg_x select 1
with recursive r(n) as (select 1) cycle n set a using app_other.b select 1
create table x (like pg_class including all)
create table x (like app_other.secrets including all)
select a from t for key share of app_other.secrets
alter table t alter column a set statistics 1 owner to postgres
alter index if exists innkeeper_x rename to y
select "GROUPING SETS"(a) from t
select "VARIADIC"(a) from t
select a from t group by grouping sets ((no_such_function(a)))
select count(*) over (rows between no_such_function(1) preceding and current row exclude ties) from t

# Attacks on what an app must not reach on SQLite. The format is described in postgres.sql. The host's tables are in the app's
# own file and begin with innkeeper_; the other app's table is in a file of its own, {OTHER}.

# Host tables by name
select * from innkeeper_sessions
select count(*) from innkeeper_sessions
with s as (select * from innkeeper_sessions) select * from s
select (select count(*) from innkeeper_sessions)
select exists (select 1 from innkeeper_sessions)
insert into t (a) select 1 from innkeeper_sessions
delete from innkeeper_sessions
drop table innkeeper_sessions
create view v as select * from innkeeper_sessions
create table c as select * from innkeeper_sessions
select * from innkeeper_blobs
select count(*) from innkeeper_blobs
with s as (select * from innkeeper_blobs) select * from s
select (select count(*) from innkeeper_blobs)
select exists (select 1 from innkeeper_blobs)
insert into t (a) select 1 from innkeeper_blobs
delete from innkeeper_blobs
drop table innkeeper_blobs
create view v as select * from innkeeper_blobs
create table c as select * from innkeeper_blobs
select * from INNKEEPER_SESSIONS
select * from "innkeeper_sessions"
select * from 'innkeeper_sessions'
select * from [innkeeper_sessions]
select * from `innkeeper_sessions`
select * from main.innkeeper_sessions
select * from "main"."innkeeper_sessions"
select * from main . innkeeper_sessions
select * from innkeeper_/**/sessions
select * from innkeeper.sessions
select * from ((innkeeper_sessions))
select * from t, innkeeper_sessions
select * from t join innkeeper_sessions on true
select * from t left join (select * from innkeeper_chunks) on 1
select innkeeper_sessions.* from innkeeper_sessions
select * from innkeeper_sessions indexed by x
select * from innkeeper_sessions not indexed
select * from innkeeper_sessions as s
select a from t where a in innkeeper_sessions
select a from t where a in (select app from innkeeper_sessions)
select a from t order by (select count(*) from innkeeper_blobs)
select a from t limit (select count(*) from innkeeper_blobs)
select sum(a) over (order by (select count(*) from innkeeper_blobs)) from t
select count(*) filter (where (select count(*) from innkeeper_blobs) > 0) from t
select case when (select count(*) from innkeeper_blobs) then 1 end
insert into innkeeper_blobs default values
insert into innkeeper_app_migrations values ('a', 'b', 'c', 1)
insert or replace into innkeeper_sessions select * from t
replace into innkeeper_sessions values (1)
insert into t (a) values (1) returning (select count(*) from innkeeper_sessions)
insert into t (a) values ((select count(*) from innkeeper_sessions))
insert into t (a) values (1) on conflict do update set a = (select count(*) from innkeeper_blobs)
update innkeeper_sessions set app = 'x'
update or replace innkeeper_blobs set app = 'x'
update t set a = (select count(*) from innkeeper_sessions)
update t set a = 1 from innkeeper_sessions
delete from t where a in (select 1 from innkeeper_chunks)
delete from t returning (select count(*) from innkeeper_chunks)
create table c (a references innkeeper_sessions (id_hash))
create table c (a blob, foreign key (a) references innkeeper_sessions on delete cascade)
create index i on innkeeper_sessions (app)
create unique index i on innkeeper_blobs (app)
alter table innkeeper_chunks add column x
alter table innkeeper_chunks rename to mine
alter table innkeeper_chunks drop column data
alter table t rename to innkeeper_evil
alter table t rename column a to innkeeper_a
drop index innkeeper_sessions_expiry
drop view innkeeper_v
create table innkeeper_evil (a)
create view innkeeper_evil as select 1
create trigger x after insert on innkeeper_sessions begin select 1; end
create trigger x after insert on t begin delete from innkeeper_sessions; end
create temp trigger x after insert on t begin delete from innkeeper_sessions; end
create trigger x instead of insert on v begin select 1; end

# The engine's own tables
select * from sqlite_master
select sql from sqlite_schema
select * from SQLITE_MASTER
select * from "sqlite_master"
select * from main.sqlite_master
select * from main.sqlite_schema
select * from sqlite_temp_master
select * from temp.sqlite_schema
select * from sqlite_temp_schema
select * from sqlite_sequence
select * from sqlite_stat1
select * from sqlite_stat4
select * from sqlite_dbpage
select * from sqlite_dbpage('main')
select * from sqlite_dbdata
select * from sqlite_stmt
select * from sqlite_memstat
select * from dbstat
select name, pgsize from "dbstat"
select * from dbstat('main')
select * from DbStat where aggregate = true
select * from bytecode('select 1')
select * from tables_used('select 1')
select * from completion('s')
select * from fsdir('/')
select * from zipfile('{FILE}')
select * from csv('{FILE}')
select * from fts5vocab
=> harmless
select * from fts3tokenize
=> harmless
select * from rtree
=> harmless
select * from stmt
=> harmless
select * from wholenumber
=> harmless
select * from carray(1, 2)
select * from pragma_table_info('innkeeper_sessions')
select * from pragma_table_list
select * from pragma_database_list
select * from "pragma_database_list"
select * from PRAGMA_TABLE_LIST()
select * from pragma_function_list
select * from pragma_module_list
select * from pragma_compile_options
select * from pragma_index_list('innkeeper_blobs')
select file from pragma_database_list()
insert into sqlite_master values ('table', 'x', 'x', 0, 'create table x (a)')
update sqlite_master set sql = 'x'
update sqlite_schema set rootpage = 2
delete from sqlite_master
delete from sqlite_sequence
update sqlite_sequence set seq = 0
drop table sqlite_sequence
alter table sqlite_master rename to x
create table sqlite_evil (a)
create index sqlite_evil on t (a)
create view sqlite_v as select 1
create view v as select * from sqlite_master
create table c as select * from sqlite_master
with m as (select * from sqlite_master) select * from m

# Pragmas and other statements
pragma writable_schema = 1
pragma writable_schema
pragma journal_mode = off
pragma journal_mode = delete
pragma synchronous = off
pragma locking_mode = exclusive
pragma temp_store_directory = '/tmp'
pragma data_store_directory = '/tmp'
pragma wal_checkpoint(truncate)
pragma key = 'x'
pragma foreign_keys = off
pragma query_only = off
pragma trusted_schema = on
pragma cell_size_check = off
pragma database_list
pragma table_info(innkeeper_sessions)
pragma main.table_info(innkeeper_sessions)
pragma integrity_check
pragma user_version = 7
pragma application_id = 7
pragma schema_version = 7
pragma cache_size = 1000000
pragma mmap_size = 1000000000
pragma max_page_count = 1
pragma page_size = 512
pragma hard_heap_limit = 0
pragma optimize
PRAGMA/**/writable_schema=1
attach '{OTHER}' as other
attach database '{OTHER}' as other
attach '{NEW}' as other
attach ':memory:' as m
attach 'file:{OTHER}?mode=rw' as other
detach main
detach database other
vacuum
vacuum into '{NEW}'
vacuum main into '{NEW}'
reindex
reindex t
analyze
analyze main
begin
begin immediate
begin exclusive
commit
end
end transaction
rollback
savepoint s
release s
release savepoint s
rollback to s
explain select 1
explain query plan select * from innkeeper_sessions
create virtual table f using fts5(a)
create virtual table f using fts3(a)
create virtual table f using rtree(id, a, b)
create virtual table f using fts5vocab(main, x, row)
create virtual table f using dbstat(main)
create virtual table f using csv(filename='{FILE}')
create virtual table temp.f using fts5(a)
create temp table x (a)
create temporary table x (a)
create temp view x as select 1
create table temp.x (a)
create table main.x (a)
create view temp.x as select 1
drop trigger x

# Functions
select load_extension('{FILE}')
select load_extension('{FILE}', 'entry')
select "load_extension"('{FILE}')
select LOAD_EXTENSION('{FILE}')
select load_extension/**/('{FILE}')
select readfile('{FILE}')
select writefile('{NEW}', 'x')
select edit('x')
select fts3_tokenizer('simple')
select fts3_tokenizer('simple', x'00')
select sqlite_compileoption_get(1)
select sqlite_source_id()
select sqlite_version()
select sqlite_log(1, 'x')
select sqlite_offset(a) from t
select sqlite_rename_table(1, 2, 3, 4, 5, 6, 7)
select sqlite_rename_column(1, 2, 3, 4, 5, 6, 7, 8, 9)
select sqlite_drop_column(1, 2, 3)
select zeroblob(1000000000)
select hex(zeroblob(100000000))
select rtreecheck('innkeeper_sessions')
select rtreecheck('main', 'innkeeper_sessions')
select rtreenode(2, x'00')
select rtreedepth(x'00')
select geopoly_blob('x')
select fts5(1)
select fts5_source_id()
select fts5_decode(1, 2)
select match('a', 'b')
select snippet(t) from t
select optimize(t) from t
select matchinfo(t) from t
# These tell of the app's own statements alone
select total_changes()
=> harmless
select changes()
=> harmless
select unknown_function(1)
select sha3('x')
select regexp('a', 'b')
select 'a' regexp 'b'
=> harmless
select eval('select 1')
select a from t where load_extension('{FILE}')
select a from t order by load_extension('{FILE}')
select sum(a) over (order by load_extension('{FILE}')) from t
select count(*) filter (where load_extension('{FILE}')) from t
insert into t (a) values (load_extension('{FILE}'))
create table c (a default (load_extension('{FILE}')))
create index i on t (load_extension('{FILE}'))
create table c (a, b as (load_extension('{FILE}')))
create table c (a check (readfile('{FILE}') is null))
create view v as select readfile('{FILE}')
select a << load_extension('{FILE}') from t
select a is load_extension('{FILE}') from t
select group_concat(a order by load_extension('{FILE}')) from t
with x as materialized (select load_extension('{FILE}')) select * from x
with x as not materialized (select * from innkeeper_sessions) select * from x
insert into t as u (a) values (load_extension('{FILE}'))
select sum(a) over (order by a rows 1 preceding exclude ties) from innkeeper_sessions
select x is 1 from innkeeper_sessions as s
select * from generate_series(1, 10)
=> harmless
select 1e400, -1e400, 9223372036854775808, -9223372036854775808
=> harmless
select randomblob(1000000000)
=> harmless
select printf('%.*c', 100000000, 'x')
=> harmless
select replace(hex(randomblob(1000000)), '0', hex(randomblob(1000000)))
=> harmless
select json_group_array(x) from (select hex(randomblob(100000)) as x from t)
=> harmless
select json_extract('{FILE}', '$')
=> harmless
select last_insert_rowid()
=> harmless

# What hides from one reader and shows to another
select 1; select * from innkeeper_sessions
select 1;{LF}commit
select 1;;
; select 1
select '1'; drop table t
select 1 -- {CR}, (select 1 from innkeeper_sessions)
select 1 /* /* */ , (select 1 from innkeeper_sessions) /* */ */
select 1 /* never closed
select "innkeeper_sessions"
select 'a' || (select count(*) from innkeeper_sessions)
select [a] from t
select [a'] , (select 1 from innkeeper_sessions) --
select `a` from t
select $$a$$
select x'00' || (select app from innkeeper_sessions)
select E'\'' , (select 1 from innkeeper_sessions)
select {NUL}1
select 1{NUL}; drop table t
select ?
select ?1
select :name
select @name
select $name
select $1::x('a') from innkeeper_sessions
select #comment
=> harmless
.read {FILE}
.output {NEW}
select * from 'sqlite_master'
select name from 'sqlite_master' where 1 << 1
select * from 'innkeeper_sessions' where 1 << 1
create table c as select * from 'sqlite_master'
create table c as select * from 'sqlite_master' where 1 << 1
create view v as select * from 'sqlite_master' where 1 << 1
select * from 'dbstat' where 1 << 1
select a from t where a in 'sqlite_master'
insert into 'sqlite_master' select 1 << 1
select * from 'pragma_table_list' where 1 << 1

# Calls whose time grows with the product of their arguments' lengths: days, if they were the engine's own
select length(trim(printf('%.*c', 400000, 'a'), printf('%.*c', 400000, 'b') || 'a'))
=> harmless
select length(rtrim(printf('%.*c', 400000, 'é'), printf('%.*c', 400000, 'b') || 'é'))
=> harmless
select instr(printf('%.*c', 800000, 'a'), printf('%.*c', 400000, 'a') || 'b')
=> harmless
select length(replace(printf('%.*c', 800000, 'a'), printf('%.*c', 400000, 'a') || 'b', 'c'))
=> harmless
select length(unhex(printf('%.*c', 400000, '-'), printf('%.*c', 400000, '.') || '-'))
=> harmless
select length(json_patch('[' || printf('%.*c', 400000, '1') || ']', '[' || printf('%.*c', 400000, '1') || ']'))
=> harmless

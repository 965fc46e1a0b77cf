# Ordinary SQL of SQLite. The format is described in both.sql; this file has tables of its own.

create table notes (id integer primary key autoincrement, title text not null collate nocase, body text, made text default (datetime('now')), data text, size real default 1.5, raw blob) strict
=> runs
create table pairs (a text, b integer, primary key (a, b)) without rowid
=> runs
create table looser (x, y any, z varchar(20), w unsigned integer, v nvarchar(10), u unsigned big int, made_ datetime)
=> runs
create table loose (x, z varchar(20), t tinyint, d datetime, c clob)
=> runs
create table both_options (a integer primary key, b text) strict, without rowid
=> runs
create table maker (a integer, b integer generated always as (a + 1) virtual, c text as (a || 'x') stored)
=> runs
create table made (a integer, b integer generated always as (a + 1) virtual, c text generated always as (a || 'x') stored)
=> runs
create index notes_title on notes (title collate nocase desc) where size is not null
=> runs
create index notes_json on notes (json_extract(data, '$.kind'))
=> runs
insert into notes (title, body, data, made, raw) values ('First', 'the body', '{"kind": "a", "n": 5, "list": [1, 2, 3]}', '2024-01-31 10:00:00', x'00ff'), ('second', 'other', '{"kind": "b"}', '2024-02-29 23:59:59', null), ('Third', null, null, '2025-12-31 00:00:00', null)
=> runs
insert into pairs values ('a', 1), ('a', 2), ('b', 1)
=> runs
insert into loose values (1, 'a', 2, '2024-01-01', 'c'), (null, null, null, null, null), ('text', 'b', 3, 'x', x'01')
=> runs
insert into made (a) values (1), (2)
=> runs
select * from made
=> rows
select * from loose
=> rows

# Json
select json_extract(data, '$.kind'), data ->> '$.n', data -> '$.list', data ->> 'kind', json_array_length(data, '$.list'), json_type(data, '$.n'), json_valid(data) from notes
=> rows
select n.id, e.key, e.value from notes n, json_each(n.data, '$.list') e
=> rows
select e.fullkey, e.type from notes n join json_tree(n.data) as e on e.type = 'integer'
=> rows
select value from json_each('[1, 2, 3]') where value > 1
=> rows
select json_group_array(title), json_group_object(id, title) from notes
=> rows
select json_object('a', 1, 'b', json_array(1, 2)), json_set('{"a":1}', '$.a', 2), json_insert('{}', '$.x', 1), json_replace('{"a":1}', '$.a', 3), json_remove('{"a":1}', '$.a'), json_patch('{"a":1}', '{"b":2}'), json_quote('x'), json('{ "a" : 1 }')
=> rows
update notes set data = json_set(coalesce(data, '{}'), '$.seen', 1) where id = 3 returning data
=> rows

# Time
select date(made), time(made), datetime(made, '+1 day', 'start of month'), strftime('%Y-%W', made), julianday(made), unixepoch(made), date('2024-01-31', '+1 month', 'weekday 0') from notes
=> rows
select current_timestamp, current_date, current_time, datetime('now'), strftime('%s', 'now')
=> runs

# Functions
select instr('hello', 'l'), printf('%05d|%s', 42, 'x'), hex('abc'), quote('it''s'), typeof(1.5), unicode('a'), char(65, 66), iif(1 > 0, 'y', 'n'), ifnull(null, 'd'), likely(1), max(1, 2, 3), min('a', 'b'), total(3), glob('a*', 'abc'), substr('abc', -2), format('%s', 'f')
=> rows
select group_concat(title, '; '), group_concat(distinct title), total(size), count(*) filter (where body is null) from notes
=> rows
select random() is not null, length(randomblob(4))
=> rows
select title from notes where title = 'FIRST' or title glob 'S*' or title like 'f%'
=> rows
select 'A' = 'a' collate nocase, 'a' < 'B' collate binary, title collate rtrim from notes
=> rows
select 7 / 2, 7 % 3, 7.0 / 2, '5' + 1, 1 || 2, 5 <> 6, 5 == 5, 5 != 6
=> rows
select x is null, x isnull, x notnull, x not null, x is 1, x is not 1 from loose
=> rows
select cast('12abc' as integer), cast(1.9 as int), cast(x'414243' as text), cast('x' as blob), cast(1 as numeric), cast(1 as varchar(5))
=> rows
select rowid, id from notes where rowid = 1
=> rows
select id from notes limit 1, 2
=> rows
select id from notes order by title collate nocase desc, id limit 2 offset 1
=> rows
select last_insert_rowid() >= 0, changes() >= 0, total_changes() >= 0
=> rows
select true, false, x'414243', 0x1F, 1e3, .5
=> rows
values (1, 2), (3, 4)
=> rows
select * from (values (1, 'a'), (2, 'b'))
=> rows
select column1, column2 from (values (1, 'a'))
=> rows
with recursive c(x) as (select 1 union all select x + 1 from c limit 5) select x from c
=> rows
select a, b, row_number() over (partition by a order by b) from pairs
=> rows
select a, group_concat(b) over (partition by a order by b rows between unbounded preceding and current row exclude ties) from pairs
=> rows
select title, sum(size) over (order by id rows between 1 preceding and 1 following) from notes
=> rows
select id, title from notes where (id, title) in (values (1, 'First'), (2, 'x'))
=> rows
select exists (select 1 from pairs where a = 'b'), (select count(*) from pairs)
=> rows
select n.* from notes n left join pairs p on p.b = n.id where p.a is null
=> rows
select id from notes indexed by notes_title where title = 'x' and size is not null
=> rows

# Changes
insert into pairs values ('a', 1) on conflict do nothing
=> runs
insert into pairs (a, b) values ('c', 1), ('a', 1) on conflict (a, b) do update set b = b + 100 where true returning a, b
=> rows
insert into notes (title) select title || '!' from notes where id = 1
=> runs
update notes set size = size + 1, body = body || '.' where id = 1 returning id, size, body
=> rows
update notes set body = p.a from pairs p where p.b = notes.id
=> runs
update notes set (title, body) = (select 't', 'b') where id = 2
=> runs
delete from pairs where a = 'c' returning *
=> rows
create view titles as select title, json_extract(data, '$.kind') as kind from notes
=> runs
create view if not exists titles as select 1
=> runs
select * from titles
=> rows
alter table pairs add column c integer default 0
=> runs
alter table pairs rename column c to d
=> runs
alter table pairs drop column d
=> runs
alter table notes rename to articles
=> runs
select count(*) from articles
=> rows
create table copy as select id, title from articles where id < 3
=> runs
drop view titles
=> runs
drop table copy
=> runs
drop index notes_json
=> runs
create table checked (a integer check (a between 1 and 10), b text check (length(b) < 5) not null default 'x', c integer references articles (id) on delete cascade, unique (a, b))
=> runs
insert into checked (a, b) values (5, 'ab')
=> runs

# Functions that are the host's own
select trim('--a-b--', '-'), ltrim('éaébé', 'éa'), rtrim('x日本日', '日本'), trim('abc', ''), trim(null, 'a'), trim('a', null), trim(12.50, '05')
=> rows

select instr('日本語', '語'), instr('abc', ''), instr('', 'a'), instr(x'0102', x'02'), instr('aéa', x'c3a9'), instr(1234, 3), instr(null, 'a')
=> rows

select replace('aaa', 'aa', 'b'), replace('日本', '本', ''), replace('abc', '', 'x'), replace(1.5, '.', ','), replace('a', 'a', null)
=> rows

select unhex('de-ad', '-'), unhex('d-e', '-'), unhex('zz', '-'), unhex(null, ''), unhex('c3éa9', 'é')
=> rows

select json_patch('{"a":1,"b":{"c":2}}', '{"b":{"c":null,"d":3}}'), json_array(json_patch('{}', '{"a":[1]}')), hex(jsonb_patch('[1]', '{"a":1}'))
=> rows

# Forms that the parser does not know, or that Postgres has not
create table user (id integer primary key on conflict replace, name string unique on conflict ignore, thumb binary, zip varbinary(10))
=> runs
insert into user (id, name) values (1, 'a'), (2, 'b'), (3, 'a'), (1, 'c')
=> runs
select user.name, id from user where user.id is not 9 order by id
=> rows
update or ignore user set name = 'b' where name is 'c'
=> runs
insert or replace into user (id, name, thumb) values (2, 'd', zeroblob(3)), (4, 'e', x'00')
=> runs
replace into user (id, name) select id, upper(name) from user where id > 3
=> runs
insert or abort into user default values
=> runs
select id, name, hex(thumb), (values (1), (2)), typeof(zip) from user order by id
=> rows
alter table user add column age integer not null default 7 check (age between 0 and 150)
=> runs
alter table user add column twice integer as (age * 2)
=> runs
delete from user where name is 'E' and thumb is not 'x'
=> runs
select age, twice, count(*) from user group by 1, 2
=> rows
drop table user
=> runs

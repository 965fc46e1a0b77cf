# Ordinary SQL that both engines understand. Every statement must pass the gate and do what it does when it is sent to the
# engine directly. To add one: write it, and behind it a line that says what must hold:
#   => rows     it passes, and returns the same rows as the text sent directly, in any order
#   => runs     it passes and runs; what it returns differs from time to time, or is nothing
#   => not yet  the engine takes it and the gate does not: a known gap, which must be a clean refusal
# A statement may have several lines. Lines that begin with `# ` and blank lines between statements do not count. Statements run
# from top to bottom in one database, so the first ones make the tables.

create table cities (id integer primary key, name text not null unique, country text, area double precision)
=> runs
create table people (
    id integer primary key,
    name text not null,
    email text unique,
    city_id integer references cities (id) on delete set null,
    boss_id integer references people (id),
    score double precision default 0,
    active boolean not null default true,
    check (score >= 0)
)
=> runs
create table orders (id integer primary key, person_id integer not null references people (id) on delete cascade on update cascade,
    item text not null, amount integer not null default 1 check (amount > 0), price numeric(10, 2), note varchar(200), unique (person_id, item))
=> runs
create table if not exists tags (person_id integer, tag text, primary key (person_id, tag), constraint tags_person foreign key (person_id) references people (id))
=> runs
create table "Order" ("select" integer primary key, "from" text, "a ""quoted"" name" text, größe integer)
=> runs
create table copies (id integer, name text, score double precision)
=> runs
create index people_city on people (city_id)
=> runs
create unique index if not exists people_name on people (name, email)
=> runs
create index orders_big on orders (amount desc) where amount > 10
=> runs
create index people_lower on people (lower(name))
=> runs
create index people_both on people (city_id, name desc)
=> runs

# Changes
insert into cities (id, name, country, area) values (1, 'Oslo', 'Norway', 454.0), (2, 'Köln', 'Germany', 405.2), (3, '東京', 'Japan', 2194.0), (4, 'Nowhere', null, null)
=> runs
insert into people (id, name, email, city_id, boss_id, score) values (1, 'Ada', 'ada@example.org', 1, null, 9.5), (2, 'Grace', 'grace@example.org', 2, 1, 8.25), (3, 'Linus', null, 2, 1, 7.0)
=> runs
insert into people (id, name) values (4, 'O''Hara'), (5, 'back\slash'), (6, '')
=> runs
INSERT INTO people VALUES (7, 'Seven', 'seven@example.org', 3, 2, 1.5, true)
=> runs
insert into orders (id, person_id, item, amount, price) values (1, 1, 'pen', 3, 1.20), (2, 1, 'ink', 1, 12.50), (3, 2, 'pen', 12, 1.10), (4, 3, 'paper', 500, 0.02), (5, 7, 'lamp', 1, 49.90)
=> runs
insert into tags values (1, 'math'), (1, 'poet'), (2, 'navy'), (2, 'math'), (3, 'kernel')
=> runs
insert into "Order" ("select", "from", "a ""quoted"" name", größe) values (1, 'x', 'y', 5)
=> runs
insert into copies select id, name, score from people where score > 0
=> runs
insert into copies (id, name) select 100 + id, upper(name) from people where id < 3 order by id limit 2
=> runs
insert into cities (id, name) values (5, 'Bergen') returning id, name
=> rows
insert into cities (id, name) values (5, 'Bergen') on conflict do nothing
=> runs
insert into cities (id, name) values (5, 'Bergen') on conflict (id) do update set name = excluded.name, country = 'Norway' returning *
=> rows
insert into cities as c (id, name) values (5, 'Bergen') on conflict (id) do update set area = coalesce(c.area, 0) + 1 where c.country = 'Norway' returning area
=> rows
insert into tags (person_id, tag) values (1, 'math') on conflict (person_id, tag) do nothing returning tag
=> rows
with recent as (select id, name from people where id > 5) insert into copies (id, name) select id, name from recent
=> runs
update people set score = score + 1 where id = 1
=> runs
update people set score = score * 2, active = false where name like 'L%' returning id, score
=> rows
update people set email = null, score = 0 where id = 6
=> runs
update people as p set score = p.score + 0.5 where p.id in (select person_id from orders where amount > 10) returning id, score
=> rows
update copies set score = p.score from people p where p.id = copies.id and p.active
=> runs
update people set (name, email) = ('Sieben', 'sieben@example.org') where id = 7
=> runs
update orders set price = case when amount > 100 then price * 0.9 else price end
=> runs
with best as (select max(score) as top from people) update people set active = true where score = (select top from best)
=> runs
delete from copies where id > 100 returning id
=> rows
delete from copies where id in (select id from people where score < 1)
=> runs
with gone as (select id from copies where id = 7) delete from copies where id in (select id from gone)
=> runs
delete from tags where tag is null
=> runs

# Simple reads
select 1
=> rows
SELECT * FROM people WHERE id = 1;
=> rows
select 1, 'a' as b, null as c, 1.5 as d, 2e3 as e
=> rows
select -- one
  1 /* two */ as /* three */ x -- four
=> rows
select id, name from people order by name desc, id asc limit 2 offset 1
=> rows
select distinct city_id from people
=> rows
select all name from people
=> rows
select p.*, c.name as city from people p, cities c where p.city_id = c.id
=> rows
select p.name n, c.name as "City" from people as p inner join cities as c on c.id = p.city_id order by 1
=> rows
select count(*), count(email), count(distinct city_id), sum(score), avg(score), min(name), max(name) from people
=> rows
select "select", "from", "a ""quoted"" name", größe from "Order"
=> rows
select 'it''s', 'a\b', '-- no comment', '/* none */', '; select 2', '$1', '"q"', '日本語 🎉'
=> rows
select name from people where name = 'back\slash' or name = 'O''Hara'
=> rows
select * from people where email is null and not active or score is not null
=> rows
select * from people where id between 2 and 4 and id not between 3 and 3
=> rows
select * from people where id in (1, 2, 3) and name not in ('Ada', 'Bob')
=> rows
select * from people where name like '%a%' and name not like '\%' escape '!'
=> rows
select id from people where city_id is distinct from 2 and boss_id is not distinct from null
=> rows
select id from people where active is true and (score > 1) is not false
=> rows
select id from people where (city_id, boss_id) = (2, 1)
=> rows
select id from people where (id, name) in (select id, name from copies)
=> rows
select id + 1, id - 1, id * 2, id / 2, id % 2, -id, +id, (id + 1) * 3 from people
=> rows
select 5 & 3, 5 | 3, 1 << 4, 256 >> 2, ~5
=> rows
select name || ' <' || coalesce(email, 'none') || '>' from people
=> rows
select case city_id when 1 then 'north' when 2 then 'west' else 'east' end from people
=> rows
select case when score > 8 then 'high' when score > 2 then 'middle' end as grade, count(*) from people group by grade
=> rows
select cast(score as integer), cast(id as text), cast('12' as bigint), cast(1 as numeric(10, 2)), cast('1.5' as double precision) from people where id = 1
=> rows
select coalesce(null, 1), nullif(1, 1), nullif(1, 2), abs(-5), round(2.567, 2), lower('ABC'), upper('abc'), length('abc'), replace('abc', 'b', 'x'), trim('  a '), ltrim('xxa', 'x'), rtrim('axx', 'x'), substr('abcdef', 2, 3)
=> rows
select substring('abcdef', 2), round(1.5), sign(-2)
=> rows
select trim('a')
=> rows
select concat('a', 'b', 1), concat_ws('-', 'a', 'b')
=> rows
select current_timestamp is not null, current_date is not null, current_time is not null
=> rows
values (1, 'a'), (2, 'b')
=> rows
select * from (values (1, 'a'), (2, 'b')) as v
=> rows
select 1 where 1 = 0
=> rows
select true, false, not true, true and false, true or false
=> rows
select 1.0e-3, .5, 5., 12345678901234567890
=> rows
select name as größe, name as "with space" from people where id = 1
=> rows
select * from people where id = 1 and 'a' <> 'b' and 2 != 3 and 1 <= 1 and 2 >= 1 and 1 < 2 and 2 > 1
=> rows
select (select name from cities where id = 1), exists (select 1 from people), not exists (select 1 from people where id = 99)
=> rows
select x.id from (select * from (select id from people where id < 5) y where y.id > 1) x
=> rows
select name from people p where exists (select 1 from orders o where o.person_id = p.id and o.amount > (select avg(amount) from orders i where i.person_id = p.id) - 1)
=> rows
select name, (select count(*) from orders where person_id = people.id) as n from people order by n desc, name
=> rows
select id from people where id = (select max(person_id) from orders) or id in (select boss_id from people where boss_id is not null)
=> rows
select id from people where score >= (select min(score) from people) order by (select count(*) from orders o where o.person_id = people.id), id
=> rows

# Joins
select p.name, o.item from people p join orders o on o.person_id = p.id
=> rows
select p.name, o.item from people p left join orders o on o.person_id = p.id and o.amount > 1 where o.id is null
=> rows
select p.name, c.name from people p left outer join cities c on c.id = p.city_id
=> rows
select p.name, c.name from people p right join cities c on c.id = p.city_id
=> rows
select p.name, c.name from people p full outer join cities c on c.id = p.city_id
=> rows
select count(*) from people cross join cities
=> rows
select id from people natural join copies
=> rows
select id, p.name, c.name from people p join copies c using (id)
=> rows
select p.name, b.name as boss from people p left join people b on b.id = p.boss_id
=> rows
select p.name, o.item, c.name, t.tag from people p join orders o on o.person_id = p.id join cities c on c.id = p.city_id left join tags t on t.person_id = p.id
=> rows
select p.name from (people p join cities c on c.id = p.city_id) join orders o on o.person_id = p.id
=> rows
select a.id, b.id from people a join people b on a.id < b.id and a.city_id = b.city_id
=> rows
select d.name, d.n from (select p.name, count(*) as n from people p join tags t on t.person_id = p.id group by p.name) d join people q on q.name = d.name
=> rows
select p.id from people p, orders o, cities c where p.id = o.person_id and c.id = p.city_id
=> rows

# Groups
select city_id, count(*) as n from people group by city_id having count(*) > 1 order by n desc
=> rows
select city_id, active, sum(score) from people group by city_id, active
=> rows
select lower(name), count(*) from people group by lower(name) having max(score) >= 0
=> rows
select count(*) filter (where active), sum(amount) filter (where amount > 1) from people left join orders on person_id = people.id
=> rows
select item, count(*) from orders group by 1 order by 2 desc, 1
=> rows
select distinct item, person_id from orders order by item, person_id
=> rows
select max(n) from (select count(*) as n from orders group by person_id) s
=> rows
select string_agg(tag, ',') from (select tag from tags where person_id = 1 order by tag) s
=> rows

# Sets
select id from people union select id from cities order by id
=> rows
select id from people union all select id from cities
=> rows
select id from people intersect select id from cities
=> rows
select id from people except select id from cities
=> rows
select id, name from people where id = 1 union all select id, name from cities where id = 2 union select 9, 'nine' order by 1 desc limit 2
=> rows
select * from (select id from people union select id from cities) u where id > 2
=> rows
select 1 union all select 2 union all select 3 except select 2
=> rows

# Common table expressions
with a as (select 1 as x), b as (select x + 1 as y from a) select * from a, b
=> rows
with recursive n(i) as (select 1 union all select i + 1 from n where i < 10) select sum(i) from n
=> rows
with recursive chain as (select id, name, boss_id, 0 as level from people where boss_id is null union all select p.id, p.name, p.boss_id, c.level + 1 from people p join chain c on p.boss_id = c.id) select name, level from chain
=> rows
with recursive r(n, f) as (values (1, 1) union all select n + 1, f * (n + 1) from r where n < 8) select * from r
=> rows
with t as materialized (select * from people), u as not materialized (select * from t) select count(*) from u
=> rows
with a(x, y) as (select 1, 2), b as (select * from a union select 3, 4) select x from b where y in (select y from a)
=> rows
select * from (with z as (select 5 as q) select q from z) w
=> rows
with totals as (select person_id, sum(amount * price) as total from orders group by person_id), ranked as (select person_id, total, rank() over (order by total desc) as place from totals) select p.name, r.place from ranked r join people p on p.id = r.person_id where r.place <= 2
=> rows

# Windows
select name, row_number() over (order by id) from people
=> rows
select name, rank() over (partition by city_id order by score desc), dense_rank() over (order by score), percent_rank() over (order by score), cume_dist() over (order by score), ntile(2) over (order by id) from people
=> rows
select id, lag(name) over (order by id), lead(name, 2, 'none') over (order by id), first_value(name) over (order by id), last_value(name) over (order by id), nth_value(name, 2) over (order by id) from people
=> rows
select id, sum(score) over (order by id rows between unbounded preceding and current row) from people
=> rows
select id, avg(score) over (order by id rows between 1 preceding and 1 following), sum(id) over (order by id rows 2 preceding), count(*) over (order by id range between unbounded preceding and unbounded following) from people
=> rows
select id, sum(id) over (order by id groups between 1 preceding and current row) from people
=> rows
select id, sum(score) over w, count(*) over w from people window w as (partition by active order by id)
=> rows
select id, sum(score) over (w rows unbounded preceding) from people window w as (order by id)
=> rows
select * from (select name, row_number() over (partition by city_id order by score desc) as r from people) x where r = 1
=> rows
select id, sum(sum(amount)) over (order by id) from orders group by id
=> rows
select count(*) filter (where active) over (partition by city_id) from people
=> rows

# Views
create view active_people as select id, name, score from people where active
=> runs
create view busy (name, n) as select p.name, count(*) from people p join orders o on o.person_id = p.id group by p.name
=> runs
select * from active_people join busy using (name)
=> rows
drop view busy
=> runs
drop view if exists busy
=> runs

# Tables change
alter table copies add column extra text
=> runs
alter table copies add column n integer not null default 5
=> runs
alter table copies add extra2 numeric(5, 1)
=> runs
alter table copies rename column extra to more
=> runs
alter table copies drop column extra2
=> runs
alter table copies rename to duplicates
=> runs
select id, name, more, n from duplicates
=> rows
create table summary as select city_id, count(*) as n from people group by city_id
=> runs
select * from summary
=> rows
drop index if exists people_both
=> runs
drop table if exists summary
=> runs
drop table if exists missing
=> runs
create table boxes (w integer, h integer, area integer generated always as (w * h) stored)
=> runs
insert into boxes (w, h) values (2, 3) returning area
=> rows
create table spans (a date, b timestamp, c time, d text default 'x', e integer default (1 + 2), f timestamp default current_timestamp, constraint positive check (e > 0 and e < 100), constraint one unique (a, b))
=> runs
insert into spans (a, b, c) values ('2024-02-29', '2024-02-29 12:30:00', '08:15:00')
=> runs
select d, e from spans where a = '2024-02-29' and b < '2025-01-01 00:00:00'
=> rows
create table late (id integer primary key, other integer, foreign key (other) references late (id) deferrable initially deferred)
=> runs
create table collated (a text not null, b text, unique (b), primary key (a))
=> runs
delete from late
=> runs
select id from people order by score desc nulls last, name asc nulls first limit 3
=> rows

# Names that are keywords elsewhere
create table words (key text, value text, type text, status text, format text, top integer, start integer, sort integer, final text, settings text, name text, level integer, position integer, label text, comment text, version integer, data text, source text, year integer, month integer, day integer, text text, location text, path text, role text, owner text, action text, language text)
=> runs
insert into words (key, value, type, status, format, top, start, sort) values ('k', 'v', 't', 's', 'f', 1, 2, 3)
=> runs
select top, start, sort, format, final, settings, key, value, type, status, level, position, label, comment, version, data, source, year, month, day, text, location, path, role, owner, action, language from words
=> rows
select w.format, w.top as start, w.key sort from words as w where w.top = 1 and format = 'f' order by sort, top
=> rows
select max(top) as top, min(start) as format from words settings group by settings.final
=> rows
update words set top = top + 1, format = 'g', start = null where sort = 3 returning top
=> rows

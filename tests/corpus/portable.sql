# SQL that both engines take, and what it gives through the interface `db`: the same on both, or what each of them gives.
#
#   => text a | integer 1 / null | integer 2    two rows of two columns
#   => nothing                                  no row
#   => columns a, B                             the names of the columns
#   => error bad-parameter                      the code of the error
#   => postgres ...  and  => sqlite ...         a difference that remains: `wit/db.wit` names it where an author looks, and so
#                                               does the log of `innkeeper dev`
#
# A value is written as the case of `value` and its content, as the probe guest gives it. The table is `people`, made by
# define-table with four rows: tests/all/db/portable.rs. Statements run from top to bottom.

# Letters
select lower('JÜRGEN@Example.ORG'), upper('jürgen@example.org')
=> text jürgen@example.org | text JÜRGEN@EXAMPLE.ORG
select lower('ΑΣ ΣΑΣ'), upper('ας'), upper('straße ﬁ'), lower('İ'), upper('ŉ')
=> text ας σας | text ΑΣ | text STRASSE FI | text i̇ | text ʼN
select lower('ЖЫ Ǆ ԱՒ ꙀꚀ'), upper('жы ǆ աւ ⴀ ﬀ')
=> text жы ǆ աւ ꙁꚁ | text ЖЫ Ǆ ԱՒ Ⴀ FF
select id from people where lower(email) = lower('jürgen@EXAMPLE.ORG')
=> integer 1
select id from people where lower(email) between lower('JÜR') and lower('JÜRZ')
=> integer 1
select replace(lower(email), lower('ÜR'), '-') from people where id = 1
=> text j-gen@example.org
select id from people where upper(email) = 'STRASSE'
=> integer 4
select lower(email) from people order by lower(email), id
=> text 100%_sure\ / text jürgen@example.org / text straße / null
select max(upper(email)) from people
=> text STRASSE
select lower(null), upper('')
=> null | text 
select upper(lower(email)) from people where id = 1
=> text JÜRGEN@EXAMPLE.ORG
select id from people where lower(email) like 'jürg%'
=> integer 1
select id from people where lower(email) in ('straße', 'x')
=> integer 4
select count(*) from (select lower(email) as l from people) p where l = 'straße'
=> integer 1
select lower(email) from people group by lower(email) order by 1 desc
=> null / text straße / text jürgen@example.org / text 100%_sure\
select case lower(email) when 'straße' then 1 else 0 end from people where id = 4
=> integer 1

# LIKE
select 'a_b' like 'a\_b' as a, 'axb' like 'a\_b' as b
=> postgres boolean true | boolean false
=> sqlite integer 1 | integer 0
select case when 'a_b' like 'a\_b' then 'yes' else 'no' end
=> text yes
select case when 'axb' like 'a\_b' then 'yes' else 'no' end
=> text no
select case when 'a\b' like 'a\b' then 'yes' else 'no' end
=> text no
select case when 'a\b' like 'a\\b' then 'yes' else 'no' end
=> text yes
select case when '100%' like '100\%' then 'yes' else 'no' end
=> text yes
select case when '100x' like '100\%' then 'yes' else 'no' end
=> text no
select case when 'a\b' like 'a\b' escape '' then 'yes' else 'no' end
=> text yes
select case when 'a_b' like 'a!_b' escape '!' then 'yes' else 'no' end
=> text yes
select case when 'A' like 'a' then 'yes' else 'no' end
=> text no
select case when 'É' like '_' then 'yes' else 'no' end
=> text yes
select case when 'é' like 'É' then 'yes' else 'no' end
=> text no
select case when 'ab' not like 'a%' then 'yes' else 'no' end
=> text no
select case when null like 'a' then 'yes' else 'no' end
=> text no
select case when 'a' like null then 'yes' else 'no' end
=> text no
select case when '' like '' then 'yes' else 'no' end
=> text yes
select case when 'a' like '' then 'yes' else 'no' end
=> text no
select case when 'a
b' like 'a%b' then 'yes' else 'no' end
=> text yes
select case when 'abc' like 'a' || '%' || 'c' then 'yes' else 'no' end
=> text yes
select id from people where email like '100\%\_%'
=> integer 2
select id from people where email like '%' || email || '%' order by id
=> integer 1 / integer 4
select id from people where email not like '%\\' order by id
=> integer 1 / integer 4
select case when 'ab' like 'ab\' then 'yes' else 'no' end
=> text no
select case when cast(photo as text) like 'ab' then 'yes' else 'no' end from people where id = 1
=> postgres text no
=> sqlite text yes
select like('a%', 'abc')
=> postgres boolean false
=> sqlite integer 1

# NULLs in order
select age from people order by age
=> integer 30 / integer 30 / integer 41 / null
select age from people order by age desc
=> null / integer 41 / integer 30 / integer 30
select age, id from people order by age, id desc
=> integer 30 | integer 4 / integer 30 | integer 1 / integer 41 | integer 3 / null | integer 2
select age, id from people order by age desc, id
=> null | integer 2 / integer 41 | integer 3 / integer 30 | integer 1 / integer 30 | integer 4
select age from people order by age nulls first
=> null / integer 30 / integer 30 / integer 41
select age from people order by age desc nulls last
=> integer 41 / integer 30 / integer 30 / null
select email from people order by email limit 1
=> text 100%_sure\
select id from people order by price, id
=> integer 2 / integer 1 / integer 4 / integer 3
select id from people order by born desc, id
=> integer 3 / integer 2 / integer 1 / integer 4
select id from people order by active, id
=> integer 2 / integer 1 / integer 4 / integer 3
select id from people order by seen desc limit 1
=> integer 3
select id, row_number() over (order by age, id) from people order by id
=> integer 1 | integer 1 / integer 2 | integer 4 / integer 3 | integer 3 / integer 4 | integer 2
select id, rank() over (order by age desc) from people order by id
=> integer 1 | integer 3 / integer 2 | integer 1 / integer 3 | integer 2 / integer 4 | integer 3
select id, sum(age) over (order by age, id) from people where id < 3 order by id
=> postgres integer 1 | decimal 30 / integer 2 | decimal 30
=> sqlite integer 1 | integer 30 / integer 2 | integer 30
select string_agg(email, ',' order by score, id) from people
=> text 100%_sure\,straße,JÜRGEN@example.org
select first_value(id) over (order by age, id) from people limit 1
=> integer 1
select last_value(id) over (order by age, id rows between unbounded preceding and unbounded following) from people limit 1
=> integer 2
select lag(age) over (order by id), lead(age, 1, 0) over (order by id) from people
=> null | null / integer 30 | integer 41 / null | integer 30 / integer 41 | integer 0
select id from (select id, age from people order by age desc limit 2) p order by id
=> integer 2 / integer 3
select age from people union select 7 order by 1
=> integer 7 / integer 30 / integer 41 / null
select distinct age from people order by age
=> integer 30 / integer 41 / null
select age, count(*) from people group by age order by age
=> integer 30 | integer 2 / integer 41 | integer 1 / null | integer 1
select min(age), max(age), count(age), count(*) from people
=> integer 30 | integer 41 | integer 3 | integer 4
select id from people order by coalesce(age, 0), id
=> integer 2 / integer 1 / integer 4 / integer 3
select id from people order by case when age is null then 0 else 1 end, id
=> integer 2 / integer 1 / integer 3 / integer 4
select id from people order by age is null, id
=> integer 1 / integer 3 / integer 4 / integer 2
select id from people order by -age, id
=> integer 3 / integer 1 / integer 4 / integer 2

select email from people where id < 3 order by email collate "C" desc
=> text JÜRGEN@example.org / text 100%_sure\
select case when 'a' collate "C" < 'B' then 'yes' else 'no' end
=> text no

# Precedence
select 'n: ' || 1 + 2
=> text n: 3
select 'n: ' || 2 * 3 || '!'
=> text n: 6!
select 1 + 2 || 'x'
=> text 3x
select 7 - 2 || '-' || 7 % 4
=> text 5-3
select ~ 1 + 2
=> integer -4
select 2 * ~ 3 + 1
=> integer -10
select ~ 5 & 3
=> integer 2
select 1 + 2 * 3 - 4 / 2
=> integer 5
select 1 << 2 + 1
=> integer 8
select 6 & 3 | 8
=> integer 10
select 1 | 2 + 4
=> integer 7
select 1 & 3 || 'x'
=> text 1x
select case when not 1 = 2 then 'yes' else 'no' end
=> text yes
select case when not null is null then 'yes' else 'no' end
=> text no
select case when 1 = 1 or 1 = 2 and 1 = 3 then 'yes' else 'no' end
=> text yes
select case when 2 between 1 and 3 and 4 > 3 then 'yes' else 'no' end
=> text yes
select case when 1 + 1 in (2, 3) then 'yes' else 'no' end
=> text yes
select case when 'a' || 'b' = 'ab' then 'yes' else 'no' end
=> text yes
select case when 'a' || 'b' like 'a_' then 'yes' else 'no' end
=> text yes

# Text
select 'a' || 'b', 'a' || null, null || 'a'
=> text ab | null | null
select 'a' || 1, 1 || 'a', 'a' || 1.50, 'a' || (1 = 1)
=> postgres text a1 | text 1a | text a1.50 | text atrue
=> sqlite text a1 | text 1a | text a1.5 | text a1
select concat('a', null, 'b', 1), concat_ws('-', 'a', null, 'b')
=> text ab1 | text a-b
select length('é'), length('👍'), length(''), length(null), length('a b ')
=> integer 1 | integer 1 | integer 0 | null | integer 4
select substr('hello', 2), substr('hello', 2, 3), substr('hello', 9), substr('hello', 2, 0)
=> text ello | text ell | text  | text 
select substr('hello', 0), substr('hello', 0, 3)
=> text hello | text he
select substr('hello', -2), substr('hello', -2, 4)
=> postgres text hello | text h
=> sqlite text lo | text lo
select substr('héllo', 2, 1), substring('hello', 2, 2)
=> text é | text el
select substr('hello', 2, -1)
=> postgres error bad-parameter
=> sqlite text h
select trim('  a '), ltrim('  a'), rtrim('a  '), trim('	a')
=> text a | text a | text a | text 	a
select trim('xxaxx', 'x'), ltrim('xyxa', 'xy'), rtrim('ayx', 'xy')
=> text a | text a | text a
select replace('aXbX', 'X', '--'), replace('abc', '', 'x'), replace('abc', 'b', '')
=> text a--b-- | text abc | text ac
select 'it''s', '', length('a
b')
=> text it's | text  | integer 3
select coalesce(null, 'x'), nullif('a', 'a'), nullif('a', 'b')
=> text x | null | text a
select case when 'a' < 'B' then 'yes' else 'no' end
=> text no
select case when 'a' = 'A' then 'yes' else 'no' end
=> text no
select case when 'a' = 'a ' then 'yes' else 'no' end
=> text no
select case when '10' < '9' then 'yes' else 'no' end
=> text yes
select case when 'é' = 'é' then 'yes' else 'no' end
=> text yes
select email from people where email < 'a' order by email
=> text 100%_sure\ / text JÜRGEN@example.org
select max(email), min(email) from people
=> text straße | text 100%_sure\
select octet_length('é')
=> integer 2
select format('%s-%s', 'a', 1)
=> text a-1

# Numbers
select 5 / 2, -5 / 2, 5 % 2, -5 % 2, 5 % -2
=> integer 2 | integer -2 | integer 1 | integer -1 | integer 1
select 5 / 2.0, 5.0 / 2
=> postgres decimal 2.5000000000000000 | decimal 2.5000000000000000
=> sqlite float 2.5 | float 2.5
select 1.0 / 3
=> postgres decimal 0.33333333333333333333
=> sqlite float 0.3333333333333333
select 5.5 % 2
=> postgres decimal 1.5
=> sqlite float 1.0
select 1 / 0
=> postgres error bad-parameter
=> sqlite null
select 1 % 0
=> postgres error bad-parameter
=> sqlite null
select 1.0 / 0
=> postgres error bad-parameter
=> sqlite null
select 0.1 + 0.2
=> postgres decimal 0.3
=> sqlite float 0.30000000000000004
select 1.50, 1.0, 1e3, .5
=> postgres decimal 1.50 | decimal 1.0 | decimal 1000 | decimal 0.5
=> sqlite float 1.5 | float 1.0 | float 1000.0 | float 0.5
select 1.10 * 2
=> postgres decimal 2.20
=> sqlite float 2.2
select cast(0.1 as double precision) + cast(0.2 as double precision)
=> float 0.30000000000000004
select 2147483647 + 1
=> postgres error bad-parameter
=> sqlite integer 2147483648
select 9223372036854775807 + 1
=> postgres error bad-parameter
=> sqlite float 9.223372036854776e+18
select 9223372036854775808
=> postgres decimal 9223372036854775808
=> sqlite float 9.223372036854776e+18
select cast(2147483648 as bigint) * 4294967296
=> postgres error bad-parameter
=> sqlite float 9.223372036854776e+18
select 1 << 32
=> postgres integer 1
=> sqlite integer 4294967296
select 1 << 3, 8 >> 1, -8 >> 1
=> integer 8 | integer 4 | integer -4
select abs(-5), abs(-2.5), sign(-3)
=> postgres integer 5 | decimal 2.5 | float -1.0
=> sqlite integer 5 | float 2.5 | integer -1
select round(2.5), round(-2.5), round(3.5)
=> postgres decimal 3 | decimal -3 | decimal 4
=> sqlite float 3.0 | float -3.0 | float 4.0
select round(2.567, 2)
=> postgres decimal 2.57
=> sqlite float 2.57
select round(score) from people order by id
=> postgres float 2.0 / float -2.0 / null / float 0.0
=> sqlite float 3.0 / float -3.0 / null / float 0.0
select max(1, 2)
=> postgres error syntax
=> sqlite integer 2
select cast(2.7 as integer), cast(-2.7 as integer)
=> postgres integer 3 | integer -3
=> sqlite integer 2 | integer -2
select cast(2.5 as integer), cast(3.5 as integer)
=> postgres integer 3 | integer 4
=> sqlite integer 2 | integer 3
select cast(round(2.7) as integer)
=> integer 3
select cast('12' as integer), cast(' 12 ' as integer)
=> integer 12 | integer 12
select cast('12abc' as integer)
=> postgres error bad-parameter
=> sqlite integer 12
select cast('abc' as integer)
=> postgres error bad-parameter
=> sqlite integer 0
select cast('' as integer)
=> postgres error bad-parameter
=> sqlite integer 0
select cast('1.5' as double precision), cast('1e3' as double precision)
=> float 1.5 | float 1000.0
select cast(1 as double precision), cast(1.5 as real)
=> float 1.0 | float 1.5
select cast(7 as numeric), cast(7.50 as numeric)
=> postgres decimal 7 | decimal 7.50
=> sqlite integer 7 | float 7.5
select cast(1.005 as numeric(10, 2))
=> postgres decimal 1.01
=> sqlite float 1.005
select cast(123456 as varchar(3))
=> postgres text 123
=> sqlite text 123456
select cast('abc' as varchar(2))
=> postgres text ab
=> sqlite text abc
select cast('ab' as char(4)) || '|'
=> text ab|
select cast(12 as text), cast(-7 as text), cast(1.50 as text)
=> postgres text 12 | text -7 | text 1.50
=> sqlite text 12 | text -7 | text 1.5
select cast(cast(1e20 as double precision) as text)
=> postgres text 1e+20
=> sqlite text 1.0e+20
select cast(cast(0.1 as double precision) as text)
=> text 0.1
select cast(score as text) from people order by id
=> text 2.5 / text -2.5 / null / text 0.1
select cast(age as text) from people where id = 1
=> text 30
select cast(true as text)
=> postgres text true
=> sqlite text 1
select cast(1 as boolean)
=> postgres boolean true
=> sqlite integer 1
select cast('t' as boolean)
=> postgres boolean true
=> sqlite integer 0
select '5' + 3
=> integer 8
select 'abc' + 1
=> postgres error bad-parameter
=> sqlite integer 1
select 1 = '1'
=> postgres boolean true
=> sqlite integer 0
select case when 1 = 1.0 then 'yes' else 'no' end
=> text yes
select case when 1 < 1.5 then 'yes' else 'no' end
=> text yes
select random() between 0 and 1
=> postgres boolean true
=> sqlite integer 0
select sum(price) from people
=> postgres decimal 121.00
=> sqlite float 121.0
select avg(price) from people
=> postgres decimal 40.3333333333333333
=> sqlite float 40.333333333333336
select price * 2 from people where id = 1
=> postgres decimal 39.80
=> sqlite float 39.8
select price + 0 from people where id = 2
=> postgres decimal 1.10
=> sqlite float 1.1
select id from people where price > 10 order by price
=> integer 1 / integer 4
select id from people where price = 100
=> integer 4
select score * 2, score / 2 from people where id = 1
=> float 5.0 | float 1.25
select id from people where score > 0 order by score
=> integer 4 / integer 1
select age / 4, age % 7 from people where id = 1
=> integer 7 | integer 2

# Truth
select true, false
=> postgres boolean true | boolean false
=> sqlite integer 1 | integer 0
select 1 = 1, 1 = 2, null = null
=> postgres boolean true | boolean false | null
=> sqlite integer 1 | integer 0 | null
select 1 is null, null is null, 1 is not null
=> postgres boolean false | boolean true | boolean true
=> sqlite integer 0 | integer 1 | integer 1
select 1 is distinct from 2, null is not distinct from null
=> postgres boolean true | boolean true
=> sqlite integer 1 | integer 1
select exists (select 1 from people), 1 in (1, 2), 1 in (2, null)
=> postgres boolean true | boolean true | null
=> sqlite integer 1 | integer 1 | null
select not true, true and null, true or null, false and null
=> postgres boolean false | null | boolean true | boolean false
=> sqlite integer 0 | null | integer 1 | integer 0
select active from people order by id
=> boolean true / boolean false / null / boolean true
select id from people where active order by id
=> integer 1 / integer 4
select id from people where not active
=> integer 2
select id from people where active = true order by id
=> integer 1 / integer 4
select id from people where active is true order by id
=> integer 1 / integer 4
select id from people where active is not true order by id
=> integer 2 / integer 3
select id from people where active = 1
=> postgres error syntax
=> sqlite integer 1 / integer 4
select count(*) from people where active is null
=> integer 1
select case when active then 'yes' else 'no' end from people order by id
=> text yes / text no / text no / text yes
select coalesce(active, false) from people order by id
=> postgres boolean true / boolean false / boolean false / boolean true
=> sqlite integer 1 / integer 0 / integer 0 / integer 1
select sum(case when active then 1 else 0 end) from people
=> integer 2
select max(active) from people
=> postgres error syntax
=> sqlite integer 1
select id from people where 1
=> postgres error syntax
=> sqlite integer 1 / integer 2 / integer 3 / integer 4

# Aggregates
select sum(age) from people
=> postgres decimal 101
=> sqlite integer 101
select sum(1), sum(1.5)
=> postgres integer 1 | decimal 1.5
=> sqlite integer 1 | float 1.5
select cast(sum(age) as bigint) from people
=> integer 101
select avg(age) from people
=> postgres decimal 33.6666666666666667
=> sqlite float 33.666666666666664
select avg(2), avg(2.0)
=> postgres decimal 2.0000000000000000 | decimal 2.0000000000000000
=> sqlite float 2.0 | float 2.0
select avg(cast(age as double precision)) from people
=> float 33.666666666666664
select avg(score) from people where id < 3
=> float 0.0
select sum(score) from people where id < 3
=> float 0.0
select sum(age) from people where id > 100
=> null
select count(distinct age), count(age) from people
=> integer 2 | integer 3
select max(null), min(null)
=> null | null
select string_agg(email, ',' order by id) from people
=> text JÜRGEN@example.org,100%_sure\,straße
select count(*) filter (where age > 30) from people
=> integer 1
select age, count(*) from people where age is not null group by age having count(*) > 1
=> integer 30 | integer 2
select sum(age) from people group by active order by 1
=> postgres decimal 41 / decimal 60 / null
=> sqlite integer 41 / integer 60 / null
select distinct active from people order by active
=> boolean false / boolean true / null
select id, age from people group by age
=> postgres error syntax
=> sqlite integer 2 | null / integer 1 | integer 30 / integer 3 | integer 41
select min(email), max(age) from people group by born order by 2
=> text JÜRGEN@example.org | integer 30 / null | integer 41 / text 100%_sure\ | null

# Windows
select id, row_number() over (order by id desc) from people order by id
=> integer 1 | integer 4 / integer 2 | integer 3 / integer 3 | integer 2 / integer 4 | integer 1
select id, ntile(2) over (order by id) from people order by id
=> integer 1 | integer 1 / integer 2 | integer 1 / integer 3 | integer 2 / integer 4 | integer 2
select id, sum(id) over (order by id rows between 1 preceding and current row) from people order by id
=> postgres integer 1 | decimal 1 / integer 2 | decimal 3 / integer 3 | decimal 5 / integer 4 | decimal 7
=> sqlite integer 1 | integer 1 / integer 2 | integer 3 / integer 3 | integer 5 / integer 4 | integer 7
select id, dense_rank() over (order by age) from people order by id
=> integer 1 | integer 1 / integer 2 | integer 3 / integer 3 | integer 2 / integer 4 | integer 1
select id, percent_rank() over (order by id), cume_dist() over (order by id) from people order by id
=> integer 1 | float 0.0 | float 0.25 / integer 2 | float 0.3333333333333333 | float 0.5 / integer 3 | float 0.6666666666666666 | float 0.75 / integer 4 | float 1.0 | float 1.0
select id, nth_value(id, 2) over (order by id range between unbounded preceding and unbounded following) from people order by id
=> integer 1 | integer 2 / integer 2 | integer 2 / integer 3 | integer 2 / integer 4 | integer 2
select id, count(*) over (partition by age) from people order by id
=> integer 1 | integer 2 / integer 2 | integer 1 / integer 3 | integer 1 / integer 4 | integer 2
select id, count(*) over w from people window w as (partition by born) order by id
=> integer 1 | integer 2 / integer 2 | integer 1 / integer 3 | integer 1 / integer 4 | integer 2
select id, sum(age) over (order by id groups between 1 preceding and current row) from people order by id
=> postgres integer 1 | decimal 30 / integer 2 | decimal 30 / integer 3 | decimal 41 / integer 4 | decimal 71
=> sqlite integer 1 | integer 30 / integer 2 | integer 30 / integer 3 | integer 41 / integer 4 | integer 71

# Days and times
select born from people order by id
=> date [1990,2,28] / date [2024,2,29] / null / date [1990,2,28]
select born from people where born = '1990-02-28' order by id
=> date [1990,2,28] / date [1990,2,28]
select id from people where born > '2000-01-01'
=> integer 2
select id from people where born between '1990-01-01' and '1990-12-31' order by id
=> integer 1 / integer 4
select seen from people order by id
=> instant 0 / instant 1700000000000000 / null / null
select max(born), min(born) from people
=> postgres date [2024,2,29] | date [1990,2,28]
=> sqlite text 2024-02-29 | text 1990-02-28
select cast('2024-01-05' as date)
=> postgres date [2024,1,5]
=> sqlite integer 2024
select date('2024-01-05')
=> postgres date [2024,1,5]
=> sqlite text 2024-01-05
select cast('2024-02-30' as date)
=> postgres error bad-parameter
=> sqlite integer 2024
select cast(born as text) from people where id = 1
=> text 1990-02-28
select born || '' from people where id = 1
=> text 1990-02-28
select count(*) from people where seen is null
=> integer 2
select id from people order by seen, id
=> integer 1 / integer 2 / integer 3 / integer 4
select born + 1 from people where id = 1
=> postgres date [1990,3,1]
=> sqlite integer 1991

# Json
select data from people order by id
=> json {"a": 1, "b": "x", "c": [1, 2], "d": true, "e": null} / json {"a": 2.50} / null / json []
select data ->> 'b' from people where id = 1
=> text x
select data -> 'c' from people where id = 1
=> postgres json [1, 2]
=> sqlite text [1,2]
select data ->> 'a' from people where id = 1
=> postgres text 1
=> sqlite integer 1
select data ->> 'd' from people where id = 1
=> postgres text true
=> sqlite integer 1
select data ->> 'e', data ->> 'none' from people where id = 1
=> null | null
select data -> 'e' from people where id = 1
=> postgres json null
=> sqlite text null
select data ->> 'a' from people where id = 2
=> postgres text 2.50
=> sqlite float 2.5
select data -> 'c' ->> 0 from people where id = 1
=> postgres text 1
=> sqlite integer 1
select cast(data ->> 'a' as integer) from people where id = 1
=> integer 1
select json_array_length(data -> 'c') from people where id = 1
=> integer 2
select id from people where data ->> 'b' = 'x'
=> integer 1
select cast('{"a":1}' as json)
=> postgres json {"a":1}
=> sqlite integer 0
select json_object('a', 1)
=> postgres error syntax
=> sqlite text {"a":1}
select json_array(1, 'a', null)
=> postgres error syntax
=> sqlite text [1,"a",null]

# Bytes
select photo from people order by id
=> bytes YWI= / bytes  / null / null
select length(photo) from people order by id
=> integer 2 / integer 0 / null / null
select x'6162'
=> postgres other ["bit","0110000101100010"]
=> sqlite bytes YWI=
select id from people where photo is null order by id
=> integer 3 / integer 4
select max(length(photo)) from people
=> integer 2

# Sets, rows, limits
select 1 union all select 2 order by 1 desc
=> integer 2 / integer 1
select 1 except select 1
=> nothing
select 1 intersect select 1
=> integer 1
values (1, 'a'), (2, null)
=> integer 1 | text a / integer 2 | null
select column1 from (values (3), (1)) v order by 1
=> integer 1 / integer 3
select case when (1, 2) < (1, 3) then 'yes' else 'no' end
=> text yes
select case when (1, null) = (1, 2) then 'yes' else 'no' end
=> text no
select id from people order by id limit 2 offset 1
=> integer 2 / integer 3
select id from people order by id limit 0
=> nothing
select id from people order by id limit -1
=> postgres error bad-parameter
=> sqlite integer 1 / integer 2 / integer 3 / integer 4
select id from people order by id limit null
=> postgres integer 1 / integer 2 / integer 3 / integer 4
=> sqlite error bad-parameter
select * from (select 1 as a union select 1) t
=> integer 1
select a.id, b.id from people a left join people b on b.age = a.age and b.id > a.id order by 1, 2
=> integer 1 | integer 4 / integer 2 | null / integer 3 | null / integer 4 | null
select count(*) from people a cross join people b
=> integer 16
select id from people where age = (select max(age) from people)
=> integer 3
select id from people where (id, age) in (select 1, 30)
=> integer 1
with recursive n (i) as (select 1 union all select i + 1 from n where i < 4) select sum(i), max(i) from n
=> integer 10 | integer 4
with a as (select 1 as x), b as (select x + 1 as y from a) select x, y from a, b
=> integer 1 | integer 2
select id from people where id in (1, null) order by id
=> integer 1
select id from people where id not in (1, null)
=> nothing

# Names
select 1 as Total, 2 as "Total", 3 total
=> columns total, Total, total
select ID, People.Email from People where id = 1
=> columns id, email
select count(*), lower(email), 1 from people group by email
=> postgres columns count, lower, ?column?
=> sqlite columns count(*), lower(email), 1
select p.id, p.age as Age from people p where id = 1
=> columns id, age
select * from (select 1 as A, 2 as "B") t
=> columns a, B
select cast(1 as bigint), age + 1, case when true then 1 end from people
=> postgres columns int8, ?column?, case
=> sqlite columns cast(1 as bigint), age + 1, case when true then 1 end

# Changes
insert into people (id, email, age) values (9, 'x', 1) on conflict (id) do nothing returning id
=> integer 9
insert into people (id, email, age) values (9, 'y', 2) on conflict (id) do update set email = excluded.email || '!' || people.age + excluded.age returning email
=> text y!3
update people set age = age + 1 where id = 9 returning age, email
=> integer 2 | text y!3
update people set email = null where id = 9 and email like 'y!\3' returning id
=> integer 9
update people set email = null where id = 9 and email like 'y!_' returning id
=> nothing
update people set age = p.age from (select 5 as age) p where id = 9 returning people.age
=> integer 5
delete from people where id = 9 returning id, email
=> integer 9 | null
insert into people (id, age) values (8, '7') returning age
=> integer 7
insert into people (id, score) values (7, 3) returning score
=> float 3.0
insert into people (id, price) values (6, 1.10) returning price
=> postgres decimal 1.10
=> sqlite decimal 1.1
insert into people (id, email) values (5, 5) returning email
=> postgres text 5
=> sqlite error bad-parameter
delete from people where id = 6 returning id
=> integer 6

# Indexes over what is computed
create unique index people_small on people (lower(email))
=> runs
insert into people (id, email) values (10, 'jürgen@EXAMPLE.org')
=> error unique-violation
select id from people where lower(email) = lower('jürgen@EXAMPLE.ORG')
=> integer 1

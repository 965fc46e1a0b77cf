//! Random statements: the server reads what the gate prints as it reads what was written.
//!
//! A view is made of both texts, and the server says how it has understood each. Where the gate has
//! put bounds into a call, the two differ by design, and their values are compared instead.

use innkeeper::storage::Engine as HostEngine;
use innkeeper::storage::statement;
use support::database::Direct;
use support::random::Random;
use support::{Engine, TestDatabase};

const STATEMENTS: usize = 1_500;
const LONGEST_STATEMENT: usize = 1 << 20;
const TABLES: &str = "create table t (i int, n numeric, f float8, s text, c text collate \"C\", b bool, d date, \
    ts timestamp, v interval, a int[], w text[], j jsonb, r int4range, x bit(4)); insert into t values \
    (1, 1.5, 2.5, 'one', 'x''y', true, '2024-02-29', '2024-02-29 10:00', '1 day', '{1,2,3}', '{a,b}', \
    '{\"k\": {\"l\": [1]}}', '[1,5)', '1010'), \
    (null, null, null, null, null, null, null, null, null, null, null, null, null, null), \
    (-3, -2.5, 1e3, '%_\\', '', false, '1999-12-31', '1999-12-31', '-1 mon', '{}', null, '[]', 'empty', '0001')";

/// What an expression gives.
#[derive(Clone, Copy)]
enum Kind {
    Integer,
    Text,
    Truth,
    Date,
    Array,
    Json,
}

/// Expressions, with `{I}` and its like for others within.
#[expect(clippy::too_many_lines, reason = "a list")]
fn forms(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Integer => &[
            "i",
            "7",
            "0",
            "(i)",
            "t.i",
            "- {I}",
            "~ {I}",
            "@ {I}",
            "- - {I}",
            "{I} + {I}",
            "{I} - {I}",
            "{I} * {I}",
            "{I} - - {I}",
            "{I} & {I}",
            "{I} | {I}",
            "{I} # {I}",
            "{I} << 2",
            "{I} % 5",
            "({I} + {I})",
            "{I}::int",
            "cast({I} as int)",
            "length({T})",
            "abs({I})",
            "coalesce({I}, {I})",
            "a[{I}]",
            "t.a[1]",
            "({A})[1]",
            "case when {B} then {I} else {I} end",
            "case {I} when {I} then {I} end",
            "(select {I})",
            "array_length({A}, 1)",
            "extract(year from {D})::int",
            "extract('day' from {D})::int",
            "greatest({I}, {I})",
            "- {I}::int",
            "({J} -> 'k' ->> 'l')::text::int",
            "upper(r) - {I}",
            "nullif({I}, {I})",
            "position('a' in {T})",
            "{D} - {D}",
            "i ^ 2 - {I}::int",
            "width_bucket({I}, 0, 10, 5)",
            "mod({I}, 7)",
            "(array[{I}, {I}])[2:2][1]",
            "int4({I})",
        ],
        Kind::Text => &[
            "s",
            "c",
            "'it''s'",
            "''''",
            "'a' || {T}",
            "{T} || {T}",
            "{T} || {I}",
            "upper({T})",
            "({T})",
            "{I}::text",
            "{B}::text",
            "w[1]",
            "t.w[{I}]",
            "substring({T} from 2 for 3)",
            "substring({T}, 1, {I} & 7)",
            "trim(both 'x' from {T})",
            "trim({T})",
            "overlay({T} placing 'q' from 1)",
            "coalesce({T}, 'z')",
            "{T} collate \"C\"",
            "j ->> 'k'",
            "{J} #>> '{k,l}'",
            "case when {B} then {T} end",
            "E'a\\\\b'",
            "to_char({D}, 'YYYY')",
            "concat({T}, {I})",
            "concat_ws('-', variadic {W})",
            "format('%s', {T})",
            "left({T}, 2)",
            "replace({T}, '''', '''''')",
            "cast({I} as varchar(5))",
            "text({I})",
            "'a'\n'b'",
            "array_to_string({A}, ',')",
            "greatest({T}, {T})",
            "(x # b'0110')::text",
        ],
        Kind::Truth => &[
            "b",
            "true",
            "not {B}",
            "not not {B}",
            "{B} and {B}",
            "{B} or {B}",
            "({B})",
            "{I} < {I}",
            "{I} >= {I}",
            "{I} <> {I}",
            "{I} != {I}",
            "{T} = {T}",
            "{I} is null",
            "{I} isnull",
            "{T} notnull",
            "{B} is not true",
            "{B} is unknown",
            "not {I} = {I}",
            "{I} between {I} and {I}",
            "{I} not between symmetric {I} and {I}",
            "{I} between symmetric {I} + 1 and {I}",
            "{I} in ({I}, {I})",
            "{T} not in ({T}, 'a')",
            "{I} = any({A})",
            "{I} <> all({A})",
            "{T} like 'a%'",
            "{T} not like '%\\_'",
            "{T} ilike any (array['%A%', 'b'])",
            "{T} not like all ({W})",
            "{T} similar to '(a|o)%'",
            "{T} ~ '^o'",
            "{T} !~* 'N'",
            "{I} is distinct from {I}",
            "{T} is not distinct from {T}",
            "exists (select {I})",
            "{I} in (select {I})",
            "({I}, {T}) = ({I}, {T})",
            "row({I}, {I}) < row({I}, {I})",
            "{J} @> '{\"k\": 1}'",
            "{A} && {A}",
            "{A} @> {A}",
            "r @> {I}",
            "{D} < {D}",
            "(ts, ts + v) overlaps (ts, v)",
            "starts_with({T}, 'o')",
            "{I} < {I} is true",
            "{B} = {B}",
            "{T} || 'x' = {T}",
            "{T} like 'a' || '%' escape '#'",
            "bool({B})",
        ],
        Kind::Date => &[
            "d",
            "date '2024-01-01'",
            "{D} + {I} % 100",
            "({D})",
            "ts::date",
            "(ts + v)::date",
            "(ts at time zone 'utc')::date",
            "(ts - interval '1 day')::date",
            "(ts + interval(0) '1.5 s')::date",
            "(ts + interval '1' month)::date",
            "(ts + interval '1-2' year to month)::date",
            "greatest({D}, {D})",
            "date_trunc('month', {D})::date",
            "make_date(2024, 1, 2)",
            "cast('2020-05-05' as date)",
            "(interval '1' day * 2 + {D})::date",
            "(ts + '1.239 s'::interval(1))::date",
        ],
        Kind::Array => &[
            "a",
            "array[{I}, {I}]",
            "{A} || {I}",
            "({A})",
            "a[1:2]",
            "a[:{I} & 3]",
            "array[{I}]::int[]",
            "'{1,2}'::int[]",
            "array(select {I})",
            "array_append({A}, {I})",
            "cast({A} as int[])",
            "t.a[2:]",
        ],
        Kind::Json => &[
            "j",
            "'{\"k\": 2}'::jsonb",
            "{J} -> 'k'",
            "{J} #> '{k,l}'",
            "({J})",
            "{J} || '{\"z\": 1}'",
            "{J} - 'k'",
            "to_jsonb({I})",
            "jsonb_build_object('k', {I}, 'l', {T})",
            "j['k']",
            "jsonb '{\"m\": 1}'",
            "jsonb_build_array(variadic {A})",
        ],
    }
}

/// Statements over expressions.
const QUERIES: [&str; 14] = [
    "select {I} as p, {T} as q from t where {B}",
    "select {B} p, {D} q, {A} r, {J} s from t order by {I} desc nulls last, {T} using < limit 5 offset 1",
    "select distinct {I} as p from t union all select {I} from t except select {I} order by 1",
    "select {I} as p, count(*) filter (where {B}) as q, string_agg({T}, ',' order by {I}) as r from t group by {I}, i",
    "select i, count(*) as q from t group by grouping sets ((i, s), rollup (i, b), (), grouping sets ((b))) having {B} is null or count(*) > 0",
    "select sum({I}) over (partition by {B} order by d range between '1 day'::interval preceding and '2 days' following exclude ties) as p from t",
    "select sum({I}) over (w rows between 1 + 1 preceding and unbounded following exclude current row) as p, lag({T}) over w as q from t window w as (order by {I})",
    "select sum(i) over (order by n range between '1' preceding and '0.5' following) as p from t",
    "with recursive q(k, m) as (select {I}, 1 union all select k, m % 3 + 1 from q) cycle k, m set again using way select k, again from q, t where {B}",
    "with q(k) as materialized (select {T} from t) select k, (select count(*) from q) as c from q where k is not null",
    "select x.k, y.p, {I} as z from t cross join lateral (select {T} as k) x left join t as y (p) on y.p = {I} where {B} offset 0",
    "select (t).i as p, t.a[{I}] as q, {T} as r, g.* from t, unnest(array[1, 2], {W}) with ordinality as g(m, o, e)",
    "values ({I}, {T}), (1, 'a')",
    "select case when {B} then {I} when {B} then {I} end as p, ({I}) as q, {T} as \"Q r\" from only t fetch first 3 rows only",
];

/// Puts random expressions into the places of a text.
fn fill(text: &str, depth: usize, random: &mut Random) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let kind = match after.get(..2) {
            Some("I}") => Kind::Integer,
            Some("T}") => Kind::Text,
            Some("B}") => Kind::Truth,
            Some("D}") => Kind::Date,
            Some("A}") => Kind::Array,
            Some("J}") => Kind::Json,
            Some("W}") => {
                filled.extend([before, "array['a', 'o%']"]);
                rest = &after[2..];
                continue;
            }
            _ => {
                filled.extend([before, "{"]);
                rest = after;
                continue;
            }
        };
        // The first of each kind are leaves.
        let forms = forms(kind);
        let form = if depth == 0 { forms[0] } else { *random.one_of(forms) };
        filled.extend([before, &fill(form, depth.saturating_sub(1), random)]);
        rest = &after[2..];
    }
    filled + rest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_print_is_read_as_what_was_written() {
    let mut random = Random::from_environment();
    let database = TestDatabase::fresh(Engine::Postgres).await;
    let mut direct = Direct::to(&database).await;
    direct.rows(TABLES).await.expect("tables");
    let (mut taken, mut refused, mut problems) = (0, Vec::new(), Vec::new());
    for _ in 0..STATEMENTS {
        let query = *random.one_of(&QUERIES);
        let sql = fill(query, 3, &mut random);
        if direct.rows(&format!("create or replace temp view written as {sql}")).await.is_err() {
            // Precedence has made it something that has no type.
            let _ = direct.rows("drop view if exists written").await;
            continue;
        }
        taken += 1;
        match statement::check(HostEngine::Postgres, &sql, LONGEST_STATEMENT) {
            Ok(checked) => {
                let problem = problem_with(&checked.text, &mut direct).await;
                problems.extend(problem.map(|problem| format!("{sql}\n    {problem}")));
            }
            Err(refusal) => refused.push(format!("{sql}\n    {refusal}")),
        }
        direct.rows("drop view if exists written, printed").await.expect("views of our own");
    }
    assert!(problems.is_empty(), "{random}: {} problems:\n{}", problems.len(), problems.join("\n"));
    assert!(refused.is_empty(), "{random}: {} of {taken} are refused:\n{}", refused.len(), refused.join("\n"));
    assert!(taken > STATEMENTS / 3, "{random}: the server takes only {taken}");
}

/// What is wrong with the print of the statement that the view `written` has.
async fn problem_with(print: &str, direct: &mut Direct) -> Option<String> {
    if let Err(error) = direct.rows(&format!("create temp view printed as {print}")).await {
        return Some(format!("{print}\n    {error}"));
    }
    let has_bounds = print.contains("too large together");
    let looks = if has_bounds {
        ["select v::text from written v", "select v::text from printed v"]
    } else {
        ["select pg_get_viewdef('written'::regclass)", "select pg_get_viewdef('printed'::regclass)"]
    };
    let [written, printed] = [direct.rows(looks[0]).await, direct.rows(looks[1]).await];
    match (written, printed) {
        (Ok(mut written), Ok(mut printed)) => {
            written.sort();
            printed.sort();
            (written != printed).then(|| format!("{print}\n    {printed:?}\n    not {written:?}"))
        }
        (Err(_), Err(_)) => None,
        (written, printed) => Some(format!("{print}\n    {printed:?}\n    not {written:?}")),
    }
}

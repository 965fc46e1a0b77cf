//! The calls of Postgres that the gate lets pass, and the statements that measure them.

use std::collections::BTreeSet;

use support::postgres::Server;

use super::arguments::{NOT_MADE, arguments};

const FUNCTIONS: &str = include_str!("../../../../../host/src/storage/statement/allowed/functions_postgres.txt");

/// Names on the list that are not in the catalogue of a Postgres 15 without extensions: keywords,
/// what newer versions have, and what extensions bring. A name that is neither here nor there is
/// not measured, and fails the test.
const ELSEWHERE: &[&str] = &[
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "row",
    "array",
    "exists",
    "grouping",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "all",
    "any",
    "some",
    "trim",
    "xmlagg",
    "erf",
    "erfc",
    "random_normal",
    "casefold",
    "to_bin",
    "to_oct",
    "unicode_assigned",
    "crc32",
    "crc32c",
    "date_add",
    "date_subtract",
    "uuid_extract_timestamp",
    "uuid_extract_version",
    "uuidv4",
    "uuidv7",
    "array_reverse",
    "array_sample",
    "array_shuffle",
    "array_sort",
    "json_array",
    "json_scalar",
    "json_arrayagg",
    "json_objectagg",
    "any_value",
    "cosine_distance",
    "inner_product",
    "l1_distance",
    "l2_distance",
    "l2_normalize",
    "show_trgm",
    "similarity",
    "strict_word_similarity",
    "unaccent",
    "vector_dims",
    "vector_norm",
    "word_similarity",
    "numeric_inc",
    "akeys",
    "avals",
    "binary_quantize",
    "daitch_mokotoff",
    "defined",
    "difference",
    "digest",
    "dmetaphone",
    "dmetaphone_alt",
    "exist",
    "gamma",
    "gen_random_bytes",
    "hamming_distance",
    "hmac",
    "hstore_to_array",
    "hstore_to_json",
    "hstore_to_jsonb",
    "hstore_to_matrix",
    "icount",
    "idx",
    "intset",
    "jaccard_distance",
    "json_agg_strict",
    "json_exists",
    "json_object_agg_strict",
    "json_object_agg_unique",
    "json_object_agg_unique_strict",
    "json_query",
    "json_serialize",
    "json_value",
    "jsonb_agg_strict",
    "jsonb_object_agg_strict",
    "jsonb_object_agg_unique",
    "jsonb_object_agg_unique_strict",
    "lca",
    "levenshtein",
    "levenshtein_less_equal",
    "lgamma",
    "ltree2text",
    "metaphone",
    "nlevel",
    "skeys",
    "slice",
    "sort",
    "sort_asc",
    "sort_desc",
    "soundex",
    "subarray",
    "subltree",
    "subpath",
    "subvector",
    "svals",
    "text2ltree",
    "uniq",
    "uuid_generate_v1mc",
    "uuid_generate_v3",
    "uuid_generate_v4",
    "uuid_generate_v5",
    "uuid_nil",
    "uuid_ns_dns",
    "uuid_ns_oid",
    "uuid_ns_url",
    "uuid_ns_x500",
];

/// The statements that measure every call of the list. Panics on a name that is in no catalogue and
/// on a type without arguments.
pub(super) async fn statements(server: &Server) -> Vec<String> {
    let signatures = signatures(server).await;
    let there: BTreeSet<&str> = signatures.iter().map(|signature| signature.name.as_str()).collect();
    let unknown: Vec<&str> =
        names().into_iter().filter(|name| !there.contains(name) && !ELSEWHERE.contains(name)).collect();
    assert!(unknown.is_empty(), "not measured: {unknown:?}");
    let mut statements = Vec::new();
    for signature in &signatures {
        if let Some(more) = signature.statements() {
            statements.extend(more);
            continue;
        }
        let missing = signature.types.iter().find(|name| arguments(name).is_none()).expect("one is missing");
        let is_known = NOT_MADE.contains(&missing.as_str());
        assert!(is_known, "{}: no argument of the type {missing}", signature.title());
    }
    statements
}

/// A call as the catalogue describes it.
struct Signature {
    name: String,
    types: Vec<String>,
    kind: Kind,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Function,
    Window,
    /// An aggregate over an order.
    Ordered,
    Operator,
}

impl Signature {
    /// The statements that measure it; none where an argument cannot be made.
    fn statements(&self) -> Option<Vec<String>> {
        let choices: Vec<Vec<[String; 2]>> =
            self.types.iter().map(|name| arguments(name)).collect::<Option<_>>()?;
        // What comes last is about a text alone.
        let most = choices.iter().map(Vec::len).max().unwrap_or(1).min(if choices.len() > 1 { 3 } else { 9 });
        // With the first argument the one that is searched, and the other way round.
        let ways = if choices.iter().filter(|pairs| pairs.len() > 1).count() > 1 { 2 } else { 1 };
        let call = |choice: usize, way: usize| {
            let of = |(at, pairs): (usize, &Vec<[String; 2]>)| {
                pairs[choice % pairs.len()][(at.min(1) + way) % 2].clone()
            };
            self.call(&choices.iter().enumerate().map(of).collect::<Vec<_>>())
        };
        Some(
            (0..most)
                .flat_map(|choice| (0..ways).map(move |way| (choice, way)))
                .map(|(choice, way)| call(choice, way))
                .collect(),
        )
    }

    fn call(&self, values: &[String]) -> String {
        let list = values.join(", ");
        let name = &self.name;
        let call = match (&self.kind, values) {
            (Kind::Operator, [right]) => format!("{name} {right}"),
            (Kind::Operator, [left, right]) => format!("{left} {name} {right}"),
            (Kind::Window, _) => format!("{name}({list}) over ()"),
            (Kind::Ordered, [values @ .., order]) => {
                format!("{name}({}) within group (order by {order})", values.join(", "))
            }
            // Reserved where it is not written as a call of SQL.
            _ if name == "position" => format!("position({} in {})", values[1], values[0]),
            _ => format!("{name}({list})"),
        };
        format!("select count(q.x) from (select {call} as x offset 0) q")
    }

    fn title(&self) -> String {
        format!("{}({})", self.name, self.types.join(", "))
    }
}

/// Names on the list, without the sequences', which need one that is there.
fn names() -> BTreeSet<&'static str> {
    let lines = FUNCTIONS.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty() && !line.contains("sequence"))
        .filter_map(|line| line.split(' ').next())
        .collect()
}

async fn signatures(server: &Server) -> Vec<Signature> {
    let list = names().into_iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(",");
    let types = "coalesce((select string_agg(t.typname, ' ' order by a.n) from unnest(p.proargtypes) with ordinality a(o, n) \
                 join pg_type t on t.oid = a.o), '')";
    let functions = format!(
        "select proname::text, {types}, case when prokind = 'w' then 'w' when exists (select 1 from pg_aggregate \
         where aggfnoid = p.oid and aggkind <> 'n') then 'o' else 'f' end \
         from pg_proc p where pronamespace = 'pg_catalog'::regnamespace and proname in ({list}) order by 1, 2"
    );
    let operators = "select oprname::text, concat_ws(' ', (select typname from pg_type where oid = oprleft), \
                     (select typname from pg_type where oid = oprright)), 'x' from pg_operator \
                     where oprnamespace = 'pg_catalog'::regnamespace order by 1, 2";
    let mut all = Vec::new();
    for row in [server.ask(&functions).await, server.ask(operators).await].concat() {
        let kind = match row[2].as_str() {
            "w" => Kind::Window,
            "o" => Kind::Ordered,
            "x" => Kind::Operator,
            _ => Kind::Function,
        };
        let types = row[1].split_ascii_whitespace().map(str::to_owned).collect();
        all.push(Signature { name: row[0].clone(), types, kind });
    }
    all
}

//! Tables by their portable description: made, added to, refused; keys, references, checks.

use serde_json::{Value, json};
use support::probe::{all_ok, code, execute, integer, ok, query, rows};
use support::{Engine, Visitor};

use super::probe;

on_both_databases! {
    a_defined_table_can_be_defined_again,
    what_a_table_lacks_is_added,
    columns_are_added_to_rows_that_are_there,
    what_cannot_be_added_is_refused_with_every_difference,
    a_check_is_added_only_where_every_row_meets_it,
    rules_of_columns_hold,
    checks_hold_by_their_names,
    references_hold_and_cascade,
    a_table_refers_to_itself,
    a_reference_needs_a_unique_column_of_the_same_type,
    keys_over_several_columns_hold,
}

pub(crate) fn define(table: Value) -> Value {
    json!({ "op": "db.define-table", "table": table })
}

pub(crate) fn column(name: &str, kind: &str) -> Value {
    json!({ "name": name, "column-type": kind })
}

pub(super) fn people(more: &[Value]) -> Value {
    let columns = [
        &[
            json!({ "name": "id", "column-type": "integer", "identity": true }),
            json!({ "name": "name", "column-type": "text", "max-length": 5 }),
        ],
        more,
    ]
    .concat();
    let index = json!({ "columns": ["name"], "unique": true });
    json!({ "name": "people", "columns": columns, "primary-key": ["id"], "indexes": [index] })
}

pub(super) fn insert(name: &str) -> Value {
    query("insert into people (name) values ($1) returning id", json!([name]))
}

#[track_caller]
fn refused(result: &Value, expected: &str, named: &str) {
    assert_eq!(code(result), expected, "{result}");
    assert_eq!(result["error"]["constraint"].as_str().unwrap_or_default(), named, "{result}");
}

pub(super) async fn refusals(visitor: &mut Visitor, expected: &str, tables: &[(Value, &str)]) {
    for (table, said) in tables {
        let result = visitor.probe_one(define(table.clone())).await;
        assert_eq!(code(&result), expected, "{table}: {result}");
        let message = result["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(said), "no {said:?} in {message:?}");
    }
}

async fn a_defined_table_can_be_defined_again(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let results =
        visitor.probe(json!([define(people(&[])), define(people(&[])), insert("Ada"), insert("Grace")])).await;
    assert_eq!((ok(&results[0]), ok(&results[1])), (&json!(true), &json!(false)));
    assert!(integer(&results[2]) < integer(&results[3]), "numbers grow");
    assert_eq!(ok(&visitor.probe_one(define(people(&[]))).await), &json!(false));
}

async fn what_a_table_lacks_is_added(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([define(people(&[])), insert("Ada")])).await);
    let born = json!({ "name": "born", "column-type": "date", "nullable": true });
    let results =
        visitor.probe(json!([define(people(&[born])), query("select name, born from people", json!([]))])).await;
    assert_eq!(ok(&results[0]), &json!(true));
    assert_eq!(ok(&results[1])["rows"], json!([["Ada", null]]));
    // An older version of the guest describes less, and leaves the rest alone.
    assert_eq!(ok(&visitor.probe_one(define(people(&[]))).await), &json!(false));
}

async fn columns_are_added_to_rows_that_are_there(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([define(people(&[])), insert("Ada")])).await);
    let more = [
        json!({ "name": "active", "column-type": "boolean", "initial": { "constant": true } }),
        json!({ "name": "price", "column-type": "decimal", "initial": { "constant": { "decimal": "1.50" } } }),
        json!({ "name": "nick", "column-type": "text", "nullable": true, "max-length": 3 }),
        json!({ "name": "boss", "column-type": "integer", "nullable": true, "references": { "table": "people", "column": "id" } }),
    ];
    let mut table = people(&more);
    table["checks"] = json!([{ "name": "cheap", "condition": "price < 10" }]);
    table["indexes"] =
        json!([{ "columns": ["name"], "unique": true }, { "columns": ["price", "nick"], "unique": true }]);
    let set = |text: &str| execute(&format!("update people set {text}"), json!([]));
    let results = visitor
        .probe(json!([
            define(table),
            query("select active, price, nick, boss from people", json!([])),
            set("nick = 'abcd'"),
            set("price = 10.5"),
            set("boss = 99"),
            set("nick = 'abc', boss = id, price = 9"),
            execute("update people set active = $1", json!(["perhaps"])),
        ]))
        .await;
    assert_eq!(ok(&results[0]), &json!(true));
    assert_eq!(rows(&results[1]), &json!([[true, { "decimal": "1.50" }, null, null]]));
    refused(&results[2], "check-violation", "people_nick_length");
    refused(&results[3], "check-violation", "cheap");
    assert_eq!(code(&results[4]), "foreign-key-violation");
    ok(&results[5]);
    assert_eq!(code(&results[6]), "bad-parameter");
}

async fn what_cannot_be_added_is_refused_with_every_difference(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    all_ok(&visitor.probe(json!([define(people(&[])), insert("Ada")])).await);
    let boss = json!({ "table": "people", "column": "id" });
    let wrong = json!({
        "name": "people",
        "columns": [
            column("id", "integer"),
            { "name": "name", "column-type": "bytes", "nullable": true, "initial": { "constant": { "bytes": "" } } },
            column("born", "date"),
            { "name": "since", "column-type": "instant", "initial": "now" },
            { "name": "boss", "column-type": "integer", "references": boss, "initial": { "constant": 1 } },
        ],
        "primary-key": ["id", "born"],
        "indexes": [{ "columns": ["name"] }],
    });
    // The reference of the table to itself would make no sense with that key.
    let result = visitor.probe_one(define(wrong.clone())).await;
    assert_eq!(code(&result), "bad-parameter", "{result}");
    let mut wrong = wrong;
    wrong["columns"][4].as_object_mut().unwrap().remove("references");
    let result = visitor.probe_one(define(wrong)).await;
    assert_eq!(code(&result), "conflict", "{result}");
    let message = result["error"]["message"].as_str().unwrap();
    for part in [
        "column id is an identity",
        "column name is text, not bytes",
        "column name is not nullable",
        "column name has another initial",
        "column born is not there",
        "column since is not there",
        "primary key is id, not id, born",
        "index on name is unique",
    ] {
        assert!(message.contains(part), "no {part:?} in {message:?}");
    }
    let plain = people(&[]);
    let mut plain_index =
        json!({ "name": "t", "columns": [column("a", "text")], "indexes": [{ "columns": ["a"] }] });
    ok(&visitor.probe_one(define(plain_index.clone())).await);
    plain_index["indexes"][0]["unique"] = json!(true);
    let longer = {
        let mut table = plain.clone();
        table["columns"][1]["max-length"] = json!(6);
        table
    };
    refusals(
        &mut visitor,
        "conflict",
        &[(plain_index, "index on a is not unique"), (longer, "people_name_length has another")],
    )
    .await;
    all_ok(&visitor.probe(json!([define(plain), insert("Grace")])).await);
}

async fn a_check_is_added_only_where_every_row_meets_it(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let numbers = |checks: Value| json!({ "name": "t", "columns": [column("n", "integer")], "checks": checks });
    let add = |n: i64| execute("insert into t (n) values ($1)", json!([n]));
    let low = json!([{ "name": "low", "condition": "n < 10 -- or so" }]);
    all_ok(&visitor.probe(json!([define(numbers(json!([]))), add(20)])).await);
    let results = visitor
        .probe(json!([define(numbers(low.clone())), add(21), execute("delete from t where n > 9", json!([])),]))
        .await;
    refused(&results[0], "check-violation", "low");
    ok(&results[1]);
    let results = visitor
        .probe(json!([define(numbers(low.clone())), add(5), add(11), execute("update t set n = 12", json!([]))]))
        .await;
    assert_eq!(ok(&results[0]), &json!(true));
    ok(&results[1]);
    refused(&results[2], "check-violation", "low");
    refused(&results[3], "check-violation", "low");
    let lower = json!([{ "name": "low", "condition": "n < 5" }]);
    let both = json!([low[0], { "name": "high", "condition": "n > 0" }]);
    refusals(&mut visitor, "conflict", &[(numbers(lower), "check low has another condition")]).await;
    assert_eq!(ok(&visitor.probe_one(define(numbers(both))).await), &json!(true));
    let unique = json!({ "name": "t", "columns": [column("n", "integer")], "indexes": [{ "columns": ["n"], "unique": true }] });
    let results = visitor.probe(json!([add(5),])).await;
    all_ok(&results);
    assert_eq!(code(&visitor.probe_one(define(unique)).await), "unique-violation");
}

async fn rules_of_columns_hold(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let nameless = execute("insert into people (name) values ($1)", json!([null]));
    let steps =
        json!([define(people(&[])), insert("Ada"), insert("Ada"), nameless, insert("Grüße"), insert("Charles")]);
    let results = visitor.probe(steps).await;
    refused(&results[2], "unique-violation", "people_name_key");
    refused(&results[3], "not-null-violation", "name");
    ok(&results[4]);
    refused(&results[5], "check-violation", "people_name_length");
}

async fn checks_hold_by_their_names(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let columns =
        [column("low", "integer"), json!({ "name": "high", "column-type": "integer", "nullable": true })];
    let check = |condition: &str| json!({ "name": "t", "columns": columns, "checks": [{ "name": "ordered", "condition": condition }] });
    let add = |values: &str| execute(&format!("insert into t (low, high) values {values}"), json!([]));
    let results =
        visitor.probe(json!([define(check("low <= high")), add("(1, 2)"), add("(1, null)"), add("(2, 1)")])).await;
    all_ok(&results[..3]);
    refused(&results[3], "check-violation", "ordered");
    for (condition, expected) in [
        ("", "syntax"),
        ("low) or (1 = 1", "syntax"),
        ("low = $1", "bad-parameter"),
        ("low in (select 1)", "denied"),
        ("low; drop table t", "denied"),
    ] {
        let result = visitor.probe_one(define(check(condition))).await;
        assert!([expected, "denied", "syntax"].contains(&code(&result)), "{condition}: {result}");
    }
    ok(&visitor.probe_one(add("(1, 1)")).await);
}

async fn references_hold_and_cascade(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let pets = |name: &str, on_delete: &str| {
        let reference = json!({ "table": "people", "column": "id", "on-delete": on_delete });
        let owner =
            json!({ "name": "owner", "column-type": "integer", "references": reference, "nullable": true });
        define(json!({ "name": name, "columns": [owner] }))
    };
    all_ok(
        &visitor
            .probe(json!([
                define(people(&[])),
                pets("pets", "cascade"),
                pets("debts", "restrict"),
                pets("mails", "set-null"),
                insert("Ada")
            ]))
            .await,
    );
    let results = visitor
        .probe(json!([
            execute("insert into pets (owner) values (1)", json!([])),
            execute("insert into pets (owner) values (99)", json!([])),
            execute("insert into debts (owner) values (1)", json!([])),
            execute("delete from people", json!([])),
            execute("delete from debts", json!([])),
            execute("insert into mails (owner) values (1)", json!([])),
            execute("delete from people", json!([])),
            query("select count(*) from pets", json!([])),
            query("select owner from mails", json!([])),
        ]))
        .await;
    assert_eq!((code(&results[1]), code(&results[3])), ("foreign-key-violation", "foreign-key-violation"));
    assert_eq!((ok(&results[6]), integer(&results[7])), (&json!(1), 0));
    assert_eq!(rows(&results[8]), &json!([[null]]));
    let other = json!({ "table": "people", "column": "id", "on-delete": "restrict" });
    let other = json!({ "name": "pets", "columns": [{ "name": "owner", "column-type": "integer", "references": other, "nullable": true }] });
    let none =
        json!({ "name": "pets", "columns": [{ "name": "owner", "column-type": "integer", "nullable": true }] });
    refusals(
        &mut visitor,
        "conflict",
        &[(other, "column owner refers to people.id"), (none, "column owner refers to people.id")],
    )
    .await;
}

async fn a_table_refers_to_itself(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let parent = json!({ "table": "tree", "column": "id", "on-delete": "restrict" });
    let columns = json!([
        { "name": "id", "column-type": "integer", "identity": true },
        { "name": "parent", "column-type": "integer", "nullable": true, "references": parent },
    ]);
    let add = |parent: Value| execute("insert into tree (parent) values ($1)", json!([parent]));
    let results = visitor
        .probe(json!([
            define(json!({ "name": "tree", "columns": columns, "primary-key": ["id"] })),
            add(json!(null)),
            add(json!(1)),
            add(json!(7)),
            execute("delete from tree where id = 1", json!([])),
            execute("delete from tree", json!([])),
        ]))
        .await;
    all_ok(&results[..3]);
    assert_eq!((code(&results[3]), code(&results[4])), ("foreign-key-violation", "foreign-key-violation"));
    assert_eq!(ok(&results[5]), &json!(2));
}

async fn a_reference_needs_a_unique_column_of_the_same_type(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    ok(&visitor
        .probe_one(define(people(&[json!({ "name": "town", "column-type": "text", "nullable": true })])))
        .await);
    let pets = |table: &str, target: &str, kind: &str| {
        let owner =
            json!({ "name": "owner", "column-type": kind, "references": { "table": table, "column": target } });
        json!({ "name": "pets", "columns": [owner] })
    };
    let cases = [
        (pets("nowhere", "id", "integer"), "no table nowhere"),
        (pets("people", "nobody", "integer"), "no column nobody"),
        (pets("people", "id", "text"), "is integer, not text"),
        (pets("people", "town", "text"), "neither the primary key nor unique"),
    ];
    refusals(&mut visitor, "conflict", &cases).await;
    ok(&visitor.probe_one(define(pets("people", "name", "text"))).await);
}

async fn keys_over_several_columns_hold(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let columns = [
        column("a", "integer"),
        column("b", "text"),
        json!({ "name": "c", "column-type": "date", "nullable": true }),
    ];
    let indexes = json!([{ "columns": ["b", "c"], "unique": true }, { "columns": ["c", "a"] }]);
    let table = json!({ "name": "t", "columns": columns, "primary-key": ["b", "a"], "indexes": indexes });
    let add = |values: &str| execute(&format!("insert into t (a, b, c) values {values}"), json!([]));
    let results = visitor
        .probe(json!([
            define(table),
            add("(1, 'x', '2024-01-01')"),
            add("(1, 'y', '2024-01-01')"),
            add("(1, 'x', null)"),
            add("(2, 'x', '2024-01-01')"),
            add("(2, 'x', null)"),
            add("(3, 'x', null)"),
            add("(null, 'z', null)"),
        ]))
        .await;
    all_ok(&results[..3]);
    refused(&results[3], "unique-violation", "t_pkey");
    refused(&results[4], "unique-violation", "t_b_c_key");
    all_ok(&results[5..7]);
    refused(&results[7], "not-null-violation", "a");
}

//! The operations `db.*`, `tx.*` and `cursor.*`.

use guest::bindings::innkeeper::storage::db::{
    self, Check, Column, ColumnDefault, ColumnType, Cursor, Index, Isolation, Migration, OnDelete,
    Outcome as StatementOutcome, Reference, Statement, Table, Transaction, TransactionOptions,
};
use serde_json::{Value as Json, json};

use crate::args::Args;
use crate::failure::Failure;
use crate::handles::Handles;
use crate::run::Outcome;
use crate::value;

/// The transactions and cursors that the steps have opened.
pub struct Db {
    transactions: Handles<Transaction>,
    cursors: Handles<Cursor>,
}

impl Db {
    /// Nothing opened yet.
    pub fn new() -> Db {
        Db { transactions: Handles::new(), cursors: Handles::new() }
    }

    /// A function of the interface.
    pub fn perform(&mut self, name: &str, args: Args) -> Outcome {
        Ok(match name {
            "query" => value::rows_to_json(&db::query(args.text("sql")?, &value::params(args)?)?),
            "execute" => json!(db::execute(args.text("sql")?, &value::params(args)?)?),
            "batch" => db::batch(&args.objects("statements", statement)?)?.iter().map(outcome).collect(),
            "begin" => self.transactions.keep(db::begin(args.optional("options", options)?)?),
            "open-cursor" => self.cursors.keep(db::open_cursor(args.text("sql")?, &value::params(args)?)?),
            "commit" => json!(db::commit()?),
            "rollback" => json!(db::rollback()?),
            "migrate" => json!(db::migrate(&args.objects("migrations", migration)?)?),
            "define-table" => json!(db::define_table(&args.optional("table", table)?.ok_or_else(no_table)?)?),
            _ => return Err(Failure::unknown_op()),
        })
    }

    /// A method of a transaction.
    pub fn perform_in_transaction(&mut self, name: &str, args: Args) -> Outcome {
        if name == "drop" {
            return self.transactions.drop(args, "tx");
        }
        let tx = self.transactions.get(args, "tx")?;
        Ok(match name {
            "query" => value::rows_to_json(&tx.query(args.text("sql")?, &value::params(args)?)?),
            "execute" => json!(tx.execute(args.text("sql")?, &value::params(args)?)?),
            "commit" => json!(tx.commit()?),
            "rollback" => json!(tx.rollback()?),
            _ => return Err(Failure::unknown_op()),
        })
    }

    /// A method of a cursor.
    pub fn perform_on_cursor(&mut self, name: &str, args: Args) -> Outcome {
        if name == "drop" {
            return self.cursors.drop(args, "cursor");
        }
        let cursor = self.cursors.get(args, "cursor")?;
        Ok(match name {
            "columns" => json!(cursor.columns()),
            "next" => value::list_to_json(&cursor.next(args.number("max")?)?),
            "drain" => drain(cursor, args.number("max")?)?,
            _ => return Err(Failure::unknown_op()),
        })
    }
}

/// Reads to the end without keeping the rows: how many, and whether their first column counts from
/// 1.
fn drain(cursor: &Cursor, max: u32) -> Outcome {
    let (mut rows, mut in_order) = (0_i64, true);
    loop {
        let piece = cursor.next(max)?;
        if piece.is_empty() {
            return Ok(json!({ "rows": rows, "in-order": in_order }));
        }
        for row in piece {
            rows += 1;
            in_order &= matches!(row.first(), Some(db::Value::Integer(number)) if *number == rows);
        }
    }
}

fn outcome(outcome: &StatementOutcome) -> Json {
    json!({ "affected": outcome.affected, "rows": value::rows_to_json(&outcome.rows) })
}

fn statement(args: Args) -> Result<Statement, Failure> {
    Ok(Statement { sql: args.string("sql")?, params: value::params(args)? })
}

fn options(args: Args) -> Result<TransactionOptions, Failure> {
    let isolation = match args.optional_text("isolation")? {
        None => None,
        Some("read-committed") => Some(Isolation::ReadCommitted),
        Some("repeatable-read") => Some(Isolation::RepeatableRead),
        Some("serializable") => Some(Isolation::Serializable),
        Some(other) => return Err(Failure::bad_step(&format!("no such isolation: {other}"))),
    };
    Ok(TransactionOptions {
        isolation,
        read_only: args.flag("read-only")?,
        timeout_ms: args.optional_number("timeout-ms")?,
    })
}

fn migration(args: Args) -> Result<Migration, Failure> {
    let for_sqlite = args.get("sqlite-statements").map(|_| args.strings("sqlite-statements"));
    Ok(Migration {
        name: args.string("name")?,
        statements: args.strings("statements")?,
        sqlite_statements: for_sqlite.transpose()?,
        destroys: args.strings("destroys")?,
    })
}

fn table(args: Args) -> Result<Table, Failure> {
    Ok(Table {
        name: args.string("name")?,
        columns: args.objects("columns", column)?,
        primary_key: args.strings("primary-key")?,
        indexes: args.objects("indexes", index)?,
        checks: args.objects("checks", check)?,
    })
}

fn no_table() -> Failure {
    Failure::bad_step("`table` is missing")
}

fn column(args: Args) -> Result<Column, Failure> {
    Ok(Column {
        name: args.string("name")?,
        column_type: column_type(args.text("column-type")?)?,
        nullable: args.flag("nullable")?,
        identity: args.flag("identity")?,
        max_length: args.optional_number("max-length")?,
        initial: args.get("initial").map(initial).transpose()?,
        references: args.optional("references", reference)?,
    })
}

fn column_type(name: &str) -> Result<ColumnType, Failure> {
    Ok(match name {
        "boolean" => ColumnType::Boolean,
        "integer" => ColumnType::Integer,
        "float" => ColumnType::Float,
        "decimal" => ColumnType::Decimal,
        "text" => ColumnType::Text,
        "bytes" => ColumnType::Bytes,
        "uuid" => ColumnType::Uuid,
        "date" => ColumnType::Date,
        "time" => ColumnType::Time,
        "datetime" => ColumnType::Datetime,
        "instant" => ColumnType::Instant,
        "json" => ColumnType::Json,
        _ => return Err(Failure::bad_step(&format!("no such column type: {name}"))),
    })
}

/// `"now"`, `"random-uuid"`, or `{"constant": VALUE}`.
fn initial(json: &Json) -> Result<ColumnDefault, Failure> {
    Ok(match json.as_str() {
        Some("now") => ColumnDefault::Now,
        Some("random-uuid") => ColumnDefault::RandomUuid,
        _ => ColumnDefault::Constant(value::from_json(&json["constant"])?),
    })
}

fn reference(args: Args) -> Result<Reference, Failure> {
    let on_delete = match args.optional_text("on-delete")? {
        None | Some("restrict") => OnDelete::Restrict,
        Some("cascade") => OnDelete::Cascade,
        Some("set-null") => OnDelete::SetNull,
        Some(other) => return Err(Failure::bad_step(&format!("no such on-delete: {other}"))),
    };
    Ok(Reference { table: args.string("table")?, column: args.string("column")?, on_delete })
}

fn check(args: Args) -> Result<Check, Failure> {
    Ok(Check { name: args.string("name")?, condition: args.string("condition")? })
}

fn index(args: Args) -> Result<Index, Failure> {
    Ok(Index { columns: args.strings("columns")?, unique: args.flag("unique")? })
}

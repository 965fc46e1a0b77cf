//! Tables, rows, transactions, cursors and errors.

use std::time::Duration;

use innkeeper_sdk::db::{self, ColumnType, Isolation, OnDelete, Row, TransactionOptions, migration};
use innkeeper_sdk::{Code, Error, Result, row};

use crate::same;

row! {
    #[derive(Debug, PartialEq)]
    struct Guest {
        id: i64,
        name: String,
        room: Option<u8>,
    }
}

pub fn define() -> Result<()> {
    db::migrate([
        migration("0001-old", ["create table old (id bigint)", "insert into old (id) values (1)"]),
        migration("0002-no-old", ["drop table old"]).sqlite(["drop table old"]).destroys(["old"]),
    ])?;
    db::table("guests")
        .id("id")
        .column("name", ColumnType::Text.max_length(20))
        .column("room", ColumnType::Integer.nullable())
        .column("stars", ColumnType::Integer.default(3))
        .column("host", ColumnType::Integer.nullable().references("guests", "id", OnDelete::Cascade))
        .column("key", ColumnType::Uuid.default_random_uuid())
        .column("arrived", ColumnType::Instant.default_now())
        .unique(["name"])
        .index(["room", "name"])
        .check("good_stars", "stars >= 0")
        .define()?;
    let kinds = [
        ("number", ColumnType::Integer),
        ("real", ColumnType::Float),
        ("words", ColumnType::Text),
        ("yes", ColumnType::Boolean),
        ("bytes", ColumnType::Bytes),
        ("exact", ColumnType::Decimal),
        ("uuid", ColumnType::Uuid),
        ("born", ColumnType::Date),
        ("clock", ColumnType::Time),
        ("shown", ColumnType::Datetime),
        ("seen", ColumnType::Instant),
        ("document", ColumnType::Json),
    ];
    let samples = db::table("samples").id("id");
    kinds.into_iter().fold(samples, |table, (name, kind)| table.column(name, kind.nullable())).define()?;
    Ok(())
}

fn insert(name: &str, room: Option<u8>) -> Result<i64> {
    let id = db::query_one("insert into guests (name, room) values ($1, $2) returning id", (name, room))?;
    id.ok_or_else(|| Error::other("no id came back"))
}

fn count() -> Result<i64> {
    Ok(db::query_one("select count(*) from guests", ())?.unwrap_or(-1))
}

pub fn check() -> Result<()> {
    db::execute("delete from guests", ())?;
    let (ada, grace) = (insert("Ada", Some(7))?, insert("Grace", None)?);
    let sql = "select name, room, id from guests order by id";
    let guests: Vec<Guest> = db::query(sql, ())?;
    let wanted = |id, name: &str, room| Guest { id, name: name.to_owned(), room };
    same(guests, vec![wanted(ada, "Ada", Some(7)), wanted(grace, "Grace", None)])?;
    let pairs: Vec<(String, Option<i64>)> = db::query("select name, room from guests order by name", ())?;
    same(pairs, vec![("Ada".to_owned(), Some(7)), ("Grace".to_owned(), None)])?;
    let rows: Vec<Row> = db::query("select name as n, stars from guests where name = $1", ["Ada"])?;
    let ada = rows.first().ok_or("no row")?;
    same((ada.get::<String>("n")?, ada.at::<i32>(1)?), ("Ada".to_owned(), 3))?;
    same(db::query_one::<i64>("select id from guests where name = $1", ["Eve"])?, None)?;
    same(db::execute("update guests set room = $1", [1])?, 2)?;
    let outcomes = db::batch([
        db::statement("delete from guests where name = $1", ["Ada"])?,
        db::statement("select name from guests", ())?,
    ])?;
    same(outcomes.iter().map(|outcome| (outcome.affected, outcome.rows.len())).collect(), vec![(1, 0), (0, 1)])
}

pub fn check_transactions() -> Result<()> {
    db::execute("delete from guests", ())?;
    db::transaction(|tx| tx.execute("insert into guests (name) values ($1)", ["kept"]))?;
    let undone: Result<()> = db::transaction(|tx| {
        tx.execute("insert into guests (name) values ($1)", ["undone"])?;
        same(tx.query_one::<i64>("select count(*) from guests", ())?, Some(2))?;
        Err(Error::new(409, "changed my mind"))
    });
    same(undone.err().map(|error| error.status()), Some(409))?;
    drop({
        let tx = db::begin()?;
        tx.execute("delete from guests", ())?;
        tx
    });
    same(count()?, 1)?;
    db::commit()?;
    insert("rolled back", None)?;
    db::rollback()?;
    same(count()?, 1)?;
    let options = TransactionOptions { read_only: true, timeout: Some(Duration::from_secs(3)), isolation: None };
    let tx = db::begin_with(options)?;
    let refused = tx.execute("delete from guests", ());
    same(refused.err().map(|error| error.code()), Some(Code::ReadOnly))?;
    tx.rollback()?;
    let late = TransactionOptions { isolation: Some(Isolation::Serializable), ..TransactionOptions::default() };
    insert("written", None)?;
    same(db::begin_with(late).err().map(|error| error.code()), Some(Code::Conflict))
}

pub fn check_cursors() -> Result<()> {
    db::execute("delete from guests", ())?;
    for first in 0..12 {
        let names: Vec<String> = (0..100).map(|number| format!("guest {:04}", first * 100 + number)).collect();
        let places: Vec<String> = (1..=names.len()).map(|place| format!("(${place})")).collect();
        db::execute(&format!("insert into guests (name) values {}", places.join(", ")), names)?;
    }
    let names = db::cursor::<String>("select name from guests order by name", ())?;
    let names = names.collect::<Result<Vec<_>>>()?;
    same((names.len(), names.last().map(String::as_str)), (1200, Some("guest 1199")))?;
    let mut wrong = db::cursor::<i64>("select name from guests", ())?;
    same((wrong.next().is_some_and(|row| row.is_err()), wrong.next().is_none()), (true, true))
}

pub fn check_errors() -> Result<()> {
    db::execute("delete from guests", ())?;
    insert("Ada", None)?;
    let code = |sql: &str, name: &str| db::execute(sql, [name]).err().map(|error| error.code());
    same(code("insert into guests (name) values ($1)", "Ada"), Some(Code::UniqueViolation))?;
    same(code("insert into guests (name, stars) values ($1, -1)", "Eve"), Some(Code::CheckViolation))?;
    same(code("insert into guests (name, host) values ($1, -1)", "Eve"), Some(Code::ForeignKeyViolation))?;
    same(code("insert into guests (name, stars) values ($1, null)", "Eve"), Some(Code::NotNullViolation))?;
    same(code("insert into guests (name) values ($1)", "a name that is too long"), Some(Code::CheckViolation))?;
    same(code("insert into nowhere (name) values ($1)", "Eve"), Some(Code::Syntax))?;
    let error = db::execute("insert into guests (name, stars) values ('Eve', -1)", ()).err().ok_or("no error")?;
    same((error.constraint(), error.interface(), error.retryable()), (Some("good_stars"), Some("db"), false))?;
    same(error.location().is_some_and(|place| place.file().ends_with("rows.rs")), true)
}

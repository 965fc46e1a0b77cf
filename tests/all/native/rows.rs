//! The rows of compiled code, looked at and changed as somebody could who can write into the
//! database.

use support::TestDatabase;

/// The rows of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) size: u64,
    pub(super) key_id: Vec<u8>,
    pub(super) mac: Vec<u8>,
    pub(super) chunks: Vec<Vec<u8>>,
}

/// What stands there for the active version of an app, for the one engine of this test.
pub(super) async fn read(database: &TestDatabase, app: &str) -> Option<Row> {
    let (hex, of) = (hex(database), of(database, app));
    let table = table(database, "native_code");
    let sql =
        format!("select size, {hex}key_id{}, {hex}mac{} from {table} where {of}", end(database), end(database));
    let head = database.host_rows(&sql).await.into_iter().next()?;
    let chunks = table_chunks(database);
    let sql = format!("select {hex}data{} from {chunks} where {of} order by seq", end(database));
    let chunks = database.host_rows(&sql).await.iter().map(|row| bytes(&row[0])).collect();
    Some(Row { size: head[0].parse().expect("a number"), key_id: bytes(&head[1]), mac: bytes(&head[2]), chunks })
}

/// Puts other rows into their place.
pub(super) async fn write(database: &TestDatabase, app: &str, row: &Row) {
    let of = of(database, app);
    let (head, chunks) = (table(database, "native_code"), table_chunks(database));
    let sql = format!(
        "update {head} set size = {}, key_id = {}, mac = {} where {of}",
        row.size,
        literal(database, &row.key_id),
        literal(database, &row.mac)
    );
    database.host_rows(&sql).await;
    database.host_rows(&format!("delete from {chunks} where {of} and seq >= {}", row.chunks.len())).await;
    for (seq, chunk) in row.chunks.iter().enumerate() {
        let data = literal(database, chunk);
        database.host_rows(&format!("update {chunks} set data = {data} where {of} and seq = {seq}")).await;
    }
}

/// As where somebody has deployed from a machine of another kind.
pub(crate) async fn forget_all(database: &TestDatabase) {
    for table in [table(database, "native_code"), table_chunks(database)] {
        database.host_rows(&format!("delete from {table}")).await;
    }
}

fn of(database: &TestDatabase, app: &str) -> String {
    let (versions, apps) = (table(database, "versions"), table(database, "apps"));
    format!(
        "sha256 = (select v.sha256 from {versions} v join {apps} a on a.name = v.app and a.active = v.number \
         where a.name = '{app}')"
    )
}

fn table(database: &TestDatabase, name: &str) -> String {
    database.host_table(name)
}

fn table_chunks(database: &TestDatabase) -> String {
    table(database, "native_code_chunks")
}

fn hex(database: &TestDatabase) -> &'static str {
    if database.directory().is_some() { "hex(" } else { "encode(" }
}

fn end(database: &TestDatabase) -> &'static str {
    if database.directory().is_some() { ")" } else { ", 'hex')" }
}

fn literal(database: &TestDatabase, bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if database.directory().is_some() { format!("x'{digits}'") } else { format!("'\\x{digits}'::bytea") }
}

fn bytes(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

//! Whether all steps of a statement are short, so that it may run on a runtime worker.
//!
//! SQLite looks at the clock between two steps of its virtual machine and never inside one. So the
//! program that it makes of a statement is read (`EXPLAIN`), and each operation and function has to
//! be on the lists below: with values of [`SMALL`] bytes such a step takes microseconds. What is
//! not listed, such as emptying a whole table in one step, runs on a thread of its own (`threads`).

use super::conn::Conn;
use rusqlite::Row;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Bytes of a value, and of all parameters, with which a step is short.
pub(super) const SMALL: usize = 8 << 10;
/// Operations of a program: between two jumps backwards nobody looks at the clock.
const MOST_OPERATIONS: usize = 1000;
/// Calls of functions in a program.
const MOST_CALLS: usize = 100;
/// Bytes of a pattern of LIKE and GLOB: what they take grows with its length, and that of the text.
const LONGEST_PATTERN: usize = 64;

/// What is known of a statement by its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Program {
    /// Each step is short; and where it writes there is no loop, so it ends soon.
    pub(super) is_short: bool,
    /// It changes nothing.
    pub(super) reads: bool,
    /// It counts the rows of a whole table in one step, which is short in a small file only.
    pub(super) counts: bool,
    /// It changes something and returns rows.
    pub(super) returning: bool,
}

type Names = LazyLock<HashSet<&'static str>>;

fn names(list: &'static str) -> HashSet<&'static str> {
    list.split_ascii_whitespace().collect()
}

/// One operation (SQLite documentation, "The SQLite Bytecode Engine").
struct Operation {
    /// Which program it belongs to: the statement's own, or one of a trigger. Addresses, cursors
    /// and registers are counted in each.
    part: usize,
    address: i64,
    name: String,
    p1: i64,
    p2: i64,
    p3: i64,
    p4: String,
}

/// Operations of statements that read. A cursor that they write to is one of their own, for sorting
/// or for grouping.
static READING: Names = LazyLock::new(|| {
    names(
        "Init Goto Gosub Return InitCoroutine EndCoroutine Yield HaltIfNull Halt If IfNot IfNullRow IsNull NotNull IsType
    Jump Once Noop Null SoftNull BeginSubrtn IfPos IfNotZero DecrJumpZero OffsetLimit MustBeInt Permutation Compare ElseEq
    ZeroOrNull Explain Expire Integer Int64 Real String8 String Blob Variable Move Copy SCopy IntCopy ResultRow Concat Add
    Subtract Multiply Divide Remainder BitAnd BitOr ShiftLeft ShiftRight AddImm RealAffinity Cast Eq Ne Lt Le Gt Ge And Or
    IsTrue Not BitNot Affinity TypeCheck Column Offset MakeRecord Rowid NullRow Function PureFunc CollSeq GetSubtype
    SetSubtype ClrSubtype Transaction TableLock OpenRead ReopenIdx OpenDup OpenEphemeral OpenAutoindex OpenPseudo Close
    ColumnsUsed SeekLT SeekLE SeekGE SeekGT SeekScan SeekHit SeekEnd IfNoHope NoConflict NotFound Found SeekRowid NotExists
    Sequence SequenceTest Last Rewind IfEmpty IfSizeBetween Next Prev DeferredSeek FinishSeek IdxRowid IdxLT IdxLE IdxGT
    IdxGE IdxInsert NewRowid Insert Delete RowData RowSetAdd RowSetRead RowSetTest Filter FilterAdd ReadCookie ResetSorter
    SorterOpen SorterInsert SorterSort Sort SorterData SorterNext SorterCompare AggStep AggStep1 AggInverse AggValue AggFinal Count
    VOpen VFilter VColumn VNext VInitIn Abortable ReleaseReg CursorHint CursorLock CursorUnlock",
    )
});

/// What statements that write have besides.
static WRITING: Names =
    LazyLock::new(|| names("OpenWrite IdxDelete FkCounter FkIfZero FkCheck MemMax Program Param ResetCount"));

/// What goes round, unless it returns the rows of a statement that has no other loop.
static LOOPING: Names = LazyLock::new(|| names("Next Prev SorterNext VNext RowSetRead Yield"));

/// Functions that take time in proportion to their values, ours among them (`functions`).
static FUNCTIONS: Names = LazyLock::new(|| {
    names(
        "abs changes char coalesce concat concat_ws format hex if ifnull iif instr last_insert_rowid length likelihood likely lower
    ltrim max min nullif octet_length printf quote random randomblob replace round rtrim sign soundex substr substring
    subtype total_changes trim typeof unhex unicode unistr unistr_quote unlikely upper zeroblob
    current_date current_time current_timestamp date datetime julianday strftime time timediff unixepoch
    acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power radians
    sin sinh sqrt tan tanh trunc
    -> ->> json json_array json_array_length json_error_position json_extract json_insert json_object
    json_quote json_remove json_replace json_set json_type json_valid jsonb jsonb_array jsonb_extract
    jsonb_insert jsonb_object jsonb_remove jsonb_replace jsonb_set
    avg count cume_dist dense_rank first_value group_concat json_group_array json_group_object lag last_value lead nth_value
    ntile percent_rank rank row_number string_agg sum total",
    )
});

/// Looks at the program of a statement of a guest, for which the connection is watched. None where
/// it cannot be compiled.
pub(super) fn examine(conn: &Conn, text: &str) -> Option<Program> {
    let statement = conn.link.prepare_cached(text).ok()?;
    let reads = statement.readonly();
    let returning = !reads && statement.column_count() > 0;
    drop(statement);
    let operations = operations(conn, text).ok()?;
    let counters = counters(conn);
    let calls = operations.iter().filter(|operation| operation.function().is_some()).count();
    let is_short = operations.len() <= MOST_OPERATIONS
        && calls <= MOST_CALLS
        && operations.iter().all(|operation| operation.is_short(reads, &operations, counters));
    let counts = operations.iter().any(|operation| operation.name == "Count");
    Some(Program { is_short, reads, counts, returning })
}

/// The page of the table that keeps the last numbers of AUTOINCREMENT, a row for each such table.
fn counters(conn: &Conn) -> Option<i64> {
    let guest = conn.watch.pause_guard();
    let page = conn.link.prepare_cached("select rootpage from sqlite_schema where name = 'sqlite_sequence'");
    let page = page.and_then(|mut page| page.query_row([], |row| row.get(0)));
    conn.watch.resume_guard(guest);
    page.ok()
}

fn operations(conn: &Conn, text: &str) -> rusqlite::Result<Vec<Operation>> {
    let mut explain = conn.link.prepare(&format!("explain {text}"))?;
    let mut rows = explain.raw_query();
    let mut operations: Vec<Operation> = Vec::new();
    while let Some(row) = rows.next()? {
        operations.push(Operation::read(row, operations.last())?);
        if operations.len() > MOST_OPERATIONS {
            break;
        }
    }
    Ok(operations)
}

impl Operation {
    fn read(row: &Row<'_>, before: Option<&Self>) -> rusqlite::Result<Self> {
        let address = row.get("addr")?;
        let part = before.map_or(0, |before| before.part + usize::from(address <= before.address));
        let p4 = row.get_ref("p4")?.as_bytes_or_null()?.map(String::from_utf8_lossy).unwrap_or_default();
        Ok(Self {
            part,
            address,
            name: row.get("opcode")?,
            p1: row.get("p1")?,
            p2: row.get("p2")?,
            p3: row.get("p3")?,
            p4: p4.into_owned(),
        })
    }

    fn is_short(&self, reads: bool, all: &[Self], counters: Option<i64>) -> bool {
        let known = READING.contains(self.name.as_str()) || !reads && WRITING.contains(self.name.as_str());
        let calls_short = self.function().is_none_or(|name| match name {
            "like" | "glob" => self.pattern_is_short(all),
            name => FUNCTIONS.contains(name),
        });
        known && calls_short && (reads || !self.loops(all, counters))
    }

    /// Whether it may go round many times.
    fn loops(&self, all: &[Self], counters: Option<i64>) -> bool {
        // Behind the constants, which stand at the end, every program jumps back to its second
        // operation.
        let back = self.name == "Goto" && self.p2 <= self.address && self.p2 != 1;
        let round = LOOPING.contains(self.name.as_str())
            && !self.returns_rows(all)
            && !self.looks_for_counter(all, counters);
        (back || round) && !self.is_left_out(all)
    }

    /// Whether it goes through rows that the statement has put aside, so that there are no more
    /// than another loop has made.
    fn returns_rows(&self, all: &[Self]) -> bool {
        let opens =
            |other: &&Self| other.part == self.part && other.p1 == self.p1 && other.name.starts_with("Open");
        all.iter().any(|other| opens(&other))
            && all.iter().filter(opens).all(|other| other.name == "OpenEphemeral")
    }

    /// Whether it goes through the numbers of AUTOINCREMENT, of which there are as many as tables.
    /// Their cursor has the number of another one, which is opened later.
    fn looks_for_counter(&self, all: &[Self], counters: Option<i64>) -> bool {
        let opens = |other: &&Self| {
            other.part == self.part
                && other.p1 == self.p1
                && other.address < self.address
                && other.name.starts_with("Open")
        };
        let opened = all.iter().filter(opens).max_by_key(|other| other.address);
        opened.is_some_and(|opened| opened.name == "OpenRead" && counters == Some(opened.p2))
    }

    /// Whether it is only done while references are broken that are to be mended before the commit.
    fn is_left_out(&self, all: &[Self]) -> bool {
        all.iter().any(|other| {
            other.name == "FkIfZero"
                && other.part == self.part
                && (other.address..other.p2).contains(&self.address)
        })
    }

    /// The name of the function that is called. SQLite writes `name(number of arguments)`.
    fn function(&self) -> Option<&str> {
        let calls = matches!(
            self.name.as_str(),
            "Function" | "PureFunc" | "AggStep" | "AggStep1" | "AggInverse" | "AggValue" | "AggFinal"
        );
        calls.then(|| self.p4.split('(').next().unwrap_or_default())
    }

    /// Whether the pattern, which is the first argument, is a short text that stands in the
    /// statement.
    fn pattern_is_short(&self, all: &[Self]) -> bool {
        let (is_constant, register) = (self.p1 & 1 == 1, self.p2);
        let same = || all.iter().filter(|other| other.part == self.part);
        let mut texts = same().filter(|other| other.name == "String8" && other.p2 == register).peekable();
        is_constant
            && texts.peek().is_some()
            && texts.all(|text| text.p4.len() <= LONGEST_PATTERN)
            && !same().any(|other| other.may_set(register))
    }

    /// Whether anything but a text of the statement may come into the register.
    fn may_set(&self, register: i64) -> bool {
        let by_second =
            matches!(self.name.as_str(), "Variable" | "Copy" | "SCopy" | "Move" | "Param" | "Cast" | "Blob");
        self.p3 == register || by_second && self.p2 == register
    }
}

#[cfg(test)]
mod tests {
    use super::super::SqliteFiles;
    use super::*;
    use std::time::Duration;

    const TABLES: &str = "create table numbered (id integer primary key autoincrement, name text); create table people (id integer primary key, name text not null, born date, note text, \
            check (name not glob '*[^a-z]*'));
        create index people_by_name on people (name);
        create table visits (id bigint primary key, person bigint references people (id), at timestamptz not null, \
            amount decimal_text collate innkeeper_decimal);
        create view guests as select name, count(at) as n from people join visits on person = people.id group by name;";

    /// What is found out about each statement, all of them on a connection as guests have it.
    fn found(statements: &[&str]) -> Vec<Program> {
        let (_folder, files) = SqliteFiles::temporary(Duration::from_secs(1));
        let lease = files.try_reader("app.sqlite").unwrap();
        let conn = lease.parts().unwrap().0;
        conn.link.pragma_update(None, "query_only", false).unwrap();
        conn.link.execute_batch(TABLES).unwrap();
        statements.iter().map(|text| examine(conn, text).unwrap()).collect()
    }

    #[test]
    fn ordinary_statements_are_short() {
        let reads = [
            "select id, name from people where id = $1",
            "select * from people where name = $1",
            "select id, at from visits where id > $1 order by id limit $2",
            "select * from people where name like 'ab%' order by name limit 20",
            "select name, note from people where lower(name) = $1 order by born desc",
            "select p.name, count(*), sum(v.amount) from people p left join visits v on v.person = p.id group by p.name having count(*) > 1",
            "select * from people where id in (select person from visits where at > $1) or name in ('a', 'b')",
            "select count(*) from visits",
            "select exists (select 1 from visits where person = $1)",
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < 10) select i from n",
            "select name, row_number() over (order by born) from people",
            "select distinct born from people union select at from visits",
            "select value ->> '$.a' from json_each($1)",
            "select path from json_tree($1) where atom is not null",
            "select json_group_array(json_object('name', name)) from people",
            "select * from guests where name > $1",
            "select coalesce(max(id), 0) + 1 from visits",
            "select strftime('%Y', born), trim(name, '-'), replace(name, 'a', 'b'), cast($1 as text) || name from people limit 1 offset 3",
            "select case when name glob 'a*' then 1 else 2 end from people",
            "values (1, 2), (3, 4)",
        ];
        for (text, program) in reads.iter().zip(found(&reads)) {
            let counts = text.ends_with("count(*) from visits");
            assert_eq!(program, Program { is_short: true, reads: true, counts, returning: false }, "{text}");
        }
        let writes = [
            "insert into people (name, born) values ($1, $2) returning id",
            "insert into visits (id, person, at) values ($1, $2, $3) on conflict (id) do update set at = excluded.at returning id",
            "update people set name = $1 where id = $2 returning id",
            "delete from visits where id = $1 returning id",
            "insert into numbered (name) values ($1) returning id",
        ];
        for (text, program) in writes.iter().zip(found(&writes)) {
            let wanted = Program { is_short: true, reads: false, counts: false, returning: true };
            assert_eq!(program, wanted, "{text}");
        }
    }

    #[test]
    fn what_may_take_long_is_not() {
        let long = [
            "select * from people where name like $1",
            "select * from people where name like '%' || note",
            "select * from people where name glob '%0123456789012345678901234567890123456789012345678901234567890123456789'",
            "select json_patch(note, $1) from people",
            "delete from visits",
            "delete from visits where at < $1",
            "update people set note = $1",
            "update visits set at = $1 where amount = $2",
            "insert into visits select id + 1, person, at, amount from visits",
            "insert into people (name) values ('a'), ('b'), ('c')",
            "delete from people where id = $1",
            "create table other (a bigint)",
            "create index other on visits (at)",
            "drop table visits",
        ];
        for (text, program) in long.iter().zip(found(&long)) {
            assert!(!program.is_short, "{text}");
        }
    }

    #[test]
    fn long_programs_are_not() {
        let calls = vec!["lower(name)"; 101].join(", ");
        let columns = vec!["name"; 1000].join(", ");
        for text in [format!("select {calls} from people"), format!("select {columns} from people")] {
            assert!(!found(&[&text])[0].is_short, "{text}");
        }
    }
}

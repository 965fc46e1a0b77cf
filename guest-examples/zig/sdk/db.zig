//! Rows: statements, transactions, cursors, tables.

const std = @import("std");
const c = @import("c.zig");
const errors = @import("errors.zig");
const memory = @import("memory.zig");
const values = @import("value.zig");
const tables = @import("tables.zig");

const Error = errors.Error;
const HostError = c.innkeeper_storage_db_db_error_t;
const HostValues = c.innkeeper_storage_db_list_value_t;

pub const Bytes = values.Bytes;
pub const Decimal = values.Decimal;
pub const Uuid = values.Uuid;
pub const Json = values.Json;
pub const Other = values.Other;

pub const Table = tables.Table;
pub const Column = tables.Column;
pub const Default = tables.Default;
pub const Reference = tables.Reference;
pub const Migration = tables.Migration;
pub const defineTable = tables.defineTable;
pub const migrate = tables.migrate;

/// Runs a statement and returns all its rows as structs, by the names of the columns. `parameters`
/// is a tuple with a value for each of `$1` to `$n`:
///
///     const books = try db.query(Book, "select title, year from books where year < $1", .{1900});
pub fn query(comptime T: type, sql: []const u8, parameters: anytype) Error![]T {
    return (try queryRows(sql, parameters)).as(T);
}

/// The first row of a query, if there is one.
pub fn queryOne(comptime T: type, sql: []const u8, parameters: anytype) Error!?T {
    const rows = try queryRows(sql, parameters);
    return if (rows.len() == 0) null else rows.at(0).as(T);
}

/// Runs a query whose columns are not known to the program.
pub fn queryRows(sql: []const u8, parameters: anytype) Error!Rows {
    var text = memory.hostString(sql);
    var list = hostValues(parameters);
    var rows: c.innkeeper_storage_db_rows_t = .{};
    var failure: HostError = .{};
    if (!c.innkeeper_storage_db_query(&text, &list, &rows, &failure)) return errors.ofDb(&failure);
    return .of(rows.columns, rows.rows);
}

/// Runs a statement and returns the number of rows that it inserted, updated or deleted.
pub fn execute(sql: []const u8, parameters: anytype) Error!u32 {
    var text = memory.hostString(sql);
    var list = hostValues(parameters);
    var affected: u32 = 0;
    var failure: HostError = .{};
    if (!c.innkeeper_storage_db_execute(&text, &list, &affected, &failure)) return errors.ofDb(&failure);
    return affected;
}

fn hostValues(parameters: anytype) HostValues {
    const names = comptime std.meta.fieldNames(@TypeOf(parameters));
    const list = memory.make(c.innkeeper_storage_db_value_t, names.len);
    inline for (names, 0..) |name, i| list[i] = values.toHost(@field(parameters, name));
    return .{ .ptr = list.ptr, .len = list.len };
}

/// What a query answers with.
pub const Rows = struct {
    columns: []const []const u8,
    rows: []const HostValues,

    fn of(columns: c.web_app_list_string_t, list: c.innkeeper_storage_db_list_list_value_t) Rows {
        return .{ .columns = memory.textsOf(columns), .rows = if (list.len == 0) &.{} else list.ptr[0..list.len] };
    }

    /// The number of rows.
    pub fn len(rows: Rows) usize {
        return rows.rows.len;
    }

    /// The row of this number, counted from 0.
    pub fn at(rows: Rows, number: usize) Row {
        return .{ .columns = rows.columns, .values = rows.rows[number].ptr[0..rows.columns.len] };
    }

    /// All rows as structs.
    pub fn as(rows: Rows, comptime T: type) []T {
        const items = memory.make(T, rows.len());
        for (items, 0..) |*item, i| item.* = rows.at(i).as(T);
        return items;
    }
};

/// One row.
pub const Row = struct {
    columns: []const []const u8,
    values: []const c.innkeeper_storage_db_value_t,

    /// A value by the name of its column. The request ends where there is no such column, or where
    /// the value is of another type.
    pub fn get(row: Row, comptime T: type, column: []const u8) T {
        for (row.columns, row.values) |name, *value| {
            if (std.mem.eql(u8, name, column)) return values.fromHost(T, value, column);
        }
        @panic(memory.print("the result has no column {s}", .{column}));
    }

    /// The row as a struct, whose fields are named like columns.
    pub fn as(row: Row, comptime T: type) T {
        var item: T = undefined;
        const fields = @typeInfo(T).@"struct";
        inline for (fields.field_names, fields.field_types) |name, Field| {
            @field(item, name) = row.get(Field, name);
        }
        return item;
    }
};

/// How far a transaction is kept apart from those of other requests.
pub const Isolation = enum(u8) { read_committed, repeatable_read, serializable };

/// How to begin a transaction.
pub const TransactionOptions = struct {
    isolation: ?Isolation = null,
    read_only: bool = false,
    timeout_ms: ?u32 = null,
};

/// A part of the request's work that can be undone by itself. It covers rows, files and the
/// session, and every call while it is open belongs to it.
///
///     var transfer = try db.begin(.{});
///     defer transfer.rollbackUnlessCommitted();
///     ...
///     try transfer.commit();
pub const Transaction = struct {
    handle: ?c.innkeeper_storage_db_own_transaction_t,

    /// Like `db.query`; fails with `Closed` once the transaction has ended.
    pub fn query(tx: *Transaction, comptime T: type, sql: []const u8, parameters: anytype) Error![]T {
        var text = memory.hostString(sql);
        var list = hostValues(parameters);
        var rows: c.innkeeper_storage_db_rows_t = .{};
        var failure: HostError = .{};
        if (!c.innkeeper_storage_db_method_transaction_query(tx.borrow(), &text, &list, &rows, &failure)) {
            return errors.ofDb(&failure);
        }
        return Rows.of(rows.columns, rows.rows).as(T);
    }

    /// Like `db.execute`; fails with `Closed` once the transaction has ended.
    pub fn execute(tx: *Transaction, sql: []const u8, parameters: anytype) Error!u32 {
        var text = memory.hostString(sql);
        var list = hostValues(parameters);
        var affected: u32 = 0;
        var failure: HostError = .{};
        if (!c.innkeeper_storage_db_method_transaction_execute(tx.borrow(), &text, &list, &affected, &failure)) {
            return errors.ofDb(&failure);
        }
        return affected;
    }

    /// Makes the changes part of the request's work.
    pub fn commit(tx: *Transaction) Error!void {
        var failure: HostError = .{};
        const done = c.innkeeper_storage_db_method_transaction_commit(tx.borrow(), &failure);
        tx.rollbackUnlessCommitted();
        if (!done) return errors.ofDb(&failure);
    }

    /// Undoes everything since it began.
    pub fn rollback(tx: *Transaction) Error!void {
        var failure: HostError = .{};
        const done = c.innkeeper_storage_db_method_transaction_rollback(tx.borrow(), &failure);
        tx.rollbackUnlessCommitted();
        if (!done) return errors.ofDb(&failure);
    }

    /// For `defer`: rolls back what was neither committed nor rolled back.
    pub fn rollbackUnlessCommitted(tx: *Transaction) void {
        if (tx.handle) |handle| c.innkeeper_storage_db_transaction_drop_own(handle);
        tx.handle = null;
    }

    fn borrow(tx: *Transaction) c.innkeeper_storage_db_borrow_transaction_t {
        const handle = tx.handle orelse @panic("the transaction has ended");
        return c.innkeeper_storage_db_borrow_transaction(handle);
    }
};

/// Begins a transaction.
pub fn begin(options: TransactionOptions) Error!Transaction {
    var chosen: c.innkeeper_storage_db_transaction_options_t = .{
        .isolation = .{
            .is_some = options.isolation != null,
            .val = @backingInt(options.isolation orelse .read_committed),
        },
        .read_only = options.read_only,
        .timeout_ms = memory.hostNumber(options.timeout_ms),
    };
    var handle: c.innkeeper_storage_db_own_transaction_t = .{};
    var failure: HostError = .{};
    if (!c.innkeeper_storage_db_begin(&chosen, &handle, &failure)) return errors.ofDb(&failure);
    return .{ .handle = handle };
}

/// Keeps everything that this request has written so far.
pub fn commit() Error!void {
    var failure: HostError = .{};
    if (!c.innkeeper_storage_db_commit(&failure)) return errors.ofDb(&failure);
}

/// Undoes everything that this request has written since it began, or since `commit`.
pub fn rollback() Error!void {
    var failure: HostError = .{};
    if (!c.innkeeper_storage_db_rollback(&failure)) return errors.ofDb(&failure);
}

/// Rows of a query, piece by piece, in bounded memory.
pub fn Cursor(comptime T: type) type {
    return struct {
        handle: c.innkeeper_storage_db_own_cursor_t,
        columns: c.web_app_list_string_t,
        piece: c.innkeeper_storage_db_list_list_value_t = .{},
        items: []T = &.{},

        const Self = @This();

        /// At most `max_rows` further rows, or null at the end. They are valid until the next call.
        pub fn next(cursor: *Self, max_rows: u32) Error!?[]T {
            var failure: HostError = .{};
            c.innkeeper_storage_db_list_list_value_free(&cursor.piece);
            cursor.piece = .{};
            const handle = c.innkeeper_storage_db_borrow_cursor(cursor.handle);
            if (!c.innkeeper_storage_db_method_cursor_next(handle, max_rows, &cursor.piece, &failure)) {
                return errors.ofDb(&failure);
            }
            const rows: Rows = .of(cursor.columns, cursor.piece);
            if (rows.len() == 0) return null;
            if (cursor.items.len < rows.len()) cursor.items = memory.make(T, rows.len());
            for (cursor.items[0..rows.len()], 0..) |*item, i| item.* = rows.at(i).as(T);
            return cursor.items[0..rows.len()];
        }

        /// For `defer`.
        pub fn close(cursor: *Self) void {
            c.innkeeper_storage_db_list_list_value_free(&cursor.piece);
            c.innkeeper_storage_db_cursor_drop_own(cursor.handle);
        }
    };
}

/// Runs a query whose rows are read piece by piece.
pub fn openCursor(comptime T: type, sql: []const u8, parameters: anytype) Error!Cursor(T) {
    var text = memory.hostString(sql);
    var list = hostValues(parameters);
    var cursor: Cursor(T) = .{ .handle = .{}, .columns = .{} };
    var failure: HostError = .{};
    if (!c.innkeeper_storage_db_open_cursor(&text, &list, &cursor.handle, &failure)) return errors.ofDb(&failure);
    c.innkeeper_storage_db_method_cursor_columns(c.innkeeper_storage_db_borrow_cursor(cursor.handle), &cursor.columns);
    return cursor;
}

/// A statement of a batch.
pub const Statement = struct {
    sql: []const u8,
    values: HostValues,

    /// `.init("delete from a where id = $1", .{1})`
    pub fn init(sql: []const u8, parameters: anytype) Statement {
        return .{ .sql = sql, .values = hostValues(parameters) };
    }
};

/// What a statement of a batch did.
pub const Outcome = struct { affected: u32, rows: Rows };

/// Runs up to 1,000 statements, all or none.
pub fn batch(statements: []const Statement) Error![]Outcome {
    const items = memory.make(c.innkeeper_storage_db_statement_t, statements.len);
    for (items, statements) |*item, statement| {
        item.* = .{ .sql = memory.hostString(statement.sql), .params = statement.values };
    }
    var list: c.innkeeper_storage_db_list_statement_t = .{ .ptr = items.ptr, .len = items.len };
    var answer: c.innkeeper_storage_db_list_outcome_t = .{};
    var failure: HostError = .{};
    if (!c.innkeeper_storage_db_batch(&list, &answer, &failure)) return errors.ofDb(&failure);
    const outcomes = memory.make(Outcome, answer.len);
    for (outcomes, 0..) |*outcome, i| {
        const done = answer.ptr[i];
        outcome.* = .{ .affected = done.affected, .rows = .of(done.rows.columns, done.rows.rows) };
    }
    return outcomes;
}

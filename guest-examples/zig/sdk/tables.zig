//! Tables: their portable description, and migrations.

const std = @import("std");
const c = @import("c.zig");
const errors = @import("errors.zig");
const memory = @import("memory.zig");
const values = @import("value.zig");

/// Types of columns that mean the same on both databases.
pub const ColumnType = enum(u8) {
    boolean,
    integer,
    float,
    decimal,
    text,
    bytes,
    uuid,
    date,
    time,
    datetime,
    instant,
    json,
};

/// What a new row gets in a column that the statement does not name.
pub const Default = union(enum) {
    none,
    /// The time at which the transaction began.
    now,
    random_uuid,
    constant: c.innkeeper_storage_db_value_t,

    /// `.of(0)`, `.of("new")`
    pub fn of(value: anytype) Default {
        return .{ .constant = values.toHost(value) };
    }
};

/// A row of another table, to which a column refers.
pub const Reference = struct {
    table: []const u8,
    column: []const u8,
    on_delete: enum(u8) { restrict, cascade, set_null } = .restrict,
};

/// A column. It takes no NULL unless it is nullable.
pub const Column = struct {
    name: []const u8,
    type: ColumnType,
    nullable: bool = false,
    /// The database gives each new row the next number. Only for the primary key.
    identity: bool = false,
    /// Characters of a text.
    max_length: ?u32 = null,
    initial: Default = .none,
    references: ?Reference = null,
};

/// An index.
pub const Index = struct {
    columns: []const []const u8,
    unique: bool = false,
};

/// A condition that every row must meet.
pub const Check = struct {
    name: []const u8,
    condition: []const u8,
};

/// A table.
pub const Table = struct {
    name: []const u8,
    columns: []const Column,
    primary_key: []const []const u8,
    indexes: []const Index = &.{},
    checks: []const Check = &.{},
};

fn hostColumn(column: Column) c.innkeeper_storage_db_column_t {
    const reference: Reference = column.references orelse .{ .table = "", .column = "" };
    return .{
        .name = memory.hostString(column.name),
        .column_type = @backingInt(column.type),
        .nullable = column.nullable,
        .identity = column.identity,
        .max_length = memory.hostNumber(column.max_length),
        .initial = .{ .is_some = column.initial != .none, .val = hostDefault(column.initial) },
        .references = .{ .is_some = column.references != null, .val = .{
            .table = memory.hostString(reference.table),
            .column = memory.hostString(reference.column),
            .on_delete = @backingInt(reference.on_delete),
        } },
    };
}

fn hostDefault(initial: Default) c.innkeeper_storage_db_column_default_t {
    return switch (initial) {
        .none => .{},
        .constant => |value| .{ .tag = 0, .val = .{ .constant = value } },
        .now => .{ .tag = 1 },
        .random_uuid => .{ .tag = 2 },
    };
}

/// Creates a table, or adds what it lacks. Costs nothing once that has been done: call it at the
/// start of each request, before anything is written.
pub fn defineTable(table: Table) errors.Error!void {
    const columns = memory.make(c.innkeeper_storage_db_column_t, table.columns.len);
    for (columns, table.columns) |*item, column| item.* = hostColumn(column);
    const indexes = memory.make(c.innkeeper_storage_db_index_t, table.indexes.len);
    for (indexes, table.indexes) |*item, index| {
        item.* = .{ .columns = memory.hostStrings(index.columns), .unique = index.unique };
    }
    const checks = memory.make(c.innkeeper_storage_db_check_t, table.checks.len);
    for (checks, table.checks) |*item, check| {
        item.* = .{ .name = memory.hostString(check.name), .condition = memory.hostString(check.condition) };
    }
    var description: c.innkeeper_storage_db_table_t = .{
        .name = memory.hostString(table.name),
        .columns = .{ .ptr = columns.ptr, .len = columns.len },
        .primary_key = memory.hostStrings(table.primary_key),
        .indexes = .{ .ptr = indexes.ptr, .len = indexes.len },
        .checks = .{ .ptr = checks.ptr, .len = checks.len },
    };
    var changed = false;
    var failure: c.innkeeper_storage_db_db_error_t = .{};
    if (!c.innkeeper_storage_db_define_table(&description, &changed, &failure)) return errors.ofDb(&failure);
}

/// A step in the history of the app's tables.
pub const Migration = struct {
    name: []const u8,
    statements: []const []const u8,
    /// Statements to run instead where the database is SQLite.
    sqlite_statements: ?[]const []const u8 = null,
    /// What the statements may destroy, for example "entries" or "entries.note".
    destroys: []const []const u8 = &.{},
};

/// Runs the migrations that this app has not run yet, and returns their names. Costs nothing once
/// that has been done.
pub fn migrate(migrations: []const Migration) errors.Error![]const []const u8 {
    const items = memory.make(c.innkeeper_storage_db_migration_t, migrations.len);
    for (items, migrations) |*item, migration| {
        item.* = .{
            .name = memory.hostString(migration.name),
            .statements = memory.hostStrings(migration.statements),
            .sqlite_statements = .{
                .is_some = migration.sqlite_statements != null,
                .val = memory.hostStrings(migration.sqlite_statements orelse &.{}),
            },
            .destroys = memory.hostStrings(migration.destroys),
        };
    }
    var list: c.innkeeper_storage_db_list_migration_t = .{ .ptr = items.ptr, .len = items.len };
    var run: c.web_app_list_string_t = .{};
    var failure: c.innkeeper_storage_db_db_error_t = .{};
    if (!c.innkeeper_storage_db_migrate(&list, &run, &failure)) return errors.ofDb(&failure);
    return memory.textsOf(run);
}

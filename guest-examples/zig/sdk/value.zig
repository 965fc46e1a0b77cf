//! Values both ways: from Zig's types to those of the database, and back into structs.

const std = @import("std");
const c = @import("c.zig");
const memory = @import("memory.zig");
const time = @import("time.zig");

/// Bytes, which are no text.
pub const Bytes = struct { data: []const u8 };
/// An exact decimal number as text, for example "-12.50".
pub const Decimal = struct { text: []const u8 };
/// A UUID as text, in lower case with hyphens.
pub const Uuid = struct { text: []const u8 };
/// A JSON document as text.
pub const Json = struct { text: []const u8 };
/// A value of a type that has no case of its own, for example "inet" and "10.0.0.1".
pub const Other = struct { type_name: []const u8, text: []const u8 };

const HostValue = c.innkeeper_storage_db_value_t;

/// A parameter of a statement. It shares the memory of texts.
pub fn toHost(value: anytype) HostValue {
    const T = @TypeOf(value);
    return switch (T) {
        Bytes => host(.bytes, .{ .bytes = memory.hostBytes(value.data) }),
        Decimal => host(.decimal, .{ .decimal = memory.hostString(value.text) }),
        Uuid => host(.uuid, .{ .uuid = memory.hostString(value.text) }),
        Json => host(.json, .{ .json = memory.hostString(value.text) }),
        Other => host(.other, .{ .other = .{
            .type_name = memory.hostString(value.type_name),
            .text = memory.hostString(value.text),
        } }),
        time.Date => host(.date, .{ .date = value.toHost() }),
        time.Time => host(.time, .{ .time = value.toHost() }),
        time.DateTime => host(.datetime, .{ .datetime = value.toHost() }),
        time.Instant => host(.instant, .{ .instant = value.microseconds }),
        HostValue => value,
        else => switch (@typeInfo(T)) {
            .null => host(.null, .{ .boolean = false }),
            .optional => if (value) |present| toHost(present) else toHost(null),
            .bool => host(.boolean, .{ .boolean = value }),
            .int, .comptime_int => host(.integer, .{ .integer = @intCast(value) }),
            .float, .comptime_float => host(.float, .{ .float_ = value }),
            // A literal, or a slice of bytes: a text.
            .pointer => host(.text, .{ .text = memory.hostString(value) }),
            else => @compileError("not a value of the database: " ++ @typeName(T)),
        },
    };
}

/// In the order of the variant in the WIT file.
const Tag = enum(u8) {
    null,
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
    other,
};

const Payload = @FieldType(HostValue, "val");

fn host(tag: Tag, payload: Payload) HostValue {
    return .{ .tag = @backingInt(tag), .val = payload };
}

/// A value of a row as a type of Zig. Another type than the value has ends the request with 500.
pub fn fromHost(comptime T: type, value: *const HostValue, column: []const u8) T {
    if (T == bool and value.tag == @backingInt(Tag.integer)) {
        // SQLite computes integers where Postgres computes booleans.
        return value.val.integer != 0;
    }
    return switch (T) {
        Bytes => .{ .data = bytesOf(take(value, .bytes, column).bytes) },
        Decimal => .{ .text = memory.textOf(take(value, .decimal, column).decimal) },
        Uuid => .{ .text = memory.textOf(take(value, .uuid, column).uuid) },
        Json => .{ .text = memory.textOf(take(value, .json, column).json) },
        Other => .{
            .type_name = memory.textOf(take(value, .other, column).other.type_name),
            .text = memory.textOf(take(value, .other, column).other.text),
        },
        time.Date => .fromHost(take(value, .date, column).date),
        time.Time => .fromHost(take(value, .time, column).time),
        time.DateTime => .fromHost(take(value, .datetime, column).datetime),
        time.Instant => .{ .microseconds = take(value, .instant, column).instant },
        []const u8 => memory.textOf(take(value, .text, column).text),
        bool => take(value, .boolean, column).boolean,
        f64 => take(value, .float, column).float_,
        else => switch (@typeInfo(T)) {
            .optional => |optional| if (value.tag == 0) null else fromHost(optional.child, value, column),
            .int => std.math.cast(T, take(value, .integer, column).integer) orelse
                @panic(memory.print("the column {s} does not fit into {s}", .{ column, @typeName(T) })),
            else => @compileError("rows hold no values of the type " ++ @typeName(T)),
        },
    };
}

fn bytesOf(list: c.web_app_list_u8_t) []const u8 {
    return if (list.len == 0) "" else list.ptr[0..list.len];
}

fn take(value: *const HostValue, comptime tag: Tag, column: []const u8) Payload {
    if (value.tag == @backingInt(tag)) return value.val;
    const found = std.enums.fromInt(Tag, value.tag) orelse Tag.other;
    @panic(memory.print("the column {s} is {s}, not {s}", .{ column, @tagName(found), @tagName(tag) }));
}

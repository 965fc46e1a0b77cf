//! A guest from the plain WIT, by the names that `wit-bindgen c` gives, without the SDK.

const std = @import("std");

/// Strings and lists of bytes.
const Slice = extern struct {
    ptr: ?[*]const u8 = null,
    len: usize = 0,

    fn of(bytes: []const u8) Slice {
        return .{ .ptr = bytes.ptr, .len = bytes.len };
    }
};
const Handle = extern struct { handle: i32 = 0 };
/// A value of the database; the largest case is `other`, of two strings.
const Value = extern struct {
    tag: u8,
    val: extern union { integer: i64, other: [2]Slice },

    const integer_tag = 2;
};
const Values = extern struct { ptr: [*]const Value, len: usize };
const Rows = extern struct {
    columns: extern struct { ptr: ?[*]const Slice = null, len: usize = 0 } = .{},
    rows: extern struct { ptr: ?[*]const Values = null, len: usize = 0 } = .{},
};
/// Room for what an error is, of which nothing is read.
const Room = extern struct { words: [16]u64 = @splat(0) };
const Answer = extern struct { is_err: bool = false, val: extern union { ok: Handle, err: Room } };

extern fn innkeeper_storage_db_query(*const Slice, *const Values, *Rows, *Room) bool;
extern fn innkeeper_storage_session_increment(*const Slice, i64, *i64, *Room) bool;
extern fn wasi_http_types_constructor_fields() Handle;
extern fn wasi_http_types_borrow_fields(Handle) Handle;
extern fn wasi_http_types_method_fields_append(Handle, *const Slice, *const Slice, *Room) bool;
extern fn wasi_http_types_constructor_outgoing_response(Handle) Handle;
extern fn wasi_http_types_borrow_outgoing_response(Handle) Handle;
extern fn wasi_http_types_method_outgoing_response_body(Handle, *Handle) bool;
extern fn wasi_http_types_static_response_outparam_set(Handle, *const Answer) void;
extern fn wasi_http_types_borrow_outgoing_body(Handle) Handle;
extern fn wasi_http_types_method_outgoing_body_write(Handle, *Handle) bool;
extern fn wasi_io_streams_borrow_output_stream(Handle) Handle;
extern fn wasi_io_streams_method_output_stream_blocking_write_and_flush(Handle, *const Slice, *Room) bool;
extern fn wasi_io_streams_output_stream_drop_own(Handle) void;
extern fn wasi_http_types_static_outgoing_body_finish(Handle, ?*Handle, *Room) bool;

/// What is answered: the database calculates, and the session counts the visits.
fn text(buffer: []u8) []const u8 {
    const one = [1]Value{.{ .tag = Value.integer_tag, .val = .{ .integer = 1 } }};
    var rows: Rows = .{};
    var failure: Room = .{};
    var visits: i64 = 0;
    if (!innkeeper_storage_db_query(&.of("select $1 + 1 as n"), &.{ .ptr = &one, .len = 1 }, &rows, &failure)) @trap();
    if (!innkeeper_storage_session_increment(&.of("visits"), 1, &visits, &failure)) @trap();
    return std.fmt.bufPrint(buffer, "plain zig: {d}", .{rows.rows.ptr.?[0].ptr[0].val.integer}) catch @trap();
}

export fn exports_wasi_http_incoming_handler_handle(_: Handle, out: Handle) void {
    var buffer: [64]u8 = undefined;
    const answer = text(&buffer);
    var failure: Room = .{};
    const headers = wasi_http_types_constructor_fields();
    const fields = wasi_http_types_borrow_fields(headers);
    if (!wasi_http_types_method_fields_append(fields, &.of("content-type"), &.of("text/plain"), &failure)) @trap();

    const response = wasi_http_types_constructor_outgoing_response(headers);
    var body: Handle = .{};
    if (!wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(response), &body)) @trap();
    wasi_http_types_static_response_outparam_set(out, &.{ .val = .{ .ok = response } });

    var stream: Handle = .{};
    if (!wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream)) @trap();
    const borrowed = wasi_io_streams_borrow_output_stream(stream);
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(borrowed, &.of(answer), &failure)) @trap();
    wasi_io_streams_output_stream_drop_own(stream);
    if (!wasi_http_types_static_outgoing_body_finish(body, null, &failure)) @trap();
}

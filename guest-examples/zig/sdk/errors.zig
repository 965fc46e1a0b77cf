//! Errors: codes as errors of Zig, and what else is known about the last one.

const std = @import("std");
const c = @import("c.zig");
const memory = @import("memory.zig");

/// The codes of the three interfaces, and what `fail` and a refused form return.
pub const Error = error{
    Unavailable,
    Busy,
    Timeout,
    Syntax,
    UniqueViolation,
    ForeignKeyViolation,
    NotNullViolation,
    CheckViolation,
    Serialization,
    ReadOnly,
    Denied,
    BadParameter,
    NotFound,
    TooLarge,
    Conflict,
    Closed,
    CommitUnknown,
    UnsupportedType,
    BadForm,
    Interrupted,
    QuotaExceeded,
    Other,
    /// The hidden field `csrf` is not the one of this form.
    Csrf,
    /// What `fail` returns.
    Refused,
};

/// What is known about an error.
pub const Failure = struct {
    /// "db", "blob-upload", "session" or "http".
    interface: []const u8,
    /// The code of the interface, for example "unique-violation".
    code: []const u8,
    /// For the log. It may quote a statement or a value: do not show it to visitors, but for
    /// "http".
    message: []const u8,
    /// The constraint or column that was violated.
    constraint: ?[]const u8,
    /// The form field to blame.
    field: ?[]const u8,
    /// Five characters, or empty.
    sqlstate: []const u8,
    /// Whether the same request may well succeed if it is made again.
    retryable: bool,
    /// The status that fits: 503 where it is worth a retry, 404, 413 and so on, else 500.
    status: u16,
};

/// The error that `lastError` tells of.
var last: anyerror = error.Other;

/// What is known about the error that a function of the SDK has returned last.
pub fn lastError() Failure {
    const found: *const c.ik_error = c.ik_last_error();
    return .{
        .interface = std.mem.span(found.interface),
        .code = std.mem.span(found.code),
        .message = std.mem.span(found.message),
        .constraint = optional(found.constraint),
        .field = optional(found.field),
        .sqlstate = std.mem.span(found.sqlstate),
        .retryable = found.retryable,
        .status = @intCast(found.status),
    };
}

fn optional(text: ?[*:0]const u8) ?[]const u8 {
    return if (text) |found| std.mem.span(found) else null;
}

/// Writes the last error to stderr, which is the app's log, if its status is 500.
pub fn logError() void {
    c.ik_log_error();
}

/// Fails with a status and a message that visitors see: `return fail(404, "No such book.")`.
pub fn fail(status: u16, message: []const u8) Error {
    _ = c.ik_fail(status, "%.*s", @as(c_int, @intCast(message.len)), message.ptr);
    last = error.Refused;
    return error.Refused;
}

/// Makes an error of the app's own the last one, so that it is logged and answered with 500.
pub fn noteForeign(found: anyerror) void {
    if (found == last) return;
    _ = c.ik_fail(500, "the handler returned error.%s", @errorName(found).ptr);
    last = found;
}

pub fn ofDb(found: *const c.innkeeper_storage_db_db_error_t) Error {
    _ = c.ik_fail_db(found);
    return lastCode();
}

pub fn ofBlob(found: *const c.innkeeper_storage_blob_upload_blob_error_t) Error {
    _ = c.ik_fail_blob(found);
    return lastCode();
}

pub fn ofSession(found: *const c.innkeeper_storage_session_session_error_t) Error {
    _ = c.ik_fail_session(found);
    return lastCode();
}

/// The last error of the SDK for C, by its code.
pub fn lastCode() Error {
    const code = std.mem.span(@as([*:0]const u8, c.ik_last_error().*.code));
    const found: Error = inline for (comptime std.meta.fieldNames(Error)) |name| {
        if (std.mem.eql(u8, code, comptime codeOf(name))) break @field(Error, name);
    } else error.Other;
    last = found;
    return found;
}

/// `UniqueViolation` is `unique-violation`.
fn codeOf(comptime name: []const u8) []const u8 {
    comptime var code: []const u8 = "";
    inline for (name, 0..) |letter, i| {
        if (i > 0 and std.ascii.isUpper(letter)) code = code ++ "-";
        code = code ++ [1]u8{std.ascii.toLower(letter)};
    }
    return code;
}

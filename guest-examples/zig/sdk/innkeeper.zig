//! Innkeeper SDK for Zig: HTTP, rows, files and sessions for a web app that Innkeeper runs.
//!
//! The app's root file says which function answers requests, and where panics go:
//!
//!     comptime {
//!         innkeeper.app(handle);
//!     }
//!     pub const panic = innkeeper.panic;
//!
//! What can fail returns an error of `Error`; `lastError` knows its message and the rest. An error
//! that a handler returns becomes the visitor's answer, with the status that fits. An instance of
//! the app lives for one request, so memory from `allocator` is never freed.

const std = @import("std");
const builtin = @import("builtin");
const c = @import("c.zig");
const errors = @import("errors.zig");
const http = @import("http.zig");
const memory = @import("memory.zig");

comptime {
    // The language and its library change with every version.
    const version = builtin.zig_version;
    if (version.major != 0 or version.minor != 17) {
        @compileError("this SDK is written for Zig 0.17, not " ++ builtin.zig_version_string);
    }
}

pub const blobs = @import("blobs.zig");
pub const db = @import("db.zig");
pub const session = @import("session.zig");
pub const time = @import("time.zig");

pub const Html = @import("Html.zig");
pub const Form = @import("Form.zig");

pub const Error = errors.Error;
pub const Failure = errors.Failure;
pub const lastError = errors.lastError;
pub const logError = errors.logError;
pub const fail = errors.fail;

pub const Request = http.Request;
pub const Response = http.Response;
pub const Stream = http.Stream;
pub const Route = http.Route;
pub const app = http.app;
pub const dispatch = http.dispatch;
pub const beginStream = http.beginStream;

/// Memory until the end of the request. It is never freed, since the instance ends with the
/// request.
pub const allocator = memory.allocator;

/// A new text: `innkeeper.print("Thank you, {s}.", .{name})`.
pub const print = memory.print;

/// Writes the message of a panic to stderr, which is the app's log, and ends the request with 500.
pub const panic = std.debug.FullPanic(endRequest);

fn endRequest(message: []const u8, _: ?usize) noreturn {
    @branchHint(.cold);
    c.ik_panic("panic: %.*s", @as(c_int, @intCast(message.len)), message.ptr);
}

/// Whether a text has nothing but white space (of all scripts) in it, or nothing at all.
pub fn isBlank(text: []const u8) bool {
    return c.ik_is_blank(text.ptr, text.len);
}

/// Reads a whole decimal number; null where the text is anything else, or beyond 64 bits. Unlike
/// `std.fmt.parseInt`, it takes no underscores.
pub fn parseInt(text: []const u8) ?i64 {
    var number: i64 = undefined;
    return if (c.ik_parse_int(memory.sentinel(text), &number)) number else null;
}

/// The value of a key of the app's configuration.
pub fn config(key: [:0]const u8) ?[]const u8 {
    return std.mem.span(@as(?[*:0]const u8, c.ik_config(key)) orelse return null);
}

/// Fills memory with random bytes that nobody can guess.
pub fn randomBytes(bytes: []u8) void {
    c.ik_random(bytes.ptr, bytes.len);
}

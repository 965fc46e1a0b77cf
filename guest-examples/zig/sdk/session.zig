//! The session of the visitor.

const std = @import("std");
const c = @import("c.zig");
const errors = @import("errors.zig");
const memory = @import("memory.zig");
const Html = @import("Html.zig");

const Error = errors.Error;
const hostString = memory.hostString;
const HostError = c.innkeeper_storage_session_session_error_t;

/// The value under a key, if there is one.
pub fn get(key: []const u8) Error!?[]const u8 {
    var name = hostString(key);
    var value: c.web_app_option_string_t = .{};
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_get(&name, &value, &failure)) return errors.ofSession(&failure);
    return memory.optionOf(value);
}

/// Puts a value under a key, over an older one.
pub fn set(key: []const u8, value: []const u8) Error!void {
    var name = hostString(key);
    var text = hostString(value);
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_set(&name, &text, &failure)) return errors.ofSession(&failure);
}

/// Takes a key away, if it is there.
pub fn remove(key: []const u8) Error!void {
    var name = hostString(key);
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_remove(&name, &failure)) return errors.ofSession(&failure);
}

/// All keys, sorted.
pub fn keys() Error![]const []const u8 {
    var list: c.web_app_list_string_t = .{};
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_get_keys(&list, &failure)) return errors.ofSession(&failure);
    return memory.textsOf(list);
}

/// Adds to the number under a key, and returns the sum.
pub fn increment(key: []const u8, by: i64) Error!i64 {
    var name = hostString(key);
    var sum: i64 = 0;
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_increment(&name, by, &sum, &failure)) return errors.ofSession(&failure);
    return sum;
}

/// Puts `value` only if the value there is `expected` (null: only if there is none).
pub fn compareAndSet(key: []const u8, expected: ?[]const u8, value: []const u8) Error!bool {
    var name = hostString(key);
    var before = hostString(expected orelse "");
    var text = hostString(value);
    var done = false;
    var failure: HostError = .{};
    const maybe = if (expected == null) null else &before;
    if (!c.innkeeper_storage_session_compare_and_set(&name, maybe, &text, &done, &failure)) {
        return errors.ofSession(&failure);
    }
    return done;
}

/// Leaves a message for the visitor, to be shown once.
pub fn flash(message: []const u8) Error!void {
    var text = hostString(message);
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_flash(&text, &failure)) return errors.ofSession(&failure);
}

/// Takes the messages left for the visitor, oldest first.
pub fn takeFlash() Error![]const []const u8 {
    var list: c.web_app_list_string_t = .{};
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_take_flash(&list, &failure)) return errors.ofSession(&failure);
    return memory.textsOf(list);
}

/// Who is signed in.
pub fn user() Error!?[]const u8 {
    var name: c.web_app_option_string_t = .{};
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_get_user(&name, &failure)) return errors.ofSession(&failure);
    return memory.optionOf(name);
}

/// Gives the session a new id and notes who is signed in.
pub fn renew(name: ?[]const u8) Error!void {
    var text = hostString(name orelse "");
    var failure: HostError = .{};
    const maybe = if (name == null) null else &text;
    if (!c.innkeeper_storage_session_renew(maybe, &failure)) return errors.ofSession(&failure);
}

/// Seconds that the session lives after its last use, and from now; null: unchanged.
pub fn setExpiry(idle_seconds: ?u32, absolute_seconds: ?u32) Error!void {
    var idle = idle_seconds orelse 0;
    var absolute = absolute_seconds orelse 0;
    var failure: HostError = .{};
    const done = c.innkeeper_storage_session_set_expiry(
        if (idle_seconds == null) null else &idle,
        if (absolute_seconds == null) null else &absolute,
        &failure,
    );
    if (!done) return errors.ofSession(&failure);
}

/// Ends the session and everything in it.
pub fn destroy() Error!void {
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_destroy(&failure)) return errors.ofSession(&failure);
}

/// Ends every session of a user, and returns how many.
pub fn destroyAll(name: []const u8) Error!u32 {
    var text = hostString(name);
    var count: u32 = 0;
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_destroy_all(&text, &count, &failure)) return errors.ofSession(&failure);
    return count;
}

/// A token for a hidden field of the form of this name. Begins a session.
pub fn csrfToken(form: []const u8) Error![]const u8 {
    var name = hostString(form);
    var token: c.web_app_string_t = .{};
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_csrf_token(&name, &token, &failure)) return errors.ofSession(&failure);
    return memory.textOf(token);
}

/// Whether a token is the one of this visitor for the form of this name.
pub fn csrfCheck(form: []const u8, token: []const u8) Error!bool {
    var name = hostString(form);
    var text = hostString(token);
    var good = false;
    var failure: HostError = .{};
    if (!c.innkeeper_storage_session_csrf_check(&name, &text, &good, &failure)) return errors.ofSession(&failure);
    return good;
}

/// The hidden field `csrf` for the form of this name. Begins a session.
pub fn csrfField(form: []const u8) Error!Html {
    return .init("<input type=\"hidden\" name=\"csrf\" value=\"{}\">", .{try csrfToken(form)});
}

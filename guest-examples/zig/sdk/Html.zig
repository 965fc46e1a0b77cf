//! A page that grows. What `{}` inserts is escaped, unless it is `Html` itself, so nothing that a
//! visitor wrote becomes markup.

const std = @import("std");
const memory = @import("memory.zig");

const Html = @This();

markup: std.ArrayList(u8) = .empty,

/// A part of a page.
pub fn init(comptime format: []const u8, arguments: anytype) Html {
    var html: Html = .{};
    html.write(format, arguments);
    return html;
}

/// A text that is markup already.
pub fn raw(text: []const u8) Html {
    var html: Html = .{};
    html.put(text);
    return html;
}

/// Appends markup in which `{}` stands for the next argument: a text, an integer, an optional of
/// one of them, or `Html`.
pub fn write(html: *Html, comptime format: []const u8, arguments: anytype) void {
    @setEvalBranchQuota(10_000 + 20 * format.len);
    const names = comptime std.meta.fieldNames(@TypeOf(arguments));
    comptime var rest = format;
    inline for (names) |name| {
        const hole = comptime std.mem.find(u8, rest, "{}") orelse
            @compileError("more arguments than {} in: " ++ format);
        html.put(rest[0..hole]);
        html.insert(@field(arguments, name));
        rest = rest[hole + 2 ..];
    }
    if (comptime std.mem.find(u8, rest, "{}") != null) @compileError("fewer arguments than {} in: " ++ format);
    html.put(rest);
}

fn put(html: *Html, text: []const u8) void {
    const wanted = html.markup.items.len + text.len;
    if (wanted > html.markup.capacity) {
        // A little less than a power of two: malloc adds some bytes of its own, and rounds up to
        // one.
        var capacity = @max(html.markup.capacity, 96);
        while (capacity < wanted) capacity = 2 * capacity + 32;
        html.markup.ensureTotalCapacityPrecise(memory.growing, capacity) catch @panic("out of memory");
    }
    html.markup.appendSliceAssumeCapacity(text);
}

fn insert(html: *Html, value: anytype) void {
    const T = @TypeOf(value);
    if (T == Html) return html.put(value.markup.items);
    switch (@typeInfo(T)) {
        .int, .comptime_int => html.put(memory.print("{d}", .{value})),
        .optional => if (value) |present| html.insert(present),
        .null => {},
        else => html.escape(value),
    }
}

fn escape(html: *Html, text: []const u8) void {
    var from: usize = 0;
    for (text, 0..) |letter, at| {
        const escaped = switch (letter) {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            else => continue,
        };
        html.put(text[from..at]);
        html.put(escaped);
        from = at + 1;
    }
    html.put(text[from..]);
}

test "markup is shown, not run" {
    const part: Html = .init("<b>{}</b>", .{"<&>\"'"});
    const page: Html = .init("{} {} {} {}", .{ part, @as(?[]const u8, null), @as(i64, -3), "a<b c" });
    try std.testing.expectEqualStrings("<b>&lt;&amp;&gt;&quot;&#39;</b>  -3 a&lt;b c", page.markup.items);
}

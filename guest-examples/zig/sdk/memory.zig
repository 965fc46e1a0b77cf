//! Memory until the end of the request, and texts of the bindings.

const std = @import("std");
const c = @import("c.zig");

var arena: std.heap.ArenaAllocator = .init(std.heap.c_allocator);

pub const allocator: std.mem.Allocator = .{ .ptr = &arena, .vtable = &vtable };

/// For what grows: unlike `allocator` it gives back the memory that something has outgrown.
pub const growing = std.heap.c_allocator;

const vtable: std.mem.Allocator.VTable = .{
    .alloc = alloc,
    .resize = resize,
    .remap = remap,
    .free = std.mem.Allocator.noFree,
};

fn alloc(_: *anyopaque, len: usize, alignment: std.mem.Alignment, address: usize) ?[*]u8 {
    return arena.allocator().rawAlloc(len, alignment, address);
}

fn resize(_: *anyopaque, memory: []u8, alignment: std.mem.Alignment, len: usize, address: usize) bool {
    return arena.allocator().rawResize(memory, alignment, len, address);
}

fn remap(_: *anyopaque, memory: []u8, alignment: std.mem.Alignment, len: usize, address: usize) ?[*]u8 {
    return arena.allocator().rawRemap(memory, alignment, len, address);
}

/// Room for `count` items. The request ends where there is none left.
pub fn make(comptime T: type, count: usize) []T {
    // The host checks the address of an empty list too, and that of Zig's lies outside the memory.
    if (count == 0) return @as([*]T, @ptrFromInt(@alignOf(T)))[0..0];
    return allocator.alloc(T, count) catch @panic("out of memory");
}

pub fn print(comptime format: []const u8, arguments: anytype) [:0]const u8 {
    return std.fmt.allocPrintSentinel(allocator, format, arguments, 0) catch @panic("out of memory");
}

/// A copy with NUL behind it, as C wants it.
pub fn sentinel(text: []const u8) [:0]const u8 {
    return allocator.dupeSentinel(u8, text, 0) catch @panic("out of memory");
}

/// The string of the bindings for a text. The bindings take pointers to what they only read.
pub fn hostString(text: []const u8) c.web_app_string_t {
    return .{ .ptr = if (text.len == 0) null else @constCast(text.ptr), .len = text.len };
}

pub fn hostBytes(bytes: []const u8) c.web_app_list_u8_t {
    const string = hostString(bytes);
    return .{ .ptr = string.ptr, .len = string.len };
}

pub fn hostOption(text: ?[]const u8) c.web_app_option_string_t {
    return .{ .is_some = text != null, .val = hostString(text orelse "") };
}

pub fn hostNumber(number: ?u32) c.web_app_option_u32_t {
    return .{ .is_some = number != null, .val = number orelse 0 };
}

pub fn hostStrings(texts: []const []const u8) c.web_app_list_string_t {
    const list = make(c.web_app_string_t, texts.len);
    for (list, texts) |*item, text| item.* = hostString(text);
    return .{ .ptr = list.ptr, .len = list.len };
}

pub fn textOf(string: c.web_app_string_t) []const u8 {
    return if (string.len == 0) "" else string.ptr[0..string.len];
}

pub fn optionOf(option: c.web_app_option_string_t) ?[]const u8 {
    return if (option.is_some) textOf(option.val) else null;
}

pub fn textsOf(list: c.web_app_list_string_t) []const []const u8 {
    const texts = make([]const u8, list.len);
    for (texts, 0..) |*text, i| text.* = textOf(list.ptr[i]);
    return texts;
}

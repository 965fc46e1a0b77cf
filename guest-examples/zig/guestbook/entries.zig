//! The entries of the book: all SQL of this app.

const std = @import("std");
const innkeeper = @import("sdk/innkeeper.zig");
const db = innkeeper.db;

/// One entry, as it stands in the book.
pub const Entry = struct {
    /// Grows with every entry, so that a larger id means a newer entry.
    id: i64,
    author: []const u8,
    message: []const u8,
    /// The id of the photo's blob.
    photo: ?[]const u8,
    /// Who was signed in while writing: the one who may delete the entry.
    owner: ?[]const u8,
    created: innkeeper.time.Instant,
};

/// Some entries, newest first.
pub const Listing = struct {
    entries: []const Entry,
    /// Where the next listing begins; null at the end of the book.
    next: ?i64,
};

/// Makes the table where it is missing; costs nothing once that has been done.
///
/// The guestbooks in all languages describe the same table: each finds the entries of the others.
pub fn define() !void {
    try db.defineTable(.{
        .name = "entries",
        .columns = &.{
            .{ .name = "id", .type = .integer, .identity = true },
            .{ .name = "author", .type = .text },
            .{ .name = "message", .type = .text },
            .{ .name = "photo", .type = .text, .nullable = true },
            .{ .name = "owner", .type = .text, .nullable = true },
            .{ .name = "created", .type = .instant },
        },
        .primary_key = &.{"id"},
        .indexes = &.{.{ .columns = &.{"photo"} }},
    });
}

/// At most `limit` entries that are older than the entry `before`, or the newest.
pub fn list(before: ?i64, limit: usize) !Listing {
    // One more than asked for shows whether there are older ones.
    const found = try db.query(Entry,
        \\select id, author, message, photo, owner, created from entries
        \\where id < $1 order by id desc limit $2
    , .{ before orelse std.math.maxInt(i64), limit + 1 });
    const entries = found[0..@min(found.len, limit)];
    return .{ .entries = entries, .next = if (found.len > limit) entries[limit - 1].id else null };
}

/// Writes an entry, dated now.
pub fn insert(author: []const u8, message: []const u8, photo: ?[]const u8, owner: ?[]const u8) !void {
    const sql = "insert into entries (author, message, photo, owner, created) values ($1, $2, $3, $4, $5)";
    _ = try db.execute(sql, .{ author, message, photo, owner, innkeeper.time.Instant.now() });
}

const Id = struct { id: i64 };

/// Whether an entry shows this photo.
pub fn havePhoto(photo: []const u8) !bool {
    return try db.queryOne(Id, "select id from entries where photo = $1", .{photo}) != null;
}

/// Deletes the entry if it belongs to `owner`, and returns its photo. Fails with 403 or 404.
pub fn delete(id: i64, owner: ?[]const u8) !?[]const u8 {
    // One statement decides and deletes, so that of two parallel requests only one gets the photo.
    const sql = "delete from entries where id = $1 and owner = $2 returning photo";
    if (try db.queryOne(struct { photo: ?[]const u8 }, sql, .{ id, owner })) |deleted| return deleted.photo;
    const exists = try db.queryOne(Id, "select id from entries where id = $1", .{id}) != null;
    if (exists) return innkeeper.fail(403, "This entry is somebody else's.");
    return innkeeper.fail(404, "There is nothing here.");
}

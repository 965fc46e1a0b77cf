//! Notes that visitors leave.

const std = @import("std");
const innkeeper = @import("sdk/innkeeper.zig");
const db = innkeeper.db;

pub const panic = innkeeper.panic;
comptime {
    innkeeper.app(handle);
}

const max_note_chars = 200;

const notes: db.Table = .{
    .name = "notes",
    .columns = &.{
        .{ .name = "id", .type = .integer, .identity = true },
        .{ .name = "text", .type = .text, .max_length = max_note_chars },
        .{ .name = "created", .type = .instant, .initial = .now },
    },
    .primary_key = &.{"id"},
};

const Note = struct { text: []const u8, created: innkeeper.time.Instant };

const routes = [_]innkeeper.Route{
    .get("/", showNotes),
    .post("/notes", addNote),
};

fn handle(request: *const innkeeper.Request) !innkeeper.Response {
    try db.defineTable(notes);
    return innkeeper.dispatch(&routes, request);
}

/// GET /: the notes, newest first, and a form.
fn showNotes(_: *const innkeeper.Request) !innkeeper.Response {
    var items: innkeeper.Html = .{};
    for (try db.query(Note, "select text, created from notes order by id desc limit $1", .{50})) |note| {
        // What {} inserts is escaped: a note never becomes markup.
        items.write("<li>{} <small>{}</small></li>\n", .{ note.text, note.created.rfc3339() });
    }
    return .html(200, .init(
        \\<!doctype html>
        \\<title>my-app</title>
        \\<h1>my-app</h1>
        \\<form method="post" action="/notes">{}<input name="text" maxlength="200" required> <button>Add</button></form>
        \\<ul>
        \\{}</ul>
        \\
    , .{ try innkeeper.session.csrfField("notes"), items }));
}

/// POST /notes: writes one down.
fn addNote(_: *const innkeeper.Request) !innkeeper.Response {
    const form = try innkeeper.Form.receive("notes", .{ .max_files = 0 });
    const text = form.value("text");
    const length = std.unicode.utf8CountCodepoints(text) catch 0;
    // A browser heeds `maxlength`, a program need not; no database keeps NUL.
    if (length == 0 or length > 200 or std.mem.findScalar(u8, text, 0) != null) {
        return innkeeper.fail(422, "A note has 1 to 200 characters.");
    }
    _ = try db.execute("insert into notes (text) values ($1)", .{text});
    return .redirect("/");
}

//! Notes that visitors leave: one page with a form.

const std = @import("std");
const innkeeper = @import("sdk/innkeeper.zig");
const db = innkeeper.db;
const session = innkeeper.session;

pub const panic = innkeeper.panic;
comptime {
    innkeeper.app(handle);
}

const notes: db.Table = .{
    .name = "notes",
    .columns = &.{
        .{ .name = "id", .type = .integer, .identity = true },
        .{ .name = "text", .type = .text, .max_length = 500 },
        .{ .name = "created", .type = .instant, .initial = .now },
    },
    .primary_key = &.{"id"},
};

const Note = struct { text: []const u8 };

const routes = [_]innkeeper.Route{
    .get("/", showNotes),
    .post("/", addNote),
};

fn handle(request: *const innkeeper.Request) !innkeeper.Response {
    // Makes the table where it is missing; costs nothing once that has been done.
    try db.defineTable(notes);
    return innkeeper.dispatch(&routes, request);
}

/// GET /: the notes, newest first, and a form for the next one.
fn showNotes(request: *const innkeeper.Request) !innkeeper.Response {
    // HEAD only asks: it counts no visit and takes no messages.
    const is_visit = !request.is_head;
    const visits = try session.increment("visits", @intFromBool(is_visit));
    var messages: innkeeper.Html = .{};
    if (is_visit) for (try session.takeFlash()) |message| {
        // What {} inserts is escaped: a text never becomes markup.
        messages.write("<p><strong>{}</strong></p>\n", .{message});
    };
    var items: innkeeper.Html = .{};
    for (try db.query(Note, "select text from notes order by id desc limit $1", .{50})) |note| {
        items.write("<li>{}</li>", .{note.text});
    }
    return .html(200, .init(
        \\<!doctype html>
        \\<title>my-app</title>
        \\<h1>my-app</h1>
        \\{}<form method="post">{}<input name="text" maxlength="500" required> <button>Add</button></form>
        \\<ul>{}</ul>
        \\<p>Your visits: {}</p>
        \\
    , .{ messages, try session.csrfField("note"), items, visits }));
}

/// POST /: adds a note. Note and message are kept together, or neither is.
fn addNote(_: *const innkeeper.Request) !innkeeper.Response {
    // 403 where this app has not handed the form to this visitor.
    const form = try innkeeper.Form.receive("note", .{});
    const text = form.value("text");
    const length = std.unicode.utf8CountCodepoints(text) catch 0;
    // A browser heeds `maxlength`, a program need not; no database keeps NUL.
    if (length == 0 or length > 500 or std.mem.findScalar(u8, text, 0) != null) {
        return innkeeper.fail(422, "A note has 1 to 500 characters.");
    }
    _ = try db.execute("insert into notes (text) values ($1)", .{text});
    try session.flash("Thank you for the note.");
    return .redirect("/");
}

//! An app that tests the SDK against a real host. Each address is a test; `check` requests them all.

const std = @import("std");
const innkeeper = @import("sdk/innkeeper.zig");

const blobs = innkeeper.blobs;
const db = innkeeper.db;
const session = innkeeper.session;
const time = innkeeper.time;
const Request = innkeeper.Request;
const Response = innkeeper.Response;

pub const panic = innkeeper.panic;
comptime {
    innkeeper.app(handle);
}

const routes = [_]innkeeper.Route{
    .get("/values", values),
    .get("/nulls", nulls),
    .get("/errors", errors),
    .get("/transactions", transactions),
    .get("/cursors", cursors),
    .get("/blobs", blobsTest),
    .get("/sessions", sessions),
    .get("/migrations", migrations),
    .post("/echo", echo),
    .get("/stream", stream),
    .get("/cut-stream", cutStream),
    .get("/panic", mistake),
    .get("/overflow", overflow),
    .get("/kept", kept),
};

fn handle(request: *const Request) !Response {
    try db.defineTable(.{
        .name = "every_type",
        .columns = &.{
            .{ .name = "id", .type = .integer, .identity = true },
            .{ .name = "a", .type = .boolean, .nullable = true },
            .{ .name = "b", .type = .integer, .nullable = true },
            .{ .name = "c", .type = .float, .nullable = true },
            .{ .name = "d", .type = .decimal, .nullable = true },
            .{ .name = "e", .type = .text, .nullable = true, .max_length = 5 },
            .{ .name = "f", .type = .bytes, .nullable = true },
            .{ .name = "g", .type = .uuid, .nullable = true },
            .{ .name = "h", .type = .date, .nullable = true },
            .{ .name = "i", .type = .time, .nullable = true },
            .{ .name = "j", .type = .datetime, .nullable = true },
            .{ .name = "k", .type = .instant, .nullable = true },
            .{ .name = "l", .type = .json, .nullable = true },
            .{ .name = "made", .type = .instant, .initial = .now },
            .{ .name = "key", .type = .uuid, .initial = .random_uuid },
            .{ .name = "kind", .type = .text, .initial = .of("new") },
            .{
                .name = "parent",
                .type = .integer,
                .nullable = true,
                .references = .{ .table = "every_type", .column = "id", .on_delete = .cascade },
            },
        },
        .primary_key = &.{"id"},
        .indexes = &.{ .{ .columns = &.{ "b", "e" }, .unique = true }, .{ .columns = &.{"h"} } },
        .checks = &.{.{ .name = "b_is_not_seven", .condition = "b <> 7" }},
    });
    return innkeeper.dispatch(&routes, request);
}

fn good() Response {
    return .text(200, "good");
}

fn expect(condition: bool, where: std.builtin.SourceLocation) !void {
    if (condition) return;
    const message = "line {d}: not so (last error: {s})";
    return innkeeper.fail(418, innkeeper.print(message, .{ where.line, innkeeper.lastError().message }));
}

fn is(found: ?[]const u8, wanted: []const u8) bool {
    return std.mem.eql(u8, found orelse return false, wanted);
}

const EveryType = struct {
    a: bool,
    b: i64,
    c: f64,
    d: db.Decimal,
    e: []const u8,
    f: db.Bytes,
    g: db.Uuid,
    h: time.Date,
    i: time.Time,
    j: time.DateTime,
    k: time.Instant,
    l: db.Json,
    made: time.Instant,
    key: db.Uuid,
    kind: []const u8,
    parent: ?i32,
};

fn values(_: *const Request) !Response {
    const day: time.Date = .{ .year = 2024, .month = 2, .day = 29 };
    const clock: time.Time = .{ .hour = 23, .minute = 59, .second = 58, .microsecond = 123456 };
    const instant: time.Instant = .{ .microseconds = 1791036306000123 };
    const affected = try db.execute(
        \\insert into every_type (a, b, c, d, e, f, g, h, i, j, k, l)
        \\values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    , .{
        true,
        std.math.minInt(i64),
        0.1,
        db.Decimal{ .text = "12345678901234567890.10" },
        "é🌍",
        db.Bytes{ .data = "\x00\xff" },
        db.Uuid{ .text = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6" },
        day,
        clock,
        time.DateTime{ .date = day, .time = clock },
        instant,
        db.Json{ .text = "{\"a\": [1, null]}" },
    });
    try expect(affected == 1, @src());
    const row = (try db.queryOne(EveryType, "select * from every_type where b = $1", .{std.math.minInt(i64)})).?;
    try expect(row.a and row.b == std.math.minInt(i64) and row.c == 0.1, @src());
    try expect(is(row.d.text, "12345678901234567890.10") and is(row.e, "é🌍"), @src());
    try expect(is(row.f.data, "\x00\xff") and is(row.g.text, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), @src());
    try expect(std.meta.eql(row.h, day) and std.meta.eql(row.i, clock), @src());
    try expect(std.meta.eql(row.j, time.DateTime{ .date = day, .time = clock }), @src());
    try expect(std.meta.eql(row.k, instant) and is(row.l.text, "{\"a\": [1, null]}"), @src());
    try expect(@abs(row.made.microseconds - time.Instant.now().microseconds) < 60_000_000, @src());
    try expect(row.key.text.len == 36 and is(row.kind, "new") and row.parent == null, @src());
    try expect(instant.calendar().instant().microseconds == instant.microseconds, @src());
    return good();
}

fn nulls(_: *const Request) !Response {
    const nothing: ?[]const u8 = null;
    const sql = "insert into every_type (b, d, e, f) values ($1, $2, $3, $4)";
    _ = try db.execute(sql, .{ null, @as(?db.Decimal, null), nothing, null });
    const Nullable = struct { b: ?i64, d: ?db.Decimal, e: ?[]const u8, f: ?db.Bytes };
    const row = (try db.queryOne(Nullable, "select b, d, e, f from every_type where b is null", .{})).?;
    try expect(row.b == null and row.d == null and row.e == null and row.f == null, @src());
    try expect(try db.queryOne(Nullable, "select b, d, e, f from every_type where b = 99", .{}) == null, @src());
    const empty = innkeeper.allocator.alloc(u8, 0) catch unreachable;
    _ = try db.execute("insert into every_type (e, f) values ($1, $2)", .{ empty, db.Bytes{ .data = empty } });
    const Empty = struct { e: []const u8, f: db.Bytes };
    const found = (try db.queryOne(Empty, "select e, f from every_type where e = $1", .{""})).?;
    try expect(found.e.len == 0 and found.f.data.len == 0, @src());
    const rows = try db.queryRows("select b, e from every_type where e = ''", .{});
    try expect(rows.len() == 1 and is(rows.columns[1], "e") and rows.at(0).get(?i64, "b") == null, @src());
    return good();
}

fn fails(result: anytype, wanted: anyerror) bool {
    return if (result) |_| false else |found| found == wanted;
}

fn errors(_: *const Request) !Response {
    const insert = "insert into every_type (b, e) values (1, 'x')";
    _ = try db.execute(insert, .{});
    try expect(fails(db.execute(insert, .{}), error.UniqueViolation), @src());
    try expect(!innkeeper.lastError().retryable and innkeeper.lastError().status == 500, @src());
    const seven = db.execute("insert into every_type (b) values (7)", .{});
    try expect(fails(seven, error.CheckViolation), @src());
    try expect(is(innkeeper.lastError().constraint, "b_is_not_seven"), @src());
    try expect(is(innkeeper.lastError().interface, "db"), @src());
    const orphan = db.execute("insert into every_type (parent) values (99999)", .{});
    try expect(fails(orphan, error.ForeignKeyViolation), @src());
    try expect(fails(db.execute("select from from", .{}), error.Syntax), @src());
    try expect(fails(blobs.keep("00000000000000000000000000000000"), error.NotFound), @src());
    try expect(innkeeper.lastError().status == 404, @src());
    try expect(fails(session.set("", "x"), error.BadParameter), @src());
    return good();
}

const Count = struct { n: i64 };

fn count() !i64 {
    return (try db.queryOne(Count, "select count(*) as n from every_type", .{})).?.n;
}

fn undone() !void {
    var tx = try db.begin(.{});
    defer tx.rollbackUnlessCommitted();
    _ = try db.execute("insert into every_type (b) values (50)", .{});
    return error.GivenUp;
}

fn transactions(_: *const Request) !Response {
    var first = try db.begin(.{ .isolation = .serializable, .timeout_ms = 4000 });
    _ = try db.execute("insert into every_type (b) values (49)", .{});
    try first.rollback();
    try db.rollback();
    const before = try count();
    try expect(fails(undone(), error.GivenUp) and try count() == before, @src());

    var outer = try db.begin(.{});
    defer outer.rollbackUnlessCommitted();
    _ = try outer.execute("insert into every_type (b) values ($1)", .{51});
    var inner = try db.begin(.{});
    _ = try db.execute("insert into every_type (b) values (52)", .{});
    try inner.rollback();
    try outer.commit();
    try expect(try count() == before + 1, @src());

    var reader = try db.begin(.{ .read_only = true });
    defer reader.rollbackUnlessCommitted();
    const found = try reader.query(struct { b: i64 }, "select b from every_type where b = $1", .{51});
    try expect(found.len == 1, @src());
    try expect(fails(reader.execute("delete from every_type", .{}), error.ReadOnly), @src());
    try reader.rollback();
    try db.commit();
    try expect(try db.execute("delete from every_type", .{}) > 0, @src());
    try db.rollback();
    try expect(try count() == before + 1, @src());
    return good();
}

fn cursors(_: *const Request) !Response {
    var statements: [500]db.Statement = undefined;
    for (&statements, 0..) |*statement, i| {
        statement.* = .init("insert into every_type (b) values ($1) returning b", .{1000 + i});
    }
    const outcomes = try db.batch(&statements);
    try expect(outcomes[499].affected == 1 and outcomes[499].rows.at(0).get(i64, "b") == 1499, @src());
    const sql = "select b from every_type where b >= $1 order by b";
    var cursor = try db.openCursor(struct { b: i64 }, sql, .{1000});
    defer cursor.close();
    var next: i64 = 1000;
    while (try cursor.next(70)) |rows| {
        for (rows) |row| {
            try expect(row.b == next, @src());
            next += 1;
        }
    }
    try expect(next == 1500, @src());
    return good();
}

var piece: [1024 * 1024]u8 = undefined;

fn sizeByReading(id: []const u8) !u64 {
    var reader = try blobs.open(id, null);
    defer reader.close();
    var total: u64 = 0;
    while (true) {
        const read = try reader.read(&piece);
        if (read.len == 0) return total;
        total += read.len;
    }
}

fn blobsTest(_: *const Request) !Response {
    const pieces = 4;
    var writer = try blobs.create("letters.bin", "application/x-letters");
    defer writer.close();
    for (0..pieces) |i| {
        @memset(&piece, 'a' + @as(u8, @intCast(i % 26)));
        try writer.write(&piece);
    }
    const blob = try writer.finish();
    try expect(blob.size == pieces * piece.len and !blob.kept and blob.sha256.len == 64, @src());
    try expect(is(blob.name, "letters.bin") and is(blob.content_type, "application/x-letters"), @src());
    // Together more than the memory that an instance may have: pieces that are read are given back.
    for (0..20) |_| try expect(try sizeByReading(blob.id) == blob.size, @src());
    var part = try blobs.open(blob.id, .{ .first = 1048575, .last = 1048576 });
    defer part.close();
    try expect(is(part.blob().id, blob.id), @src());
    try expect(is(try part.read(piece[0..1]), "a") and is(try part.read(&piece), "b"), @src());
    try blobs.keep(blob.id);
    const found = try blobs.stat(blob.id);
    try expect(found.kept and is(found.sha256, blob.sha256), @src());
    const list = try blobs.list(null, 1000);
    try expect(list.len == 1 and is(list[0].id, blob.id), @src());
    try expect((try blobs.signDownload(blob.id, .{ .download = true }, 60))[0] == '/', @src());
    const ticket = try blobs.signUpload(.{ .max_file = 1000, .accept = &.{ "image/png", "image/gif" } }, 60);
    try expect(ticket.id.len == 32 and ticket.path[0] == '/', @src());
    try blobs.delete(blob.id);
    return good();
}

fn sessions(_: *const Request) !Response {
    try expect(try session.get("a") == null, @src());
    try session.set("a", "");
    try expect(is(try session.get("a"), ""), @src());
    try expect(try session.increment("n", 5) == 5 and try session.increment("n", -7) == -2, @src());
    try expect(try session.compareAndSet("b", null, "1"), @src());
    try expect(!try session.compareAndSet("b", "0", "2"), @src());
    const keys = try session.keys();
    try expect(keys.len == 3 and is(keys[0], "a") and is(keys[2], "n"), @src());
    try session.remove("a");
    try expect(try session.get("a") == null, @src());
    try session.flash("one");
    try session.flash("two");
    const messages = try session.takeFlash();
    try expect(messages.len == 2 and is(messages[1], "two") and (try session.takeFlash()).len == 0, @src());
    try expect(try session.user() == null, @src());
    try session.renew("ada");
    try expect(is(try session.user(), "ada"), @src());
    const token = try session.csrfToken("f");
    try expect(try session.csrfCheck("f", token) and !try session.csrfCheck("g", token), @src());
    try session.setExpiry(60, null);
    _ = try session.destroyAll("ada");
    try session.destroy();
    return good();
}

fn migrations(_: *const Request) !Response {
    const steps = [_]db.Migration{
        .{ .name = "0001", .statements = &.{ "create table old (n bigint)", "insert into old values (1)" } },
        .{ .name = "0002", .statements = &.{"drop table old"}, .destroys = &.{"old"} },
    };
    try expect((try db.migrate(&steps)).len == 2 and (try db.migrate(&steps)).len == 0, @src());
    try expect(fails(db.execute("delete from old", .{}), error.Syntax), @src());
    return good();
}

/// Answers with the body, the query and a header, changed, so that nothing of it can be by chance.
fn echo(request: *const Request) !Response {
    const body = try request.body(100000);
    const text = innkeeper.print("{s} {s} {s} {s} {d} {s}", .{
        request.method,
        request.query("a").?,
        if (request.query("b") == null) "no b" else "b",
        request.header("x-echo") orelse "no header",
        body.len,
        body,
    });
    return Response.text(201, text).with("x-one", "1").with("X-One", "2");
}

fn stream(_: *const Request) !Response {
    @memset(&piece, 'x');
    const body = try innkeeper.beginStream(200, "text/plain");
    for (0..100) |_| try body.write(piece[0..1_000_000]);
    return .sent;
}

fn cutStream(_: *const Request) !Response {
    const body = try innkeeper.beginStream(200, "text/plain");
    try body.write("part");
    return error.TheRestIsMissing;
}

fn mistake(_: *const Request) !Response {
    _ = try db.execute("insert into every_type (b) values (4242)", .{});
    const rows = try db.queryRows("select 1 as n", .{});
    return .text(200, rows.at(0).get([]const u8, "m"));
}

fn overflow(request: *const Request) anyerror!Response {
    var room: [4096]u8 = undefined;
    std.mem.doNotOptimizeAway(&room);
    if (request.is_head) return good();
    const answer = try overflow(request);
    std.mem.doNotOptimizeAway(&room);
    return answer;
}

fn kept(_: *const Request) !Response {
    const found = (try db.queryOne(Count, "select count(*) as n from every_type where b = 4242", .{})).?;
    try expect(found.n == 0, @src());
    return good();
}

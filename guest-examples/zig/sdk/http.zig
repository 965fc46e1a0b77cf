//! HTTP: what is asked for, and what is answered.

const std = @import("std");
const c = @import("c.zig");
const errors = @import("errors.zig");
const memory = @import("memory.zig");
const Html = @import("Html.zig");

const Error = errors.Error;

/// What is asked for.
pub const Request = struct {
    /// In capitals.
    method: []const u8,
    /// Without the query, as it was sent.
    path: []const u8,
    /// The host and port that the visitor has asked for.
    authority: []const u8,
    /// Whether only the head of the response is wanted. The body is left out by itself.
    is_head: bool,
    handle: *const c.ik_request,
    /// The path of the route, with the names of its parameters.
    pattern: []const u8 = "",

    /// A parameter of the route, decoded; a panic where the route has none of this name.
    pub fn param(request: *const Request, name: []const u8) []const u8 {
        var pattern = std.mem.splitScalar(u8, request.pattern, '/');
        var path = std.mem.splitScalar(u8, request.path, '/');
        while (pattern.next()) |part| {
            const found = path.next() orelse break;
            if (part.len == 0 or part[0] != ':' or !std.mem.eql(u8, part[1..], name)) continue;
            return decoded(found);
        }
        @panic(memory.print("the route has no parameter {s}", .{name}));
    }

    /// The first query parameter of this name, decoded.
    pub fn query(request: *const Request, name: [:0]const u8) ?[]const u8 {
        return optional(c.ik_query_param(request.handle, name));
    }

    /// A header.
    pub fn header(request: *const Request, name: [:0]const u8) ?[]const u8 {
        return optional(c.ik_request_header(request.handle, name));
    }

    /// Receives the body as bytes; fails with 413 above `max_size`. Once for a request.
    pub fn body(request: *const Request, max_size: usize) Error![]const u8 {
        var buffer: c.ik_buffer = .{};
        if (!c.ik_request_body(request.handle, max_size, &buffer)) {
            return errors.fail(errors.lastError().status, errors.lastError().message);
        }
        return buffer.data[0..buffer.size];
    }
};

/// A part of a path. What is no UTF-8, and NUL, becomes U+FFFD.
fn decoded(part: []const u8) []const u8 {
    return std.mem.span(c.ik_percent_decode(part.ptr, part.len, false));
}

fn optional(text: ?[*:0]const u8) ?[]const u8 {
    return if (text) |found| std.mem.span(found) else null;
}

/// A header of the response.
pub const Header = struct { name: []const u8, value: []const u8 };

/// What is answered.
pub const Response = struct {
    status: u16 = 200,
    headers: []const Header = &.{},
    body: []const u8 = "",
    /// Whether the host or a stream has answered.
    is_sent: bool = false,

    /// The answer has been sent, by `blobs.send` or a stream.
    pub const sent: Response = .{ .is_sent = true };

    /// A body of any type.
    pub fn of(status: u16, content_type: []const u8, body: []const u8) Response {
        const response: Response = .{ .status = status, .body = body };
        return response.with("content-type", content_type);
    }

    /// A page.
    pub fn html(status: u16, page: Html) Response {
        return of(status, "text/html; charset=utf-8", page.markup.items);
    }

    /// Any value that `std.json` can write.
    pub fn json(status: u16, value: anytype) Response {
        const body = std.json.Stringify.valueAlloc(memory.allocator, value, .{}) catch @panic("out of memory");
        return of(status, "application/json", body);
    }

    /// A plain text.
    pub fn text(status: u16, body: []const u8) Response {
        return of(status, "text/plain; charset=utf-8", body);
    }

    /// Sends the visitor to another page with GET (303).
    pub fn redirect(location: []const u8) Response {
        const response: Response = .{ .status = 303 };
        return response.with("location", location).with("cache-control", "no-store");
    }

    /// The same response with a header more.
    pub fn with(response: Response, name: []const u8, value: []const u8) Response {
        var changed = response;
        const headers = memory.make(Header, response.headers.len + 1);
        @memcpy(headers[0..response.headers.len], response.headers);
        headers[response.headers.len] = .{ .name = name, .value = value };
        changed.headers = headers;
        return changed;
    }
};

/// Answers requests for a route.
pub const Handler = fn (*const Request) anyerror!Response;

/// An address. GET takes HEAD too. A part of the path that begins with `:` is a parameter.
pub const Route = struct {
    method: []const u8,
    path: []const u8,
    handler: *const Handler,

    /// `.get("/books/:id", showBook)`
    pub fn get(path: []const u8, handler: *const Handler) Route {
        return .{ .method = "GET", .path = path, .handler = handler };
    }

    /// `.post("/books", addBook)`
    pub fn post(path: []const u8, handler: *const Handler) Route {
        return .{ .method = "POST", .path = path, .handler = handler };
    }

    fn fitsPath(route: Route, path: []const u8) bool {
        var pattern = std.mem.splitScalar(u8, route.path, '/');
        var parts = std.mem.splitScalar(u8, path, '/');
        while (pattern.next()) |wanted| {
            const found = parts.next() orelse return false;
            const is_parameter = wanted.len > 0 and wanted[0] == ':';
            if (if (is_parameter) found.len == 0 else !std.mem.eql(u8, wanted, decoded(found))) return false;
        }
        return parts.next() == null;
    }

    fn fitsMethod(route: Route, request: *const Request) bool {
        const method = if (request.is_head) "GET" else request.method;
        return std.mem.eql(u8, route.method, method) or std.mem.eql(u8, route.method, request.method);
    }
};

/// Calls the handler of the first route that fits; else fails with 404, or 405 and `allow`.
pub fn dispatch(routes: []const Route, request: *const Request) anyerror!Response {
    var allow: []const u8 = "";
    for (routes) |route| {
        if (!route.fitsPath(request.path)) continue;
        if (route.fitsMethod(request)) {
            var found = request.*;
            found.pattern = route.path;
            return route.handler(&found);
        }
        const method = if (std.mem.eql(u8, route.method, "GET")) "GET, HEAD" else route.method;
        allow = if (allow.len == 0) method else memory.print("{s}, {s}", .{ allow, method });
    }
    if (allow.len == 0) return errors.fail(404, "There is nothing here.");
    setHeader("allow", allow);
    return errors.fail(405, "This address does not take that method.");
}

/// The response of the SDK for C: an instance answers one request.
var current: *c.ik_response = undefined;

fn setHeader(name: []const u8, value: []const u8) void {
    c.ik_set_header(current, memory.sentinel(name), memory.sentinel(value));
}

/// Takes the pieces of a long body.
pub const Stream = struct {
    /// Sends a piece. Fails once the visitor has gone away.
    pub fn write(_: Stream, data: []const u8) Error!void {
        if (!c.ik_stream_write(current, data.ptr, data.len)) return errors.fail(500, "the visitor has gone away");
    }
};

/// Commits the request and sends the head of the response, to write a long body piece by piece. The
/// handler returns `Response.sent` at the end; an error cuts the body off.
pub fn beginStream(status: u16, content_type: []const u8) Error!Stream {
    _ = c.ik_respond(current, status, memory.sentinel(content_type));
    if (!c.ik_stream_begin(current)) return errors.fail(500, "the body of the response cannot be written");
    return .{};
}

/// Makes a function the one that answers requests. To be called once, in a `comptime` block.
pub fn app(comptime handler: Handler) void {
    const entry = struct {
        fn handle(request: *c.ik_request, response: *c.ik_response) callconv(.c) bool {
            current = response;
            const answer = handler(&.{
                .method = std.mem.span(request.method),
                .path = std.mem.span(request.path),
                .authority = std.mem.span(request.authority),
                .is_head = request.is_head,
                .handle = request,
            }) catch |failure| {
                errors.noteForeign(failure);
                return false;
            };
            send(answer, response);
            return true;
        }
    };
    @export(&entry.handle, .{ .name = "ik_handle" });
}

fn send(answer: Response, response: *c.ik_response) void {
    if (answer.is_sent) {
        response.is_sent = true;
        return;
    }
    for (answer.headers) |header| setHeader(header.name, header.value);
    response.status = answer.status;
    // The SDK for C only reads it. What is empty has no address in the memory.
    if (answer.body.len == 0) return;
    response.body = .{ .data = @constCast(answer.body.ptr), .size = answer.body.len, .capacity = answer.body.len };
}

test "a route fits its path and nothing else" {
    const route: Route = .get("/books/:id/pages", undefined);
    try std.testing.expect(route.fitsPath("/books/1/pages"));
    try std.testing.expect(route.fitsPath("/b%6foks/%00/pages"));
    for ([_][]const u8{ "/books//pages", "/books/1", "/books/1/pages/", "/books/1/pages2", "/" }) |path| {
        try std.testing.expect(!route.fitsPath(path));
    }
}

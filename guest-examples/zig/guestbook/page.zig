//! The pages, as HTML that needs no script, and the JSON documents.

const std = @import("std");
const entries = @import("entries.zig");
const innkeeper = @import("sdk/innkeeper.zig");

const Html = innkeeper.Html;
const Instant = innkeeper.time.Instant;
const Response = innkeeper.Response;

const style = @embedFile("style.css");
const security_policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; " ++
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What the session says about the visitor.
pub const Visitor = struct {
    /// Who is signed in.
    name: ?[]const u8,
    visits: i64,
    /// The proof, for all forms, that they are this app's own.
    csrf: []const u8,
};

/// A form that was not accepted.
pub const Refusal = struct {
    status: u16,
    reason: []const u8,
    /// What was written, to be corrected.
    author: []const u8,
    message: []const u8,
};

/// What the book shows.
pub const Book = struct {
    listing: entries.Listing,
    visitor: Visitor,
    /// What the visitor is to be told.
    messages: []const []const u8,
    /// Whether the newest entries are among those shown.
    is_newest: bool,
    refusal: ?Refusal = null,
};

/// The book, with the status of the refused form where there is one.
pub fn show(book: Book) Response {
    const body: Html = .init(
        \\{}<div class="columns">
        \\<aside>{}{}</aside>
        \\<main>{}{}</main>
        \\</div>
        \\<footer>You have visited {} times.</footer>
    , .{
        notices(book), entryForm(book), signInForm(book.visitor),
        cards(book),   paging(book),    book.visitor.visits,
    });
    return document(if (book.refusal) |refusal| refusal.status else 200, body);
}

/// A page that says one thing.
pub fn short(status: u16, text: []const u8) Response {
    return document(status, .init(
        \\<main class="short"><p>{}</p><p><a href="/">To the book</a></p></main>
    , .{text}));
}

/// A page of entries for programs.
pub fn listingJson(listing: entries.Listing) Response {
    const Document = struct { id: i64, author: []const u8, message: []const u8, photo: ?[]const u8, created: Instant };
    const documents = innkeeper.allocator.alloc(Document, listing.entries.len) catch @panic("out of memory");
    for (documents, listing.entries) |*item, entry| {
        item.* = .{
            .id = entry.id,
            .author = entry.author,
            .message = entry.message,
            .photo = if (entry.photo) |id| innkeeper.print("/photos/{s}", .{id}) else null,
            .created = entry.created,
        };
    }
    return guarded(.json(200, .{ .entries = documents, .next = listing.next }));
}

/// What the app knows about the visitor.
pub fn visitorJson(visitor: Visitor) Response {
    return guarded(.json(200, visitor));
}

/// What is wrong with a request.
pub fn errorJson(status: u16, message: []const u8) Response {
    return guarded(.json(status, .{ .@"error" = message }));
}

/// Nothing here may be kept by a cache: everything depends on the visitor.
fn guarded(response: Response) Response {
    return response.with("cache-control", "no-store").with("x-content-type-options", "nosniff");
}

fn document(status: u16, body: Html) Response {
    const page: Html = .init(
        \\<!doctype html>
        \\<html lang="en">
        \\<head>
        \\<meta charset="utf-8">
        \\<meta name="viewport" content="width=device-width, initial-scale=1">
        \\<meta name="color-scheme" content="light dark">
        \\<title>Guestbook</title>
        \\<style>
        \\{}</style>
        \\</head>
        \\<body>
        \\<header><h1><a href="/">Guestbook</a></h1><p>Leave a line before you go.</p></header>
        \\{}
        \\</body>
        \\</html>
        \\
    , .{ Html.raw(style), body });
    return guarded(.html(status, page))
        .with("content-security-policy", security_policy)
        .with("referrer-policy", "same-origin");
}

fn csrf(visitor: Visitor) Html {
    return .init(
        \\<input type="hidden" name="csrf" value="{}">
    , .{visitor.csrf});
}

fn notices(book: Book) Html {
    var html: Html = .{};
    if (book.refusal) |refusal| html.write(
        \\<p class="notice problem" role="alert">{}</p>
    , .{refusal.reason});
    for (book.messages) |message| html.write(
        \\<p class="notice" role="status">{}</p>
    , .{message});
    return html;
}

/// For writing an entry, filled in with what was not accepted the last time.
fn entryForm(book: Book) Html {
    // A browser drops the first line break in a textarea, so one is put there for it.
    return .init(
        \\<form class="card" method="post" action="/entries" enctype="multipart/form-data">
        \\<h2>Sign the book</h2>
        \\{}<label for="author">Your name</label>
        \\<input id="author" name="author" value="{}" maxlength="80" required autocomplete="nickname">
        \\<label for="message">Your message</label>
        \\<textarea id="message" name="message" rows="5" maxlength="2000" required>
        \\{}</textarea>
        \\<label for="photo">A photo, if you like</label>
        \\<input id="photo" name="photo" type="file" accept="image/*">
        \\<button>Write it down</button>
        \\</form>
        \\
    , .{
        csrf(book.visitor),
        if (book.refusal) |refusal| refusal.author else book.visitor.name,
        if (book.refusal) |refusal| refusal.message else "",
    });
}

fn signInForm(visitor: Visitor) Html {
    if (visitor.name) |name| return .init(
        \\<form class="card plain" method="post" action="/logout">
        \\{}<div class="row"><p>Signed in as <strong>{}</strong></p>
        \\<button class="quiet">Sign out</button></div>
        \\</form>
        \\
    , .{ csrf(visitor), name });
    return .init(
        \\<form class="card plain" method="post" action="/login">
        \\{}<label for="name">Sign in, to be able to delete what you write</label>
        \\<div class="row"><input id="name" name="name" maxlength="80" required autocomplete="username" placeholder="Any name">
        \\<button class="quiet">Sign in</button></div>
        \\</form>
        \\
    , .{csrf(visitor)});
}

fn cards(book: Book) Html {
    var html: Html = .{};
    for (book.listing.entries) |entry| html.write("{}", .{card(entry, book.visitor)});
    if (book.listing.entries.len == 0) html.write(
        \\<p class="empty">{}</p>
    , .{if (book.is_newest) "The first page is still blank. It is yours." else "No older entries."});
    return html;
}

fn card(entry: entries.Entry, visitor: Visitor) Html {
    // The attribute knows no more than three digits of a second: whole seconds are the first 19
    // characters.
    return .init(
        \\<article class="card" id="entry-{}">
        \\<p class="message">{}</p>
        \\{}<footer><strong>{}</strong> <time datetime="{}Z">{}</time>{}</footer>
        \\</article>
        \\
    , .{
        entry.id,                       entry.message,                 photo(entry),               entry.author,
        entry.created.rfc3339()[0..19], spoken(entry.created, .now()), deleteForm(entry, visitor),
    });
}

fn photo(entry: entries.Entry) Html {
    const id = entry.photo orelse return .{};
    return .init(
        \\<a href="/photos/{}"><img src="/photos/{}" alt="Photo from {}" loading="lazy" decoding="async"></a>
        \\
    , .{ id, id, entry.author });
}

/// For deleting an entry, where it belongs to the visitor.
fn deleteForm(entry: entries.Entry, visitor: Visitor) Html {
    const owner = entry.owner orelse return .{};
    const name = visitor.name orelse return .{};
    if (!std.mem.eql(u8, owner, name)) return .{};
    return .init(
        \\<form method="post" action="/entries/{}/delete">{}<button class="quiet">Delete</button></form>
    , .{ entry.id, csrf(visitor) });
}

fn paging(book: Book) Html {
    var html: Html = .init("<nav>", .{});
    if (!book.is_newest) html.write(
        \\<a href="/">newest entries</a>
    , .{});
    if (book.listing.next) |id| html.write(
        \\<a href="/?before={}" rel="next">older entries</a>
    , .{id});
    html.write("</nav>", .{});
    return html;
}

const minute = 60 * std.time.us_per_s;
const hour = 60 * minute;
const day = 24 * hour;
const months = [_][]const u8{
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December",
};

/// For people: `5 minutes ago`, and the day once a week has gone by.
fn spoken(instant: Instant, now: Instant) []const u8 {
    const age = now.microseconds - instant.microseconds;
    if (age < minute) return "just now";
    if (age < hour) return ago(@divTrunc(age, minute), "minute");
    if (age < day) return ago(@divTrunc(age, hour), "hour");
    if (age < 7 * day) return ago(@divTrunc(age, day), "day");
    const date = instant.calendar().date;
    return innkeeper.print("{d} {s} {d}", .{ date.day, months[date.month - 1], date.year });
}

fn ago(count: i64, unit: []const u8) []const u8 {
    return innkeeper.print("{d} {s}{s} ago", .{ count, unit, if (count == 1) "" else "s" });
}

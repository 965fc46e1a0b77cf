//! A guestbook: entries with photos, for visitors with or without a name.
//!
//! This file knows which address is answered where, and answers, with the help of `entries` (the
//! table) and `page` (what goes out).

const std = @import("std");
const entries = @import("entries.zig");
const innkeeper = @import("sdk/innkeeper.zig");
const page = @import("page.zig");

const blobs = innkeeper.blobs;
const session = innkeeper.session;
const Form = innkeeper.Form;
const Request = innkeeper.Request;
const Response = innkeeper.Response;

pub const panic = innkeeper.panic;
comptime {
    innkeeper.app(handle);
}

const page_entries = 20;
const max_entries = 100;
/// A photo never changes; an hour is how long one that was deleted may still show in a browser.
const photo_max_age_seconds = 3600;
const max_name_chars = 80;
const max_message_chars = 2000;
/// The host takes no longer name for a user.
const max_user_bytes = 200;
/// One name for all forms: the token of `/me` is good for each of them.
const csrf_form = "guestbook";

const routes = [_]innkeeper.Route{
    .get("/", showBook),
    .post("/entries", addEntry),
    .post("/entries/:id/delete", deleteEntry),
    .get("/entries.json", showJson),
    .get("/photos/:id", showPhoto),
    .post("/login", logIn),
    .post("/logout", logOut),
    .get("/me", showVisitor),
};

fn handle(request: *const Request) !Response {
    return answer(request) catch |failure| switch (failure) {
        error.FormRefused => showRefusal(),
        else => showError(),
    };
}

fn answer(request: *const Request) !Response {
    // Before anything is written: afterwards it is refused.
    try entries.define();
    return innkeeper.dispatch(&routes, request);
}

/// A short page for the last error. What belongs into the log goes there.
fn showError() Response {
    const failure = innkeeper.lastError();
    innkeeper.logError();
    if (failure.status == 503) {
        return page.short(503, "The book is in use just now. Please try again.").with("retry-after", "2");
    }
    if (failure.status == 404) return page.short(404, "There is nothing here.");
    if (std.mem.eql(u8, failure.interface, "http")) return page.short(failure.status, failure.message);
    return page.short(500, "Something went wrong. Nothing was changed.");
}

/// The form that was refused, for `showRefusal`.
var refusal: page.Refusal = undefined;

fn refuse(form: ?Form, status: u16, reason: []const u8) error{FormRefused} {
    refusal = .{
        .status = status,
        .reason = reason,
        .author = if (form) |received| received.value("author") else "",
        .message = if (form) |received| received.value("message") else "",
    };
    return error.FormRefused;
}

/// The book with a form that was not accepted, to be corrected.
fn showRefusal() !Response {
    return page.show(.{
        .listing = try entries.list(null, page_entries),
        .visitor = try readVisitor(false),
        .messages = try session.takeFlash(),
        .is_newest = true,
        .refusal = refusal,
    });
}

/// Receives a form of this app.
fn receive(limits: Form.Limits) !Form {
    const form = Form.receiveAny(csrf_form, limits) catch |failure| return switch (failure) {
        error.TooLarge => refuse(null, 413, "That is too much: a short message and one photo of at most 10 MiB fit."),
        error.QuotaExceeded => refuse(null, 413, "The book is full: there is no room for another photo."),
        error.UnsupportedType => refuse(null, 415, "That file is no image."),
        error.BadForm, error.Interrupted => refuse(null, 400, "The form could not be read."),
        else => failure,
    };
    if (form.is_foreign) return refuse(form, 403, "This page was out of date. Please send the form again.");
    return form;
}

/// The text of a field, which is neither empty nor too long.
fn text(form: Form, name: []const u8, spoken: []const u8, max_chars: usize) ![]const u8 {
    const value = form.value(name);
    const length = std.unicode.utf8CountCodepoints(value) catch value.len;
    if (innkeeper.isBlank(value)) {
        return refuse(form, 422, innkeeper.print("Please fill in {s}.", .{spoken}));
    }
    if (length > max_chars) {
        const format = "Please shorten {s}: {d} characters are too many, {d} fit.";
        return refuse(form, 422, innkeeper.print(format, .{ spoken, length, max_chars }));
    }
    // Postgres keeps no such character.
    if (std.mem.findScalar(u8, value, 0) != null) {
        return refuse(form, 422, innkeeper.print("Please remove the invisible character from {s}.", .{spoken}));
    }
    return value;
}

/// Reads the session. GET is a visit; HEAD only asks.
fn readVisitor(is_visit: bool) !page.Visitor {
    return .{
        .name = try session.user(),
        .csrf = try session.csrfToken(csrf_form),
        // Counted by the host, so that two pages at once are two visits.
        .visits = if (is_visit)
            try session.increment("visits", 1)
        else
            innkeeper.parseInt(try session.get("visits") orelse "0") orelse 0,
    };
}

/// A whole number of the query.
fn number(request: *const Request, name: [:0]const u8) !?i64 {
    const value = request.query(name) orelse return null;
    return innkeeper.parseInt(value) orelse
        innkeeper.fail(400, "The address contains something that is no number.");
}

/// GET /: the book.
fn showBook(request: *const Request) !Response {
    const before = try number(request, "before");
    return page.show(.{
        .listing = try entries.list(before, page_entries),
        .visitor = try readVisitor(!request.is_head),
        // HEAD shows nobody the messages.
        .messages = if (request.is_head) &.{} else try session.takeFlash(),
        .is_newest = before == null,
    });
}

/// GET /entries.json: the book for programs.
fn showJson(request: *const Request) !Response {
    const wrong = "`before` and `limit` must be whole numbers";
    const before = number(request, "before") catch return page.errorJson(400, wrong);
    const limit = number(request, "limit") catch return page.errorJson(400, wrong);
    const count: usize = @intCast(std.math.clamp(limit orelse page_entries, 1, max_entries));
    return page.listingJson(try entries.list(before, count));
}

/// POST /entries: writes into the book.
fn addEntry(_: *const Request) !Response {
    const form = try receive(.{ .max_file = 10 * 1024 * 1024, .max_files = 1, .accept = &.{"image/*"} });
    const author = try text(form, "author", "your name", max_name_chars);
    const message = try text(form, "message", "your message", max_message_chars);
    const photo = if (form.file("photo")) |file| file.blob.id else null;
    if (photo) |id| try blobs.keep(id);
    try entries.insert(author, message, photo, try session.user());
    try session.flash(innkeeper.print("Thank you, {s}.", .{author}));
    return .redirect("/");
}

/// POST /entries/:id/delete: tears an entry out, with its photo.
fn deleteEntry(request: *const Request) !Response {
    _ = try receive(.{ .max_files = 0 });
    const id = innkeeper.parseInt(request.param("id")) orelse
        return innkeeper.fail(404, "There is nothing here.");
    if (try entries.delete(id, try session.user())) |photo| {
        // What the operator has removed already needs no deletion.
        blobs.delete(photo) catch |failure| if (failure != error.NotFound) return failure;
    }
    return .redirect("/");
}

/// GET /photos/:id: a photo, if an entry shows it.
fn showPhoto(request: *const Request) !Response {
    const id = request.param("id");
    if (!try entries.havePhoto(id)) return innkeeper.fail(404, "There is nothing here.");
    return blobs.send(id, .{ .max_age = photo_max_age_seconds });
}

/// POST /login: takes the visitor at his word.
fn logIn(_: *const Request) !Response {
    const form = try receive(.{ .max_files = 0 });
    const name = try text(form, "name", "your name", max_name_chars);
    if (name.len > max_user_bytes) return refuse(form, 422, "Please choose a shorter name.");
    try session.renew(name);
    try session.flash(innkeeper.print("Welcome, {s}.", .{name}));
    return .redirect("/");
}

/// POST /logout: forgets him.
fn logOut(_: *const Request) !Response {
    _ = try receive(.{ .max_files = 0 });
    try session.destroy();
    return .redirect("/");
}

/// GET /me: what the app knows about the visitor.
fn showVisitor(request: *const Request) !Response {
    return page.visitorJson(try readVisitor(!request.is_head));
}

// A guestbook: entries with photos, for visitors with or without a name.
//
// This file knows which address is answered where, and answers, with the help of `entries` (the
// table) and `page` (what goes out).
#include <algorithm>

#include "entries.hpp"
#include "page.hpp"
#include "sdk/innkeeper.hpp"

using namespace innkeeper;

namespace {

constexpr std::size_t page_entries = 20;
constexpr std::int64_t max_entries = 100;
/// A photo never changes; an hour is how long one that was deleted may still show in a browser.
constexpr std::uint32_t photo_max_age_seconds = 3600;
constexpr std::size_t max_name_chars = 80;
constexpr std::size_t max_message_chars = 2000;
/// The host takes no longer name for a user.
constexpr std::size_t max_user_bytes = 200;
/// One name for all forms: the token of `/me` is good for each of them.
constexpr const char* csrf_form = "guestbook";

constexpr ik_form_limits one_photo = {.max_file = 10 * 1024 * 1024, .max_files = 1, .accept = "image/*"};
constexpr ik_form_limits no_files = {.no_files = true};

/// Reads a whole number of the query; fails where it is anything else.
Result<std::optional<std::int64_t>> number(const Request& request, const char* name) {
    auto text = request.query(name);
    std::int64_t number;
    if (!text) return std::nullopt;
    if (!ik_parse_int(text->c_str(), &number)) return fail(400, "The address contains something that is no number.");
    return number;
}

/// Reads the session. GET is a visit; HEAD only asks.
Result<Visitor> read_visitor(bool is_visit) {
    Visitor visitor{.name = IK_TRY(session::user()), .visits = 0, .csrf = IK_TRY(session::csrf_token(csrf_form))};
    if (is_visit) {
        // Counted by the host, so that two pages at once are two visits.
        visitor.visits = IK_TRY(session::increment("visits"));
    } else if (auto visits = IK_TRY(session::get("visits"))) {
        ik_parse_int(visits->c_str(), &visitor.visits);
    }
    return visitor;
}

/// The book with a form that was not accepted, to be corrected.
Result<Response> refuse(const Form& form, int status, std::string reason) {
    return page::book({
        .listing = IK_TRY(entries::list({}, page_entries)),
        .visitor = IK_TRY(read_visitor(false)),
        .messages = IK_TRY(session::take_flash()),
        .refusal = Refusal{status, std::move(reason), std::string(form["author"]), std::string(form["message"])},
    });
}

/// What to tell a visitor whose form has not arrived.
Result<Response> refuse_unreceived(const Error& error) {
    switch (error.status) {
        case 400: return refuse({}, 400, "The form could not be read.");
        case 413: return refuse({}, 413, "That is too much: a short message and one photo of at most 10 MiB fit.");
        case 415: return refuse({}, 415, "That file is no image.");
        case 507: return refuse({}, 413, "The book is full: there is no room for another photo.");
        default: return std::unexpected(error);
    }
}

/// Receives a form of this app, and lets `accept` answer.
template <class Accept>
Result<Response> with_form(const ik_form_limits& limits, Accept accept) {
    auto form = Form::receive_any(csrf_form, limits);
    if (!form) return refuse_unreceived(form.error());
    if (form->is_foreign) return refuse(*form, 403, "This page was out of date. Please send the form again.");
    return accept(*form);
}

/// What is wrong with a text, if anything.
std::optional<std::string> problem(std::string_view text, std::string spoken, std::size_t max_chars) {
    if (ik_is_blank(std::string(text).c_str())) return "Please fill in " + spoken + ".";
    auto length = static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
    if (length > max_chars) {
        return "Please shorten " + spoken + ": " + std::to_string(length) + " characters are too many, " +
               std::to_string(max_chars) + " fit.";
    }
    // Postgres keeps no such character.
    if (text.contains('\0')) return "Please remove the invisible character from " + spoken + ".";
    return {};
}

/// GET /: the book.
Result<Response> show_book(const Request& request) {
    auto before = IK_TRY(number(request, "before"));
    Book book{
        .listing = IK_TRY(entries::list(before, page_entries)),
        .visitor = IK_TRY(read_visitor(!request.is_head())),
        .is_newest = !before,
    };
    // HEAD shows nobody the messages.
    if (!request.is_head()) book.messages = IK_TRY(session::take_flash());
    return page::book(book);
}

/// GET /entries.json: the book for programs.
Result<Response> show_json(const Request& request) {
    auto before = number(request, "before"), limit = number(request, "limit");
    if (!before || !limit) return page::error_json(400, "`before` and `limit` must be whole numbers");
    auto count = std::clamp<std::int64_t>(limit->value_or(page_entries), 1, max_entries);
    return entries::list(*before, static_cast<std::size_t>(count)).transform(page::listing_json);
}

/// POST /entries: writes into the book.
Result<Response> add_entry(const Request&) {
    return with_form(one_photo, [](const Form& form) -> Result<Response> {
        std::string author(form["author"]);
        auto wrong = problem(author, "your name", max_name_chars);
        if (!wrong) wrong = problem(form["message"], "your message", max_message_chars);
        if (wrong) return refuse(form, 422, *wrong);
        std::optional<std::string> photo;
        if (auto file = form.file("photo")) {
            photo = file->blob.id;
            IK_TRY(blobs::keep(*photo));
        }
        IK_TRY(entries::insert(author, form["message"], photo, IK_TRY(session::user())));
        IK_TRY(session::flash("Thank you, " + author + "."));
        return Response::redirect("/");
    });
}

/// POST /entries/:id/delete: tears an entry out, with its photo.
Result<Response> delete_entry(const Request& request) {
    return with_form(no_files, [&](const Form&) -> Result<Response> {
        std::int64_t id;
        if (!ik_parse_int(request.param("id").c_str(), &id)) return fail(404, "There is nothing here.");
        if (auto photo = IK_TRY(entries::remove(id, IK_TRY(session::user())))) {
            auto deleted = blobs::remove(*photo);
            // What the operator has removed already needs no deletion.
            if (!deleted && deleted.error().code != "not-found") return std::unexpected(deleted.error());
        }
        return Response::redirect("/");
    });
}

/// GET /photos/:id: a photo, if an entry shows it.
Result<Response> show_photo(const Request& request) {
    std::string id = request.param("id");
    if (!IK_TRY(entries::have_photo(id))) return fail(404, "There is nothing here.");
    return blobs::send(id, {.max_age = photo_max_age_seconds});
}

/// POST /login: takes the visitor at his word.
Result<Response> log_in(const Request&) {
    return with_form(no_files, [](const Form& form) -> Result<Response> {
        std::string name(form["name"]);
        auto wrong = problem(name, "your name", max_name_chars);
        if (!wrong && name.size() > max_user_bytes) wrong = "Please choose a shorter name.";
        if (wrong) return refuse(form, 422, *wrong);
        IK_TRY(session::renew(name));
        IK_TRY(session::flash("Welcome, " + name + "."));
        return Response::redirect("/");
    });
}

/// POST /logout: forgets him.
Result<Response> log_out(const Request&) {
    return with_form(no_files, [](const Form&) -> Result<Response> {
        IK_TRY(session::destroy());
        return Response::redirect("/");
    });
}

/// GET /me: what the app knows about the visitor.
Result<Response> show_visitor(const Request& request) {
    return read_visitor(!request.is_head()).transform(page::visitor_json);
}

constexpr Route routes[] = {
    {"GET", "/", show_book},
    {"POST", "/entries", add_entry},
    {"POST", "/entries/:id/delete", delete_entry},
    {"GET", "/entries.json", show_json},
    {"GET", "/photos/:id", show_photo},
    {"POST", "/login", log_in},
    {"POST", "/logout", log_out},
    {"GET", "/me", show_visitor},
};

/// A short page for an error. What belongs into the log goes there.
Result<Response> show_error(const Error& error) {
    error.log();
    if (error.status == 503) {
        return page::brief(503, "The book is in use just now. Please try again.").with("retry-after", "2");
    }
    if (error.status == 404) return page::brief(404, "There is nothing here.");
    if (error.interface == "http") return page::brief(error.status, error.message);
    return page::brief(500, "Something went wrong. Nothing was changed.");
}

}  // namespace

Result<Response> innkeeper::handle(const Request& request) {
    // Before anything is written: afterwards it is refused.
    return entries::define().and_then([&] { return dispatch(routes, request); }).or_else(show_error);
}

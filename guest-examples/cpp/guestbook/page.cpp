#include "page.hpp"

using namespace innkeeper;
using std::chrono::days, std::chrono::hours, std::chrono::minutes;

namespace {

constexpr char style[] = {
#embed "style.css"
};

/// Nothing here may be kept by a cache: everything depends on the visitor.
Response guarded(Response response) {
    return std::move(response).with("cache-control", "no-store").with("x-content-type-options", "nosniff");
}

Response document(int status, const Html& body) {
    Html page = html(
        R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Guestbook</title>
<style>
{}</style>
</head>
<body>
<header><h1><a href="/">Guestbook</a></h1><p>Leave a line before you go.</p></header>
{}
</body>
</html>
)",
        Html::raw(std::string(style, sizeof style)), body);
    return guarded(Response::html(page, status))
        .with("content-security-policy",
              "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; form-action 'self'; "
              "frame-ancestors 'none'; base-uri 'none'")
        .with("referrer-policy", "same-origin");
}

Html csrf(const Visitor& visitor) {
    return html(R"(<input type="hidden" name="csrf" value="{}">)", visitor.csrf);
}

Html notices(const Book& book) {
    Html notices;
    if (book.refusal) notices += html(R"(<p class="notice problem" role="alert">{}</p>)", book.refusal->reason);
    for (const auto& message : book.messages) notices += html(R"(<p class="notice" role="status">{}</p>)", message);
    return notices;
}

/// For writing an entry, filled in with what was not accepted the last time.
Html entry_form(const Book& book) {
    // A browser drops the first line break in a textarea, so one is put there for it.
    return html(R"(<form class="card" method="post" action="/entries" enctype="multipart/form-data">
<h2>Sign the book</h2>
{}<label for="author">Your name</label>
<input id="author" name="author" value="{}" maxlength="80" required autocomplete="nickname">
<label for="message">Your message</label>
<textarea id="message" name="message" rows="5" maxlength="2000" required>
{}</textarea>
<label for="photo">A photo, if you like</label>
<input id="photo" name="photo" type="file" accept="image/*">
<button>Write it down</button>
</form>
)",
                csrf(book.visitor), book.refusal ? book.refusal->author : book.visitor.name.value_or(""),
                book.refusal ? book.refusal->message : "");
}

Html sign_in_form(const Visitor& visitor) {
    if (visitor.name) {
        return html(R"(<form class="card plain" method="post" action="/logout">
{}<div class="row"><p>Signed in as <strong>{}</strong></p>
<button class="quiet">Sign out</button></div>
</form>
)",
                    csrf(visitor), *visitor.name);
    }
    return html(R"(<form class="card plain" method="post" action="/login">
{}<label for="name">Sign in, to be able to delete what you write</label>
<div class="row"><input id="name" name="name" maxlength="80" required autocomplete="username" placeholder="Any name">
<button class="quiet">Sign in</button></div>
</form>
)",
                csrf(visitor));
}

std::string ago(std::int64_t count, const char* unit) {
    return std::to_string(count) + " " + unit + (count == 1 ? "" : "s") + " ago";
}

/// For people: `5 minutes ago`, and the day once a week has gone by.
std::string spoken(Instant instant, Instant now) {
    static constexpr const char* months[] = {"January", "February", "March",     "April",   "May",      "June",
                                             "July",    "August",   "September", "October", "November", "December"};
    auto age = now - instant;
    if (age < minutes(1)) return "just now";
    if (age < hours(1)) return ago(age / minutes(1), "minute");
    if (age < days(1)) return ago(age / hours(1), "hour");
    if (age < days(7)) return ago(age / days(1), "day");
    std::chrono::year_month_day day = std::chrono::floor<days>(instant);
    return std::to_string(unsigned(day.day())) + " " + months[unsigned(day.month()) - 1] + " " +
           std::to_string(int(day.year()));
}

Html photo(const entries::Entry& entry) {
    if (!entry.photo) return {};
    return html(R"(<a href="/photos/{}"><img src="/photos/{}" alt="Photo from {}" loading="lazy" decoding="async"></a>
)",
                *entry.photo, *entry.photo, entry.author);
}

/// For deleting an entry, where it belongs to the visitor.
Html delete_form(const entries::Entry& entry, const Visitor& visitor) {
    if (!entry.owner || entry.owner != visitor.name) return {};
    return html(R"(<form method="post" action="/entries/{}/delete">{}<button class="quiet">Delete</button></form>)",
                entry.id, csrf(visitor));
}

Html entry_card(const entries::Entry& entry, const Visitor& visitor) {
    // The attribute knows no more than three digits of a second: whole seconds are the first 19
    // characters.
    return html(R"(<article class="card" id="entry-{}">
<p class="message">{}</p>
{}<footer><strong>{}</strong> <time datetime="{}Z">{}</time>{}</footer>
</article>
)",
                entry.id, entry.message, photo(entry), entry.author, rfc3339(entry.created).substr(0, 19),
                spoken(entry.created, now()), delete_form(entry, visitor));
}

Html entry_cards(const Book& book) {
    Html cards;
    for (const auto& entry : book.listing.entries) cards += entry_card(entry, book.visitor);
    if (!book.listing.entries.empty()) return cards;
    return html(R"(<p class="empty">{}</p>)",
                book.is_newest ? "The first page is still blank. It is yours." : "No older entries.");
}

Html paging(const Book& book) {
    Html links;
    if (!book.is_newest) links += html(R"(<a href="/">newest entries</a>)");
    if (book.listing.next) links += html(R"(<a href="/?before={}" rel="next">older entries</a>)", *book.listing.next);
    return html("<nav>{}</nav>", links);
}

}  // namespace

namespace page {

Response book(const Book& book) {
    Html body = html(R"({}<div class="columns">
<aside>{}{}</aside>
<main>{}{}</main>
</div>
<footer>You have visited {} times.</footer>)",
                     notices(book), entry_form(book), sign_in_form(book.visitor), entry_cards(book), paging(book),
                     book.visitor.visits);
    return document(book.refusal ? book.refusal->status : 200, body);
}

Response brief(int status, std::string_view text) {
    return document(status, html(R"(<main class="short"><p>{}</p><p><a href="/">To the book</a></p></main>)", text));
}

Response listing_json(const entries::Listing& listing) {
    std::vector<Json> entries;
    for (const auto& entry : listing.entries) {
        entries.push_back(Json::object({
            {"id", entry.id},
            {"author", entry.author},
            {"message", entry.message},
            {"photo", entry.photo.transform([](const std::string& id) { return "/photos/" + id; })},
            {"created", rfc3339(entry.created)},
        }));
    }
    return guarded(Response::json(Json::object({{"entries", Json::array(entries)}, {"next", listing.next}})));
}

Response visitor_json(const Visitor& visitor) {
    return guarded(Response::json(
        Json::object({{"name", visitor.name}, {"visits", visitor.visits}, {"csrf", visitor.csrf}})));
}

Response error_json(int status, std::string_view message) {
    return guarded(Response::json(Json::object({{"error", message}}), status));
}

}  // namespace page

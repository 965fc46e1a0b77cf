#include "page.h"

#include <string.h>

#define MINUTE (60 * INT64_C(1000000))
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const char style[] = {
#embed "style.css" suffix(, )
    0,
};

/* Nothing here may be kept by a cache: everything depends on the visitor. */
static bool respond(ik_response *response, int status, const char *content_type)
{
    ik_set_header(response, "cache-control", "no-store");
    ik_set_header(response, "x-content-type-options", "nosniff");
    return ik_respond(response, status, content_type);
}

static void begin_document(ik_buffer *page)
{
    ik_write(page,
             "<!doctype html>\n"
             "<html lang=\"en\">\n"
             "<head>\n"
             "<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n"
             "<title>Guestbook</title>\n"
             "<style>\n%s</style>\n"
             "</head>\n"
             "<body>\n"
             "<header><h1><a href=\"/\">Guestbook</a></h1><p>Leave a line before you go.</p></header>\n",
             style);
}

static bool end_document(ik_response *response, int status)
{
    ik_put_text(&response->body, "\n</body>\n</html>\n");
    ik_set_header(response, "content-security-policy",
                  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; form-action 'self'; "
                  "frame-ancestors 'none'; base-uri 'none'");
    ik_set_header(response, "referrer-policy", "same-origin");
    return respond(response, status, "text/html; charset=utf-8");
}

bool page_short(ik_response *response, int status, const char *text)
{
    response->body = (ik_buffer){0};
    begin_document(&response->body);
    ik_write_html(&response->body, "<main class=\"short\"><p>%s</p><p><a href=\"/\">To the book</a></p></main>", text);
    return end_document(response, status);
}

static void put_csrf(ik_buffer *page, const visitor *visitor)
{
    ik_write_html(page, "<input type=\"hidden\" name=\"csrf\" value=\"%s\">", visitor->csrf);
}

static void put_notices(ik_buffer *page, const book *book)
{
    if (book->refusal) {
        ik_write_html(page, "<p class=\"notice problem\" role=\"alert\">%s</p>", book->refusal->reason);
    }
    for (size_t i = 0; i < book->message_count; i++) {
        ik_write_html(page, "<p class=\"notice\" role=\"status\">%s</p>", book->messages[i]);
    }
}

/* For writing an entry, filled in with what was not accepted the last time. */
static void put_entry_form(ik_buffer *page, const book *book)
{
    ik_put_text(page, "<form class=\"card\" method=\"post\" action=\"/entries\" enctype=\"multipart/form-data\">\n"
                      "<h2>Sign the book</h2>\n");
    put_csrf(page, &book->visitor);
    // A browser drops the first line break in a textarea, so one is put there for it.
    ik_write_html(page,
                  "<label for=\"author\">Your name</label>\n"
                  "<input id=\"author\" name=\"author\" value=\"%s\" maxlength=\"80\" required"
                  " autocomplete=\"nickname\">\n"
                  "<label for=\"message\">Your message</label>\n"
                  "<textarea id=\"message\" name=\"message\" rows=\"5\" maxlength=\"2000\" required>\n"
                  "%s</textarea>\n"
                  "<label for=\"photo\">A photo, if you like</label>\n"
                  "<input id=\"photo\" name=\"photo\" type=\"file\" accept=\"image/*\">\n"
                  "<button>Write it down</button>\n"
                  "</form>\n",
                  book->refusal ? book->refusal->author : book->visitor.name,
                  book->refusal ? book->refusal->message : "");
}

static void put_sign_in_form(ik_buffer *page, const visitor *visitor)
{
    ik_write_html(page, "<form class=\"card plain\" method=\"post\" action=\"/%s\">\n",
                  visitor->name ? "logout" : "login");
    put_csrf(page, visitor);
    if (visitor->name) {
        ik_write_html(page,
                      "<div class=\"row\"><p>Signed in as <strong>%s</strong></p>\n"
                      "<button class=\"quiet\">Sign out</button></div>\n"
                      "</form>\n",
                      visitor->name);
    } else {
        ik_put_text(page, "<label for=\"name\">Sign in, to be able to delete what you write</label>\n"
                          "<div class=\"row\"><input id=\"name\" name=\"name\" maxlength=\"80\" required"
                          " autocomplete=\"username\" placeholder=\"Any name\">\n"
                          "<button class=\"quiet\">Sign in</button></div>\n"
                          "</form>\n");
    }
}

static const char *ago(int64_t count, const char *unit)
{
    return ik_format("%lld %s%s ago", (long long)count, unit, count == 1 ? "" : "s");
}

/* For people: `5 minutes ago`, and the day once a week has gone by. */
static const char *spoken(int64_t instant, int64_t now)
{
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    int64_t age = now - instant;
    if (age < MINUTE) return "just now";
    if (age < HOUR) return ago(age / MINUTE, "minute");
    if (age < DAY) return ago(age / HOUR, "hour");
    if (age < 7 * DAY) return ago(age / DAY, "day");
    ik_day day = ik_calendar_of(instant).date;
    return ik_format("%d %s %d", day.day, months[day.month - 1], (int)day.year);
}

static void put_entry(ik_buffer *page, const entry *entry, const visitor *visitor)
{
    ik_write_html(page, "<article class=\"card\" id=\"entry-%lld\">\n<p class=\"message\">%s</p>\n",
                  (long long)entry->id, entry->message);
    if (entry->photo) {
        ik_write_html(page,
                      "<a href=\"/photos/%s\"><img src=\"/photos/%s\" alt=\"Photo from %s\" loading=\"lazy\""
                      " decoding=\"async\"></a>\n",
                      entry->photo, entry->photo, entry->author);
    }
    // The attribute knows no more than three digits of a second: 19 characters are whole seconds.
    ik_write_html(page, "<footer><strong>%s</strong> <time datetime=\"%.19sZ\">%s</time>", entry->author,
                  ik_rfc3339(entry->created), spoken(entry->created, ik_now()));
    if (entry->owner && visitor->name && strcmp(entry->owner, visitor->name) == 0) {
        ik_write_html(page, "<form method=\"post\" action=\"/entries/%lld/delete\">", (long long)entry->id);
        put_csrf(page, visitor);
        ik_put_text(page, "<button class=\"quiet\">Delete</button></form>");
    }
    ik_put_text(page, "</footer>\n</article>\n");
}

static void put_entries(ik_buffer *page, const book *book)
{
    if (!book->listing.count) {
        ik_write_html(page, "<p class=\"empty\">%s</p>",
                      book->is_newest ? "The first page is still blank. It is yours." : "No older entries.");
    }
    for (size_t i = 0; i < book->listing.count; i++) put_entry(page, &book->listing.entries[i], &book->visitor);
}

/* The id before which the next page begins. */
static long long next_of(const listing *listing)
{
    return listing->entries[listing->count - 1].id;
}

bool page_book(ik_response *response, const book *book)
{
    ik_buffer *page = &response->body;
    begin_document(page);
    put_notices(page, book);
    ik_put_text(page, "<div class=\"columns\">\n<aside>");
    put_entry_form(page, book);
    put_sign_in_form(page, &book->visitor);
    ik_put_text(page, "</aside>\n<main>");
    put_entries(page, book);
    ik_put_text(page, "<nav>");
    if (!book->is_newest) ik_put_text(page, "<a href=\"/\">newest entries</a>");
    if (book->listing.has_more) {
        ik_write(page, "<a href=\"/?before=%lld\" rel=\"next\">older entries</a>", next_of(&book->listing));
    }
    ik_write(page, "</nav></main>\n</div>\n<footer>You have visited %lld times.</footer>",
             (long long)book->visitor.visits);
    return end_document(response, book->refusal ? book->refusal->status : 200);
}

bool json_listing(ik_response *response, const listing *listing)
{
    ik_buffer *json = &response->body;
    ik_put_text(json, "{\"entries\":[");
    for (size_t i = 0; i < listing->count; i++) {
        const entry *entry = &listing->entries[i];
        if (i) ik_put_text(json, ",");
        ik_write_json(json, "{\"id\":%lld,\"author\":%s,\"message\":%s,\"photo\":%s,\"created\":%s}",
                      (long long)entry->id, entry->author, entry->message,
                      entry->photo ? ik_format("/photos/%s", entry->photo) : NULL, ik_rfc3339(entry->created));
    }
    ik_write(json, "],\"next\":%s}", listing->has_more ? ik_format("%lld", next_of(listing)) : "null");
    return respond(response, 200, "application/json");
}

bool json_visitor(ik_response *response, const visitor *visitor)
{
    ik_write_json(&response->body, "{\"name\":%s,\"visits\":%lld,\"csrf\":%s}", visitor->name,
                  (long long)visitor->visits, visitor->csrf);
    return respond(response, 200, "application/json");
}

bool json_error(ik_response *response, int status, const char *message)
{
    ik_write_json(&response->body, "{\"error\":%s}", message);
    return respond(response, status, "application/json");
}

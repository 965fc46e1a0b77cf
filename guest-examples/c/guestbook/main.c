/*
 * A guestbook: entries with photos, for visitors with or without a name.
 *
 * This file knows which address is answered where, and answers, with the help of `entries` (the
 * table) and `page` (what goes out).
 */
#include <stdlib.h>
#include <string.h>

#include "entries.h"
#include "page.h"
#include "sdk/innkeeper.h"

#define PAGE_ENTRIES 20
#define MAX_ENTRIES 100
/* A photo never changes; an hour is how long one that was deleted may still show in a browser. */
#define PHOTO_MAX_AGE_SECONDS 3600
#define MAX_NAME_CHARS 80
#define MAX_MESSAGE_CHARS 2000
/* The host takes no longer name for a user. */
#define MAX_USER_BYTES 200
/* One name for all forms: the token of `/me` is good for each of them. */
#define CSRF_FORM "guestbook"

static const ik_form_limits one_photo = {.max_file = 10 * 1024 * 1024, .max_files = 1, .accept = "image/*"};
static const ik_form_limits no_files = {.no_files = true};

/* Reads the session. GET is a visit; HEAD only asks. */
static bool read_visitor(visitor *visitor, bool is_visit)
{
    const char *visits;
    if (!ik_session_user(&visitor->name) || !ik_session_csrf_token(CSRF_FORM, &visitor->csrf)) return false;
    // Counted by the host, so that two pages at once are two visits.
    if (is_visit) return ik_session_increment("visits", 1, &visitor->visits);
    if (!ik_session_get("visits", &visits)) return false;
    if (!visits || !ik_parse_int(visits, &visitor->visits)) visitor->visits = 0;
    return true;
}

/* The book with a form that was not accepted, to be corrected. */
static bool refuse(ik_response *response, const ik_form *form, int status, const char *reason)
{
    refusal refusal = {status, reason, ik_form_value(form, "author"), ik_form_value(form, "message")};
    book book = {.is_newest = true, .refusal = &refusal};
    return entries_list(&book.listing, INT64_MAX, PAGE_ENTRIES) && read_visitor(&book.visitor, false) &&
           ik_session_take_flash(&book.messages, &book.message_count) && page_book(response, &book);
}

/* What to tell a visitor whose form has not arrived. */
static bool refuse_unreceived(ik_response *response, const ik_form *form)
{
    switch (ik_last_error()->status) {
    case 400: return refuse(response, form, 400, "The form could not be read.");
    case 403: return refuse(response, form, 403, "This page was out of date. Please send the form again.");
    case 413:
        return refuse(response, form, 413, "That is too much: a short message and one photo of at most 10 MiB fit.");
    case 415: return refuse(response, form, 415, "That file is no image.");
    case 507: return refuse(response, form, 413, "The book is full: there is no room for another photo.");
    default: return false;
    }
}

/* What is wrong with a field, or NULL. */
static const char *problem_of(const ik_form *form, const char *name, const char *spoken, size_t max_chars)
{
    const ik_field *field = ik_form_field(form, name);
    const char *text = field ? field->value : "";
    if (ik_is_blank(text)) return ik_format("Please fill in %s.", spoken);
    size_t length = ik_utf8_length(text);
    if (length > max_chars) {
        return ik_format("Please shorten %s: %zu characters are too many, %zu fit.", spoken, length, max_chars);
    }
    // Postgres keeps no such character.
    if (strlen(text) != field->size) return ik_format("Please remove the invisible character from %s.", spoken);
    return NULL;
}

/* A whole number of the query, or `missing`. */
static bool number_of(const ik_request *request, const char *name, int64_t missing, int64_t *number)
{
    const char *text = ik_query_param(request, name);
    *number = missing;
    return !text || ik_parse_int(text, number);
}

/* GET /: the book. */
static bool show_book(ik_request *request, ik_response *response)
{
    book book = {.is_newest = !ik_query_param(request, "before")};
    int64_t before;
    if (!number_of(request, "before", INT64_MAX, &before)) {
        return ik_fail(400, "The address contains something that is no number.");
    }
    if (!entries_list(&book.listing, before, PAGE_ENTRIES)) return false;
    if (!read_visitor(&book.visitor, !request->is_head)) return false;
    // HEAD shows nobody the messages.
    if (!request->is_head && !ik_session_take_flash(&book.messages, &book.message_count)) return false;
    return page_book(response, &book);
}

/* GET /entries.json: the book for programs. */
static bool show_json(ik_request *request, ik_response *response)
{
    int64_t before, limit;
    if (!number_of(request, "before", INT64_MAX, &before) || !number_of(request, "limit", PAGE_ENTRIES, &limit)) {
        return json_error(response, 400, "`before` and `limit` must be whole numbers");
    }
    limit = limit < 1 ? 1 : limit > MAX_ENTRIES ? MAX_ENTRIES : limit;
    listing listing;
    return entries_list(&listing, before, (size_t)limit) && json_listing(response, &listing);
}

/* POST /entries: writes into the book. */
static bool add_entry(ik_request *request, ik_response *response)
{
    (void)request;
    ik_form form;
    if (!ik_form_receive(&form, CSRF_FORM, &one_photo)) return refuse_unreceived(response, &form);
    const char *problem = problem_of(&form, "author", "your name", MAX_NAME_CHARS);
    if (!problem) problem = problem_of(&form, "message", "your message", MAX_MESSAGE_CHARS);
    if (problem) return refuse(response, &form, 422, problem);
    const char *author = ik_form_value(&form, "author"), *user;
    const ik_file *photo = ik_form_file(&form, "photo");
    if (photo && !ik_blob_keep(photo->blob.id)) return false;
    return ik_session_user(&user) &&
           entries_insert(author, ik_form_value(&form, "message"), photo ? photo->blob.id : NULL, user) &&
           ik_session_flash(ik_format("Thank you, %s.", author)) && ik_redirect(response, "/");
}

/* POST /entries/:id/delete: tears an entry out, with its photo. */
static bool delete_entry(ik_request *request, ik_response *response)
{
    ik_form form;
    int64_t id;
    const char *user, *photo;
    if (!ik_form_receive(&form, CSRF_FORM, &no_files)) return refuse_unreceived(response, &form);
    if (!ik_parse_int(ik_param(request, "id"), &id)) return ik_fail(404, "There is nothing here.");
    if (!ik_session_user(&user) || !entries_delete(id, user, &photo)) return false;
    // What the operator has removed already needs no deletion.
    if (photo && !ik_blob_delete(photo) && !ik_failed_with("not-found")) return false;
    return ik_redirect(response, "/");
}

/* GET /photos/:id: a photo, if an entry shows it. */
static bool show_photo(ik_request *request, ik_response *response)
{
    const char *id = ik_param(request, "id");
    bool found;
    if (!entries_have_photo(id, &found)) return false;
    if (!found) return ik_fail(404, "There is nothing here.");
    return ik_blob_send(response, id, &(ik_send_options){.max_age = PHOTO_MAX_AGE_SECONDS});
}

/* POST /login: takes the visitor at his word. */
static bool log_in(ik_request *request, ik_response *response)
{
    (void)request;
    ik_form form;
    if (!ik_form_receive(&form, CSRF_FORM, &no_files)) return refuse_unreceived(response, &form);
    const char *name = ik_form_value(&form, "name"), *problem = problem_of(&form, "name", "your name", MAX_NAME_CHARS);
    if (!problem && strlen(name) > MAX_USER_BYTES) problem = "Please choose a shorter name.";
    if (problem) return refuse(response, &form, 422, problem);
    return ik_session_renew(name) && ik_session_flash(ik_format("Welcome, %s.", name)) && ik_redirect(response, "/");
}

/* POST /logout: forgets him. */
static bool log_out(ik_request *request, ik_response *response)
{
    (void)request;
    ik_form form;
    if (!ik_form_receive(&form, CSRF_FORM, &no_files)) return refuse_unreceived(response, &form);
    return ik_session_destroy() && ik_redirect(response, "/");
}

/* GET /me: what the app knows about the visitor. */
static bool show_visitor(ik_request *request, ik_response *response)
{
    visitor visitor;
    return read_visitor(&visitor, !request->is_head) && json_visitor(response, &visitor);
}

static const ik_route routes[] = {
    {"GET", "/", show_book},
    {"POST", "/entries", add_entry},
    {"POST", "/entries/:id/delete", delete_entry},
    {"GET", "/entries.json", show_json},
    {"GET", "/photos/:id", show_photo},
    {"POST", "/login", log_in},
    {"POST", "/logout", log_out},
    {"GET", "/me", show_visitor},
};

/* A short page for the last error. What belongs into the log goes there. */
static bool show_error(ik_response *response)
{
    const ik_error *error = ik_last_error();
    ik_log_error();
    if (error->status == 503) {
        ik_set_header(response, "retry-after", "2");
        return page_short(response, 503, "The book is in use just now. Please try again.");
    }
    if (error->status == 404) return page_short(response, 404, "There is nothing here.");
    if (strcmp(error->interface, "http") == 0) return page_short(response, error->status, error->message);
    return page_short(response, 500, "Something went wrong. Nothing was changed.");
}

bool ik_handle(ik_request *request, ik_response *response)
{
    // Before anything is written: afterwards it is refused.
    return (entries_define() && ik_dispatch(routes, request, response)) || show_error(response);
}

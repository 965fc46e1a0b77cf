/* Notes that visitors leave: one page with a form. */
#include <inttypes.h>
#include <string.h>

#include "sdk/innkeeper.h"

static const ik_table notes = {
    .name = "notes",
    .columns = (const ik_column[]){
        {"id", IK_INTEGER, .identity = true},
        {"text", IK_TEXT, .max_length = 500},
        {"created", IK_INSTANT, .initial = IK_NOW},
        {0},
    },
    .primary_key = "id",
};

/* GET /: the notes, newest first, and a form for the next one. */
static bool show_notes(ik_request *request, ik_response *response)
{
    // HEAD only asks: it counts no visit and takes no messages.
    bool is_visit = !request->is_head;
    int64_t visits;
    const char **messages;
    size_t message_count = 0;
    ik_rows rows;
    if (!ik_session_increment("visits", is_visit, &visits)) return false;
    if (is_visit && !ik_session_take_flash(&messages, &message_count)) return false;
    if (!ik_query(&rows, "select text from notes order by id desc limit $1", ik_int(50))) return false;

    ik_buffer *page = &response->body;
    ik_put_text(page, "<!doctype html>\n<title>my-app</title>\n<h1>my-app</h1>\n");
    // What %s inserts is escaped: a note never becomes markup.
    for (size_t i = 0; i < message_count; i++) ik_write_html(page, "<p><strong>%s</strong></p>\n", messages[i]);
    ik_put_text(page, "<form method=\"post\">");
    if (!ik_session_write_csrf_field(page, "note")) return false;
    ik_put_text(page, "<input name=\"text\" maxlength=\"500\" required> <button>Add</button></form>\n<ul>");
    for (size_t i = 0; i < rows.count; i++) {
        ik_write_html(page, "<li>%s</li>", ik_row_text(ik_row_at(&rows, i), "text"));
    }
    ik_write_html(page, "</ul>\n<p>Your visits: %" PRId64 "</p>\n", visits);
    return ik_respond(response, 200, "text/html; charset=utf-8");
}

/* POST /: adds a note. Note and message are kept together, or neither is. */
static bool add_note(ik_request *request, ik_response *response)
{
    (void)request;
    ik_form form;
    // 403 where this app has not handed the form to this visitor.
    if (!ik_form_receive(&form, "note", NULL)) return false;
    const ik_field *field = ik_form_field(&form, "text");
    const char *text = field ? field->value : "";
    // A browser heeds `maxlength`, a program need not; no database keeps NUL.
    if (!*text || ik_utf8_length(text) > 500 || strlen(text) != field->size) {
        return ik_fail(422, "A note has 1 to 500 characters.");
    }
    return ik_execute("insert into notes (text) values ($1)", ik_text(text)) &&
           ik_session_flash("Thank you for the note.") && ik_redirect(response, "/");
}

static const ik_route routes[] = {
    {"GET", "/", show_notes},
    {"POST", "/", add_note},
};

bool ik_handle(ik_request *request, ik_response *response)
{
    // Makes the table where it is missing; costs nothing once that has been done.
    return ik_define_table(&notes) && ik_dispatch(routes, request, response);
}

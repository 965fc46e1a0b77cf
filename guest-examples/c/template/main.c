/* Notes that visitors leave. */
#include "sdk/innkeeper.h"

static const ik_table notes = {
    .name = "notes",
    .columns = (const ik_column[]){
        {"id", IK_INTEGER, .identity = true},
        {"text", IK_TEXT, .max_length = 200},
        {"created", IK_INSTANT, .initial = IK_NOW},
        {0},
    },
    .primary_key = "id",
};

/* GET /: the notes, newest first, and a form. */
static bool show_notes(ik_request *request, ik_response *response)
{
    (void)request;
    ik_buffer *page = &response->body;
    ik_rows rows;
    if (!ik_query(&rows, "select text, created from notes order by id desc limit $1", ik_int(50))) return false;
    ik_put_text(page, "<!doctype html>\n<title>my-app</title>\n<h1>my-app</h1>\n"
                      "<form method=\"post\" action=\"/notes\">");
    if (!ik_session_write_csrf_field(page, "notes")) return false;
    ik_put_text(page, "<input name=\"text\" maxlength=\"200\" required> <button>Add</button></form>\n<ul>\n");
    for (size_t i = 0; i < rows.count; i++) {
        ik_row row = ik_row_at(&rows, i);
        // What %s inserts is escaped: a note never becomes markup.
        ik_write_html(page, "<li>%s <small>%s</small></li>\n", ik_row_text(row, "text"),
                      ik_rfc3339(ik_row_instant(row, "created")));
    }
    ik_put_text(page, "</ul>\n");
    return ik_respond(response, 200, "text/html; charset=utf-8");
}

/* POST /notes: writes one down. */
static bool add_note(ik_request *request, ik_response *response)
{
    (void)request;
    ik_form form;
    if (!ik_form_receive(&form, "notes", NULL)) return false;
    const char *text = ik_form_value(&form, "text");
    // A browser heeds `maxlength`, a program need not.
    if (!*text || ik_utf8_length(text) > 200) return ik_fail(422, "A note has 1 to 200 characters.");
    return ik_execute("insert into notes (text) values ($1)", ik_text(text)) && ik_redirect(response, "/");
}

static const ik_route routes[] = {
    {"GET", "/", show_notes},
    {"POST", "/notes", add_note},
};

bool ik_handle(ik_request *request, ik_response *response)
{
    return ik_define_table(&notes) && ik_dispatch(routes, request, response);
}

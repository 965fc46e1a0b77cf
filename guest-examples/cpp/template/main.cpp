// Notes that visitors leave.
#include "sdk/innkeeper.hpp"

using namespace innkeeper;

namespace {

Result<> define_tables() {
    return db::define_table({
        .name = "notes",
        .columns = {{.name = "id", .type = IK_INTEGER, .identity = true},
                    {.name = "text", .type = IK_TEXT, .max_length = 200},
                    {.name = "created", .type = IK_INSTANT, .initial = db::Default::now()}},
        .primary_key = "id",
    });
}

/// GET /: the notes, newest first, and a form.
Result<Response> show_notes(const Request&) {
    Html notes;
    for (Row row : IK_TRY(db::query("select text, created from notes order by id desc limit $1", 50))) {
        // What {} inserts is escaped: a note never becomes markup.
        notes += html("<li>{} <small>{}</small></li>\n", row["text"].text(), rfc3339(row["created"].instant()));
    }
    return Response::html(html(R"(<!doctype html>
<title>my-app</title>
<h1>my-app</h1>
<form method="post" action="/notes">{}<input name="text" maxlength="200" required> <button>Add</button></form>
<ul>
{}</ul>
)",
                               IK_TRY(session::csrf_field("notes")), notes));
}

/// POST /notes: writes one down.
Result<Response> add_note(const Request&) {
    Form form = IK_TRY(Form::receive("notes"));
    std::string text(form["text"]);
    // A browser heeds `maxlength`, a program need not; no database keeps NUL.
    if (text.empty() || text.contains('\0') || ik_utf8_length(text.c_str()) > 200) {
        return fail(422, "A note has 1 to 200 characters.");
    }
    IK_TRY(db::execute("insert into notes (text) values ($1)", text));
    return Response::redirect("/");
}

constexpr Route routes[] = {
    {"GET", "/", show_notes},
    {"POST", "/notes", add_note},
};

}  // namespace

Result<Response> innkeeper::handle(const Request& request) {
    return define_tables().and_then([&] { return dispatch(routes, request); });
}

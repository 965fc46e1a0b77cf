// Notes that visitors leave: one page with a form.
#include "sdk/innkeeper.hpp"

using namespace innkeeper;

namespace {

/// Makes the table where it is missing; costs nothing once that has been done.
Result<> define_tables() {
    return db::define_table({
        .name = "notes",
        .columns = {{.name = "id", .type = IK_INTEGER, .identity = true},
                    {.name = "text", .type = IK_TEXT, .max_length = 500},
                    {.name = "created", .type = IK_INSTANT, .initial = db::Default::now()}},
        .primary_key = "id",
    });
}

/// GET /: the notes, newest first, and a form for the next one.
Result<Response> show_notes(const Request& request) {
    // HEAD only asks: it counts no visit and takes no messages.
    bool is_visit = !request.is_head();
    std::int64_t visits = IK_TRY(session::increment("visits", is_visit));
    Html messages, notes;
    if (is_visit) {
        for (const auto& message : IK_TRY(session::take_flash())) {
            // What {} inserts is escaped: a text never becomes markup.
            messages += html("<p><strong>{}</strong></p>\n", message);
        }
    }
    for (Row row : IK_TRY(db::query("select text from notes order by id desc limit $1", 50))) {
        notes += html("<li>{}</li>", row["text"].text());
    }
    return Response::html(html(R"(<!doctype html>
<title>my-app</title>
<h1>my-app</h1>
{}<form method="post">{}<input name="text" maxlength="500" required> <button>Add</button></form>
<ul>{}</ul>
<p>Your visits: {}</p>
)",
                               messages, IK_TRY(session::csrf_field("note")), notes, visits));
}

/// POST /: adds a note. Note and message are kept together, or neither is.
Result<Response> add_note(const Request&) {
    Form form = IK_TRY(Form::receive("note"));  // 403 where this app has not handed the form to this visitor
    std::string text(form["text"]);
    // A browser heeds `maxlength`, a program need not; no database keeps NUL.
    if (text.empty() || ik_utf8_length(text.c_str()) > 500 || text.contains('\0')) {
        return fail(422, "A note has 1 to 500 characters.");
    }
    IK_TRY(db::execute("insert into notes (text) values ($1)", text));
    IK_TRY(session::flash("Thank you for the note."));
    return Response::redirect("/");
}

constexpr Route routes[] = {
    {"GET", "/", show_notes},
    {"POST", "/", add_note},
};

}  // namespace

Result<Response> innkeeper::handle(const Request& request) {
    return define_tables().and_then([&] { return dispatch(routes, request); });
}

//! Notes that visitors leave: one page with a form.

use innkeeper_sdk::db::{self, ColumnType};
use innkeeper_sdk::{Error, Form, Request, Response, Result, Router, app, csrf_field, session};
use maud::{DOCTYPE, Markup, html};

app!(handle);

fn handle(request: Request) -> Result<Response> {
    // Makes the table where it is missing; costs nothing once that has been done.
    db::table("notes")
        .id("id")
        .column("text", ColumnType::Text.max_length(500))
        .column("created", ColumnType::Instant.default_now())
        .define()?;
    Router::new().get("/", page).post("/", add).handle(request)
}

/// `GET /`: the notes, newest first, and a form for the next one.
fn page(request: Request) -> Result<Markup> {
    let is_visit = !request.is_head(); // HEAD only asks: it counts no visit and takes no messages
    let visits = session::increment("visits", is_visit.into())?;
    let messages = if is_visit { session::take_flash()? } else { Vec::new() };
    let notes: Vec<String> = db::query("select text from notes order by id desc limit $1", [50])?;
    Ok(html! {
        (DOCTYPE)
        title { "my-app" }
        h1 { "my-app" }
        @for message in messages { p { strong { (message) } } }
        form method="post" {
            (csrf_field("note")?)
            input name="text" maxlength="500" required;
            button { "Add" }
        }
        ul { @for note in notes { li { (note) } } }
        p { "Your visits: " (visits) }
    })
}

/// `POST /`: adds a note. Note and message are kept together, or neither is.
fn add(_: Request) -> Result<Response> {
    let form = Form::receive("note")?; // 403 where this app has not handed the form to this visitor
    let text = form.get("text");
    // A browser heeds `maxlength`, a program need not; no database keeps NUL.
    if !(1..=500).contains(&text.chars().count()) || text.contains('\0') {
        return Err(Error::new(422, "A note has 1 to 500 characters."));
    }
    db::execute("insert into notes (text) values ($1)", [text])?;
    session::flash("Thank you for the note.")?;
    Ok(Response::see_other("/"))
}

//! Tries the whole SDK for Rust inside a host: `GET /check/NAME` runs one of the checks and answers
//! with 500 where something is not as it should be; the other addresses are for the tests to ask.

mod files;
mod rows;
mod values;
mod visitor;

use innkeeper_sdk::blobs::{self, SendOptions};
use innkeeper_sdk::{Error, Form, Request, Response, Result, Router, app, config, db, json, serde_json};

app!(handle);

fn handle(request: Request) -> Result<Response> {
    rows::define()?;
    Router::new()
        .get("/check/{name}", check)
        .get("/numbers/{count}", numbers)
        .get("/broken", broken)
        .get("/panic", panic)
        .get("/error", |_| db::query::<i64>("select x from nowhere", ()).map(|_| "unreachable"))
        .get("/other-error", |_| -> Result<&str, Box<dyn std::error::Error + Send + Sync>> {
            Err("any error".into())
        })
        .get("/retry", |_| -> Result<&str> { Err(Error::new(503, "not now")) })
        .get("/csrf", |_| innkeeper_sdk::csrf_field("upload").map(|field| field.to_string()))
        .post("/form", form)
        .post("/json", |request: Request| Response::json(&request.json::<serde_json::Value>()?))
        .put("/blob", blob)
        .get("/blob/{id}", |request: Request| {
            blobs::send(&request.param::<String>("id")?, &SendOptions { download: true, ..SendOptions::default() })
        })
        .route("PURGE", "/files/{path..}", |request: Request| request.param::<String>("path"))
        .handle(request)
}

fn check(request: Request) -> Result<&'static str> {
    match request.param::<String>("name")?.as_str() {
        "values" => values::check()?,
        "rows" => rows::check()?,
        "transactions" => rows::check_transactions()?,
        "cursors" => rows::check_cursors()?,
        "errors" => rows::check_errors()?,
        "files" => files::check()?,
        "visitor" => visitor::check()?,
        "config" => same(config::get("greeting")?.as_deref(), Some("hello"))?,
        _ => return Err(Error::not_found()),
    }
    Ok("ok\n")
}

#[expect(clippy::panic, reason = "this is what is tried")]
fn panic(_: Request) -> &'static str {
    panic!("a panic of the app")
}

/// An error that shows both where they differ.
#[track_caller]
fn same<T: PartialEq + std::fmt::Debug>(found: T, wanted: T) -> Result<()> {
    if found == wanted { Ok(()) } else { Err(Error::other(format!("{found:?} is not {wanted:?}"))) }
}

fn numbers(request: Request) -> Result<Response> {
    let count: u64 = request.param("count")?;
    Ok(Response::stream("text/csv", move |body| {
        for number in 0..count {
            writeln!(body, "{number}")?;
        }
        Ok(())
    }))
}

fn broken(_: Request) -> Response {
    Response::stream("text/plain", |body| {
        writeln!(body, "a part of it")?;
        Err(Error::other("the rest is missing"))
    })
}

fn form(_: Request) -> Result<Response> {
    let form = Form::options().max_files(1).max_file(100_000).accept("image/*").receive("upload")?;
    let fields: Vec<_> = form.fields().filter(|(name, _)| *name != "csrf").collect();
    let file = form.file("photo");
    if let Some(file) = file {
        blobs::keep(&file.id)?;
    }
    Response::json(
        &json!({ "fields": fields, "size": file.map(|file| file.size), "id": file.map(|file| &file.id) }),
    )
}

fn blob(_: Request) -> Result<Response> {
    let blob = blobs::receive_body(Some("notes.txt"), Form::options().max_file(1000))?;
    blobs::keep(&blob.id)?;
    Ok(Response::text(blob.id).with_status(201))
}

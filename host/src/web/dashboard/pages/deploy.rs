//! A form for a component.

use super::super::form::Form;
use super::super::page::{BASE, HOME};
use super::super::view::{Section, Tone, note, shown};
use super::super::visit::Visit;
use super::{app_address, form_key, sentence, shell, trail};
use crate::operations::{AppView, ErrorKind, OperationError};
use maud::{Markup, html};

/// A deployment that was tried and not done.
pub(in crate::web::dashboard) struct Tried<'a> {
    /// What was filled in.
    pub(in crate::web::dashboard) form: &'a Form,
    /// Why it was not done.
    pub(in crate::web::dashboard) problem: &'a OperationError,
}

impl Tried<'_> {
    /// As a sentence, in the words of the form: messages speak of options of the command.
    fn sentence(&self) -> String {
        let words = self
            .problem
            .message
            .replace("--smoke PATH asks for another page", "\u{201c}First request\u{201d} asks for another page");
        sentence(words.replace(", --no-smoke for none", "").as_str())
    }
}

/// A form for the next version of an app, or for the first one of a new app.
pub(in crate::web::dashboard) fn page(visit: &Visit, app: Option<&AppView>, tried: Option<&Tried<'_>>) -> Markup {
    let title = app.map_or_else(|| "New app".to_owned(), |app| format!("Deploy to {}", app.name));
    let address = app.map(|app| app_address(&app.name));
    let action =
        address.as_deref().map_or_else(|| format!("{BASE}/deploy"), |address| format!("{address}/deploy"));
    let content = html! {
        div.narrow {
            div {
                @match (app, &address) {
                    (Some(app), Some(address)) => (trail(&[(HOME, "Apps"), (address, &app.name)])),
                    _ => (trail(&[(HOME, "Apps")])),
                }
                h1 { (title) }
            }
            @if let Some(tried) = tried {
                (note(Tone::Bad, &html! {
                    p { span.strong { "Nothing was deployed. " } (shown(&tried.sentence())) }
                    @if let (None, ErrorKind::Conflict, Some(name)) = (app, tried.problem.kind, tried.form.get("app")) {
                        p { a href={ (app_address(name)) "/deploy" } { "Deploy to " (shown(name)) } }
                    }
                }))
            }
            section.card { div.body {
                form.fields method="post" action=(action) enctype="multipart/form-data" {
                    (form_key(visit))
                    (fields(app, tried.map(|tried| tried.form)))
                    div.actions {
                        button.primary type="submit" { "Deploy" }
                        a.button href=(address.as_deref().unwrap_or(HOME)) { "Cancel" }
                    }
                }
            } }
            p.hint {
                "It is compiled and has to answer one request, of which nothing is kept, before anybody gets it. "
                "A component in Python or JavaScript takes up to a minute to compile. From your machine: "
                code { "innkeeper deploy PATH --app " (app.map_or("NAME", |app| app.name.as_str())) " --to URL" } "."
            }
        }
    };
    shell(visit, &title, Section::Apps, &content)
}

fn fields(app: Option<&AppView>, before: Option<&Form>) -> Markup {
    let value = |name: &str| before.and_then(|form| form.get(name));
    html! {
        @if app.is_none() {
            div.field {
                label for="app" { "Name" }
                input #app type="text" name="app" value=[value("app")] required maxlength="40" pattern="[a-z][a-z0-9\\-]*"
                    autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="about-app";
                p.hint #about-app { "Lower-case letters, digits and hyphens. It answers at / if that is free, else at /NAME." }
            }
        }
        div.field {
            label for="component" { "Component" }
            input #component type="file" name="component" accept=".wasm,application/wasm" required;
        }
        div.field {
            label for="note" { "Note " span.hint { "(optional)" } }
            input #note type="text" name="note" value=[value("note")] maxlength="1000" autocomplete="off";
        }
        @if app.is_some_and(|app| app.active.is_some()) {
            div.field {
                label for="canary" { "Canary " span.hint { "(optional)" } }
                input #canary type="number" name="canary" value=[value("canary")] min="1" max="99" inputmode="numeric" aria-describedby="about-canary";
                p.hint #about-canary { "Percent of the visitors who get it at first. Empty: everybody." }
            }
        }
        div.field {
            label for="smoke" { "First request " span.hint { "(optional)" } }
            input #smoke type="text" name="smoke" value=[value("smoke")] placeholder="/" autocomplete="off" aria-describedby="about-smoke";
            p.hint #about-smoke { "A path that has to be answered with a status below 400 before it goes live, such as /healthz." }
        }
    }
}

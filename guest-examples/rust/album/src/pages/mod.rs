//! The pages. `html!` escapes whatever is shown.

mod albums;
mod photos;

use innkeeper_sdk::{Response, Result, csrf_field, session};
use maud::{DOCTYPE, Markup, html};

pub use albums::{album, home, shared};
pub use photos::{found, photo};

use crate::accounts::Account;
use crate::handlers::CSRF_FORM;

const SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A page that says what is wrong.
pub fn problem(status: u16, text: &str) -> Response {
    let body = html! {
        main class="short" {
            p { (text) }
            p { a href="/" { @if status == 401 { "Sign in" } @else { "Home" } } }
        }
    };
    document("Album", None, &body)
}

/// For those who are not signed in, with what was wrong when they tried.
pub fn sign_in(refusal: Option<&str>) -> Result<Response> {
    let csrf = csrf_field(CSRF_FORM)?;
    let form = |action: &str, title: &str, new: &str| {
        html! {
            form class="card" method="post" action=(action) {
                (csrf)
                h2 { (title) }
                label { "Name " input name="name" maxlength="40" required autocomplete="username"; }
                label { "Password " input name="password" type="password" minlength="10" required autocomplete=(new); }
                button { (title) }
            }
        }
    };
    let body = html! {
        @if let Some(refusal) = refusal { p class="notice problem" role="alert" { (refusal) } }
        (messages()?)
        main class="columns" {
            (form("/sign-in", "Sign in", "current-password"))
            (form("/sign-up", "Make an account", "new-password"))
        }
    };
    Ok(document("Album", None, &body))
}

/// What an account may do with itself.
pub fn account(account: &Account) -> Result<Response> {
    let csrf = csrf_field(CSRF_FORM)?;
    let body = html! {
        (messages()?)
        main class="columns" {
            form class="card" method="post" action="/account/password" {
                (csrf)
                h2 { "Another password" }
                label { "Old password " input name="old" type="password" required autocomplete="current-password"; }
                label { "New password " input name="new" type="password" minlength="10" required autocomplete="new-password"; }
                button { "Change it" }
            }
            form class="card" method="post" action="/sign-out" {
                (csrf)
                h2 { (account.name) }
                button class="quiet" { "Sign out" }
            }
        }
    };
    Ok(document(&account.name, Some(account), &body))
}

/// What the visitor is to be told, once.
fn messages() -> Result<Markup> {
    let messages = session::take_flash()?;
    Ok(html! { @for message in messages { p class="notice" role="status" { (message) } } })
}

/// The words that are looked for, in a form.
fn search(action: &str, words: &str) -> Markup {
    html! {
        form class="search" action=(action) role="search" {
            input name="q" type="search" value=(words) maxlength="100" placeholder="Search captions" aria-label="Search captions";
            button class="quiet" { "Search" }
        }
    }
}

fn document(title: &str, account: Option<&Account>, body: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href="/static/album.css";
            }
            body {
                header {
                    h1 { a href="/" { "Album" } }
                    @if let Some(account) = account { a href="/account" { (account.name) } }
                }
                (body)
            }
        }
    };
    Response::html(page)
        .with_header("cache-control", "no-store")
        .with_header("content-security-policy", SECURITY_POLICY)
        .with_header("referrer-policy", "same-origin")
        .with_header("x-content-type-options", "nosniff")
}

//! Pages for what cannot be done.

use super::super::acts::status;
use super::super::page::{BASE, HOME};
use super::super::response::{html, style_address};
use super::super::view::{Section, door, shown};
use super::super::visit::Visit;
use super::{sentence, shell};
use crate::operations::{ErrorKind, OperationError, Scope};
use crate::web::body::Body;
use http::{Response, StatusCode};
use maud::{Markup, html as markup};

/// There is no such page.
pub(in crate::web::dashboard) fn nothing_here() -> Response<Body> {
    outside(StatusCode::NOT_FOUND, "There is no such page", "The address may be of another release.")
}

/// A request that is not answered, and why.
pub(in crate::web::dashboard) fn refused(why: &str) -> Response<Body> {
    outside(StatusCode::FORBIDDEN, "This was refused", why)
}

/// Something that is needed cannot be had.
pub(in crate::web::dashboard) fn unavailable(why: &str) -> Response<Body> {
    outside(StatusCode::SERVICE_UNAVAILABLE, "Not now", why)
}

/// Tokens do not go over the network in clear.
pub(in crate::web::dashboard) fn not_over_http() -> Response<Body> {
    let why = "Come by https: over http everybody on the way could read your token. On the machine itself, \
               or through a tunnel (ssh -L 8080:localhost:8080 HOST), http://localhost:8080 will do. If you did \
               come by https, the host does not know: INNKEEPER_TRUST_PROXY=1 makes it believe its router.";
    outside(StatusCode::FORBIDDEN, "Not over http", why)
}

/// What a form has brought cannot be read.
pub(in crate::web::dashboard) fn unreadable(why: &str) -> Response<Body> {
    outside(StatusCode::UNPROCESSABLE_ENTITY, "This form cannot be read", why)
}

/// A page that is gone before anybody reads it, unless the browser does not go on by itself.
pub(in crate::web::dashboard) fn one_moment(address: &str) -> Markup {
    let content = markup! {
        div.card.fields {
            h1 { "One moment" }
            p { a href=(address) { "Go on to the dashboard" } }
        }
    };
    door(HOME, style_address(), "One moment", &content)
}

/// Somebody shows a token, and has shown another one before.
pub(in crate::web::dashboard) fn signed_in_already(visit: &Visit) -> Response<Body> {
    let name = &visit.authority.actor.name;
    let content = inside(
        "You are signed in already",
        &format!("You are {name}. Sign out first to go on with another token."),
    );
    html(StatusCode::CONFLICT, shell(visit, "Signed in already", Section::Apps, &content))
}

/// The token may not do this.
pub(in crate::web::dashboard) fn not_yours(visit: &Visit, scope: &Scope) -> Response<Body> {
    let content = inside(
        "Your token may not do this",
        &format!("It lacks the scope {scope}. Somebody with the scope admin can make you one that has it."),
    );
    html(StatusCode::FORBIDDEN, shell(visit, "Not allowed", Section::Apps, &content))
}

/// An operation was not done.
pub(in crate::web::dashboard) fn failed(visit: &Visit, error: &OperationError) -> Response<Body> {
    // What follows says which command of the terminal helps.
    let message = error.message.split(": innkeeper ").next().unwrap_or_default();
    let (title, why) = match error.kind {
        ErrorKind::NotFound => (message.to_owned(), "It may have been deleted, or the address may be mistyped."),
        ErrorKind::Unavailable => ("Not now".to_owned(), message),
        _ => ("That did not work".to_owned(), message),
    };
    let title = sentence(&title).trim_end_matches('.').to_owned();
    let content = inside(&title, &sentence(why));
    html(status(error.kind), shell(visit, &title, Section::Apps, &content))
}

fn inside(title: &str, why: &str) -> Markup {
    markup! {
        div.narrow {
            h1 { (shown(title)) }
            p { (shown(why)) }
            p { a.button href=(HOME) { "Back to all apps" } }
        }
    }
}

fn outside(status: StatusCode, title: &str, why: &str) -> Response<Body> {
    let content = markup! {
        div.card.fields {
            h1 { (title) }
            p { (shown(&sentence(why))) }
            p { a href=(HOME) { "To the dashboard" } " · " a href={ (BASE) "/sign-in" } { "Sign in" } }
        }
    };
    html(status, door(HOME, style_address(), title, &content))
}

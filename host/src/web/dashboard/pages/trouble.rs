//! Pages for what cannot be done.

use super::super::Visit;
use super::super::acts::status;
use super::super::page::{BASE, HOME};
use super::super::response::{html, style_address};
use super::super::view::{Section, door};
use super::shell;
use crate::operations::OperationError;
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

/// The token may not do this.
pub(in crate::web::dashboard) fn not_yours(visit: &Visit, what: &str) -> Response<Body> {
    let content = inside(
        "Your token may not do this",
        &format!("It may not {what}. Somebody with the scope admin can make you one that may."),
    );
    html(StatusCode::FORBIDDEN, shell(visit, "Not allowed", Section::Apps, &content))
}

/// An operation was not done.
pub(in crate::web::dashboard) fn failed(visit: &Visit, error: &OperationError) -> Response<Body> {
    let content = inside("That did not work", &error.message);
    html(status(error.kind), shell(visit, "That did not work", Section::Apps, &content))
}

fn inside(title: &str, why: &str) -> Markup {
    markup! {
        div.narrow {
            h1 { (title) }
            p { (why) }
            p { a.button href=(HOME) { "Back to all apps" } }
        }
    }
}

fn outside(status: StatusCode, title: &str, why: &str) -> Response<Body> {
    let content = markup! {
        div.card.fields {
            h1 { (title) }
            p { (why) }
            p { a href=(HOME) { "To the dashboard" } " · " a href={ (BASE) "/sign-in" } { "Sign in" } }
        }
    };
    html(status, door(HOME, style_address(), title, &content))
}

//! The form for the token.

use super::super::access::Refusal;
use super::super::page::{BASE, HOME, parameter, safe_return};
use super::super::response::{html, see_other, style_address};
use super::super::view::{Tone, door, note};
use crate::web::body::Body;
use http::request::Parts;
use http::{Response, StatusCode};
use maud::{Markup, html as markup};

/// Sends somebody without a session to the form, and from there back to where they wanted to go.
pub(in crate::web::dashboard) fn come_in(head: &Parts) -> Response<Body> {
    let wanted = head.uri.path_and_query().map_or(HOME, |wanted| wanted.as_str());
    let wanted = if head.method == http::Method::POST { HOME } else { safe_return(Some(wanted)) };
    if wanted == HOME {
        return see_other(&format!("{BASE}/sign-in"));
    }
    let to: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    see_other(&format!("{BASE}/sign-in?to={to}"))
}

/// The form; with what was wrong with a token, where one was shown.
pub(in crate::web::dashboard) fn page(head: &Parts, refused: Option<(Option<&str>, &Refusal)>) -> Response<Body> {
    let asked = parameter(head.uri.query(), "to");
    let to = safe_return(refused.map_or(asked.as_deref(), |(to, _)| to));
    let status = match refused {
        None => StatusCode::OK,
        Some((_, Refusal::Off)) => StatusCode::NOT_FOUND,
        Some((_, Refusal::Wrong)) => StatusCode::FORBIDDEN,
        Some((_, Refusal::TooMany(_))) => StatusCode::TOO_MANY_REQUESTS,
    };
    let problem = refused.map(|(_, refusal)| told(refusal));
    html(status, door(HOME, style_address(), "Sign in", &form(to, problem.as_ref())))
}

fn form(to: &str, problem: Option<&Markup>) -> Markup {
    markup! {
        div.card {
            form.fields method="post" action={ (BASE) "/sign-in" } {
                h1 { "Sign in" }
                @if let Some(problem) = problem { (note(Tone::Bad, problem)) }
                input type="hidden" name="to" value=(to);
                div.field {
                    label for="token" { "Token" }
                    input id="token" name="token" type="password" required autocomplete="current-password"
                        spellcheck="false" autocapitalize="off" aria-describedby="about-token"
                        aria-invalid=[problem.map(|_| "true")];
                    p.hint #about-token {
                        "From " code { "innkeeper token create" } ", or the one in " code { "INNKEEPER_ADMIN_TOKEN" } "."
                    }
                }
                button.primary type="submit" { "Sign in" }
            }
        }
        p.hint { "You stay signed in for eight hours at most, and for one without doing anything." }
    }
}

fn told(refusal: &Refusal) -> Markup {
    match refusal {
        Refusal::Off => markup! {
            p { "Nobody can sign in here yet. Make a token with " code { "innkeeper token create" } ", or set "
                code { "INNKEEPER_ADMIN_TOKEN" } " to at least 32 random characters." }
        },
        Refusal::Wrong => {
            markup! { p { "This token does not open anything here. It may have been revoked, or have ended." } }
        }
        Refusal::TooMany(wait) => markup! {
            p { "Too many wrong tokens came from your address. Try again in " (wait.as_secs().max(1)) " seconds." }
        },
    }
}

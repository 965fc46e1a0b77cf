//! The form for the token.

use super::super::page::{BASE, HOME, safe_return};
use super::super::response::{html, see_other, style_address};
use super::super::session;
use super::super::view::{Tone, door, note};
use crate::web::admin::auth::Refusal;
use crate::web::body::Body;
use http::request::Parts;
use http::{Response, StatusCode};
use maud::{Markup, html as markup};

/// Why the form is shown once more, or with something to say.
#[derive(Debug, Clone, Copy)]
pub(in crate::web::dashboard) enum Problem<'a> {
    /// The token does not open.
    Refused(&'a Refusal),
    /// There is no token that could open.
    SwitchedOff,
    /// The form was not given to this browser, or at another address.
    Stale,
    /// The browser sends several cookies of the session's name, none of which is good alone.
    SeveralCookies,
}

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

/// The form, which leads to `to`. `key` shows that the browser was given it.
pub(in crate::web::dashboard) fn page(
    to: Option<&str>,
    key: &str,
    problem: Option<&Problem<'_>>,
) -> Response<Body> {
    let status = match problem {
        None | Some(Problem::SeveralCookies) => StatusCode::OK,
        Some(Problem::SwitchedOff) => StatusCode::NOT_FOUND,
        Some(Problem::Refused(Refusal::TooMany(_))) => StatusCode::TOO_MANY_REQUESTS,
        Some(Problem::Refused(Refusal::Unavailable)) => StatusCode::SERVICE_UNAVAILABLE,
        Some(Problem::Refused(_) | Problem::Stale) => StatusCode::FORBIDDEN,
    };
    html(status, door(HOME, style_address(), "Sign in", &form(safe_return(to), key, problem)))
}

fn form(to: &str, key: &str, problem: Option<&Problem<'_>>) -> Markup {
    let is_token_wrong = matches!(problem, Some(Problem::Refused(_) | Problem::SwitchedOff));
    markup! {
        div.card {
            form.fields method="post" action={ (BASE) "/sign-in" } {
                h1 { "Sign in" }
                @if let Some(problem) = problem { (note(Tone::Bad, &explanation(problem))) }
                input type="hidden" name="to" value=(to);
                input type="hidden" name="key" value=(key);
                div.field {
                    label for="token" { "Token" }
                    input id="token" name="token" type="password" required autocomplete="current-password"
                        spellcheck="false" autocapitalize="off" aria-describedby="about-token"
                        aria-invalid=[is_token_wrong.then_some("true")];
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

fn explanation(problem: &Problem<'_>) -> Markup {
    match problem {
        Problem::SwitchedOff => markup! {
            p { "Nobody can sign in here yet. Make a token with " code { "innkeeper token create" } ", or set "
                code { "INNKEEPER_ADMIN_TOKEN" } " to at least 32 random characters." }
        },
        Problem::Stale => markup! {
            p { "This form was not made for this browser, so your token was not looked at. Fill it in once more. \
                 If this goes on, allow cookies for this site." }
        },
        Problem::SeveralCookies => markup! {
            p { "Your browser sends several cookies called " code { (session::COOKIE.0) } ": an app on this host name may have set one. \
                 If you cannot sign in, delete the cookies of this site." }
        },
        Problem::Refused(Refusal::Unavailable) => {
            markup! { p { "The database does not answer, so your token cannot be looked up. Try again in a moment." } }
        }
        Problem::Refused(Refusal::TooMany(wait)) => markup! {
            p { "Too many wrong tokens came from your address. Try again in " (wait.as_secs().max(1)) " seconds." }
        },
        Problem::Refused(_) => {
            markup! { p { "This token does not open anything here. It may have been revoked, or have ended." } }
        }
    }
}

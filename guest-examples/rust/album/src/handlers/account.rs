//! Signing up, in and out.

use innkeeper_sdk::{Error, Request, Response, Result, session};

use super::receive;
use crate::{accounts, pages};

/// `POST /sign-up`
pub fn sign_up(_: Request) -> Result<Response> {
    let form = receive()?;
    in_or_again(accounts::sign_up(form.get("name"), form.get("password")))
}

/// `POST /sign-in`
pub fn sign_in(_: Request) -> Result<Response> {
    let form = receive()?;
    in_or_again(accounts::sign_in(form.get("name"), form.get("password")))
}

/// Home, or the page to sign in with what was wrong.
fn in_or_again(outcome: Result<()>) -> Result<Response> {
    match outcome {
        Err(error) if error.status() == 422 => refused(&error),
        other => other.map(|()| Response::see_other("/")),
    }
}

fn refused(error: &Error) -> Result<Response> {
    Ok(pages::sign_in(Some(error.message()))?.with_status(error.status()))
}

/// `POST /sign-out`
pub fn sign_out(_: Request) -> Result<Response> {
    receive()?;
    session::destroy()?;
    Ok(Response::see_other("/"))
}

/// `GET /account`
pub fn show(_: Request) -> Result<Response> {
    pages::account(&accounts::required()?)
}

/// `POST /account/password`
pub fn change_password(_: Request) -> Result<Response> {
    let (account, form) = (accounts::required()?, receive()?);
    accounts::change_password(&account, form.get("old"), form.get("new"))?;
    session::flash("The password is another one now. All other devices are signed out.")?;
    Ok(Response::see_other("/account"))
}

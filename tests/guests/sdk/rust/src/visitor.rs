//! The session.

use std::time::Duration;

use innkeeper_sdk::{Code, Result, session};

use crate::same;

pub fn check() -> Result<()> {
    session::set("name", "Ada")?;
    same(session::get("name")?.as_deref(), Some("Ada"))?;
    same(session::compare_and_set("name", Some("Eve"), "x")?, false)?;
    same(session::compare_and_set("name", Some("Ada"), "Grace")?, true)?;
    same(session::increment("visits", 2)?, 2)?;
    same(session::keys()?, vec!["name".to_owned(), "visits".to_owned()])?;
    let refused = session::increment("name", 1);
    same(refused.err().map(|error| (error.code(), error.status())), Some((Code::BadParameter, 500)))?;
    session::remove("name")?;
    same(session::get("name")?, None)?;
    session::flash("once")?;
    same(session::take_flash()?, vec!["once".to_owned()])?;
    same(session::take_flash()?, Vec::<String>::new())?;
    session::renew(Some("ada"))?;
    same(session::user()?.as_deref(), Some("ada"))?;
    session::set_expiry(Some(Duration::from_secs(60)), None)?;
    let token = session::csrf_token("form")?;
    same((session::csrf_check("form", &token)?, session::csrf_check("other", &token)?), (true, false))?;
    session::destroy_all("nobody")?;
    session::destroy()?;
    same(session::user()?, None)
}

//! One function for each address.

pub mod account;
pub mod album;
pub mod photo;
pub mod shared;
pub mod upload;

use std::time::Duration;

use innkeeper_sdk::blobs::{self, SendOptions};
use innkeeper_sdk::{Form, Request, Response, Result};

use crate::photos::Photo;

/// One name for all forms: what a page was given is good for all that is on it.
pub const CSRF_FORM: &str = "album";

/// A photo never changes, and who may see it seldom does.
const PHOTO_MAX_AGE: Duration = Duration::from_secs(3_600);

/// `GET /static/album.css`
pub fn style(_: Request) -> Response {
    fixed("text/css; charset=utf-8", include_str!("../../static/album.css"))
}

/// `GET /static/upload.js`
pub fn script(_: Request) -> Response {
    fixed("text/javascript; charset=utf-8", include_str!("../../static/upload.js"))
}

/// A file of the app's own, which the next version may change.
fn fixed(content_type: &str, text: &str) -> Response {
    Response::bytes(content_type, text).with_header("cache-control", "max-age=60")
}

/// A form without files, which this app has handed out to this visitor.
fn receive() -> Result<Form> {
    Form::receive(CSRF_FORM)
}

fn send(photo: &Photo) -> Result<Response> {
    let options = SendOptions { max_age: Some(PHOTO_MAX_AGE), ..SendOptions::default() };
    blobs::send(&photo.blob, &options)
}

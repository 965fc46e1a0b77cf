//! Albums: the list of them, one for its members, and one for everybody who has the link.

use innkeeper_sdk::{CsrfField, Response, Result, csrf_field};
use maud::{Markup, html};

use super::photos::{Links, grid, paging};
use super::{document, messages, search};
use crate::accounts::Account;
use crate::albums::{Album, Summary};
use crate::handlers::CSRF_FORM;
use crate::photos::Listing;

/// `GET /`
pub fn home(account: &Account, albums: &[Summary]) -> Result<Response> {
    let csrf = csrf_field(CSRF_FORM)?;
    let body = html! {
        (messages()?)
        main {
            (search("/", ""))
            ul class="grid albums" { @for album in albums { (summary(album)) } }
            @if albums.is_empty() { p class="empty" { "You have no albums yet." } }
            form class="card" method="post" action="/albums" {
                (csrf)
                label { "A new album " input name="title" maxlength="100" required placeholder="Title"; }
                button { "Make it" }
            }
        }
    };
    Ok(document("Album", Some(account), &body))
}

fn summary(album: &Summary) -> Markup {
    html! {
        li {
            a href={ "/albums/" (album.id) } {
                @if let Some(newest) = album.newest { img src={ "/photos/" (newest) "/file" } alt="" loading="lazy"; }
                span {
                    strong { (album.title) } " "
                    (album.photos) @if album.photos == 1 { " photo" } @else { " photos" }
                    ", by " (album.owner_name)
                }
            }
        }
    }
}

/// `GET /albums/ID`
pub fn album(
    account: &Account,
    album: &Album,
    members: &[Account],
    words: &str,
    listing: &Listing,
) -> Result<Response> {
    let (csrf, path) = (csrf_field(CSRF_FORM)?, format!("/albums/{}", album.id));
    let body = html! {
        (messages()?)
        main {
            h2 { (album.title) }
            p class="about" { "By " (album.owner_name) @for member in members { ", " (member.name) } }
            (search(&path, words))
            (grid(listing, &Links::Pages))
            (paging(&path, words, listing))
            (upload_form(&path, &csrf))
            @if album.is_owned_by(account) {
                (owner_forms(album, &path, members, &csrf))
            } @else {
                form method="post" action={ (path) "/leave" } { (csrf) button class="quiet" { "Leave this album" } }
            }
        }
    };
    Ok(document(&album.title, Some(account), &body))
}

/// Works without the script; with it, an interrupted upload goes on where it was.
fn upload_form(path: &str, csrf: &CsrfField) -> Markup {
    html! {
        form id="upload" class="card" method="post" action={ (path) "/photos" } enctype="multipart/form-data" data-uploads={ (path) "/uploads" } {
            (csrf)
            h2 { "More photos" }
            label { "Files " input name="photo" type="file" accept="image/*" multiple required; }
            label { "Caption " input name="caption" maxlength="500"; }
            button { "Add them" }
            ul id="progress" aria-live="polite" {}
        }
        script src="/static/upload.js" defer {}
    }
}

fn owner_forms(album: &Album, path: &str, members: &[Account], csrf: &CsrfField) -> Markup {
    html! {
        section class="card" {
            h2 { "Who sees this album" }
            @for member in members {
                form class="row" method="post" action={ (path) "/members/" (member.id) "/remove" } {
                    (csrf) span { (member.name) } button class="quiet" { "Remove" }
                }
            }
            form class="row" method="post" action={ (path) "/members" } {
                (csrf) input name="name" required maxlength="40" placeholder="Name" aria-label="Name"; button { "Let in" }
            }
            @if let Some(token) = &album.share_token {
                p { "Everybody with this link: " a href={ "/shared/" (token) } { "/shared/" (token) } }
                form method="post" action={ (path) "/unshare" } { (csrf) button class="quiet" { "End the link" } }
            } @else {
                form method="post" action={ (path) "/share" } { (csrf) button class="quiet" { "Make a link for everybody" } }
            }
            form method="post" action={ (path) "/delete" } { (csrf) button class="quiet" { "Delete the album" } }
        }
    }
}

/// `GET /shared/TOKEN`
pub fn shared(album: &Album, token: &str, listing: &Listing) -> Response {
    let body = html! {
        main {
            h2 { (album.title) }
            p class="about" { "By " (album.owner_name) }
            (grid(listing, &Links::Shared(token)))
            (paging(&format!("/shared/{token}"), "", listing))
        }
    };
    document(&album.title, None, &body)
}

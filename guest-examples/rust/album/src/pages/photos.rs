//! Photos: as a grid, and one by itself.

use innkeeper_sdk::{CsrfField, Response, Result, csrf_field};
use maud::{Markup, html};

use super::{document, messages, search};
use crate::accounts::Account;
use crate::albums::Album;
use crate::handlers::CSRF_FORM;
use crate::photos::{Listing, Photo};

/// Photos of all albums in which words were found.
pub fn found(account: &Account, words: &str, listing: &Listing) -> Result<Response> {
    let body = html! {
        (messages()?)
        main {
            h2 { "Photos with “" (words) "”" }
            (search("/", words))
            (grid(listing, &Links::Pages))
            (paging("/", words, listing))
        }
    };
    Ok(document(words, Some(account), &body))
}

/// `GET /photos/ID`
pub fn photo(account: &Account, album: &Album, photo: &Photo) -> Result<Response> {
    let csrf = csrf_field(CSRF_FORM)?;
    let body = html! {
        (messages()?)
        main class="photo" {
            p { a href={ "/albums/" (album.id) } { "← " (album.title) } }
            img src={ "/photos/" (photo.id) "/file" } alt=(photo.caption);
            p class="caption" { (photo.caption) }
            p class="about" {
                "By " (photo.uploader_name) ", "
                time datetime=(photo.created.to_seconds_string()) { (photo.created.date()) }
            }
            @if photo.may_be_changed_by(account, album) { (forms(photo, &csrf)) }
        }
    };
    Ok(document(&album.title, Some(account), &body))
}

fn forms(photo: &Photo, csrf: &CsrfField) -> Markup {
    html! {
        form class="card" method="post" action={ "/photos/" (photo.id) "/caption" } {
            (csrf)
            label { "Caption " input name="caption" value=(photo.caption) maxlength="500"; }
            button { "Save" }
        }
        form method="post" action={ "/photos/" (photo.id) "/delete" } {
            (csrf)
            button class="quiet" { "Delete this photo" }
        }
    }
}

/// Where the photos of a grid lead to.
pub(super) enum Links<'a> {
    /// To their pages.
    Pages,
    /// To the files alone, under the token of a link for everybody.
    Shared(&'a str),
}

impl Links<'_> {
    fn page(&self, photo: &Photo) -> String {
        match self {
            Links::Pages => format!("/photos/{}", photo.id),
            Links::Shared(_) => self.file(photo),
        }
    }

    fn file(&self, photo: &Photo) -> String {
        match self {
            Links::Pages => format!("/photos/{}/file", photo.id),
            Links::Shared(token) => format!("/shared/{token}/photos/{}", photo.id),
        }
    }
}

/// Photos beside each other.
pub(super) fn grid(listing: &Listing, links: &Links) -> Markup {
    html! {
        @if listing.photos.is_empty() { p class="empty" { "There are no photos here." } }
        ul class="grid" {
            @for photo in &listing.photos {
                li {
                    a href=(links.page(photo)) {
                        img src=(links.file(photo)) alt=(photo.caption) loading="lazy" decoding="async";
                        @if !photo.caption.is_empty() { span { (photo.caption) } }
                    }
                }
            }
        }
    }
}

/// A link to the photos before these.
pub(super) fn paging(path: &str, words: &str, listing: &Listing) -> Markup {
    html! {
        @if let Some(before) = listing.next {
            form class="paging" action=(path) {
                @if !words.is_empty() { input type="hidden" name="q" value=(words); }
                button class="quiet" name="before" value=(before) { "Older photos" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use innkeeper_sdk::db::Instant;

    #[test]
    fn nothing_that_a_visitor_writes_becomes_markup() {
        let text = "\"><script>alert(1)</script>".to_owned();
        let photo = Photo {
            id: 1,
            album: 1,
            uploader: 1,
            uploader_name: text.clone(),
            blob: String::new(),
            caption: text.clone(),
            created: Instant::from_micros(0),
        };
        let listing = Listing { photos: vec![photo], next: Some(1) };
        for html in
            [grid(&listing, &Links::Pages), grid(&listing, &Links::Shared("t")), paging("/", &text, &listing)]
        {
            let html = html.into_string();
            assert!(!html.contains("<script"), "{html}");
            assert!(html.contains("&quot;&gt;&lt;script&gt;"), "{html}");
        }
    }
}

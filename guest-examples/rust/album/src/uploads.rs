//! Uploads that can be interrupted: the page sends the file to the host by the tus protocol, past
//! this app, and tells the app when it has arrived.

use std::time::Duration;

use innkeeper_sdk::db::{self, Instant};
use innkeeper_sdk::{Code, Error, Form, FormOptions, Result, blobs};

use crate::accounts::Account;
use crate::albums::Album;
use crate::photos;

/// Of one photo.
const MAX_BYTES: u32 = 100 * 1024 * 1024;
/// For so long a ticket is good. An upload that makes no progress is swept by the host sooner,
/// after an hour, and so is one that has arrived and is not finished.
const LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// For so long the app knows of an upload: it may arrive at the end of its ticket's life.
const NOTED: Duration = Duration::from_secs(26 * 60 * 60);

/// What an upload may be: pictures of the usual size.
pub fn limits() -> FormOptions {
    Form::options().max_file(MAX_BYTES).accept("image/*")
}

/// A ticket for one file, and a note of whom it was given to.
pub fn begin(album: &Album, uploader: &Account) -> Result<blobs::UploadTicket> {
    let ticket = blobs::sign_upload(limits(), LIFE)?;
    forget_old_ones()?;
    let sql = "insert into uploads (blob, album, uploader, created) values ($1, $2, $3, $4)";
    db::execute(sql, (&ticket.id, album.id, uploader.id, Instant::now()))?;
    Ok(ticket)
}

/// Makes the file a photo, once all of it has arrived. Who has not heard of it may ask again.
pub fn finish(album: &Album, uploader: &Account, blob: &str, caption: &str) -> Result<()> {
    let sql = "delete from uploads where blob = $1 and album = $2 and uploader = $3";
    let finished = db::transaction(|tx| {
        // Of two requests at once only one finds the note.
        if tx.execute(sql, (blob, album.id, uploader.id))? == 1 {
            photos::add(album, uploader, blob, caption)
        } else if photos::is_there(album, uploader, blob)? {
            Ok(())
        } else {
            Err(Error::not_found())
        }
    });
    finished.map_err(|error| match error.code() {
        Code::NotFound => Error::new(409, "The file has not arrived yet, or that was too long ago."),
        _ => error,
    })
}

/// Their files were swept by the host.
fn forget_old_ones() -> Result<()> {
    db::execute("delete from uploads where created < $1", [Instant::now() - NOTED])?;
    Ok(())
}

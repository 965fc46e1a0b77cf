//! Files that the app makes and reads.

use std::io::{Read, Write};
use std::time::Duration;

use innkeeper_sdk::blobs::{self, SendOptions};
use innkeeper_sdk::{Code, Error, Form, Result, db};

use crate::same;

pub fn check() -> Result<()> {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let mut writer = blobs::create(Some("numbers.bin"), "application/octet-stream")?;
    for piece in bytes.chunks(777) {
        writer.write_all(piece)?;
    }
    let blob = writer.finish()?;
    same((blob.size, blob.name.as_deref(), blob.kept), (3_000_000, Some("numbers.bin"), false))?;
    same(blob.created_at() <= db::Instant::now() + Duration::from_secs(1), true)?;
    blobs::keep(&blob.id)?;
    same(blobs::stat(&blob.id)?.kept, true)?;
    same(blobs::list(None, 1000)?.iter().any(|other| other.id == blob.id), true)?;

    let mut reader = blobs::open(&blob.id)?;
    same(reader.blob().id, blob.id.clone())?;
    let mut read = Vec::new();
    reader.read_to_end(&mut read)?;
    same(read == bytes, true)?;
    let mut part = [0_u8; 4];
    blobs::open_range(&blob.id, 1_000_000..=1_000_003)?.read_exact(&mut part)?;
    same(Some(part.as_slice()), bytes.get(1_000_000..1_000_004))?;

    let path = blobs::sign_download(&blob.id, &SendOptions::default(), Duration::from_secs(60))?;
    same(path.starts_with('/'), true)?;
    let ticket = blobs::sign_upload(Form::options().max_file(1000).accept("image/*"), Duration::from_secs(60))?;
    same(ticket.path.starts_with('/'), true)?;

    blobs::delete(&blob.id)?;
    let gone: Error = blobs::stat(&blob.id).err().ok_or("it is still there")?;
    same((gone.code(), gone.status(), gone.interface()), (Code::NotFound, 404, Some("blob-upload")))
}

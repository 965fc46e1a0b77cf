//! Blobs as streams of bytes.

use std::io::{self, Read, Write};

use super::Blob;
use crate::bindings::innkeeper::storage::blob_upload as wit;
use crate::{Error, Result};

/// The most that one call takes or gives.
const PIECE_BYTES: usize = 1024 * 1024;
/// Small reads and writes are put together until they have so many bytes: each call costs time.
const BUFFER_BYTES: usize = 64 * 1024;

/// Receives the bytes of a blob that the app makes, as a [`std::io::Write`]. Dropped before
/// [`Writer::finish`], nothing is left.
pub struct Writer {
    writer: wit::Writer,
    buffer: Vec<u8>,
}

impl Writer {
    pub(super) fn new(writer: wit::Writer) -> Writer {
        Writer { writer, buffer: Vec::new() }
    }

    /// Stages the blob.
    #[track_caller]
    pub fn finish(mut self) -> Result<Blob> {
        self.send()?;
        Ok(self.writer.finish()?)
    }

    fn send(&mut self) -> Result<()> {
        for piece in self.buffer.chunks(PIECE_BYTES) {
            self.writer.write(piece)?;
        }
        self.buffer.clear();
        Ok(())
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.send().map_err(io::Error::other)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send().map_err(io::Error::other)
    }
}

/// Reads a blob, as a [`std::io::Read`].
pub struct Reader {
    reader: wit::Reader,
    piece: io::Cursor<Vec<u8>>,
}

impl Reader {
    pub(super) fn new(reader: wit::Reader) -> Reader {
        Reader { reader, piece: io::Cursor::default() }
    }

    /// What is being read.
    pub fn blob(&self) -> Blob {
        self.reader.get_blob()
    }
}

impl Read for Reader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.piece.read(bytes)?;
        if read > 0 || bytes.is_empty() {
            return Ok(read);
        }
        let wanted = bytes.len().clamp(BUFFER_BYTES, PIECE_BYTES) as u32;
        self.piece =
            io::Cursor::new(self.reader.read(wanted).map_err(|error| io::Error::other(Error::from(error)))?);
        self.piece.read(bytes)
    }
}

//! Follows a chunked body, strictly (RFC 9112 section 7.1), so that its end is known and hyper
//! reads the same one.

use super::characters::{is_control, is_token};
use super::framing::take_up_to;
use super::refusal::Refusal;

/// Sixteen hexadecimal digits fill the counter.
const SIZE_DIGITS: u8 = 16;
/// Nobody uses extensions; a chunk may have this much of them.
const EXTENSION_BYTES: usize = 256;
/// All trailers of one body together.
const TRAILER_BYTES: usize = 8 * 1024;

/// Where in a chunked body the next byte stands.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    at: Place,
    /// The size of the current chunk; later what is left of its data.
    size: u64,
    /// Bytes of the current extension, then of the trailers.
    spent: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    SizeStart,
    /// With the number of digits so far.
    Size(u8),
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    LineStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    EndLf,
    Done,
}

impl Chunked {
    /// Whether the last line has been seen.
    pub(super) fn is_done(&self) -> bool {
        self.at == Place::Done
    }

    /// Counts how many of `bytes` belong to the body, and tells what is wrong with the byte after
    /// them.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, Option<Refusal>) {
        let mut taken = 0;
        while let Some(byte) = bytes.get(taken).filter(|_| !self.is_done()) {
            if self.at == Place::Data {
                taken += take_up_to(&mut self.size, bytes.len() - taken);
                if self.size == 0 {
                    self.at = Place::DataCr;
                }
                continue;
            }
            match self.step(*byte) {
                Ok(next) => self.at = next,
                Err(refusal) => return (taken, Some(refusal)),
            }
            taken += 1;
        }
        (taken, None)
    }

    fn step(&mut self, byte: u8) -> Result<Place, Refusal> {
        match (self.at, byte) {
            (Place::SizeStart, _) => self.digit(byte, 0),
            (Place::Size(_), b'\r') => Ok(Place::SizeLf),
            // RFC 9112 section 7.1.1 allows whitespace here and calls it bad; nobody sends it
            // without an aim.
            (Place::Size(_), b';') => self.extension(),
            (Place::Size(digits), _) => self.digit(byte, digits),
            (Place::Extension, b'\r') => Ok(Place::SizeLf),
            (Place::Extension, _) if is_control(byte) => Err(Refusal::Chunk),
            (Place::Extension, _) => self.extension(),
            (Place::SizeLf, b'\n') => Ok(self.after_size()),
            (Place::DataCr, b'\r') => Ok(Place::DataLf),
            (Place::DataLf, b'\n') => Ok(Place::SizeStart),
            (Place::LineStart, b'\r') => Ok(Place::EndLf),
            (Place::EndLf, b'\n') => Ok(Place::Done),
            (Place::LineStart | Place::TrailerName | Place::TrailerValue | Place::TrailerLf, _) => {
                self.trailer(byte)
            }
            _ => Err(Refusal::Chunk),
        }
    }

    fn digit(&mut self, byte: u8, digits: u8) -> Result<Place, Refusal> {
        let value = char::from(byte).to_digit(16).ok_or(Refusal::Chunk)?;
        if digits == SIZE_DIGITS {
            return Err(Refusal::Chunk);
        }
        self.size = (self.size << 4) | u64::from(value);
        Ok(Place::Size(digits + 1))
    }

    fn extension(&mut self) -> Result<Place, Refusal> {
        self.spent += 1;
        if self.spent > EXTENSION_BYTES { Err(Refusal::ChunkExtension) } else { Ok(Place::Extension) }
    }

    fn after_size(&mut self) -> Place {
        self.spent = 0;
        if self.size == 0 { Place::LineStart } else { Place::Data }
    }

    fn trailer(&mut self, byte: u8) -> Result<Place, Refusal> {
        self.spent += 1;
        if self.spent > TRAILER_BYTES {
            return Err(Refusal::TrailersTooLarge);
        }
        match (self.at, byte) {
            (Place::LineStart | Place::TrailerName, _) if is_token(byte) => Ok(Place::TrailerName),
            (Place::TrailerName, b':') => Ok(Place::TrailerValue),
            (Place::TrailerValue, b'\r') => Ok(Place::TrailerLf),
            (Place::TrailerValue, _) if !is_control(byte) => Ok(Place::TrailerValue),
            (Place::TrailerLf, b'\n') => Ok(Place::LineStart),
            _ => Err(Refusal::Trailer),
        }
    }
}

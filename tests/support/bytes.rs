//! Bytes to send: pictures, and endless noise that is the same at every run and never held as a
//! whole.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use sha2::{Digest, Sha256};

/// A valid PNG of one grey pixel.
const PIXEL: &[u8] =
    b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00\x3a\x7e\x9bU\
    \x00\x00\x00\x0aIDATx\x9cch\x00\x00\x00\x82\x00\x81w\xcdr\xb6\x00\x00\x00\x00IEND\xaeB\x60\x82";

/// A picture of exactly this size: one pixel, then noise that viewers ignore. `seed` makes it
/// differ from others.
pub fn png(size: usize, seed: u64) -> Vec<u8> {
    let mut picture = PIXEL.to_vec();
    let mut noise = Noise::new(seed);
    while picture.len() < size {
        picture.extend_from_slice(&noise.block());
    }
    picture.truncate(size.max(PIXEL.len()));
    picture
}

/// The SHA-256 of some bytes in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// `size` bytes of noise as a body that is made while it is sent.
#[derive(Debug)]
pub struct Generated {
    noise: Noise,
    left: u64,
    hash: Arc<Mutex<Sha256>>,
}

/// The SHA-256 of what has been sent of a [`Generated`] body.
#[derive(Clone, Debug)]
pub struct SentHash(Arc<Mutex<Sha256>>);

impl Generated {
    /// A body of this size, and the hash of it once it has been sent.
    pub fn new(size: u64) -> (Self, SentHash) {
        let hash = Arc::new(Mutex::new(Sha256::new()));
        (Self { noise: Noise::new(1), left: size, hash: hash.clone() }, SentHash(hash))
    }
}

impl SentHash {
    /// In hexadecimal digits.
    pub fn digits(&self) -> String {
        hex(&self.0.lock().expect("nobody panics while holding it").clone().finalize())
    }
}

impl Body for Generated {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let mut block = this.noise.block().to_vec();
        block.truncate(usize::try_from(this.left).unwrap_or(usize::MAX));
        this.left -= block.len() as u64;
        this.hash.lock().expect("nobody panics while holding it").update(&block);
        Poll::Ready(Some(Ok(Frame::data(block.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// A stream of numbers that does not compress and does not repeat (xorshift64).
#[derive(Debug)]
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn block(&mut self) -> [u8; 16 * 1024] {
        let mut block = [0; 16 * 1024];
        block.chunks_exact_mut(8).for_each(|eight| eight.copy_from_slice(&self.next().to_le_bytes()));
        block
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

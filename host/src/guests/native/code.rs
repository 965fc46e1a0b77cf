//! Code that may be run: the only place that makes runnable code of bytes.

use bytes::Bytes;
use std::io::{self, Read};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Code that a component of any size that is allowed may have.
const MOST_BYTES: u64 = 1 << 30;
/// Native code shrinks to a fifth. Higher levels take seconds longer and save little.
const LEVEL: i32 = 6;

/// Compressed code of a component that this process trusts: its own child has compiled it, its
/// signature was right, or somebody has brought it who may.
#[derive(Clone)]
pub struct Packed {
    size: u64,
    bytes: Bytes,
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packed").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Packed {
    /// Vouches for code: whoever calls it knows where the bytes come from.
    pub(in crate::guests) fn trusted(size: u64, bytes: Bytes) -> Self {
        Self { size, bytes }
    }

    /// Bytes of the code before it was compressed.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The code, compressed.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Makes it runnable. An engine refuses code that was made for another one or for a processor
    /// that can do more than this one.
    pub fn load(self, engine: &Engine) -> wasmtime::Result<Component> {
        let code = unpack(&self.bytes, self.size)?;
        drop(self.bytes);
        deserialize(engine, &code)
    }
}

/// Compresses code into a writer.
pub(in crate::guests) fn pack(code: &[u8], into: impl io::Write) -> io::Result<()> {
    zstd::stream::copy_encode(code, into, LEVEL)
}

/// However many bytes there could be, no more than `size` are made.
fn unpack(packed: &[u8], size: u64) -> io::Result<Vec<u8>> {
    let wrong =
        || io::Error::new(io::ErrorKind::InvalidData, "the code does not have the size that it should have");
    let capacity = usize::try_from(size).ok().filter(|_| size <= MOST_BYTES).ok_or_else(wrong)?;
    let mut code = Vec::with_capacity(capacity);
    // One byte more shows that there is more.
    zstd::stream::read::Decoder::with_buffer(packed)?.take(size + 1).read_to_end(&mut code)?;
    if code.len() == capacity { Ok(code) } else { Err(wrong()) }
}

#[expect(unsafe_code, reason = "wasmtime cannot check that code is what its compiler has made")]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are those of a `Packed`. Wasmtime's compiler has made them, in a child of
    // this process or of one that has the key, and nobody else has changed them since; or they come
    // from a deployer to whom an operator has given the power of the host.
    unsafe { Component::deserialize(engine, code) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(code: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        pack(code, &mut packed).unwrap();
        packed
    }

    #[test]
    fn what_is_unpacked_has_the_size_that_it_should_have_and_never_more() {
        let code: Vec<u8> = (0..100_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let size = u64::try_from(code.len()).unwrap();
        assert_eq!(unpack(&packed(&code), size).unwrap(), code);
        for wrong in [0, 1, size - 1, size + 1, MOST_BYTES + 1, u64::MAX] {
            assert!(unpack(&packed(&code), wrong).is_err(), "{wrong}");
        }
        assert!(unpack(&packed(&[]), 0).unwrap().is_empty());
    }

    #[test]
    fn a_bomb_takes_no_more_memory_than_its_size() {
        // 64 MiB of nothing are some kilobytes.
        let bomb = packed(&vec![0; 64 << 20]);
        assert!(bomb.len() < 64 << 10);
        assert!(unpack(&bomb, 1 << 20).is_err());
    }
}

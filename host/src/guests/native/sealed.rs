//! Code with its signature.
//!
//! The signature is an HMAC-SHA256 over everything that matters, each part behind its length or of
//! a length that is fixed, so that no two different things are signed alike: the purpose, the
//! component, the engine with its machine, the size of the code, and the compressed code.

use super::code::Packed;
use super::key::SigningKey;
use crate::storage::registry::native_code::{CodeId, NativeCode};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::io::{self, Read, Write};

const PURPOSE: &[u8] = b"innkeeper native code 1\0";
const MAC_BYTES: usize = 32;
/// How a file begins that holds code.
const MAGIC: &[u8; 16] = b"innkeeper code 1";
const ID_BYTES: usize = 8;

/// Why code is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// It is signed by another key, as it is when a password has changed.
    #[error("it is signed with another key")]
    AnotherKey,
    /// Something about it is not what was signed.
    #[error("its signature is wrong: it was changed after it was signed, or is that of another component")]
    Forged,
}

/// Signs code.
pub(super) fn seal(key: &SigningKey, id: &CodeId, packed: &Packed) -> NativeCode {
    let mac = mac(key, id, packed.size(), packed.bytes()).finalize().into_bytes();
    NativeCode {
        size: packed.size(),
        key_id: key.id().to_vec(),
        mac: mac.to_vec(),
        packed: packed.bytes().clone(),
    }
}

/// Checks the signature.
pub(super) fn open(key: &SigningKey, id: &CodeId, code: NativeCode) -> Result<Packed, Refusal> {
    if code.key_id != key.id() {
        return Err(Refusal::AnotherKey);
    }
    let mac = mac(key, id, code.size, &code.packed);
    mac.verify_slice(&code.mac).map_err(|_| Refusal::Forged)?;
    Ok(Packed::trusted(code.size, code.packed))
}

fn mac(key: &SigningKey, id: &CodeId, size: u64, packed: &[u8]) -> Hmac<Sha256> {
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes();
    let mut mac = key.mac();
    mac.update(PURPOSE);
    for part in [&id.component, &id.engine] {
        mac.update(&length(part));
        mac.update(part);
    }
    mac.update(&size.to_le_bytes());
    mac.update(&length(packed));
    mac.update(packed);
    mac
}

/// Writes signed code as a file has it.
pub(super) fn write(code: &NativeCode, mut to: impl Write) -> io::Result<()> {
    to.write_all(MAGIC)?;
    to.write_all(&code.size.to_le_bytes())?;
    to.write_all(&code.key_id)?;
    to.write_all(&code.mac)?;
    to.write_all(&code.packed)
}

/// Reads what [`write`] has written. An error where the file is something else.
pub(super) fn read(mut from: impl Read) -> io::Result<NativeCode> {
    let (mut magic, mut size) = ([0; MAGIC.len()], [0; size_of::<u64>()]);
    let (mut key_id, mut mac) = ([0; ID_BYTES], [0; MAC_BYTES]);
    for part in [&mut magic[..], &mut size, &mut key_id, &mut mac] {
        from.read_exact(part)?;
    }
    if magic != *MAGIC {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no file of code"));
    }
    let mut packed = Vec::new();
    from.read_to_end(&mut packed)?;
    Ok(NativeCode {
        size: u64::from_le_bytes(size),
        key_id: key_id.to_vec(),
        mac: mac.to_vec(),
        packed: packed.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::engine_id::Purpose;
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::new([seed; 32])
    }

    fn id(component: &[u8], engine: &[u8]) -> CodeId {
        CodeId { component: component.to_vec(), engine: engine.to_vec() }
    }

    fn sealed(code: &[u8]) -> NativeCode {
        let mut bytes = Vec::new();
        super::super::code::pack(code, &mut bytes, Purpose::Serving).unwrap();
        let size = u64::try_from(code.len()).unwrap();
        seal(&key(1), &id(&[3; 32], &[4; 32]), &Packed::trusted(size, bytes.into()))
    }

    fn open_it(code: NativeCode) -> Result<Packed, Refusal> {
        open(&key(1), &id(&[3; 32], &[4; 32]), code)
    }

    fn some_code() -> Vec<u8> {
        (0..40_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
    }

    #[test]
    fn what_was_signed_is_opened_again() {
        let code = some_code();
        let signed = sealed(&code);
        let packed = open_it(signed.clone()).unwrap();
        assert_eq!((packed.size(), packed.bytes()), (u64::try_from(code.len()).unwrap(), &signed.packed));
        let mut file = Vec::new();
        write(&signed, &mut file).unwrap();
        assert_eq!(read(&file[..]).unwrap(), signed);
    }

    /// Each bit of the head, and as many more spread over the code that there are a thousand.
    #[test]
    fn of_a_thousand_bits_none_can_be_changed() {
        let mut file = Vec::new();
        write(&sealed(&some_code()), &mut file).unwrap();
        let head = 8 * (MAGIC.len() + 8 + ID_BYTES + MAC_BYTES);
        let rest = 8 * file.len() - head;
        let spread = (0..1000).map(|n| head + n * rest / 1000);
        let mut refused = 0;
        for bit in (0..head).chain(spread) {
            let mut changed = file.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let opened = read(&changed[..]).ok().map(open_it);
            assert!(!matches!(opened, Some(Ok(_))), "bit {bit}");
            refused += 1;
        }
        assert_eq!(refused, head + 1000);
        for length in [0, 1, head / 8 - 1, head / 8, file.len() - 1] {
            let opened = read(&file[..length]).ok().map(open_it);
            assert!(!matches!(opened, Some(Ok(_))), "{length} bytes");
        }
        file.push(0);
        assert_eq!(open_it(read(&file[..]).unwrap()).unwrap_err(), Refusal::Forged);
    }

    #[test]
    fn code_is_good_for_its_component_its_engine_and_its_key_alone() {
        let code = sealed(&some_code());
        let (component, engine) = ([3; 32], [4; 32]);
        for other in [id(&[5; 32], &engine), id(&component, &[5; 32]), id(&engine, &component)] {
            assert_eq!(open(&key(1), &other, code.clone()).unwrap_err(), Refusal::Forged);
        }
        // The same bytes, divided otherwise.
        let joined = [&component[..], &engine].concat();
        let shifted = id(&joined[..31], &joined[31..]);
        assert_eq!(open(&key(1), &shifted, code.clone()).unwrap_err(), Refusal::Forged);
        let own = id(&component, &engine);
        assert_eq!(open(&key(2), &own, code.clone()).unwrap_err(), Refusal::AnotherKey);
        // A stranger who knows how a key is named has it no more than before.
        let named = NativeCode { key_id: key(2).id().to_vec(), ..code.clone() };
        assert_eq!(open(&key(2), &own, named).unwrap_err(), Refusal::Forged);
        for size in [0, code.size - 1, code.size + 1, u64::MAX] {
            let bomb = NativeCode { size, ..code.clone() };
            assert_eq!(open(&key(1), &own, bomb).unwrap_err(), Refusal::Forged);
        }
        for mac in [&code.mac[..31], &[], &[code.mac.clone(), vec![0]].concat()] {
            let cut = NativeCode { mac: mac.to_vec(), ..code.clone() };
            assert_eq!(open(&key(1), &own, cut).unwrap_err(), Refusal::Forged);
        }
    }
}

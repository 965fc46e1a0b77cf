//! Code that a deployer's machine has compiled, in the form in which it comes to a host.
//!
//! It says for which component and which engine it is, so that none is taken for another by mistake.
//! It is not signed: whoever may bring it is trusted with as much as the host itself.

use super::code::Packed;
use crate::storage::registry::native_code::{self, CodeId};
use bytes::Bytes;

/// How it begins.
const MAGIC: &[u8; 16] = b"innkeeper sent 1";
const HASH_BYTES: usize = 32;
const HEAD_BYTES: usize = MAGIC.len() + 2 * HASH_BYTES + size_of::<u64>();
/// Bytes at most, so that the code can be handed on to other hosts.
pub const MOST_BROUGHT_BYTES: u64 = HEAD_BYTES as u64 + native_code::MOST_BYTES;

/// Why code that was brought is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It is something else.
    #[error("it is no compiled code, or that of another release of Innkeeper")]
    Malformed,
    /// It is for another component.
    #[error("it is the code of another component")]
    OtherComponent,
    /// It is for another engine.
    #[error("it is for another engine or another kind of machine")]
    OtherEngine,
    /// The engine refuses it, as it does where the processor lacks something.
    #[error("this host cannot load it: {0}")]
    Unloadable(String),
}

/// The form in which code is brought.
pub(super) fn write(id: &CodeId, packed: &Packed) -> Bytes {
    let size = packed.size().to_le_bytes();
    [&MAGIC[..], &id.component, &id.engine, &size, packed.bytes()].concat().into()
}

/// Reads what [`write`] has written. Only for code of somebody who may bring it.
pub(super) fn read(id: &CodeId, mut bytes: Bytes) -> Result<Packed, NotTaken> {
    let mut next = |length| match bytes.len() >= length {
        true => Ok(bytes.split_to(length)),
        false => Err(NotTaken::Malformed),
    };
    if next(MAGIC.len())? != MAGIC[..] {
        return Err(NotTaken::Malformed);
    }
    let (component, engine) = (next(HASH_BYTES)?, next(HASH_BYTES)?);
    let size = next(size_of::<u64>())?.as_ref().try_into().map_err(|_| NotTaken::Malformed)?;
    if component != id.component {
        return Err(NotTaken::OtherComponent);
    }
    if engine != id.engine {
        return Err(NotTaken::OtherEngine);
    }
    Ok(Packed::trusted(u64::from_le_bytes(size), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_brought_is_for_one_component_and_one_engine() {
        let id = CodeId { component: vec![1; HASH_BYTES], engine: vec![2; HASH_BYTES] };
        let sent = write(&id, &Packed::trusted(5, Bytes::from_static(b"packed")));
        let found = read(&id, sent.clone()).unwrap();
        assert_eq!((found.size(), &found.bytes()[..]), (5, &b"packed"[..]));
        let refused = |id: &CodeId, bytes: &Bytes| read(id, bytes.clone()).unwrap_err();
        let other = CodeId { component: vec![3; HASH_BYTES], ..id.clone() };
        assert_eq!(refused(&other, &sent), NotTaken::OtherComponent);
        let other = CodeId { engine: vec![3; HASH_BYTES], ..id.clone() };
        assert_eq!(refused(&other, &sent), NotTaken::OtherEngine);
        for length in 0..HEAD_BYTES {
            assert_eq!(refused(&id, &sent.slice(..length)), NotTaken::Malformed, "{length}");
        }
        let mut changed = sent.to_vec();
        changed[3] ^= 1;
        assert_eq!(refused(&id, &changed.into()), NotTaken::Malformed);
    }
}

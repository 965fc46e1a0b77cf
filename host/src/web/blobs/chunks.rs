//! The bytes of one range of a blob: read about a mebibyte at a time, the next while the last is
//! being sent. Only chunks that hold bytes of the range are read, and a connection to the database
//! is held only meanwhile, so a slow visitor holds none.
//!
//! All that is being sent at a time shares [`ROOM`]: a thousand visitors who take nothing fill no
//! memory, and leave some of it to others.

use super::range::ByteRange;
use crate::guests::admission::{Party, Share, Shares};
use crate::storage::blobs::{self, CHUNK_BYTES};
use crate::storage::{AppSpace, Code, Error, Result};
use crate::web::body::BodyError;
use bytes::Bytes;
use futures_util::FutureExt;
use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// Chunks that are left to send when the next are asked for.
const READ_AHEAD: usize = 4;

/// Chunks that may be in memory on their way out, those included that the operating system has not
/// taken yet: 64 MiB.
static ROOM: LazyLock<Arc<Shares>> = LazyLock::new(|| Shares::new(PLACES));
const PLACES: u64 = 256;
/// Nobody reads ahead while more than so many are in use: whoever has something to send needs no
/// more, and others have nothing.
const AHEAD: u64 = 64;
/// How long a visitor waits for others who take nothing; they are cut off sooner.
const WAIT: Duration = Duration::from_secs(40);

/// A chunk in its place.
struct Held {
    bytes: Vec<u8>,
    _place: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// See the module.
pub(super) struct Chunks {
    space: AppSpace,
    id: String,
    party: Party,
    /// The number of the next chunk to ask for, and of the last.
    next: i64,
    last: i64,
    /// Bytes to leave out of the first chunk.
    skip: usize,
    /// Bytes still to be given.
    left: u64,
    ready: VecDeque<Bytes>,
    reading: Option<AbortOnDropHandle<Result<Vec<Bytes>>>>,
}

impl Chunks {
    /// The bytes of a range that lies within the blob.
    pub(super) fn of(space: AppSpace, id: String, party: Party, range: ByteRange) -> Self {
        let chunk_bytes = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        let chunk = |byte: u64| i64::try_from(byte / chunk_bytes).unwrap_or(i64::MAX);
        let skip = usize::try_from(range.first % chunk_bytes).unwrap_or_default();
        let (next, last, left) = (chunk(range.first), chunk(range.last), range.len());
        Self { space, id, party, next, last, skip, left, ready: VecDeque::new(), reading: None }
    }

    /// The next bytes; none when the range has been given.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Bytes, BodyError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(ready!(self.poll_chunk(cx)).and_then(|chunk| self.cut(chunk))))
    }

    /// Reads on. Ready when there is a chunk to send, however little of the next ones has come.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<Bytes, BodyError>> {
        if self.reading.is_none() && self.next <= self.last && self.ready.len() < READ_AHEAD {
            let chunks = self.next..=self.last;
            let places = spare_places(&ROOM, &self.party, &chunks, 0);
            // Only who has nothing to send waits for a place.
            if !places.is_empty() || self.ready.is_empty() {
                // A task of its own: it gives its connection back however long nobody polls this
                // body.
                let reading =
                    tokio::spawn(read(self.space.clone(), self.id.clone(), self.party.clone(), chunks, places));
                self.reading = Some(AbortOnDropHandle::new(reading));
            }
        }
        if let Some(reading) = &mut self.reading
            && let Poll::Ready(chunks) = reading.poll_unpin(cx)
        {
            self.reading = None;
            let chunks = chunks??;
            self.next = self.next.saturating_add(i64::try_from(chunks.len()).unwrap_or(i64::MAX));
            self.ready.extend(chunks);
        }
        match self.ready.pop_front() {
            Some(chunk) => Poll::Ready(Ok(chunk)),
            None if self.reading.is_some() => Poll::Pending,
            None => Poll::Ready(Err(shorter())),
        }
    }

    /// Leaves out what lies before and behind the range.
    fn cut(&mut self, mut chunk: Bytes) -> std::result::Result<Bytes, BodyError> {
        let skip = std::mem::take(&mut self.skip);
        chunk.truncate(skip.saturating_add(usize::try_from(self.left).unwrap_or(usize::MAX)));
        if chunk.len() <= skip {
            return Err(shorter());
        }
        let bytes = chunk.split_off(skip);
        self.left = self.left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(bytes)
    }
}

/// Places for as many chunks as are read at a time, less those that there are, as far as nobody who
/// has none yet needs them.
fn spare_places(room: &Arc<Shares>, party: &Party, chunks: &RangeInclusive<i64>, there: usize) -> Vec<Share> {
    let left = chunks.end().saturating_sub(*chunks.start()).saturating_add(1);
    let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(READ_AHEAD).saturating_sub(there);
    let spare = || (room.figures().used < AHEAD).then(|| room.try_take(party, 1)).flatten();
    std::iter::from_fn(spare).take(wanted).collect()
}

/// Reads as many chunks as there are places; where there are none waits for one.
async fn read(
    space: AppSpace,
    id: String,
    party: Party,
    chunks: RangeInclusive<i64>,
    mut places: Vec<Share>,
) -> Result<Vec<Bytes>> {
    if places.is_empty() {
        let busy = || Error::new(Code::Busy, "too many files are being sent to visitors who do not take them");
        places.push(ROOM.take(&party, 1, WAIT).await.map_err(|_refused| busy())?);
        places.extend(spare_places(&ROOM, &party, &chunks, 1));
    }
    let last = chunks.start().saturating_add(i64::try_from(places.len()).unwrap_or(i64::MAX)) - 1;
    let read = blobs::read_committed(&space, &id, *chunks.start()..=last).await?;
    let held = read.into_iter().zip(places).map(|(bytes, place)| Bytes::from_owner(Held { bytes, _place: place }));
    Ok(held.collect())
}

fn shorter() -> BodyError {
    "the chunks of the blob are shorter than the blob".into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guests::admission::Client;

    #[test]
    fn whoever_reads_ahead_leaves_places_to_those_who_have_none() {
        let room = Shares::new(PLACES);
        let party = Party { app: "a".into(), client: Client::at([192, 0, 2, 1].into()) };
        let others = room.try_take(&party, AHEAD - 6);
        let ahead = spare_places(&room, &party, &(0..=9), 0);
        assert_eq!(ahead.len(), READ_AHEAD);
        assert_eq!(spare_places(&room, &party, &(9..=9), 0).len(), 1, "no more than there is to read");
        assert_eq!(spare_places(&room, &party, &(9..=9), 1).len(), 0);
        let more = spare_places(&room, &party, &(0..=9), 0);
        assert_eq!((more.len(), room.figures().used), (2, AHEAD));
        assert_eq!(spare_places(&room, &party, &(0..=9), 0).len(), 0);
        drop((others, ahead, more));
        assert_eq!(room.figures().used, 0);
    }
}

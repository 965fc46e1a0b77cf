//! How often wrong tokens are shown: a few a minute from each address, and not many from all of
//! them together.
//!
//! Only what is below both bounds is noted, so the notes themselves are bounded by the second one,
//! whoever comes.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time over which is counted.
const SPAN: Duration = Duration::from_secs(60);
/// All addresses together may try as often as this many that use up their own part.
const ADDRESSES: usize = 100;

/// See the module.
#[derive(Debug)]
pub(in crate::web) struct Attempts {
    most: usize,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    /// The oldest first.
    all: VecDeque<(Instant, IpAddr)>,
    /// How many of them each address has.
    counts: HashMap<IpAddr, usize>,
}

impl Attempts {
    /// Each address may try so often a minute.
    pub(in crate::web) fn new(most: u32) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), noted: Mutex::default() }
    }

    /// Notes a wrong token. An error where there have been too many: how long to wait.
    pub(in crate::web) fn note(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let client = client(address);
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.forget(now);
        let count = noted.counts.get(&client).copied().unwrap_or(0);
        let oldest = if count >= self.most {
            noted.all.iter().find(|(_, other)| *other == client)
        } else if noted.all.len() >= self.most.saturating_mul(ADDRESSES) {
            noted.all.front()
        } else {
            noted.all.push_back((now, client));
            noted.counts.insert(client, count + 1);
            return Ok(());
        };
        let since = oldest.map(|(when, _)| now.saturating_duration_since(*when));
        Err(SPAN.saturating_sub(since.unwrap_or_default()))
    }
}

impl Noted {
    fn forget(&mut self, now: Instant) {
        while let Some((when, client)) = self.all.front().copied() {
            if now.saturating_duration_since(when) < SPAN {
                return;
            }
            self.all.pop_front();
            match self.counts.get_mut(&client) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.counts.remove(&client)),
            }
        }
    }
}

/// Whoever has one IPv6 address has the whole network of 64 bits that it is in.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_may_try_ten_times_a_minute() {
        let (attempts, start) = (Attempts::new(10), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        for second in 0..10 {
            assert_eq!(attempts.note(at("192.0.2.1"), after(second)), Ok(()));
        }
        assert_eq!(attempts.note(at("192.0.2.1"), after(20)), Err(Duration::from_secs(40)));
        assert_eq!(attempts.note(at("::ffff:192.0.2.1"), after(20)), Err(Duration::from_secs(40)));
        assert_eq!(attempts.note(at("192.0.2.2"), after(20)), Ok(()));
        assert_eq!(attempts.note(at("192.0.2.1"), after(60)), Ok(()), "the first one is over");
        assert_eq!(attempts.note(at("192.0.2.1"), after(60)), Err(Duration::from_secs(1)));
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let (attempts, now) = (Attempts::new(2), Instant::now());
        assert_eq!(attempts.note(at("2001:db8::1"), now), Ok(()));
        assert_eq!(attempts.note(at("2001:db8::ffff:2"), now), Ok(()));
        assert!(attempts.note(at("2001:db8::3"), now).is_err());
        assert_eq!(attempts.note(at("2001:db8:0:1::3"), now), Ok(()));
    }

    #[test]
    fn a_crowd_of_addresses_fills_no_memory() {
        let (attempts, now) = (Attempts::new(10), Instant::now());
        let crowd = (0..100_000u32).map(|number| IpAddr::from(number.to_be_bytes()));
        let taken = crowd.filter(|address| attempts.note(*address, now).is_ok()).count();
        assert_eq!(taken, 1_000);
        let noted = attempts.noted.lock().unwrap();
        assert_eq!((noted.all.len(), noted.counts.len()), (1_000, 1_000));
        drop(noted);
        assert_eq!(attempts.note(at("192.0.2.1"), now + SPAN), Ok(()));
        let noted = attempts.noted.lock().unwrap();
        assert_eq!((noted.all.len(), noted.counts.len()), (1, 1), "what is over is forgotten");
    }
}

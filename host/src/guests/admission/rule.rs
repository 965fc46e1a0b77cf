//! How much of the whole may be in use so that somebody still gets a part.
//!
//! Three quarters are for everybody. The rest is kept for apps and for clients that have little, in
//! three steps, so that neither a crowd at one app, nor one client at many apps, nor one client at
//! the app of another takes everything.

/// A party has little while it has less than this part of the whole.
const LITTLE: u64 = 32;

/// How much an app or a client has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether the app has little.
    pub(super) small_app: bool,
    /// Whether the client has little.
    pub(super) small_client: bool,
}

impl Standing {
    /// The standing of a party whose app has `app` and whose client has `client` of `total`.
    pub(super) fn of(app: u64, client: u64, total: u64) -> Self {
        let little = (total / LITTLE).max(1);
        Self { small_app: app < little, small_client: client < little }
    }

    /// Whether the party has little in every respect.
    pub(super) fn is_small(self) -> bool {
        self.small_app && self.small_client
    }

    /// How much of `total` may be in use once the party has got its part.
    pub(super) fn reach(self, total: u64) -> u64 {
        let kept = match (self.small_app, self.small_client) {
            (true, true) => 0,
            (true, false) => total / 16,
            (false, true) => total / 8,
            (false, false) => total / 4,
        };
        total - kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_little_reaches_further() {
        let reach = |app, client| Standing::of(app, client, 320).reach(320);
        assert_eq!(reach(9, 9), 320);
        assert_eq!(reach(0, 300), 300, "a large client at a small app");
        assert_eq!(reach(300, 0), 280, "a small client at a large app");
        assert_eq!(reach(10, 10), 240);
        assert!(Standing::of(0, 0, 3).is_small(), "who has nothing has little, however small the whole is");
    }
}

//! The platform's names for what goes wrong.

/// Why the router did not pass an answer on as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// All dynos have crashed.
    H10,
    /// Too many requests are under way.
    H11,
    /// The first byte of the answer did not come in time.
    H12,
    /// A dyno took a connection and closed it without a word.
    H13,
    /// There are no dynos.
    H14,
    /// An answer stood still.
    H15,
    /// The answer was no HTTP.
    H17,
    /// A dyno closed a connection in the middle of an exchange.
    H18,
    /// No dyno took a connection in time.
    H19,
    /// No dyno bound its port in time.
    H20,
    /// All dynos refused connections.
    H21,
    /// The answer breaks a limit of the router.
    H25,
    /// The client left.
    H27,
    /// The client stood still.
    H28,
    /// The client's request breaks a rule of the router. The platform has no code for it.
    Refused,
}

impl Code {
    /// What the client is answered, where it can be answered at all.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::H25 => 502,
            Self::H27 | Self::H28 => 499,
            Self::Refused => 400,
            _ => 503,
        }
    }
}

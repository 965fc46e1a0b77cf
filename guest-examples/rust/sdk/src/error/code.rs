//! The codes of the three interfaces in one list.

use std::fmt;

use crate::bindings::innkeeper::storage::blob_upload::BlobErrorCode;
use crate::bindings::innkeeper::storage::db::DbErrorCode;
use crate::bindings::innkeeper::storage::session::SessionErrorCode;

macro_rules! codes {
    ($($name:ident $text:literal $doc:literal,)+) => {
        /// What went wrong: the codes of `db`, `blob-upload` and `session`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $doc] $name,)+
        }

        impl Code {
            /// As the contract spells it, for example `unique-violation`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $text,)+
                }
            }
        }
    };
}

codes! {
    Unavailable "unavailable" "The database cannot be reached.",
    Busy "busy" "Every connection or the write lock stayed taken for too long.",
    Timeout "timeout" "The call ran out of time.",
    Syntax "syntax" "The text is no SQL, or names something that does not exist.",
    UniqueViolation "unique-violation" "A row with this key is there already.",
    ForeignKeyViolation "foreign-key-violation" "The row that is referred to is not there, or is referred to.",
    NotNullViolation "not-null-violation" "A value is missing.",
    CheckViolation "check-violation" "A row does not meet a condition of its table.",
    Serialization "serialization" "Another request got in between.",
    ReadOnly "read-only" "The database takes no writes, or the transaction was begun read-only.",
    Denied "denied" "The statement is not allowed to an app.",
    BadParameter "bad-parameter" "A parameter does not fit.",
    NotFound "not-found" "There is no such thing, for example no such blob.",
    TooLarge "too-large" "Something exceeds a limit.",
    UnsupportedType "unsupported-type" "A file is not of an accepted type, or the body is compressed.",
    BadForm "bad-form" "The body of the request is no well-formed form.",
    Interrupted "interrupted" "The visitor went away before everything had arrived.",
    QuotaExceeded "quota-exceeded" "There is no room left for files.",
    Conflict "conflict" "The call contradicts what was done before.",
    Closed "closed" "What the call is about has ended.",
    CommitUnknown "commit-unknown" "The connection was lost during a commit: it may have been kept or not.",
    Other "other" "Something else; the message says what.",
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

macro_rules! codes_of {
    ($from:ident: $($name:ident)+) => {
        impl From<$from> for Code {
            fn from(code: $from) -> Code {
                match code {
                    $($from::$name => Code::$name,)+
                }
            }
        }
    };
}

codes_of! {
    DbErrorCode: Unavailable Busy Timeout Syntax UniqueViolation ForeignKeyViolation NotNullViolation
        CheckViolation Serialization ReadOnly Denied BadParameter NotFound TooLarge Conflict Closed
        CommitUnknown Other
}
codes_of! {
    BlobErrorCode: Unavailable Busy Timeout NotFound TooLarge UnsupportedType BadForm Interrupted
        BadParameter Conflict QuotaExceeded Closed ReadOnly Other
}
codes_of! { SessionErrorCode: Unavailable Busy Timeout BadParameter TooLarge ReadOnly Closed Other }

//! One method of a path: what it does, who may, what goes in and comes out.

use super::need::Need;
use super::query::Parameter;

/// A method of a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) method: Verb,
    /// Below [`super::PATH`]. `{app}` and `{id}` stand for one segment each.
    pub(super) path: &'static str,
    pub(super) act: Act,
    pub(super) need: Need,
    /// How it is called in the audit log and, without blanks, in the document.
    pub(super) action: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: &'static [Parameter],
    pub(super) takes: Takes,
    pub(super) gives: Gives,
    /// Statuses of refusals, beside those that each one has.
    pub(super) refuses: &'static [u16],
}

/// The methods that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Patch,
    Delete,
}

impl Verb {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Act {
    Document,
    Apps,
    App,
    DeleteApp,
    DeletionPlan,
    Versions,
    Version,
    Component,
    Activations,
    Settings,
    ChangeSettings,
    Config,
    ChangeConfig,
    RollbackPlan,
    Rollback,
    Promote,
    Abort,
    Prunable,
    Prune,
    Lagging,
    Logs,
    Traffic,
    BeginUpload,
    Upload,
    Piece,
    Deploy,
    Deployment,
    Hosts,
    Engine,
    Audit,
    Limits,
    Keys,
    RotateKeys,
    Tokens,
    CreateToken,
    CurrentToken,
    RevokeToken,
}

/// What goes in. The names are those of schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Json(&'static str),
    /// Or nothing, which means the same as an empty object.
    JsonOrNothing(&'static str),
    Piece,
}

/// What comes out. The names are those of schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Document,
    One(u16, &'static str),
    List(&'static str),
    Upload(u16),
    Component,
}

//! Everything that there is: paths, methods, who may, what goes in and comes out.

use super::error::ApiError;
use super::query::{Kind, Parameter};
use crate::operations::{Scope, Scopes};
use http::Method;
use percent_encoding::percent_decode_str;

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

/// What a caller has to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Need {
    /// Nothing: not even a token.
    Nothing,
    /// Any token.
    Token,
    Read,
    /// `read`, or any scope that is about the app.
    SeeApp,
    Deploy,
    Rollback,
    /// `rollback` or `deploy`.
    Abort,
    Config,
    Keys,
    /// `read` or `keys`.
    SeeKeys,
    Admin,
}

impl Need {
    /// An error that names the scope that is missing.
    pub(super) fn check(self, scopes: &Scopes, app: Option<&str>) -> Result<(), ApiError> {
        self.missing(scopes, app).map_or(Ok(()), |scope| Err(ApiError::lacks(&scope)))
    }

    /// The scope that is missing, or one of those of which one would do.
    pub(in crate::web) fn missing(self, scopes: &Scopes, app: Option<&str>) -> Option<Scope> {
        let app = app.unwrap_or_default();
        let any = |wanted: &[Scope]| match wanted {
            wanted if wanted.iter().any(|scope| scopes.allows(scope)) => None,
            wanted => wanted.first().cloned(),
        };
        match self {
            Self::Nothing | Self::Token => None,
            Self::SeeApp if scopes.show_app(app) => None,
            Self::Read | Self::SeeApp => any(&[Scope::Read]),
            Self::Deploy => any(&[Scope::Deploy(app.to_owned())]),
            Self::Rollback => any(&[Scope::Rollback(app.to_owned())]),
            Self::Abort => any(&[Scope::Rollback(app.to_owned()), Scope::Deploy(app.to_owned())]),
            Self::Config => any(&[Scope::Config(app.to_owned())]),
            Self::Keys => any(&[Scope::Keys]),
            Self::SeeKeys => any(&[Scope::Read, Scope::Keys]),
            Self::Admin => any(&[Scope::Admin]),
        }
    }

    /// For people.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Nothing => "Takes no token.",
            Self::Token => "Takes any token.",
            Self::Read => "Takes the scope `read`.",
            Self::SeeApp => "Takes the scope `read`, or any scope that is about the app.",
            Self::Deploy => "Takes the scope `deploy:APP`.",
            Self::Rollback => "Takes the scope `rollback:APP`.",
            Self::Abort => "Takes the scope `rollback:APP` or `deploy:APP`.",
            Self::Config => "Takes the scope `config:APP`.",
            Self::Keys => "Takes the scope `keys`.",
            Self::SeeKeys => "Takes the scope `read` or `keys`.",
            Self::Admin => "Takes the scope `admin`.",
        }
    }
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

const fn parameter(name: &'static str, kind: Kind, meaning: &'static str) -> Parameter {
    Parameter { name, kind, is_required: false, meaning }
}

const CONFIRM: Parameter = Parameter {
    is_required: true,
    ..parameter("confirm", Kind::Text, "The name of the app once more, so that no other is deleted by accident.")
};
const KEEP_DATA: Parameter = parameter(
    "keep-data",
    Kind::Flag,
    "Keep tables, files and sessions. An app of the same name finds them again.",
);
const GENERATION: Parameter = Parameter {
    is_required: true,
    ..parameter("generation", Kind::Number, "What a deployment or an activation has returned.")
};
const VERSION: Parameter =
    parameter("version", Kind::Number, "A version; none: the one that was active before the active one.");
const KEEP: Parameter =
    parameter("keep", Kind::Number, "How many activations back a version is kept; none: as the app says.");
const SINCE: Parameter = parameter(
    "since",
    Kind::Number,
    "Lines with this number or a higher one, the oldest first: `next` of an earlier answer. None: the last ones.",
);
const REQUEST: Parameter = parameter("request", Kind::Text, "Lines of the request with this id.");
const LEVEL: Parameter =
    parameter("level", Kind::Text, "Lines of this level and graver ones: trace, debug, info, warn or error.");
const LINES: Parameter =
    parameter("limit", Kind::Number, "So many lines at most; 100 where nothing is said, 10000 at most.");
const APP: Parameter = parameter("app", Kind::Text, "Entries about one app.");
const BEFORE: Parameter = parameter("before", Kind::Number, "Entries before the one with this id.");
const MOST: Parameter =
    parameter("limit", Kind::Number, "So many at most; 100 where nothing is said, 1000 at most.");

/// An endpoint that only looks.
const fn look(path: &'static str, act: Act, need: Need, action: &'static str, gives: Gives) -> Endpoint {
    Endpoint {
        method: Verb::Get,
        path,
        act,
        need,
        action,
        summary: "",
        query: &[],
        takes: Takes::Nothing,
        gives,
        refuses: &[],
    }
}

/// An endpoint that changes something.
const fn change(
    method: Verb,
    path: &'static str,
    act: Act,
    need: Need,
    action: &'static str,
    gives: Gives,
) -> Endpoint {
    Endpoint { method, refuses: &[409], ..look(path, act, need, action, gives) }
}

use Gives::{List, One};

/// All there is.
pub(super) static ENDPOINTS: [Endpoint; 37] = [
    Endpoint {
        summary: "This document.",
        ..look("/openapi.json", Act::Document, Need::Nothing, "openapi", Gives::Document)
    },
    Endpoint {
        summary: "All apps, by name.",
        ..look("/apps", Act::Apps, Need::Read, "apps list", List("AppView"))
    },
    Endpoint {
        summary: "One app.",
        refuses: &[404],
        ..look("/apps/{app}", Act::App, Need::SeeApp, "apps show", One(200, "AppView"))
    },
    Endpoint {
        summary: "Deletes an app with its versions and, unless they are kept, its tables, files and sessions.",
        query: &[CONFIRM, KEEP_DATA],
        refuses: &[404, 409],
        ..change(Verb::Delete, "/apps/{app}", Act::DeleteApp, Need::Admin, "apps delete", One(200, "Deleted"))
    },
    Endpoint {
        summary: "What would go with an app.",
        refuses: &[404],
        ..look("/apps/{app}/deletion", Act::DeletionPlan, Need::Read, "apps deletion", One(200, "DeletionPlan"))
    },
    Endpoint {
        summary: "The versions of an app, the newest first.",
        refuses: &[404],
        ..look("/apps/{app}/versions", Act::Versions, Need::SeeApp, "versions list", List("VersionView"))
    },
    Endpoint {
        summary: "One version.",
        refuses: &[404],
        ..look("/apps/{app}/versions/{id}", Act::Version, Need::SeeApp, "versions show", One(200, "VersionView"))
    },
    Endpoint {
        summary: "The component of a version.",
        refuses: &[404],
        ..look("/apps/{app}/versions/{id}/component", Act::Component, Need::Read, "versions get", Gives::Component)
    },
    Endpoint {
        summary: "What was active when, the newest first.",
        refuses: &[404],
        ..look("/apps/{app}/activations", Act::Activations, Need::SeeApp, "activations", List("ActivationView"))
    },
    Endpoint {
        summary: "What is in force for an app. Values that its guest reads are masked.",
        refuses: &[404],
        ..look("/apps/{app}/settings", Act::Settings, Need::SeeApp, "settings", One(200, "SettingsView"))
    },
    Endpoint {
        summary: "Changes what holds for all versions of an app. What is not named stays.",
        takes: Takes::Json("AppChanges"),
        refuses: &[404, 409],
        ..change(
            Verb::Patch,
            "/apps/{app}/settings",
            Act::ChangeSettings,
            Need::Config,
            "apps set",
            One(200, "SettingsView"),
        )
    },
    Endpoint {
        summary: "What the guest of an app reads, by name. Values are masked.",
        refuses: &[404],
        ..look("/apps/{app}/config", Act::Config, Need::SeeApp, "config list", List("ConfigEntry"))
    },
    Endpoint {
        summary: "Sets values that the guest reads, and takes back others. Answers with masked values.",
        takes: Takes::Json("ConfigChanges"),
        refuses: &[404, 409],
        ..change(
            Verb::Patch,
            "/apps/{app}/config",
            Act::ChangeConfig,
            Need::Config,
            "config",
            One(200, "SettingsView"),
        )
    },
    Endpoint {
        summary: "What going back would do.",
        query: &[VERSION],
        refuses: &[404, 409],
        ..look("/apps/{app}/rollback", Act::RollbackPlan, Need::SeeApp, "rollback plan", One(200, "RollbackPlan"))
    },
    Endpoint {
        summary: "Makes another version active.",
        takes: Takes::JsonOrNothing("RollbackRequest"),
        refuses: &[404, 409],
        ..change(
            Verb::Post,
            "/apps/{app}/rollback",
            Act::Rollback,
            Need::Rollback,
            "rollback",
            One(200, "RolledBack"),
        )
    },
    Endpoint {
        summary: "Makes the canary active.",
        takes: Takes::JsonOrNothing("NoteRequest"),
        refuses: &[404, 409],
        ..change(Verb::Post, "/apps/{app}/promote", Act::Promote, Need::Deploy, "promote", One(200, "RolledBack"))
    },
    Endpoint {
        summary: "Ends the canary: its visitors get the active version again.",
        takes: Takes::JsonOrNothing("NoteRequest"),
        refuses: &[404, 409],
        ..change(Verb::Post, "/apps/{app}/abort", Act::Abort, Need::Abort, "canary abort", One(200, "AppView"))
    },
    Endpoint {
        summary: "Versions that pruning would remove.",
        query: &[KEEP],
        refuses: &[404],
        ..look("/apps/{app}/prune", Act::Prunable, Need::SeeApp, "prunable", One(200, "PrunedView"))
    },
    Endpoint {
        summary: "Removes old versions.",
        takes: Takes::JsonOrNothing("PruneRequest"),
        refuses: &[404, 409],
        ..change(
            Verb::Post,
            "/apps/{app}/prune",
            Act::Prune,
            Need::Deploy,
            "versions prune",
            One(200, "PrunedView"),
        )
    },
    Endpoint {
        summary: "Live hosts that do not serve an app as it is from a generation on.",
        query: &[GENERATION],
        refuses: &[404],
        ..look("/apps/{app}/lagging", Act::Lagging, Need::SeeApp, "lagging", List("Lagging"))
    },
    Endpoint {
        summary: "The last lines of an app's log, from the memory of the host that answers.",
        query: &[SINCE, REQUEST, LEVEL, LINES],
        refuses: &[404],
        ..look("/apps/{app}/logs", Act::Logs, Need::SeeApp, "logs", One(200, "LogView"))
    },
    Endpoint {
        summary: "What an app has answered in the last hour, on the host that answers.",
        refuses: &[404],
        ..look("/apps/{app}/traffic", Act::Traffic, Need::SeeApp, "traffic", One(200, "AppTraffic"))
    },
    Endpoint {
        summary: "Begins to bring a component, or goes on with the upload of the same one. Native code of one takes the scope \
            `deploy-native:APP` too.",
        takes: Takes::Json("UploadRequest"),
        refuses: &[409, 413, 422],
        ..change(
            Verb::Post,
            "/apps/{app}/uploads",
            Act::BeginUpload,
            Need::Deploy,
            "upload begin",
            Gives::Upload(200),
        )
    },
    Endpoint {
        summary: "How far an upload is.",
        refuses: &[404],
        ..look("/apps/{app}/uploads/{id}", Act::Upload, Need::Deploy, "upload show", Gives::Upload(200))
    },
    Endpoint {
        summary: "Adds a piece of 4 MiB at most. The last one has to make the hash right.",
        takes: Takes::Piece,
        refuses: &[404, 409, 413, 422],
        ..change(
            Verb::Patch,
            "/apps/{app}/uploads/{id}",
            Act::Piece,
            Need::Deploy,
            "upload piece",
            Gives::Upload(200),
        )
    },
    Endpoint {
        summary: "Deploys a component that was brought or is stored. Goes on after the answer. With native code it takes the \
            scope `deploy-native:APP` too.",
        takes: Takes::Json("DeploymentRequest"),
        refuses: &[409],
        ..change(
            Verb::Post,
            "/apps/{app}/deployments",
            Act::Deploy,
            Need::Deploy,
            "deploy",
            One(202, "DeploymentView"),
        )
    },
    Endpoint {
        summary: "How far a deployment is, and what came of it.",
        refuses: &[404],
        ..look(
            "/apps/{app}/deployments/{id}",
            Act::Deployment,
            Need::SeeApp,
            "deployments show",
            One(200, "DeploymentView"),
        )
    },
    Endpoint {
        summary: "The hosts that serve from the database, and how far each has followed.",
        ..look("/hosts", Act::Hosts, Need::Token, "hosts", List("HostView"))
    },
    Endpoint {
        summary: "The engine of the host that answers, for which native code has to be.",
        ..look("/engine", Act::Engine, Need::Token, "engine", One(200, "EngineView"))
    },
    Endpoint {
        summary: "What was done and what was refused, the newest first.",
        query: &[APP, BEFORE, MOST],
        ..look("/audit", Act::Audit, Need::Read, "audit", List("AuditView"))
    },
    Endpoint {
        summary: "The limits of the host that answers.",
        ..look("/limits", Act::Limits, Need::Read, "limits", List("LimitView"))
    },
    Endpoint {
        summary: "The keys that sign URLs, without their contents, the newest first.",
        ..look("/keys", Act::Keys, Need::SeeKeys, "keys list", List("KeyView"))
    },
    Endpoint {
        summary: "Makes a key that signs URLs from now on.",
        takes: Takes::JsonOrNothing("KeyRotation"),
        refuses: &[],
        ..change(Verb::Post, "/keys", Act::RotateKeys, Need::Keys, "keys rotate", One(200, "KeyView"))
    },
    Endpoint {
        summary: "All tokens, without the texts that open, the newest first.",
        ..look("/tokens", Act::Tokens, Need::Admin, "token list", List("TokenView"))
    },
    Endpoint {
        summary: "Makes a token. Its text is in the answer, and nowhere else.",
        takes: Takes::Json("TokenRequest"),
        refuses: &[],
        ..change(Verb::Post, "/tokens", Act::CreateToken, Need::Admin, "token create", One(201, "NewToken"))
    },
    Endpoint {
        summary: "The token by which this is asked.",
        ..look("/tokens/current", Act::CurrentToken, Need::Token, "token show", One(200, "CurrentToken"))
    },
    Endpoint {
        summary: "Makes a token worthless. Every host refuses it within two seconds.",
        refuses: &[404, 409],
        ..change(
            Verb::Delete,
            "/tokens/{id}",
            Act::RevokeToken,
            Need::Admin,
            "token revoke",
            One(200, "TokenView"),
        )
    },
];

/// How an act is called in the audit log, and what whoever does it has to be allowed. The dashboard
/// asks for the same.
pub(in crate::web) fn rules_of(act: Act) -> (&'static str, Need) {
    let found = ENDPOINTS.iter().find(|endpoint| endpoint.act == act);
    found.map_or(("unknown", Need::Admin), |endpoint| (endpoint.action, endpoint.need))
}

/// A request that was found in the list.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) endpoint: &'static Endpoint,
    pub(super) app: Option<String>,
    pub(super) id: Option<String>,
}

/// Finds the endpoint of a request. Segments are decoded once, and what is found by them is what is
/// authorised.
pub(super) fn find(method: &Method, path: &str) -> Result<Call, ApiError> {
    let segments = segments(path).ok_or_else(ApiError::no_such_path)?;
    // A path that is written out goes before one with a name in it.
    let matching = ENDPOINTS.iter().filter_map(|endpoint| matches(endpoint, &segments));
    let calls: Vec<Call> = matching.collect();
    let fixed = calls.iter().map(|call| placeholders(call.endpoint.path)).min();
    let calls: Vec<Call> =
        calls.into_iter().filter(|call| Some(placeholders(call.endpoint.path)) == fixed).collect();
    let wanted = if *method == Method::HEAD { Verb::Get.name() } else { method.as_str() };
    if calls.is_empty() {
        return Err(ApiError::no_such_path());
    }
    let mut allowed: Vec<&str> = calls.iter().map(|call| call.endpoint.method.name()).collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    calls
        .into_iter()
        .find(|call| call.endpoint.method.name() == wanted)
        .ok_or_else(|| ApiError::method(&allowed.join(", ")))
}

fn placeholders(path: &str) -> usize {
    path.matches('{').count()
}

fn matches(endpoint: &'static Endpoint, segments: &[String]) -> Option<Call> {
    let pattern: Vec<&str> = endpoint.path.split('/').skip(1).collect();
    if pattern.len() != segments.len() {
        return None;
    }
    let mut call = Call { endpoint, app: None, id: None };
    for (part, segment) in pattern.into_iter().zip(segments) {
        match part {
            "{app}" => call.app = Some(segment.clone()),
            "{id}" => call.id = Some(segment.clone()),
            part if part == segment => {}
            _ => return None,
        }
    }
    Some(call)
}

/// None where a segment is empty, is a way to another one, or holds what no name has.
fn segments(path: &str) -> Option<Vec<String>> {
    let decode = |segment: &str| {
        let text = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
        let is_name =
            !text.is_empty() && text != "." && text != ".." && !text.contains('/') && !text.contains('\\');
        (is_name && !text.contains(char::is_control)).then_some(text)
    };
    path.strip_prefix('/')?.split('/').map(decode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: Method, path: &str) -> Result<Act, u16> {
        find(&method, path).map(|call| call.endpoint.act).map_err(|error| error.status().as_u16())
    }

    #[test]
    fn requests_are_found_by_path_and_method() {
        assert_eq!(found(Method::GET, "/apps"), Ok(Act::Apps));
        assert_eq!(found(Method::HEAD, "/apps"), Ok(Act::Apps));
        assert_eq!(found(Method::GET, "/apps/blog"), Ok(Act::App));
        assert_eq!(found(Method::GET, "/tokens/current"), Ok(Act::CurrentToken));
        assert_eq!(found(Method::DELETE, "/tokens/0123456789ab"), Ok(Act::RevokeToken));
        assert_eq!(found(Method::POST, "/apps/blog/rollback"), Ok(Act::Rollback));
        for (method, path) in [
            (Method::PUT, "/apps"),
            (Method::OPTIONS, "/apps"),
            (Method::DELETE, "/tokens/current"),
            (Method::HEAD, "/apps/blog/promote"),
            (Method::GET, "/apps/blog/uploads"),
        ] {
            assert_eq!(found(method, path), Err(405), "{path}");
        }
    }

    #[test]
    fn a_path_has_one_meaning() {
        let call = find(&Method::GET, "/%61pps/%62log").unwrap();
        assert_eq!((call.endpoint.act, call.app.as_deref()), (Act::App, Some("blog")));
        for path in [
            "",
            "/",
            "/apps/",
            "//apps",
            "/apps//blog",
            "/apps/./blog",
            "/apps/../apps",
            "/apps/%2e%2e/apps",
            "/apps/blog%2Fversions",
            "/apps/a%5cb",
            "/apps/a%00",
            "/apps/%ff",
            "/Apps",
            "/apps/blog/versions/1/",
            "/apps/blog;x/versions/1/component/x",
            "/nothing",
        ] {
            assert_eq!(found(Method::GET, path), Err(404), "{path}");
        }
    }

    #[test]
    fn every_act_is_there_once() {
        for (at, endpoint) in ENDPOINTS.iter().enumerate() {
            let same = |other: &&Endpoint| {
                (other.method == endpoint.method && other.path == endpoint.path) || other.act == endpoint.act
            };
            assert_eq!(ENDPOINTS.iter().filter(same).count(), 1, "{at} {}", endpoint.path);
            assert!(!endpoint.summary.is_empty(), "{}", endpoint.path);
            assert!(endpoint.need != Need::Nothing || endpoint.act == Act::Document, "{}", endpoint.path);
        }
    }
}

//! The list of all endpoints.

use super::endpoint::Gives::{List, One};
use super::endpoint::{Act, Endpoint, Gives, Takes, Verb};
use super::need::Need;
use super::query::{Kind, Parameter};

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

#[cfg(test)]
mod tests {
    use super::*;

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

//! The OpenAPI document: schemas from the types, paths from the list of endpoints.

use super::PATH;
use super::endpoint::{Act, Endpoint, Gives, Takes, Verb};
use super::endpoints::ENDPOINTS;
use super::error::kind_of;
use super::need::Need;
use super::query::{Kind, Parameter};
use crate::operations::{self, PIECE_BYTES};
use http::StatusCode;
use utoipa::OpenApi;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema};

/// How callers prove who they are.
const SCHEME: &str = "token";
const JSON: &str = "application/json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Innkeeper",
        description = "What an operator does to the apps of a host. Every answer that is not a component is JSON; \
            one of a status from 400 on is an `ErrorBody`. Tokens go into the header Authorization and nowhere else.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(
        super::ErrorBody,
        super::CurrentToken,
        super::KeyRotation,
        super::NoteRequest,
        super::PruneRequest,
        operations::ActivationView,
        operations::AppChanges,
        operations::AppView,
        operations::AuditView,
        operations::ConfigChanges,
        operations::ConfigEntry,
        operations::Deleted,
        operations::DeletionPlan,
        operations::DeploymentRequest,
        operations::DeploymentView,
        operations::EngineView,
        operations::HostView,
        operations::KeyView,
        operations::Lagging,
        operations::LimitView,
        operations::LogView,
        operations::NewToken,
        operations::PrunedView,
        operations::RollbackPlan,
        operations::RollbackRequest,
        operations::RolledBack,
        operations::SettingsView,
        operations::TokenRequest,
        operations::TokenView,
        operations::UploadRequest,
        operations::UploadView,
        operations::VersionView,
        crate::telemetry::recent::AppTraffic
    ))
)]
struct Document;

/// The document as JSON.
pub(super) fn json() -> String {
    let mut document = Document::openapi();
    for endpoint in &ENDPOINTS {
        let path = format!("{PATH}{}", endpoint.path);
        let item = PathItem::new(method(endpoint.method), operation(endpoint));
        match document.paths.paths.get_mut(&path) {
            Some(there) => there.merge_operations(item),
            None => drop(document.paths.paths.insert(path, item)),
        }
    }
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("innkeeper_<id>_<secret>");
    let scheme = scheme.description(Some("A token of `innkeeper token create`, or INNKEEPER_ADMIN_TOKEN."));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(SCHEME, SecurityScheme::Http(scheme.build()));
    document.to_json().unwrap_or_default()
}

fn method(verb: Verb) -> HttpMethod {
    match verb {
        Verb::Get => HttpMethod::Get,
        Verb::Post => HttpMethod::Post,
        Verb::Patch => HttpMethod::Patch,
        Verb::Delete => HttpMethod::Delete,
    }
}

fn operation(endpoint: &Endpoint) -> Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(endpoint.action.replace(' ', "-")))
        .summary(Some(endpoint.summary))
        .description(Some(endpoint.need.describe()))
        .tag(tag(endpoint.path))
        .request_body(request_body(endpoint.takes));
    if endpoint.need != Need::Nothing {
        operation = operation.security(SecurityRequirement::new::<_, [&str; 0], &str>(SCHEME, []));
    }
    for name in ["app", "id"].into_iter().filter(|name| endpoint.path.contains(&format!("{{{name}}}"))) {
        operation = operation.parameter(in_path(name, endpoint.path));
    }
    for parameter in endpoint.query {
        operation = operation.parameter(in_query(parameter));
    }
    if endpoint.takes == Takes::Piece {
        let meaning = "Where the piece begins, in bytes.";
        operation = operation.parameter(in_header("Upload-Offset", meaning, Required::True, whole()));
    }
    if endpoint.act == Act::Deploy {
        let meaning = "The same key twice means the same deployment, such as a UUID of 1 to 200 characters.";
        let schema = text(Some("^[!-~]{1,200}$"));
        operation = operation.parameter(in_header("Idempotency-Key", meaning, Required::False, schema));
    }
    let (status, response) = success(endpoint.gives);
    operation = operation.response(status.to_string(), response);
    for status in refusals(endpoint) {
        operation = operation.response(status.to_string(), refusal(status));
    }
    operation.build()
}

/// The first part of the path.
fn tag(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

fn text(pattern: Option<&str>) -> Schema {
    ObjectBuilder::new().schema_type(Type::String).pattern(pattern).build().into()
}

fn whole() -> Schema {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    number.format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64))).build().into()
}

fn in_path(name: &str, path: &str) -> utoipa::openapi::path::Parameter {
    let (schema, meaning) = match name {
        "app" => (text(Some("^[a-z][a-z0-9-]{0,39}$")), "The name of an app."),
        _ if path.contains("/versions/") => (whole(), "The number of a version."),
        _ => (text(Some("^[0-9a-f]{12,32}$")), "What the answer that has made it calls `id`."),
    };
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
    parameter.required(Required::True).description(Some(meaning)).schema(Some(schema)).build()
}

fn in_query(parameter: &Parameter) -> utoipa::openapi::path::Parameter {
    let schema: Schema = match parameter.kind {
        Kind::Text => text(None),
        Kind::Number => whole(),
        Kind::Flag => ObjectBuilder::new().schema_type(Type::Boolean).build().into(),
    };
    let required = if parameter.is_required { Required::True } else { Required::False };
    let built = ParameterBuilder::new().name(parameter.name).parameter_in(ParameterIn::Query).required(required);
    built.description(Some(parameter.meaning)).schema(Some(schema)).build()
}

fn in_header(name: &str, meaning: &str, required: Required, schema: Schema) -> utoipa::openapi::path::Parameter {
    let built = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(required);
    built.description(Some(meaning)).schema(Some(schema)).build()
}

fn request_body(takes: Takes) -> Option<RequestBody> {
    let (media_type, schema, required): (&str, RefOr<Schema>, Required) = match takes {
        Takes::Nothing => return None,
        Takes::Json(name) => (JSON, Ref::from_schema_name(name).into(), Required::True),
        Takes::JsonOrNothing(name) => (JSON, Ref::from_schema_name(name).into(), Required::False),
        Takes::Piece => {
            let bytes = ObjectBuilder::new().schema_type(Type::String);
            let bytes = bytes.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
            let bytes: Schema = bytes.min_length(Some(1)).max_length(Some(PIECE_BYTES)).build().into();
            ("application/octet-stream", bytes.into(), Required::True)
        }
    };
    let content = ContentBuilder::new().schema(Some(schema)).build();
    Some(RequestBodyBuilder::new().content(media_type, content).required(Some(required)).build())
}

fn success(gives: Gives) -> (u16, Response) {
    let one = |name: &str| RefOr::<Schema>::from(Ref::from_schema_name(name));
    let (status, media_type, schema) = match gives {
        Gives::Document => {
            (200, JSON, Schema::from(ObjectBuilder::new().schema_type(Type::Object).build()).into())
        }
        Gives::One(status, name) => (status, JSON, one(name)),
        Gives::List(name) => (200, JSON, Schema::from(ArrayBuilder::new().items(one(name)).build()).into()),
        Gives::Upload(status) => (status, JSON, one("UploadView")),
        Gives::Component => {
            let bytes = ObjectBuilder::new().schema_type(Type::String);
            let bytes = bytes.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
            (200, "application/wasm", Schema::from(bytes.build()).into())
        }
    };
    let mut response = ResponseBuilder::new().description(reason(status));
    if let Gives::Upload(_) = gives {
        response = response.header("Upload-Offset", header("So many bytes are there."));
        response = response.header("Upload-Length", header("So many bytes the whole has."));
    }
    (status, response.content(media_type, ContentBuilder::new().schema(Some(schema)).build()).build())
}

/// Every status with which an endpoint may refuse.
fn refusals(endpoint: &Endpoint) -> Vec<u16> {
    let mut statuses = vec![404, 405, 500, 503];
    if endpoint.need != Need::Nothing {
        statuses.extend([400, 401, 403, 429]);
    }
    if endpoint.takes != Takes::Nothing {
        statuses.extend([413, 415]);
    }
    statuses.extend(endpoint.refuses);
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn refusal(status: u16) -> Response {
    let content = ContentBuilder::new().schema(Some(RefOr::<Schema>::from(Ref::from_schema_name("ErrorBody"))));
    let example = serde_json::json!({"kind": kind_of(status), "message": "which thing is wrong, and what to do"});
    let response = ResponseBuilder::new().description(meaning(status));
    let response = response.content(JSON, content.example(Some(example)).build());
    match status {
        401 => response.header("WWW-Authenticate", text_header("Which scheme is wanted.")),
        405 => response.header("Allow", text_header("Which methods there are.")),
        429 | 503 => response.header("Retry-After", header("Seconds after which to try again.")),
        _ => response,
    }
    .build()
}

fn header(meaning: &str) -> utoipa::openapi::header::Header {
    HeaderBuilder::new().description(Some(meaning)).schema(whole()).build()
}

fn text_header(meaning: &str) -> utoipa::openapi::header::Header {
    HeaderBuilder::new().description(Some(meaning)).schema(text(None)).build()
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "What was asked for cannot be read, or says something that it cannot say.",
        401 => "No token was shown, or one that opens nothing.",
        403 => "The token lacks a scope, which `scope` names.",
        404 => "There is no such thing.",
        405 => "The path takes other methods.",
        409 => "It contradicts what is there.",
        413 => "The body, or the component, is too large.",
        415 => "The body has another content type than it has to have.",
        422 => "The bytes are not what they were to be.",
        429 => "Too many wrong tokens from this address, or too much at once.",
        503 => "The database, or a place on the host, cannot be had for now.",
        _ => "A fault of the host. It is in its log.",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn the_document_refers_to_what_it_has() {
        let document: Value = serde_json::from_str(&super::json()).unwrap();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 100, "{}", found.len());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
        let rollback = &document["paths"]["/_innkeeper/admin/api/apps/{app}/rollback"];
        for status in ["200", "400", "401", "403", "404", "405", "409", "413", "415", "429", "503"] {
            assert!(rollback["post"]["responses"][status].is_object(), "{status}");
        }
        assert!(document["paths"]["/_innkeeper/admin/api/openapi.json"]["get"]["security"].is_null());
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let mut names: Vec<&str> = super::ENDPOINTS.iter().map(|endpoint| endpoint.action).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}

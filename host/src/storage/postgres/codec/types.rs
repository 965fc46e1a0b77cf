//! The types of Postgres that the codec knows, by OID. Source: `src/include/catalog/pg_type.dat`;
//! these never change.

use super::CodecError;
use sqlx::TypeInfo as _;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgTypeInfo, PgTypeKind};
use std::borrow::Cow;

macro_rules! types {
    ($($constant:ident = $oid:literal, $name:literal;)*) => {
        $(pub(super) const $constant: u32 = $oid;)*

        /// The name as `format_type()` gives it, which is how SQL texts write it.
        fn builtin_name(oid: u32) -> Option<&'static str> {
            match oid {
                $($constant => Some($name),)*
                _ => None,
            }
        }
    };
}

types! {
    BOOL = 16, "boolean";
    BYTEA = 17, "bytea";
    CHAR = 18, "\"char\"";
    NAME = 19, "name";
    INT2VECTOR = 22, "int2vector";
    OIDVECTOR = 30, "oidvector";
    INT8 = 20, "bigint";
    INT2 = 21, "smallint";
    INT4 = 23, "integer";
    TEXT = 25, "text";
    OID = 26, "oid";
    JSON = 114, "json";
    XML = 142, "xml";
    CIDR = 650, "cidr";
    FLOAT4 = 700, "real";
    FLOAT8 = 701, "double precision";
    UNKNOWN = 705, "unknown";
    MACADDR8 = 774, "macaddr8";
    MONEY = 790, "money";
    MACADDR = 829, "macaddr";
    INET = 869, "inet";
    BPCHAR = 1042, "character";
    VARCHAR = 1043, "character varying";
    DATE = 1082, "date";
    TIME = 1083, "time without time zone";
    TIMESTAMP = 1114, "timestamp without time zone";
    TIMESTAMPTZ = 1184, "timestamp with time zone";
    INTERVAL = 1186, "interval";
    TIMETZ = 1266, "time with time zone";
    BIT = 1560, "bit";
    VARBIT = 1562, "bit varying";
    NUMERIC = 1700, "numeric";
    RECORD = 2249, "record";
    VOID = 2278, "void";
    UUID = 2950, "uuid";
    JSONB = 3802, "jsonb";
    INT4MULTIRANGE = 4451, "int4multirange";
    NUMMULTIRANGE = 4532, "nummultirange";
    TSMULTIRANGE = 4533, "tsmultirange";
    TSTZMULTIRANGE = 4534, "tstzmultirange";
    DATEMULTIRANGE = 4535, "datemultirange";
    INT8MULTIRANGE = 4536, "int8multirange";
}

/// What sqlx calls a type that it has never looked up. Asking such a type for its kind panics.
const UNRESOLVED: &str = "?";

/// How a type without an OID of its own here is built from others.
pub(super) enum Shape<'a> {
    /// An enum, or an extension's type that is text under another name.
    Text,
    Domain(&'a PgTypeInfo),
    Array(&'a PgTypeInfo),
    Range(&'a PgTypeInfo),
    Composite(&'a [(String, PgTypeInfo)]),
    /// Only the server knows.
    Opaque,
}

/// The OID; 0, which is no type, where sqlx has none.
pub(super) fn oid(info: &PgTypeInfo) -> u32 {
    info.oid().map_or(0, |oid| oid.0)
}

pub(super) fn shape(info: &PgTypeInfo) -> Shape<'_> {
    // The two vectors of the system catalogues are arrays that are not written like one.
    if info.name() == UNRESOLVED || matches!(oid(info), INT2VECTOR | OIDVECTOR) {
        return Shape::Opaque;
    }
    match info.kind() {
        PgTypeKind::Domain(base) => Shape::Domain(base),
        PgTypeKind::Array(element) => Shape::Array(element),
        PgTypeKind::Range(bound) => Shape::Range(bound),
        PgTypeKind::Composite(fields) => Shape::Composite(fields),
        PgTypeKind::Enum(_) => Shape::Text,
        PgTypeKind::Simple if is_citext(info.name()) => Shape::Text,
        PgTypeKind::Simple | PgTypeKind::Pseudo => Shape::Opaque,
    }
}

/// The type of the bounds of a multirange; none for other types. The driver knows no multiranges.
pub(super) fn multirange_bound(info: &PgTypeInfo) -> Option<PgTypeInfo> {
    let bound = match oid(info) {
        INT4MULTIRANGE => INT4,
        NUMMULTIRANGE => NUMERIC,
        TSMULTIRANGE => TIMESTAMP,
        TSTZMULTIRANGE => TIMESTAMPTZ,
        DATEMULTIRANGE => DATE,
        INT8MULTIRANGE => INT8,
        _ => return None,
    };
    Some(PgTypeInfo::with_oid(Oid(bound)))
}

/// `citext`, under whatever schema the extension was created in.
fn is_citext(name: &str) -> bool {
    name.rsplit('.').next() == Some("citext")
}

/// The name of a type as SQL texts write it.
pub(super) fn name(info: &PgTypeInfo) -> Cow<'_, str> {
    match builtin_name(oid(info)) {
        Some(name) => Cow::Borrowed(name),
        None => match shape(info) {
            Shape::Array(element) => Cow::Owned(format!("{}[]", name(element))),
            _ if info.name() == UNRESOLVED => Cow::Borrowed("unknown"),
            // sqlx has it from `oid::regtype::text`, except for the few built-in types that it
            // names itself in capitals.
            _ => Cow::Owned(info.name().to_ascii_lowercase()),
        },
    }
}

pub(super) fn malformed(info: &PgTypeInfo) -> CodecError {
    CodecError::Malformed { type_name: name(info).into_owned() }
}

pub(super) fn unsupported(info: &PgTypeInfo) -> CodecError {
    CodecError::Unsupported { type_name: name(info).into_owned() }
}

//! What this host has of the interfaces that a component may import, and what to do where it wants
//! others.

use crate::guests::contract;

/// Interfaces of WASI 0.2, by package.
const WASI: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "environment",
            "exit",
            "stderr",
            "stdin",
            "stdout",
            "terminal-input",
            "terminal-output",
            "terminal-stderr",
            "terminal-stdin",
            "terminal-stdout",
        ],
    ),
    ("clocks", &["monotonic-clock", "wall-clock"]),
    ("filesystem", &["preopens", "types"]),
    ("http", &["outgoing-handler", "types"]),
    ("io", &["error", "poll", "streams"]),
    ("random", &["insecure", "insecure-seed", "random"]),
    (
        "sockets",
        &["instance-network", "ip-name-lookup", "network", "tcp", "tcp-create-socket", "udp", "udp-create-socket"],
    ),
];
/// The only interface beside those, in the only version.
const CONFIG: &str = "wasi:config/store@0.2.0-rc.1";
/// Interfaces of ours.
const OWN: [&str; 3] = ["blob-upload", "db", "session"];

/// Hosts of other makers, how the packages of their interfaces begin, and what does the same here.
const PLATFORMS: &[(&str, &[&str], &str)] = &[
    (
        "Spin",
        &["fermyon:", "spin:"],
        "keep what its key-value store, SQLite and Postgres keep in innkeeper:storage/db, read variables from wasi:config/store",
    ),
    (
        "wasmCloud",
        &["wasmcloud:", "wrpc:"],
        "keep what its providers keep in innkeeper:storage/db and blob-upload, read settings from wasi:config/store",
    ),
    ("Fastly Compute", &["fastly:"], "keep what its stores keep in innkeeper:storage/db"),
];

/// What does the same here as a part of WASI that is no part of 0.2.
const INSTEAD: &[(&str, &str)] = &[
    ("keyvalue", "innkeeper:storage/db keeps such things"),
    ("sql", "innkeeper:storage/db does the same"),
    ("blobstore", "innkeeper:storage/blob-upload keeps such things"),
    ("logging", "what a guest writes to stderr is logged"),
    ("messaging", "nothing here sends messages"),
];

/// The name of an interface, in parts.
struct Name<'n> {
    namespace: &'n str,
    package: &'n str,
    interface: &'n str,
    version: &'n str,
}

impl<'n> Name<'n> {
    fn new(name: &'n str) -> Self {
        let (name, version) = name.split_once('@').unwrap_or((name, ""));
        let (package, interface) = name.split_once('/').unwrap_or((name, ""));
        let (namespace, package) = package.split_once(':').unwrap_or(("", package));
        Self { namespace, package, interface, version }
    }

    fn is_of_wasi_0_2(&self) -> bool {
        self.version.starts_with("0.2.") && !self.version.contains('-')
    }
}

/// Whether a package is one of WASI itself, and no proposal beside it.
pub(in crate::guests) fn is_part_of_wasi(package: &str) -> bool {
    WASI.iter().any(|(part, _)| *part == package)
}

/// Whether a name is one of WASI 0.3, released or a draft of it.
pub(in crate::guests) fn is_of_wasi_0_3(name: &str) -> bool {
    let name = Name::new(name);
    name.namespace == "wasi" && name.version.starts_with("0.3.")
}

/// Whether this host has an interface.
pub(in crate::guests) fn is_met(import: &str) -> bool {
    let name = Name::new(import);
    match (name.namespace, name.package) {
        ("innkeeper", "storage") => OWN.contains(&name.interface) && contract::is_compatible(name.version),
        ("wasi", package) => {
            let part = WASI.iter().find(|(part, _)| *part == package);
            let is_there = part.is_some_and(|(_, interfaces)| interfaces.contains(&name.interface));
            import == CONFIG || (is_there && name.is_of_wasi_0_2())
        }
        _ => false,
    }
}

/// The host for which an import was written, and what to do.
pub(in crate::guests) fn platform(import: &str) -> Option<(&'static str, String)> {
    let is_of = |starts: &[&str]| starts.iter().any(|start| import.starts_with(start));
    let (name, _, instead) = PLATFORMS.iter().find(|(_, starts, _)| is_of(starts))?;
    Some((name, format!("{instead}, and build it for the world innkeeper:storage/web-app")))
}

/// What to do where a component imports what the linker does not have, by what that says.
pub(in crate::guests) fn about_imports(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let import = quoted.find(|name| name.contains(':'));
    import.map_or_else(|| MAY_IMPORT.to_owned(), about_import)
}

const MAY_IMPORT: &str = "a guest may import innkeeper:storage, WASI 0.2 and wasi:config only";

/// What to do about one import that this host does not have, or not so.
pub(in crate::guests) fn about_import(import: &str) -> String {
    let name = Name::new(import);
    let Name { namespace, package, interface, version } = name;
    let whole = format!("{namespace}:{package}");
    let is_in_wasi = WASI.iter().any(|(part, _)| *part == package);
    match (namespace, package) {
        ("innkeeper", "storage") => about_own(&name),
        ("wasi", "config") => format!("this host has {CONFIG}: build the guest with that version"),
        ("wasi", _) if is_in_wasi && !name.is_of_wasi_0_2() => {
            let asked = if version.is_empty() { "another version".into() } else { format!("version {version}") };
            format!(
                "it was built for {asked} of {whole}, and this host has 0.2: build it for the released WASI 0.2 (in Rust for wasm32-wasip2)"
            )
        }
        ("wasi", _) if is_in_wasi => format!(
            "this host has {whole}@0.2, but not {interface} as the guest wants it: build it for the released WASI 0.2"
        ),
        ("", _) => format!("{MAY_IMPORT}: leave it out"),
        _ => {
            let instead = INSTEAD.iter().find(|(part, _)| namespace == "wasi" && *part == package);
            let instead = instead.map(|(_, instead)| format!("{instead}; ")).unwrap_or_default();
            let parts: Vec<&str> = WASI.iter().map(|(part, _)| *part).collect();
            format!(
                "there is no {whole} here: {instead}a guest may import innkeeper:storage, wasi:config and of WASI 0.2 {}; leave the import \
                 out, or compose the guest with a component that exports it",
                parts.join(", ")
            )
        }
    }
}

fn about_own(name: &Name<'_>) -> String {
    let build = "build the guest with the wit/ folder of this version of Innkeeper";
    if !contract::is_compatible(name.version) {
        return format!("this host has {}@{}: {build}", contract::PACKAGE, contract::VERSION);
    }
    if OWN.contains(&name.interface) {
        return format!("this host has other functions in it: {build}");
    }
    format!("this host has {} in {}: {build}", OWN.join(", "), contract::PACKAGE)
}

#[cfg(test)]
mod tests {
    use super::{CONFIG, OWN, WASI, about_imports, is_met, platform};
    use crate::guests::engine::{self, EngineSettings};
    use crate::guests::reading::samples::{Item, component_with};
    use crate::guests::{contract, linker};

    /// One function of each interface that this host has, or a resource where it has no function.
    const ITEMS: &[(&str, Item)] = &[
        ("wasi:cli/environment", Item::Function("get-environment")),
        ("wasi:cli/exit", Item::Function("exit")),
        ("wasi:cli/stderr", Item::Function("get-stderr")),
        ("wasi:cli/stdin", Item::Function("get-stdin")),
        ("wasi:cli/stdout", Item::Function("get-stdout")),
        ("wasi:cli/terminal-input", Item::Resource("terminal-input")),
        ("wasi:cli/terminal-output", Item::Resource("terminal-output")),
        ("wasi:cli/terminal-stderr", Item::Function("get-terminal-stderr")),
        ("wasi:cli/terminal-stdin", Item::Function("get-terminal-stdin")),
        ("wasi:cli/terminal-stdout", Item::Function("get-terminal-stdout")),
        ("wasi:clocks/monotonic-clock", Item::Function("now")),
        ("wasi:clocks/wall-clock", Item::Function("now")),
        ("wasi:filesystem/preopens", Item::Function("get-directories")),
        ("wasi:filesystem/types", Item::Resource("descriptor")),
        ("wasi:http/outgoing-handler", Item::Function("handle")),
        ("wasi:http/types", Item::Resource("fields")),
        ("wasi:io/error", Item::Resource("error")),
        ("wasi:io/poll", Item::Resource("pollable")),
        ("wasi:io/streams", Item::Resource("input-stream")),
        ("wasi:random/insecure", Item::Function("get-insecure-random-u64")),
        ("wasi:random/insecure-seed", Item::Function("insecure-seed")),
        ("wasi:random/random", Item::Function("get-random-u64")),
        ("wasi:sockets/instance-network", Item::Function("instance-network")),
        ("wasi:sockets/ip-name-lookup", Item::Function("resolve-addresses")),
        ("wasi:sockets/network", Item::Resource("network")),
        ("wasi:sockets/tcp", Item::Resource("tcp-socket")),
        ("wasi:sockets/tcp-create-socket", Item::Function("create-tcp-socket")),
        ("wasi:sockets/udp", Item::Resource("udp-socket")),
        ("wasi:sockets/udp-create-socket", Item::Function("create-udp-socket")),
        ("innkeeper:storage/blob-upload", Item::Resource("writer")),
        ("innkeeper:storage/db", Item::Resource("transaction")),
        ("innkeeper:storage/session", Item::Function("get")),
        ("wasi:config/store", Item::Function("get")),
    ];

    #[test]
    fn this_host_has_what_is_listed_and_nothing_else() {
        let settings = EngineSettings { instances: 1, memory_bytes: 1 << 20 };
        let engine = engine::build_compiler(settings, None).unwrap().engine;
        let linker = linker::build(&engine).unwrap();
        let has = |interface: &str, item: Item| {
            let component = component_with(interface, item);
            let component = wasmtime::component::Component::from_binary(&engine, &component).unwrap();
            // A function of another type is there, too.
            let said = linker.instantiate_pre(&component).map(drop).map_err(|error| format!("{error:#}"));
            said.err().is_none_or(|error| !error.contains("implementation is missing"))
        };
        let wasi = WASI.iter().flat_map(|(part, interfaces)| {
            interfaces.iter().map(move |interface| (format!("wasi:{part}/{interface}"), "0.2.10"))
        });
        let own = OWN.map(|interface| (format!("{}/{interface}", contract::PACKAGE), contract::VERSION));
        let config = CONFIG.split_once('@').unwrap();
        let listed: Vec<_> = wasi.chain(own).chain([(config.0.to_owned(), config.1)]).collect();
        assert_eq!(listed.len(), ITEMS.len());
        for (interface, version) in listed {
            let (_, item) = *ITEMS.iter().find(|(name, _)| *name == interface).unwrap();
            let name = format!("{interface}@{version}");
            assert!(is_met(&name) && has(&name, item), "{name}");
            for other in ["0.0.9", "0.3.0", "0.2.0-rc-2023-12-05"] {
                let name = format!("{interface}@{other}");
                assert!(!is_met(&name) && !has(&name, item), "{name}");
            }
        }
        for (missing, item) in [
            ("wasi:clocks/timezone@0.2.10", Item::Function("utc-offset")),
            ("wasi:http/incoming-handler@0.2.10", Item::Function("handle")),
            ("wasi:keyvalue/store@0.2.0-draft", Item::Function("open")),
            ("innkeeper:storage/queue@0.1.0", Item::Function("push")),
            ("fermyon:spin/key-value@2.0.0", Item::Function("open")),
        ] {
            assert!(!is_met(missing) && !has(missing, item), "{missing}");
        }
    }

    #[test]
    fn advice_about_an_import_does_not_contradict_it() {
        let missing = |import: &str| {
            about_imports(&format!(
                "linking failed: component imports instance `{import}`, but a matching implementation was not found in the linker"
            ))
        };
        for (import, has, has_not) in [
            (
                "wasi:http/outgoing-handler@0.2.0-rc-2023-12-05",
                "it was built for version 0.2.0-rc-2023-12-05",
                "there is no",
            ),
            ("wasi:http/outgoing-handler@0.3.0", "this host has 0.2", "there is no"),
            ("wasi:http/outgoing-handler", "another version of wasi:http", "there is no"),
            ("wasi:http/client@0.2.3", "not client as the guest wants it", "it was built for"),
            ("wasi:keyvalue/store@0.2.0-draft", "there is no wasi:keyvalue here", "it was built for"),
            ("wasi:logging/logging", "writes to stderr", "it was built for"),
            ("fermyon:spin/llm@2.0.0", "there is no fermyon:spin here", "WASI 0.2 (wasm32"),
            ("innkeeper:storage/db@0.9.0", "wit/ folder", "WASI"),
            ("innkeeper:storage/db@0.9.0", "this host has innkeeper:storage@0.1.0", "other functions"),
            ("innkeeper:storage/db@0.1.0", "other functions", "innkeeper:storage@0.1.0"),
            ("innkeeper:storage/queue@0.1.0", "blob-upload, db, session", "other functions"),
            ("wasi:config/runtime@0.2.0-draft", "wasi:config/store@0.2.0-rc.1", "there is no"),
        ] {
            let advice = missing(import);
            assert!(advice.contains(has) && !advice.contains(has_not), "{import}: {advice}");
        }
        assert!(about_imports("no name").contains("may import"));
    }

    #[test]
    fn other_hosts_are_known_by_their_interfaces() {
        for (import, host) in [
            ("fermyon:spin/key-value@2.0.0", Some("Spin")),
            ("spin:postgres/postgres@3.0.0", Some("Spin")),
            ("wasmcloud:bus/lattice@1.0.0", Some("wasmCloud")),
            ("wrpc:keyvalue/store@0.2.0", Some("wasmCloud")),
            ("wasi:http/types@0.2.0", None),
        ] {
            assert_eq!(platform(import).map(|(host, _)| host), host, "{import}");
        }
    }
}

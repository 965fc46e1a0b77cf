//! Which language and toolchain a component comes from, as it says itself (WebAssembly tool
//! conventions, "Producers Section"). For people only: nothing depends on it.

use wasmparser::{ImportSectionReader, KnownCustom, Parser, Payload};

/// Characters of the answer.
const LONGEST: usize = 80;
/// Tools that name the language better than the field for it, which speaks of the engine's own
/// source.
const TOOLS: [(&str, &str); 8] = [
    ("componentize-py", "Python"),
    ("ComponentizeJS", "JavaScript"),
    ("TinyGo", "Go"),
    ("componentize-go", "Go"),
    ("rustc", "Rust"),
    ("wit-bindgen-rust", "Rust"),
    // The standard library of Rust has these, too.
    ("wit-bindgen-c", "C"),
    ("clang", "C"),
];
/// How the libraries are called that are in every component of componentize-py, which does not name
/// itself. Their own tools would name C and Rust.
const OF_PYTHON: &str = "libcomponentize_py";

/// The language, with the toolchain where one is named; none where the component says nothing.
pub fn of(component: &[u8]) -> Option<String> {
    let (mut languages, mut tools) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(component) {
        let section = match payload {
            Ok(Payload::ImportSection(imports)) if is_of_python(imports.clone()) => {
                tools.push(("componentize-py", ""));
                continue;
            }
            Ok(Payload::CustomSection(section)) => section,
            _ => continue,
        };
        let KnownCustom::Producers(fields) = section.as_known() else { continue };
        for field in fields.into_iter().flatten() {
            let list = match field.name {
                "language" => &mut languages,
                "processed-by" | "sdk" => &mut tools,
                _ => continue,
            };
            list.extend(field.values.into_iter().flatten().map(|value| (value.name, value.version)));
        }
    }
    let by_tool = TOOLS.iter().find_map(|(tool, language)| {
        let found = tools.iter().find(|(name, _)| name.eq_ignore_ascii_case(tool))?;
        Some(format!("{language} ({})", format!("{} {}", found.0, found.1).trim_end()))
    });
    let by_field = || languages.first().map(|(language, version)| format!("{language} {version}"));
    let text = by_tool.or_else(by_field)?;
    let clean: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

fn is_of_python(imports: ImportSectionReader<'_>) -> bool {
    imports.into_imports().flatten().any(|import| import.name.starts_with(OF_PYTHON))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module whose only section is that of its producers.
    fn module(fields: &[(&str, &[(&str, &str)])]) -> Vec<u8> {
        let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let count = |count: usize| u8::try_from(count).unwrap();
        let mut content = text("producers");
        content.push(count(fields.len()));
        for (name, values) in fields {
            content.extend(text(name));
            content.push(count(values.len()));
            for (name, version) in *values {
                content.extend([text(name), text(version)].concat());
            }
        }
        [b"\0asm\x01\0\0\0".as_slice(), &[0, count(content.len())], &content].concat()
    }

    #[test]
    fn a_component_says_where_it_comes_from() {
        let rust = module(&[("language", &[("Rust", "")]), ("processed-by", &[("rustc", "1.95.0")])]);
        assert_eq!(of(&rust).as_deref(), Some("Rust (rustc 1.95.0)"));
        let python = module(&[("language", &[("C11", "")]), ("processed-by", &[("componentize-py", "0.19.3")])]);
        assert_eq!(of(&python).as_deref(), Some("Python (componentize-py 0.19.3)"));
        let other = module(&[("language", &[("Zig", "0.14")])]);
        assert_eq!(of(&other).as_deref(), Some("Zig 0.14"));
    }

    #[test]
    fn a_component_of_python_is_known_by_what_its_modules_import() {
        let import = |name: &str| {
            let name = [&[u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
            let content = [b"\x01\x03env".as_slice(), &name, &[3, 0x7f, 0]].concat();
            [&[2, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
        };
        let rust =
            module(&[("language", &[("Rust", "")]), ("processed-by", &[("rustc", "1.75.0"), ("clang", "1")])]);
        let python = [rust.clone(), import("libcomponentize_py_runtime.so:errno")].concat();
        assert_eq!(of(&python).as_deref(), Some("Python (componentize-py)"));
        let other = [rust, import("libc.so:errno")].concat();
        assert_eq!(of(&other).as_deref(), Some("Rust (rustc 1.75.0)"));
    }

    #[test]
    fn a_component_that_says_nothing_has_no_language() {
        let packed = module(&[("processed-by", &[("wit-component", "0.244.0")])]);
        for silent in [packed, module(&[]), b"\0asm\x01\0\0\0".to_vec(), b"no component".to_vec(), Vec::new()] {
            assert_eq!(of(&silent), None);
        }
    }
}

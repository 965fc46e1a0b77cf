//! Which language and toolchain a component comes from, as it says itself (WebAssembly tool
//! conventions, "Producers Section"). For people only: nothing depends on it.

use memchr::memmem;
use wasmparser::{KnownCustom, Parser, Payload, ProducersSectionReader};

/// Characters of the answer.
const LONGEST: usize = 80;
/// Entries of one list that are kept.
const MOST_ENTRIES: usize = 50;
/// Tools that name the language better than the field for it, which speaks of the engine's own
/// source; all but those of the next list. The first that is there counts.
const TOOLS: &[(&str, &str)] = &[
    ("componentize-py", "Python"),
    ("ComponentizeJS", "JavaScript"),
    ("componentize-js", "JavaScript"),
    ("StarlingMonkey", "JavaScript"),
    ("componentize-qjs", "JavaScript"),
    ("quickjs", "JavaScript"),
    ("javy", "JavaScript"),
    ("TinyGo", "Go"),
    ("componentize-go", "Go"),
    ("Go cmd/compile", "Go"),
    ("wit-bindgen-go", "Go"),
    ("componentize-dotnet", "C#"),
    ("wit-bindgen-csharp", "C#"),
    ("wit-bindgen-moonbit", "MoonBit"),
    ("moonc", "MoonBit"),
    ("rustc", "Rust"),
    ("wit-bindgen-rust", "Rust"),
];
/// Tools that other languages use as well: what is said of the language counts more. The standard
/// library of Rust has the first, too.
const SHARED_TOOLS: &[(&str, &str)] =
    &[("wit-bindgen-cpp", "C++"), ("wit-bindgen-c", "C"), ("emscripten", "C"), ("clang", "C")];
/// How the libraries are called that are in every component of componentize-py, which does not name
/// itself. Their own tools would name C and Rust.
const OF_PYTHON: &str = "libcomponentize_py";
/// From where modules import that are put into components for WASI preview 1.
const OF_ADAPTERS: &str = "__main_module__";
/// What the runtime of AssemblyScript exports.
const OF_ASSEMBLYSCRIPT: [&str; 2] = ["__new", "__rtti_base"];
/// A text that is in every program of Nim that checks its arithmetic.
const OF_NIM: &[u8] = b"over- or underflow";
/// What Zig writes into debug information, with its version behind it.
const OF_ZIG: &[u8] = b"zig 0.";
/// A file of Zig's library that is in every program of that language. What `zig cc` makes of other
/// languages has Zig's runtime, and not this file.
const OF_ZIG_PROGRAM: &[u8] = b"start.zig";
const LONGEST_VERSION: usize = 20;

/// What toolchains have left in a file, and in the modules and components within.
#[derive(Debug)]
pub(super) struct Marks {
    /// The file, and behind it those around the place that is being read.
    open: Vec<Found>,
}

/// What toolchains have left in one module or component.
#[derive(Debug, Default)]
struct Found {
    languages: Vec<(String, String)>,
    tools: Vec<(String, String)>,
    exports: [bool; OF_ASSEMBLYSCRIPT.len()],
    is_of_nim: bool,
    zig: Option<String>,
    is_zig_program: bool,
    /// Whether it is what is put in for WASI preview 1: that is compiled from Rust, whatever the
    /// rest is.
    is_adapter: bool,
}

impl Default for Marks {
    fn default() -> Self {
        Self { open: vec![Found::default()] }
    }
}

impl Marks {
    fn of(bytes: &[u8]) -> Self {
        let mut marks = Self::default();
        for payload in Parser::new(0).parse_all(bytes).flatten() {
            marks.note(&payload);
        }
        marks
    }

    /// Takes in what a part of the file shows. Wants all parts, in their order.
    pub(super) fn note(&mut self, payload: &Payload<'_>) {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => self.open.push(Found::default()),
            Payload::End(_) if self.open.len() > 1 => {
                let ended = self.open.pop();
                if let (Some(ended), Some(around)) = (ended, self.open.last_mut()) {
                    around.take(ended);
                }
            }
            payload => self.open.last_mut().into_iter().for_each(|found| found.note(payload)),
        }
    }

    /// The language, with the toolchain where one is named; none where nothing says it.
    pub(super) fn language(&self) -> Option<String> {
        self.open.first().and_then(Found::language)
    }

    /// Everything that has worked on it, with versions.
    pub(super) fn tools(&self) -> &[(String, String)] {
        self.open.first().map(|found| found.tools.as_slice()).unwrap_or_default()
    }
}

impl Found {
    fn take(&mut self, inner: Self) {
        if inner.is_adapter {
            return;
        }
        for (list, more) in [(&mut self.languages, inner.languages), (&mut self.tools, inner.tools)] {
            more.into_iter().for_each(|entry| add(list, entry));
        }
        for (has, more) in self.exports.iter_mut().zip(inner.exports) {
            *has |= more;
        }
        self.is_of_nim |= inner.is_of_nim;
        self.zig = self.zig.take().or(inner.zig);
        self.is_zig_program |= inner.is_zig_program;
    }

    fn note(&mut self, payload: &Payload<'_>) {
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports().flatten() {
                    if import.name.starts_with(OF_PYTHON) {
                        add(&mut self.tools, ("componentize-py".to_owned(), String::new()));
                    }
                    self.is_adapter |= import.module == OF_ADAPTERS;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone().into_iter().flatten() {
                    for (has, mark) in self.exports.iter_mut().zip(OF_ASSEMBLYSCRIPT) {
                        *has |= export.name == mark;
                    }
                }
            }
            Payload::DataSection(data) => {
                let mut segments = data.clone().into_iter().flatten();
                self.is_of_nim |= segments.any(|segment| memmem::find(segment.data, OF_NIM).is_some());
            }
            Payload::CustomSection(section) => match section.as_known() {
                KnownCustom::Producers(fields) => self.note_fields(fields),
                _ if section.name() == ".debug_str" => self.zig = self.zig.take().or_else(|| zig(section.data())),
                _ if section.name() == ".debug_line" => {
                    self.is_zig_program |= memmem::find(section.data(), OF_ZIG_PROGRAM).is_some();
                }
                _ if section.name().starts_with("component-type") => self.note_types(section.data()),
                _ => {}
            },
            _ => {}
        }
    }

    /// Types of a module are a component of their own.
    fn note_types(&mut self, data: &[u8]) {
        for payload in Parser::new(0).parse_all(data).flatten() {
            if let Payload::CustomSection(section) = payload
                && let KnownCustom::Producers(fields) = section.as_known()
            {
                self.note_fields(fields);
            }
        }
    }

    fn note_fields(&mut self, fields: ProducersSectionReader<'_>) {
        for field in fields.into_iter().flatten() {
            let list = match field.name {
                "language" => &mut self.languages,
                "processed-by" | "sdk" => &mut self.tools,
                _ => continue,
            };
            let values = field.values.into_iter().flatten();
            values.for_each(|value| add(list, (clean(value.name), clean(value.version))));
        }
    }

    /// The name of Zig's compiler, where the program is of that language.
    fn zig(&self) -> Option<&str> {
        self.zig.as_deref().filter(|_| self.is_zig_program)
    }

    fn language(&self) -> Option<String> {
        let by_tool = |list: &'static [(&str, &str)]| {
            list.iter().find_map(|(tool, language)| {
                let found = self.tools.iter().find(|(name, _)| name.eq_ignore_ascii_case(tool))?;
                Some((*language, format!("{} {}", found.0, found.1).trim_end().to_owned()))
            })
        };
        if let Some((language, tool)) = by_tool(TOOLS) {
            return Some(clean(&format!("{language} ({tool})")));
        }
        let said = self.languages.iter().find(|(language, _)| !is_of_c(language));
        let is_of_cpp = self.languages.iter().any(|(language, _)| is_of_cpp(language));
        let text = match (said, self.zig(), by_tool(SHARED_TOOLS)) {
            (Some((language, version)), _, _) => format!("{language} {version}"),
            (None, Some(version), _) => format!("Zig ({version})"),
            (None, None, _) if self.is_of_nim => "Nim".to_owned(),
            (None, None, Some((_, tool))) if is_of_cpp => format!("C++ ({tool})"),
            (None, None, Some((language, tool))) => format!("{language} ({tool})"),
            (None, None, None) if is_of_cpp => "C++".to_owned(),
            (None, None, None) if !self.languages.is_empty() => "C".to_owned(),
            (None, None, None) if self.exports == [true; OF_ASSEMBLYSCRIPT.len()] => "AssemblyScript".to_owned(),
            (None, None, None) => return None,
        };
        Some(clean(&text))
    }
}

/// The language of a module, with its version, where nothing but its debug information says it.
pub(super) fn lost_with_debug_information(module: &[u8]) -> Option<String> {
    let marks = Marks::of(module);
    let version = marks.open.first()?.zig()?;
    Some(version.replacen("zig", "Zig", 1))
}

/// What is there already is not said twice.
fn add(list: &mut Vec<(String, String)>, entry: (String, String)) {
    if list.len() < MOST_ENTRIES && !entry.0.is_empty() && !list.contains(&entry) {
        list.push(entry);
    }
}

/// The language, with the toolchain where one is named; none where the component says nothing.
pub fn of(component: &[u8]) -> Option<String> {
    Marks::of(component).language()
}

/// Whether debug information says C or C++, as it does for other languages as well.
fn is_of_c(language: &str) -> bool {
    let rest = language.strip_prefix('C').unwrap_or("no");
    is_of_cpp(language) || rest.chars().all(|next| next.is_ascii_digit())
}

fn is_of_cpp(language: &str) -> bool {
    ["C_plus_plus", "C++"].iter().any(|start| language.starts_with(start))
}

/// The name of the compiler among the texts of debug information.
fn zig(names: &[u8]) -> Option<String> {
    let start = memmem::find(names, OF_ZIG)?;
    let name = names.get(start..)?.split(|byte| *byte == 0).next()?;
    let name = std::str::from_utf8(name).ok()?;
    (name.len() <= LONGEST_VERSION).then(|| name.to_owned())
}

fn clean(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    text.trim().to_owned()
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
        let c = ("wit-bindgen-c", "0.63.0");
        for (language, tools, told) in [
            ("Zig", &[c][..], "Zig 0.14"),
            ("Go", &[("Go cmd/compile", "go1.27.3")], "Go (Go cmd/compile go1.27.3)"),
            ("Go", &[("TinyGo", "0.40")], "Go (TinyGo 0.40)"),
            ("JavaScript", &[("ComponentizeJS", "0.23.0"), c], "JavaScript (ComponentizeJS 0.23.0)"),
            ("C11", &[("clang", "14"), c], "C (wit-bindgen-c 0.63.0)"),
            ("C_plus_plus_14", &[("clang", "14"), c], "C++ (wit-bindgen-c 0.63.0)"),
            ("C99", &[], "C"),
            ("C#", &[("componentize-dotnet", "0.7")], "C# (componentize-dotnet 0.7)"),
            ("Swift", &[("clang", "19")], "Swift 0.14"),
        ] {
            let languages = [(language, "0.14")];
            let bytes = module(&[("language", &languages), ("processed-by", tools)]);
            assert_eq!(of(&bytes).as_deref(), Some(told));
        }
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
    fn what_is_put_in_for_preview_1_says_nothing_of_the_rest() {
        let import = b"\x02\x16\x01\x0f__main_module__\x01f\x03\x7f\0";
        let rust = module(&[("processed-by", &[("rustc", "1.97.0")])]);
        let adapter = [rust, import.to_vec()].concat();
        let nested = |module: &[u8]| [&[1, u8::try_from(module.len()).unwrap()], module].concat();
        let around = |modules: &[Vec<u8>]| [b"\0asm\x0d\0\x01\0".to_vec(), modules.concat()].concat();
        let c = module(&[("processed-by", &[("clang", "14")])]);
        assert_eq!(of(&around(&[nested(&adapter), nested(&c)])).as_deref(), Some("C (clang 14)"));
        assert_eq!(of(&around(&[nested(&adapter)])), None);
    }

    #[test]
    fn a_component_of_nim_or_zig_is_known_by_what_is_in_it() {
        let section = |id: u8, content: &[u8]| {
            [b"\0asm\x01\0\0\0".as_slice(), &[id, u8::try_from(content.len()).unwrap()], content].concat()
        };
        let data = [b"\x01\x01\x12".as_slice(), b"over- or underflow"].concat();
        assert_eq!(of(&section(11, &data)).as_deref(), Some("Nim"));
        let runtime = section(0, b"\x0a.debug_stra.zig\0zig 0.17.1\0b");
        let start = section(0, b"\x0b.debug_linestart.zig\0");
        let zig = [&runtime, &start[8..]].concat();
        assert_eq!(of(&zig).as_deref(), Some("Zig (zig 0.17.1)"));
        assert_eq!(of(&runtime), None, "what `zig cc` makes of other languages has Zig's runtime, too");
    }

    #[test]
    fn a_component_that_says_nothing_has_no_language() {
        let packed = module(&[("processed-by", &[("wit-component", "0.244.0")])]);
        for silent in [packed, module(&[]), b"\0asm\x01\0\0\0".to_vec(), b"no component".to_vec(), Vec::new()] {
            assert_eq!(of(&silent), None);
        }
    }
}

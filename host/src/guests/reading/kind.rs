//! What kind of file it is, by its first bytes.

use std::fmt;

/// How each WebAssembly file begins. The next four bytes are version and layer (component model,
/// "Binary Format").
const MAGIC: &[u8] = b"\0asm";
const MODULE: &[u8] = b"\x01\0\0\0";
const COMPONENT: &[u8] = b"\x0d\0\x01\0";
/// The layer of components, in the last two bytes.
const COMPONENT_LAYER: &[u8] = b"\x01\0";
const LAYER_AT: usize = 6;
const VERSION_AT: usize = 4;
const BEGINNING: usize = 8;
/// What wasmtime puts into the header of native code, for the operating system.
const WASMTIME_CODE: u8 = 200;
const SYSTEM_AT: usize = 7;
/// Bytes of a text that are looked at.
const TEXT: usize = 4096;
/// Where a tar archive says that it is one.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A component.
    Component,
    /// A core module.
    Module,
    /// A component in the binary format of a draft of the component model.
    DraftComponent,
    /// A WebAssembly file of a version that does not exist yet.
    UnknownVersion,
    /// The beginning of a WebAssembly file, and no more.
    Cut,
    /// Nothing.
    Empty,
    /// WebAssembly as text (`.wat`).
    Wat,
    /// An interface description (`.wit`).
    Wit,
    /// A page of the web: what a failed download leaves.
    Page,
    /// What Git has of a large file that it has not fetched.
    GitPointer,
    /// Some other text.
    Text,
    /// Compressed, by which program.
    Compressed(&'static str),
    /// An archive, of which kind.
    Archive(&'static str),
    /// What wasmtime has compiled for one kind of machine (`.cwasm`).
    Native,
    /// A program or library of an operating system.
    Program,
    /// Something else.
    Other,
}

/// Beginnings of files that are not WebAssembly.
const BEGINNINGS: &[(&[u8], Kind)] = &[
    (b"\x1f\x8b", Kind::Compressed("gzip")),
    (b"\x28\xb5\x2f\xfd", Kind::Compressed("zstd")),
    (b"BZh", Kind::Compressed("bzip2")),
    (b"\xfd7zXZ\0", Kind::Compressed("xz")),
    (b"PK\x03\x04", Kind::Archive("zip")),
    (b"!<arch>\n", Kind::Archive("ar")),
    (b"\x7fELF", Kind::Program),
    (b"MZ", Kind::Program),
    (b"\xcf\xfa\xed\xfe", Kind::Program),
    (b"\xca\xfe\xba\xbe", Kind::Program),
];

impl Kind {
    /// Looks at the first bytes.
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        if let Some(rest) = bytes.strip_prefix(MAGIC) {
            return Self::of_wasm(bytes, rest);
        }
        if MAGIC.starts_with(bytes) {
            return Self::Cut;
        }
        let known = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning));
        match known {
            Some((_, Self::Program)) if bytes.get(SYSTEM_AT) == Some(&WASMTIME_CODE) => Self::Native,
            Some((_, kind)) => *kind,
            None if bytes.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) => Kind::Archive("tar"),
            None => of_text(bytes),
        }
    }

    /// Whether it has sections that can be read.
    pub(in crate::guests) fn is_wasm(self) -> bool {
        matches!(self, Self::Component | Self::Module)
    }

    /// A word for it, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Module => "module",
            Self::DraftComponent => "draft-component",
            Self::UnknownVersion => "unknown-version",
            Self::Cut => "cut",
            Self::Empty => "empty",
            Self::Wat => "wat",
            Self::Wit => "wit",
            Self::Page => "page",
            Self::GitPointer => "git-pointer",
            Self::Text => "text",
            Self::Compressed(_) => "compressed",
            Self::Archive(_) => "archive",
            Self::Native => "native",
            Self::Program => "program",
            Self::Other => "other",
        }
    }

    fn of_wasm(bytes: &[u8], rest: &[u8]) -> Self {
        if bytes.len() < BEGINNING {
            return Self::Cut;
        }
        match bytes.get(VERSION_AT..BEGINNING) {
            Some(MODULE) => Self::Module,
            Some(COMPONENT) => Self::Component,
            _ if bytes.get(LAYER_AT..BEGINNING) == Some(COMPONENT_LAYER) && rest.first() < Some(&0x0d) => {
                Self::DraftComponent
            }
            _ => Self::UnknownVersion,
        }
    }
}

/// Text, as far as it is looked at; else something else.
fn of_text(bytes: &[u8]) -> Kind {
    let start = bytes.get(..TEXT).unwrap_or(bytes);
    // The last letter may be cut.
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(start.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return Kind::Other,
    };
    if text.contains('\0') || text.is_empty() {
        return Kind::Other;
    }
    let text = text.trim_start_matches('\u{feff}');
    let code = || text.lines().map(str::trim).filter(|line| !["", ";;", "//"].contains(line));
    let first = code().find(|line| !line.starts_with(";;") && !line.starts_with("//")).unwrap_or_default();
    let begins = |words: &[&str]| words.iter().any(|word| first.starts_with(word));
    let lower = first.to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        Kind::Page
    } else if first.starts_with("version https://git-lfs.") {
        Kind::GitPointer
    } else if begins(&["(module", "(component", "(;"]) {
        Kind::Wat
    } else if begins(&["interface ", "world "]) || (begins(&["package "]) && first.contains(':')) {
        Kind::Wit
    } else {
        Kind::Text
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component => f.write_str("a WebAssembly component"),
            Self::Module => f.write_str("a core WebAssembly module"),
            Self::DraftComponent => f.write_str("a WebAssembly component of a draft of the component model"),
            Self::UnknownVersion => f.write_str("a WebAssembly file of an unknown version"),
            Self::Cut => f.write_str("the first bytes of a WebAssembly file"),
            Self::Empty => f.write_str("an empty file"),
            Self::Wat => f.write_str("WebAssembly as text"),
            Self::Wit => f.write_str("an interface description (WIT)"),
            Self::Page => f.write_str("an HTML page"),
            Self::GitPointer => f.write_str("a pointer of Git LFS, not the file"),
            Self::Text => f.write_str("a text"),
            Self::Compressed(by) => write!(f, "a file compressed by {by}"),
            Self::Archive(kind) => write!(f, "an archive ({kind})"),
            Self::Native => f.write_str("native code that wasmtime has compiled"),
            Self::Program => f.write_str("a program or library of an operating system"),
            Self::Other => f.write_str("no WebAssembly"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn a_file_is_known_by_how_it_begins() {
        let mut native = b"\x7fELF\x02\x01\x01\xc8\0\0\0\0\0\0\0\0".to_vec();
        let cases: [(&[u8], Kind); 22] = [
            (b"", Kind::Empty),
            (b"\0", Kind::Cut),
            (b"\0asm\x0d\0\x01", Kind::Cut),
            (b"\0asm\x01\0\0\0", Kind::Module),
            (b"\0asm\x0d\0\x01\0\x07", Kind::Component),
            (b"\0asm\x0a\0\x01\0", Kind::DraftComponent),
            (b"\0asm\x0e\0\x01\0", Kind::UnknownVersion),
            (b"\0asm\x02\0\0\0", Kind::UnknownVersion),
            (b"\x1f\x8b\x08\0", Kind::Compressed("gzip")),
            (b"\x28\xb5\x2f\xfd\0", Kind::Compressed("zstd")),
            (b"PK\x03\x04", Kind::Archive("zip")),
            (&native.clone(), Kind::Native),
            (b"(module)", Kind::Wat),
            (b"\n;; what it is\n  (component $c)", Kind::Wat),
            (b"/// docs\npackage a:b@0.1.0;\n", Kind::Wit),
            (b"interface a {}", Kind::Wit),
            (b"package main\n", Kind::Text),
            (b"export default {}", Kind::Text),
            ("ä".as_bytes().get(..1).unwrap(), Kind::Other),
            (b"\xff\xfe\0", Kind::Other),
            (b"a\0b", Kind::Other),
            (b"MZ\x90", Kind::Program),
        ];
        for (bytes, kind) in cases {
            assert_eq!(Kind::of(bytes), kind, "{bytes:?}");
        }
        native[7] = 0;
        assert_eq!(Kind::of(&native), Kind::Program);
    }
}

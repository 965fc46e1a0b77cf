//! From a template to the files of a project.

use super::language::Language;
use crate::cli::written::{self, Written};
use crate::guests::packed::{self, PackedFile};
use anyhow::{Context, bail};

/// The name of the app in every template, as most files write it.
const NAME: &str = "my-app";
/// The same where a hyphen cannot stand.
const IDENTIFIER: &str = "my_app";

/// All files of a project in this language by this name. What is below `sdk/` is not touched, and
/// is noted, so that `innkeeper wit --update` can tell later what has been changed by hand.
pub(super) fn of(language: &Language, name: &str) -> anyhow::Result<Vec<PackedFile>> {
    let template = packed::files(language.name).context("the templates in this program cannot be read")?;
    if template.is_empty() {
        bail!("this program was built without the template for {}", language.title);
    }
    let (sdk, own): (Vec<PackedFile>, Vec<PackedFile>) =
        template.into_iter().partition(|file| file.path.starts_with(written::SDK_PREFIX));
    let list = Written::of(language.name, &written::below_sdk(&sdk));
    let mut files: Vec<PackedFile> = own.into_iter().map(|file| renamed(file, name)).collect();
    files.extend(sdk);
    files.push(PackedFile {
        path: format!("{}{}", written::SDK_PREFIX, written::LIST),
        bytes: list.to_string().into_bytes(),
        is_executable: false,
    });
    Ok(files)
}

/// A file of the template, with the name of the app in place of the template's.
fn renamed(file: PackedFile, name: &str) -> PackedFile {
    let identifier = name.replace('-', "_");
    let rename = |text: &str| text.replace(NAME, name).replace(IDENTIFIER, &identifier);
    let bytes = match String::from_utf8(file.bytes) {
        Ok(text) => rename(&text).into_bytes(),
        // A picture, for example.
        Err(error) => error.into_bytes(),
    };
    PackedFile { path: rename(&file.path), bytes, is_executable: file.is_executable }
}

#[cfg(test)]
mod tests {
    use super::super::language::LANGUAGES;
    use super::*;

    fn file(path: &str, bytes: &[u8]) -> PackedFile {
        PackedFile { path: path.into(), bytes: bytes.into(), is_executable: true }
    }

    #[test]
    fn the_name_stands_in_texts_and_paths_and_not_in_other_bytes() {
        let text = renamed(file("src/my_app/my-app.rs", b"my-app = my_app; MY-APP"), "new-shop");
        assert_eq!(text, file("src/new_shop/new-shop.rs", b"new-shop = new_shop; MY-APP"));
        let picture = file("logo.png", b"\xff my-app");
        assert_eq!(renamed(picture.clone(), "shop"), picture);
    }

    #[test]
    fn every_language_has_a_whole_template() {
        for language in LANGUAGES {
            let files = of(language, "new-shop").unwrap();
            let has = |path: &str| files.iter().any(|file| file.path == path);
            for path in ["innkeeper.toml", "README.md", ".gitignore", "sdk/.innkeeper"] {
                assert!(has(path), "{}: no {path}", language.name);
            }
            for file in files.iter().filter(|file| !file.path.starts_with("sdk/")) {
                let text = String::from_utf8_lossy(&file.bytes);
                assert!(!text.contains(NAME) && !text.contains(IDENTIFIER), "{}: {}", language.name, file.path);
            }
        }
    }
}

//! Packs what `innkeeper new` and `innkeeper wit` write into one file, which becomes part of the
//! program: the templates in `guest-examples` with their SDKs, and the contract in `wit`.
//! `guests::packed` reads it.
//!
//! The same sources give the same file, whatever is built or installed beside them: what git would
//! not keep is left out, and neither times nor owners are kept.

use ignore::gitignore::Gitignore;
use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Languages that have a template.
const LANGUAGES: [&str; 8] = ["rust", "javascript", "typescript", "python", "go", "c", "zig", "cpp"];
/// What is made where templates are built, also where no file says that git ignores it.
const NEVER: [&str; 10] = [
    ".git",
    ".venv",
    ".zig-cache",
    "__pycache__",
    "dist",
    "innkeeper-data",
    "node_modules",
    "target",
    "venv",
    "zig-out",
];
/// What tests an SDK, in the folder of the SDK: whoever has it in a project does not need that.
const SDK_TESTS: [&str; 2] = ["sdk/test", "sdk/tests"];
/// The best that there is: it is packed once and unpacked in a few milliseconds.
const LEVEL: i32 = 22;

fn main() -> Result<(), Box<dyn Error>> {
    // Read when it runs: a platform may keep the compiled script and build in another folder.
    let host = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo names no folder of this package")?;
    let top = Path::new(&host).join("..");
    let mut pack = Pack { tar: tar::Builder::new(Vec::new()), rules: Vec::new() };
    let mut watched = pack.folder(&top.join("wit"), Path::new("wit"), &|name| name.ends_with(".wit"))?.paths;
    for language in LANGUAGES {
        let template = top.join("guest-examples").join(language).join("template");
        if template.is_dir() {
            watched.extend(pack.folder(&template, Path::new(language), &|_| true)?.paths);
        } else {
            println!("cargo::warning=there is no template for {language}: {} is missing", template.display());
            watched.push(template);
        }
    }
    for path in watched {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let packed = zstd::bulk::compress(&pack.tar.into_inner()?, LEVEL)?;
    let out = std::env::var_os("OUT_DIR").ok_or("cargo names no folder for what is made")?;
    fs::write(Path::new(&out).join("packed.tar.zst"), packed)?;
    Ok(())
}

/// The file that is being made.
struct Pack {
    tar: tar::Builder<Vec<u8>>,
    /// The `.gitignore` of each folder on the way, the outermost first.
    rules: Vec<Gitignore>,
}

/// What cargo has to look at, to know whether a folder has changed.
struct Watched {
    paths: Vec<PathBuf>,
    /// Whether all of the folder has been packed. Only then it is watched as a whole: cargo would
    /// look at each file that a build has left.
    is_whole: bool,
}

impl Pack {
    /// Adds the files of a folder that git would keep, in the order of their names. Links are
    /// followed.
    fn folder(&mut self, from: &Path, to: &Path, counts: &dyn Fn(&str) -> bool) -> io::Result<Watched> {
        let (rules, problem) = Gitignore::new(from.join(".gitignore"));
        if let Some(problem) = problem.filter(|_| from.join(".gitignore").exists()) {
            return Err(io::Error::other(problem));
        }
        self.rules.push(rules);
        let mut names = fs::read_dir(from)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort_unstable();
        let mut watched = Watched { paths: Vec::new(), is_whole: true };
        for name in names {
            let name = name.into_string().map_err(|name| io::Error::other(format!("no UTF-8: {name:?}")))?;
            let (path, inside) = (from.join(&name), to.join(&name));
            let about = fs::metadata(&path);
            let is_folder =
                about.map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?.is_dir();
            if self.is_ignored(&name, &path, is_folder) {
                watched.is_whole &= !is_folder;
            } else if SDK_TESTS.iter().any(|tests| inside.ends_with(tests)) {
                // Watched with the rest, since it is small.
            } else if is_folder {
                let below = self.folder(&path, &inside, counts)?;
                watched.is_whole &= below.is_whole;
                watched.paths.extend(below.paths);
            } else if counts(&name) {
                self.file(&path, &inside)?;
                watched.paths.push(path);
            }
        }
        self.rules.pop();
        if watched.is_whole {
            watched.paths = vec![from.to_owned()];
        }
        Ok(watched)
    }

    fn is_ignored(&self, name: &str, path: &Path, is_folder: bool) -> bool {
        let is_made = NEVER.contains(&name) || name.ends_with(".wasm");
        let verdict = self.rules.iter().rev().map(|rules| rules.matched(path, is_folder));
        is_made
            || verdict.into_iter().find(|verdict| !verdict.is_none()).is_some_and(|verdict| verdict.is_ignore())
    }

    fn file(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let file = File::open(from)?;
        let about = file.metadata()?;
        let mut header = tar::Header::new_gnu();
        header.set_size(about.len());
        header.set_mode(if about.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 });
        self.tar.append_data(&mut header, to, file)
    }
}

//! Where the things under test are: the binary, the guests, the repository.

use std::path::{Path, PathBuf};

/// The `innkeeper` binary of the same build as the running test.
///
/// `INNKEEPER_TEST_BINARY` names another one, for example a release build.
pub fn binary() -> PathBuf {
    let path = std::env::var_os("INNKEEPER_TEST_BINARY").map_or_else(built_beside_the_test, PathBuf::from);
    assert!(path.is_file(), "no binary at {}; build it first: cargo build -p innkeeper", path.display());
    path
}

/// A built guest, by the name of its file without `.wasm`.
pub fn guest(name: &str) -> PathBuf {
    let path = repository().join("target/guests").join(format!("{name}.wasm"));
    assert!(
        path.is_file(),
        "no guest at {}; build the guests first: tests/guests/build, tests/guests/examples",
        path.display()
    );
    path
}

/// One directory for compiled code for all tests, so that a big guest is compiled once and not for
/// every test.
pub fn code_cache() -> PathBuf {
    repository().join("target/code-cache")
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests crate lies inside the repository")
}

/// A test runs as `target/PROFILE/deps/all-HASH`; the binary is `target/PROFILE/innkeeper`.
fn built_beside_the_test() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the test is known");
    let profile = test.parent().and_then(Path::parent).expect("a test lies in target/PROFILE/deps");
    profile.join(format!("innkeeper{}", std::env::consts::EXE_SUFFIX))
}

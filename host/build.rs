//! Checks that SQLite is built with all that apps may call.

/// Read by the build of SQLite; `.cargo/config.toml` sets it.
const FLAGS: &str = "LIBSQLITE3_FLAGS";
/// What has to be among the flags.
const OPTIONS: [&str; 2] = ["SQLITE_ENABLE_MATH_FUNCTIONS", "SQLITE_ENABLE_PERCENTILE"];

fn main() {
    println!("cargo::rerun-if-env-changed={FLAGS}");
    let flags = std::env::var(FLAGS).unwrap_or_default();
    for option in OPTIONS.iter().filter(|option| !flags.contains(**option)) {
        println!(
            "cargo::error=SQLite has to be built with {option}: run cargo in the folder of the repository, or add \
             -D{option} to the variable {FLAGS}"
        );
    }
}

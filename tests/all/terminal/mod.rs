//! The command line as people type it, at a terminal, in a pipe and in a script.

mod at_terminal;
mod canaries;
mod completions;
mod deleting;
mod doctor;
mod elsewhere;
mod folders;
mod following;
mod looking;
mod pipes;
mod refusing;
mod scripts;
mod settings;
mod typing;
mod versions;

use support::{Engine, TestDatabase, host};

/// A database with the app `shop`, which has two versions.
async fn with_shop(engine: Engine) -> TestDatabase {
    let database = TestDatabase::fresh(engine).await;
    for guest in ["hello", "page"] {
        host::deploy(&database, "shop", guest, &[]).await.succeeded();
    }
    database
}

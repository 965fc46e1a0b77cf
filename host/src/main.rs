//! The `innkeeper` command: parse, run, print the chain of errors, exit.

use innkeeper::cli::{self, Cli};
use innkeeper::config::{self, allocator};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let cli = match Cli::parse_or_explain() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let tip = cli.tip();
    if cli.serves() {
        allocator::settle();
    }
    let threads = config::threads();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.workers)
        .max_blocking_threads(threads.blocking)
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(cli.run());
            // A compilation that is under way is not waited for.
            runtime.shutdown_timeout(Duration::from_secs(1));
            result
        }
        Err(error) => Err(error.into()),
    };
    cli::conclude(&result, tip)
}

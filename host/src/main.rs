//! The `innkeeper` command: parse, run, print the chain of errors, exit.

use innkeeper::cli::{self, Cli};
use innkeeper::config::allocator;
use std::process::ExitCode;
use std::time::Duration;

/// Not by the number of cores: a dyno shows those of its host, and allows 256 threads.
const MOST_WORKERS: usize = 4;
const BLOCKING_THREADS: usize = 32;

fn main() -> ExitCode {
    let cli = match Cli::parse_or_explain() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let tip = cli.tip();
    if cli.serves() {
        allocator::settle();
    }
    let workers = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, MOST_WORKERS));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(BLOCKING_THREADS)
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

//! What the child does.

use super::answer::{Answer, Seen};
use super::function_cache::FunctionCache;
use super::{CODE, Order, bounds, smoke};
use crate::guests::component;
use crate::guests::engine::{self, Built, EngineSettings};
use crate::guests::linker;
use crate::guests::native;
use anyhow::anyhow;
use std::fs::File;
use std::io::{self, BufRead, Read, StdinLock, Write};
use std::path::PathBuf;
use std::sync::Arc;
use wasmtime::Engine;
use wasmtime::component::Component;

/// One instance is started.
const INSTANCES: u32 = 1;
/// How the system says that memory is out.
const NO_MEMORY: &str = "(os error 12)";
/// Seconds for everything beside the compiler and the start.
const GRACE: u64 = 5;

/// Compiles what comes in on standard input, and answers on standard output. Ends at once when its
/// parent does.
pub async fn run() -> anyhow::Result<()> {
    let (order, component) = read(io::stdin().lock())?;
    let starting = order.allowance.map_or(0, |allowance| allowance.computing.as_secs());
    let more = starting.saturating_add(GRACE);
    bounds::set(order.seconds, more, order.memory, order.purpose)?;
    end_with_parent(order.work.clone())?;
    let answer = work(&order, &component).await.map_err(|error| anyhow!("{error:#}"))?;
    Ok(say(&answer)?)
}

/// The order, and the component.
fn read(mut input: StdinLock<'_>) -> anyhow::Result<(Order, Vec<u8>)> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let order: Order = serde_json::from_str(&line)?;
    let mut component = vec![0; order.size];
    input.read_exact(&mut component)?;
    Ok((order, component))
}

/// Nothing more comes in on standard input: when it is closed, the parent is gone, and nobody waits
/// for an answer. The compiler cannot be interrupted, but it ends with the process.
fn end_with_parent(work: PathBuf) -> io::Result<()> {
    let watch = move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = std::fs::remove_dir_all(&work);
        std::process::exit(1);
    };
    std::thread::Builder::new().name("parent".into()).spawn(watch)?;
    Ok(())
}

fn say(answer: &Answer) -> io::Result<()> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, answer)?;
    output.write_all(b"\n")?;
    output.flush()
}

async fn work(order: &Order, bytes: &[u8]) -> wasmtime::Result<Answer> {
    // Here and not in the process that serves: a small file may take gigabytes to be read.
    if order.allowance.is_some()
        && let Err(error) = component::check(bytes)
    {
        return Ok(Answer::Invalid(error.to_string()));
    }
    let settings = EngineSettings { instances: INSTANCES, memory_bytes: order.instance_memory };
    // Without the file it takes longer, and nothing else.
    let known = order.functions.as_deref().and_then(|folder| FunctionCache::open(folder).ok()).map(Arc::new);
    let Built { engine, .. } = engine::build_compiler(settings, known.clone().map(|known| known as _))?;
    let made = Component::from_binary(&engine, bytes);
    if let Some(known) = known {
        let _ = known.keep();
    }
    let component = match made {
        Ok(component) => component,
        Err(error) if is_out_of_memory(&error) => return Ok(Answer::NoMemory),
        Err(error) => return Ok(Answer::Invalid(component::not_compiled(bytes, error).to_string())),
    };
    bounds::compiled()?;
    say(&Answer::Compiled)?;
    let seen = look(&engine, &component, order).await?;
    if seen.problem.is_some() {
        return Ok(Answer::Seen(seen, None));
    }
    let code = component.serialize()?;
    // It takes as much memory as its code.
    drop(component);
    let written =
        File::create_new(order.work.join(CODE)).and_then(|file| native::pack(&code, file, order.purpose));
    Ok(match written {
        Ok(()) => Answer::Seen(seen, Some(u64::try_from(code.len())?)),
        Err(error) => Answer::NotKept(error.to_string()),
    })
}

/// Whether this host can run it.
async fn look(engine: &Engine, component: &Component, order: &Order) -> wasmtime::Result<Seen> {
    let problem = match (order.allowance, component::link(&linker::build(engine)?, component)) {
        (None, _) => None,
        (Some(_), Err(error)) => Some(error.to_string()),
        (Some(allowance), Ok(_)) => smoke::problem(engine, component, allowance).await,
    };
    Ok(Seen { problem })
}

/// Wasmtime passes on what the system says in other types than the standard library's, and here and
/// there as a text.
fn is_out_of_memory(error: &wasmtime::Error) -> bool {
    format!("{error:#}").contains(NO_MEMORY)
}

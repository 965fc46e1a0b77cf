//! Has a component compiled by a child, one at a time, and judges how the child ended.

use super::answer::{Answer, Seen};
use super::running::Running;
use super::temporary::Temporary;
use super::{Allowance, CODE, Order};
use crate::config::Config;
use crate::guests::native::{Packed, Purpose};
use bytes::Bytes;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// This program, also where its file has been replaced meanwhile.
const PROGRAM: &str = "/proc/self/exe";
/// glibc returns memory instead of keeping it: a large component takes a sixth less.
const SPARING: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_TRIM_THRESHOLD_", "65536"), ("MALLOC_MMAP_THRESHOLD_", "65536")];
/// By how many threads the compiler lets itself be helped. It would start one for each core that a
/// dyno shows, and each holds what it compiles.
const COMPILER_THREADS: &str = "RAYON_NUM_THREADS";
/// On a machine that is busy the computing time that the child has takes longer by the clock.
const BUSY: u32 = 4;
/// For everything beside the compiler and the start.
const GRACE: Duration = Duration::from_secs(10);
/// Bytes of an answer, which may quote names out of the component.
const LONGEST_ANSWER: u64 = 16 << 20;
const LONGEST_COMPLAINT: u64 = 2 << 10;
/// How Rust, the system and the compiler say that memory is out. The third is what comes of a
/// thread for whose stack there is none.
const NO_MEMORY: [&str; 4] =
    ["memory allocation of", "Cannot allocate memory", "Resource temporarily unavailable", "out of memory"];
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

const ADVICE: &str = "split its largest functions, or build it with optimisation";

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It is no guest, or the compiler does not take it.
    #[error("{0}")]
    Invalid(String),
    /// It takes too long.
    #[error("compiling it takes more than {0:?} of computing time (INNKEEPER_COMPILE_TIME): {ADVICE}")]
    Slow(Duration),
    /// It takes too much memory.
    #[error(
        "compiling it takes more than {} MiB of memory (INNKEEPER_COMPILE_MEMORY): {ADVICE}; or deploy it from a machine with more memory, which compiles it for the hosts",
        .0 >> 20
    )]
    Large(u64),
    /// The compiler has a fault of its own.
    #[error("the compiler ended without an answer ({0}). If it does so again, it is a fault of Innkeeper")]
    Crashed(String),
    /// Somebody has ended the compiler.
    #[error(
        "the compiler was killed before it was done, most likely by the system for want of memory: try again, with more memory or less beside it"
    )]
    Killed,
    /// The code has no place.
    #[error("its compiled code cannot be written into {}: {reason}. Is there room, and may the host write there?", .folder.display())]
    NotKept {
        /// Where it was to be written.
        folder: PathBuf,
        /// Why it is not.
        reason: String,
    },
    /// The compiler could not be started.
    #[error("the compiler cannot be started: {0}")]
    NotStarted(#[from] std::io::Error),
}

impl CompileError {
    /// Whether the same component would come to the same end again.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Invalid(_) | Self::Slow(_) | Self::Large(_) | Self::Crashed(_) => true,
            Self::Killed | Self::NotKept { .. } | Self::NotStarted(_) => false,
        }
    }
}

/// How to compile.
#[derive(Debug, Clone)]
pub struct WorkshopSettings {
    /// Computing time of the compiler.
    pub time: Duration,
    /// Memory of the compiler.
    pub memory: u64,
    /// Threads of the compiler.
    pub threads: usize,
    /// What a component gets to start.
    pub allowance: Allowance,
    /// Where temporary folders may be made.
    pub temporary: PathBuf,
    /// For what components are compiled.
    pub purpose: Purpose,
    /// Where functions are kept that were compiled before; none: each component is compiled as a
    /// whole.
    pub functions: Option<PathBuf>,
}

impl WorkshopSettings {
    /// By what is in force.
    pub fn new(config: &Config, temporary: PathBuf) -> Self {
        let limits = &config.limits;
        let allowance = Allowance {
            memory: limits.memory_per_instance,
            computing: limits.cpu_per_request,
            wall: limits.wall_per_request,
        };
        Self {
            time: limits.compile_time,
            memory: limits.compile_memory,
            threads: config.threads.compiling(config.memory_bytes),
            allowance,
            temporary,
            purpose: Purpose::Serving,
            functions: None,
        }
    }

    /// The limit on computing time is one of whole seconds.
    fn seconds(&self) -> u64 {
        self.time.as_secs().saturating_add(u64::from(self.time.subsec_nanos() > 0))
    }
}

/// Where components are compiled.
#[derive(Debug)]
pub struct Workshop {
    settings: WorkshopSettings,
    /// Held while a child compiles.
    turn: Mutex<()>,
    running: Running,
}

/// What has come of a component.
#[derive(Debug)]
pub struct Made {
    /// Its outside.
    pub seen: Seen,
    /// Its code; none where it has a problem.
    pub code: Option<Packed>,
}

/// How a child ended.
struct End {
    is_compiled: bool,
    answer: Option<Answer>,
    complaint: String,
    status: ExitStatus,
}

impl Workshop {
    /// Compiles one at a time.
    pub fn new(settings: WorkshopSettings) -> Self {
        Self { settings, turn: Mutex::default(), running: Running::default() }
    }

    /// The child that compiles.
    pub fn running(&self) -> Running {
        self.running.clone()
    }

    /// Bytes of an instance's memory at most.
    pub fn instance_memory(&self) -> u64 {
        self.settings.allowance.memory
    }

    /// Compiles a component and starts it once.
    pub async fn compile(&self, component: Bytes) -> Result<Made, CompileError> {
        self.order(component, Some(self.settings.allowance)).await
    }

    /// Compiles a component of the host's own, which is no guest.
    pub async fn compile_own(&self, component: Bytes) -> Result<Made, CompileError> {
        self.order(component, None).await
    }

    async fn order(&self, component: Bytes, allowance: Option<Allowance>) -> Result<Made, CompileError> {
        let _turn = self.turn.lock().await;
        let work = Temporary::new(&self.settings.temporary)?;
        let order = Order {
            size: component.len(),
            seconds: self.settings.seconds(),
            memory: self.settings.memory,
            instance_memory: self.settings.allowance.memory,
            allowance,
            purpose: self.settings.purpose,
            functions: self.settings.functions.clone().filter(|_| allowance.is_some()),
            work: work.path().to_owned(),
        };
        // Dropped with everything else when nobody waits any more: the child ends with it.
        let mut child = spawn(self.settings.threads)?;
        let _noted = self.running.note(child.id());
        let wall = (self.settings.time * BUSY).saturating_add(self.settings.allowance.wall).saturating_add(GRACE);
        let end = match tokio::time::timeout(wall, attend(&mut child, &order, &component)).await {
            Ok(end) => end?,
            Err(_) => {
                child.kill().await?;
                return Err(CompileError::Slow(self.settings.time));
            }
        };
        let (seen, size) = self.judge(end)?;
        let Some(size) = size else { return Ok(Made { seen, code: None }) };
        let bytes = tokio::fs::read(work.path().join(CODE)).await?;
        Ok(Made { seen, code: Some(Packed::trusted(size, bytes.into())) })
    }

    fn judge(&self, end: End) -> Result<(Seen, Option<u64>), CompileError> {
        match end.answer {
            Some(Answer::Seen(seen, size)) => return Ok((seen, size)),
            Some(Answer::Invalid(text)) => return Err(CompileError::Invalid(text)),
            Some(Answer::NoMemory) => return Err(CompileError::Large(self.settings.memory)),
            Some(Answer::NotKept(reason)) => {
                return Err(CompileError::NotKept { folder: self.settings.temporary.clone(), reason });
            }
            Some(Answer::Compiled) | None => {}
        }
        Err(match end.status.signal() {
            Some(SIGXCPU) if !end.is_compiled => CompileError::Slow(self.settings.time),
            Some(SIGKILL) => CompileError::Killed,
            _ if NO_MEMORY.iter().any(|text| end.complaint.contains(text)) => {
                CompileError::Large(self.settings.memory)
            }
            _ => CompileError::Crashed(match end.complaint.lines().find(|line| !line.is_empty()) {
                Some(line) => format!("{}: {line}", end.status),
                None => end.status.to_string(),
            }),
        })
    }
}

/// Without the environment: there are secrets in it, and the child needs nothing of it.
fn spawn(threads: usize) -> std::io::Result<Child> {
    Command::new(PROGRAM)
        .arg0("innkeeper")
        .arg("compile")
        .env_clear()
        .envs(SPARING)
        .env(COMPILER_THREADS, threads.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Gives the child its order, and hears it to its end.
async fn attend(child: &mut Child, order: &Order, component: &[u8]) -> std::io::Result<End> {
    let missing = || std::io::Error::other("it has no streams");
    let mut stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    let give = async {
        stdin.write_all(&line).await?;
        stdin.write_all(component).await
    };
    let mut end =
        End { is_compiled: false, answer: None, complaint: String::new(), status: ExitStatus::default() };
    let hear = async {
        let mut lines = BufReader::new(stdout.take(LONGEST_ANSWER)).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            match serde_json::from_str(&line) {
                Ok(Answer::Compiled) => end.is_compiled = true,
                answer => end.answer = answer.ok(),
            }
        }
    };
    let mut complaint = Vec::new();
    let overhear = async {
        let mut stderr = stderr;
        let _ = (&mut stderr).take(LONGEST_COMPLAINT).read_to_end(&mut complaint).await;
        let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    };
    // A child that does not take all of it has ended, and its end says why.
    let (_, (), ()) = tokio::join!(give, hear, overhear);
    end.complaint = String::from_utf8_lossy(&complaint).into_owned();
    end.status = child.wait().await?;
    // Not before: the child takes it for the end of this process.
    drop(stdin);
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: i32, complaint: &str) -> CompileError {
        let allowance = Allowance { memory: 0, computing: Duration::ZERO, wall: Duration::ZERO };
        let (time, temporary) = (Duration::from_secs(1), PathBuf::new());
        let settings = WorkshopSettings {
            time,
            memory: 64 << 20,
            threads: 1,
            allowance,
            temporary,
            purpose: Purpose::Serving,
            functions: None,
        };
        let workshop = Workshop::new(settings);
        let (complaint, status) = (complaint.to_owned(), ExitStatus::from_raw(status));
        workshop.judge(End { is_compiled: false, answer: None, complaint, status }).unwrap_err()
    }

    #[test]
    fn however_a_compiler_runs_out_of_memory_it_is_told_as_that() {
        const ABORTED: i32 = 6;
        const PANICKED: i32 = 101 << 8;
        for (status, complaint) in [
            (ABORTED, "memory allocation of 4096 bytes failed"),
            (
                PANICKED,
                "\nthread 'main' panicked at rayon.rs:1:\nOs { code: 12, message: \"Cannot allocate memory\" }",
            ),
            (
                PANICKED,
                "\nthread 'main' panicked:\nOs { code: 11, message: \"Resource temporarily unavailable\" }",
            ),
            (PANICKED, "\nthread '<unnamed>' panicked at map.rs:1:\nout of memory (failed to allocate 64 bytes)"),
        ] {
            assert!(matches!(judged(status, complaint), CompileError::Large(_)), "{complaint}");
        }
        let crashed = judged(PANICKED, "\nthread 'main' panicked at x.rs:1:\nindex out of bounds").to_string();
        assert!(crashed.contains("thread 'main' panicked at x.rs:1:"), "{crashed}");
        assert!(matches!(judged(SIGKILL, ""), CompileError::Killed));
        assert!(matches!(judged(SIGXCPU, ""), CompileError::Slow(_)));
    }
}

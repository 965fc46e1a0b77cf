//! Settings of the system's allocator for a process that serves.
//!
//! glibc raises the size from which it asks the system for memory, up to 32 MiB, as soon as a
//! program frees something large. From then on what was freed stays with the process, once for each
//! thread. It reads its settings when a process starts (`man 3 mallopt`), so the program starts
//! itself anew.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Large buffers go back to the system; those of a chunk of a file are kept for the next one.
const SETTINGS: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "4"), ("MALLOC_MMAP_THRESHOLD_", "1048576"), ("MALLOC_TRIM_THRESHOLD_", "131072")];
/// This program where its file has been replaced meanwhile.
const PROGRAM: &str = "/proc/self/exe";

/// Starts this program anew with the settings, in the same process, unless one of them is set. Goes
/// on without them where that is not possible.
pub fn settle() {
    if cfg!(not(all(target_os = "linux", target_env = "gnu"))) {
        return;
    }
    if SETTINGS.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    // By its own path first: the system calls a process after the file that it was started from.
    for program in [std::env::current_exe().unwrap_or_default(), PROGRAM.into()] {
        let mut arguments = std::env::args_os();
        let mut again = Command::new(program);
        if let Some(name) = arguments.next() {
            again.arg0(name);
        }
        // It returns only where it has failed: in the end more memory stays with the process.
        let _failed = again.args(arguments).envs(SETTINGS).exec();
    }
}

/// Gives what is free back to the system, also what lies between buffers that are in use. Takes
/// some milliseconds, in which others may wait for memory (`man 3 malloc_trim`).
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(
        unsafe_code,
        reason = "there is no safe name for it; it asks for nothing, and any thread may call it"
    )]
    // SAFETY: the function takes a number, touches only what is free, and locks what it touches.
    unsafe {
        libc::malloc_trim(0);
    }
}

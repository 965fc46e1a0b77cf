//! What a file is, and whether this host can run it, for people.

use super::component::{Compiler, ComponentError};
use super::reading::{self, Report};
use bytes::Bytes;

/// Proves that this host can run what looks as if it could: compiles it, and starts it once. An
/// error where that is not possible now.
pub async fn prove(compiler: &Compiler, bytes: Bytes, report: &mut Report) -> Result<(), ComponentError> {
    match compiler.inspect(bytes).await {
        Ok(None) => {}
        Ok(Some(problem)) => report.add(problem),
        Err(error) if error.is_final() => report.add(error.to_string()),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Reads a file.
pub async fn read(bytes: Bytes) -> Result<Report, ComponentError> {
    tokio::task::spawn_blocking(move || reading::read(&bytes)).await.map_err(|_| ComponentError::Stopped)
}

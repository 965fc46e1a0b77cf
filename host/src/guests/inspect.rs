//! What a component imports and exports, for people.

use super::compiling::Seen;
use super::component::{Compiler, ComponentError};
use bytes::Bytes;
use serde::Serialize;

/// The outside of a component.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Bytes of the file.
    pub size: usize,
    /// Names of imported interfaces.
    pub imports: Vec<String>,
    /// Names of exported interfaces.
    pub exports: Vec<String>,
    /// Why this host cannot run it; none if it can.
    pub problem: Option<String>,
}

/// Looks at a component. An error where it is none.
pub async fn inspect(compiler: &Compiler, bytes: Bytes) -> Result<Report, ComponentError> {
    let size = bytes.len();
    let Seen { imports, exports, problem } = compiler.inspect(bytes).await?;
    Ok(Report { size, imports, exports, problem })
}

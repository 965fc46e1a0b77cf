//! What a component imports and exports, for people.

use super::component::{Compiler, ComponentError};
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
pub fn inspect(compiler: &Compiler, bytes: &[u8]) -> Result<Report, ComponentError> {
    let component = compiler.component(bytes)?;
    let engine = compiler.engine();
    let outside = component.component_type();
    let imports = outside.imports(engine).map(|(name, _)| name.to_owned()).collect();
    let exports = outside.exports(engine).map(|(name, _)| name.to_owned()).collect();
    let problem = compiler.compile(bytes).err().map(|error| error.to_string());
    Ok(Report { size: bytes.len(), imports, exports, problem })
}

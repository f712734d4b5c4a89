//! Runs a tool of the toolchain and reads its answer.

use crate::error::{Error, Result};
use std::process::Command;

/// What the command writes to its standard output.
pub(crate) fn answer(command: &mut Command) -> Result<String> {
    let name = format!("{command:?}");
    let output = command.output().map_err(|source| Error::Start { command: name.clone(), source })?;
    if !output.status.success() {
        return Err(Error::Tool { command: name, stderr: String::from_utf8_lossy(&output.stderr).into_owned() });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

//! Makes rust-analyzer's small world in a folder and says how large it is, crate by crate.
//!
//! `cargo run -p lazuli-facade --example small_world -- FOLDER`, in the Lazuli workspace.

use lazuli_facade::{Sources, build};
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).map(PathBuf::from).ok_or("say the folder that is to be filled")?;
    let report = build(&Sources::ask(Path::new("."))?, &folder)?;
    for krate in &report.crates {
        println!("{:15} {:5} files {:9} -> {:9} bytes", krate.name, krate.files, krate.before, krate.after);
    }
    println!("{report}");
    Ok(())
}

//! `lazuli-facade CHECKOUT FOLDER`: makes the small world of the Lazuli workspace in CHECKOUT, and says what it came to.

use lazuli_facade::{Sources, build};
use std::{error::Error, path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    match make() {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                text += &format!(": {error}");
                cause = error.source();
            }
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}

fn make() -> Result<String, Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(checkout), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("say two folders: the Lazuli checkout, and where the small world is to be".into());
    };
    let report = build(&Sources::ask(&checkout)?, &folder)?;
    Ok(format!("rust-analyzer's world: {report}"))
}

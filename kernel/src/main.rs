//! The kernel's program: `lazuli-kernel FILE`, where FILE is the connection file that Jupyter writes.

use anyhow::{Context, bail};
use jupyter_protocol::ConnectionInfo;
use lazuli_kernel::{Error, interpreter::evcxr, serve, transport::zmq};
use std::path::{Path, PathBuf};

fn main() -> anyhow::Result<()> {
    // Before all else: cells and tools are run by this same program under other names.
    evcxr::hook();

    let mut arguments = std::env::args_os().skip(1);
    let (Some(file), None) = (arguments.next(), arguments.next()) else {
        bail!("usage: lazuli-kernel CONNECTION_FILE; Jupyter starts kernels, choose `Rust (Lazuli)` there");
    };
    let info = read(&PathBuf::from(file))?;
    // It changes the environment, which is safe only as long as there is one thread.
    let launch = evcxr::launch();
    let (connection, threads) = zmq::bind(&info)?;
    serve(launch, connection).context("the kernel could not serve")?;
    threads.join();
    Ok(())
}

fn read(path: &Path) -> Result<ConnectionInfo, Error> {
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::ConnectionFile { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|source| Error::ConnectionText { path: path.to_owned(), source })
}

//! What a run and its workers tell each other: a header of a few words, then the bytes that it announces.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::address::{BuildId, Name};
use crate::graph::{Source, read, write};

/// To a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// A run begins: what it is told of afterwards counts until the next one.
    Begin { folder: PathBuf, environment: Vec<(Vec<u8>, Vec<u8>)> },
    /// An object with code that operations need.
    Load { path: PathBuf, id: BuildId },
    /// What the tasks of a layer do.
    Layer { layer: u32, parts: Vec<Part> },
    /// A task to run now. The values that it reads follow.
    Run { layer: u32, partition: u64, ends: Vec<u32>, values: Vec<Written> },
}

/// One operation of a layer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) rebuild: Name,
    pub(super) code: Name,
    pub(super) parameters: Vec<u8>,
    pub(super) sources: Vec<Source>,
}

/// A value whose bytes follow the header.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) codec: Name,
    pub(super) length: u64,
}

/// From a worker, one for each request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Ready,
    /// The task made a value, which follows.
    Made {
        value: Written,
    },
    /// The task failed, in one of its layer's parts.
    Failed {
        part: u32,
        text: String,
    },
    /// The task made a value that cannot be written.
    NoCodec {
        type_name: String,
    },
    /// The worker cannot do what is asked: it is another program than the one that asks.
    Mismatch {
        text: String,
    },
}

/// Sends a header.
pub(super) fn send(out: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut bytes = Vec::new();
    write(message, &mut bytes).map_err(io::Error::other)?;
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(&bytes)
}

/// Receives a header.
pub(super) fn receive<M: DeserializeOwned>(input: &mut impl Read) -> io::Result<M> {
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    read(&mut &*bytes(input, u64::from_le_bytes(length))?).map_err(io::Error::other)
}

/// Receives bytes that were announced.
pub(super) fn bytes(input: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    /// What is longer grows as it comes: another program may announce anything.
    const MOST: u64 = 1 << 30;
    let mut bytes = Vec::with_capacity(length.min(MOST) as usize);
    let read = input.take(length).read_to_end(&mut bytes)?;
    if (read as u64) < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
}

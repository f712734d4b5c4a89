//! Partitions as bytes: the stream format of Arrow IPC, one batch after another. Imports: graph.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write, copy, sink};

use polars::io::{SerReader, SerWriter};
use polars::prelude::{CompatLevel, DataFrame as PolarsFrame, IpcStreamReader, IpcStreamWriter};

use super::step;
use crate::graph::{Codec, Failure, Value};

pub(super) static CODEC: Codec = Codec { encode, decode };

fn encode(value: &Value, out: &mut dyn Write) -> std::result::Result<(), Failure> {
    // The columns are shared, not copied; polars takes the frame by mutable reference to cut it into batches.
    let mut frame = value.get::<PolarsFrame>()?.clone();
    Ok(IpcStreamWriter::new(out).with_compat_level(CompatLevel::newest()).finish(&mut frame)?)
}

fn decode(input: &mut dyn Read) -> std::result::Result<Value, Failure> {
    Ok(step::value(IpcStreamReader::new(Forward { input, position: 0 }).finish()?))
}

/// A reader that can skip: polars seeks only from the end of one buffer to the next.
struct Forward<'a> {
    input: &'a mut dyn Read,
    position: u64,
}

impl Read for Forward<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let length = self.input.read(buffer)?;
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for Forward<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(distance) => self.position.checked_add_signed(distance),
            SeekFrom::End(_) => None,
        };
        let skipped = target.and_then(|target| target.checked_sub(self.position));
        let skipped = skipped.ok_or_else(|| Error::new(ErrorKind::Unsupported, "a stream is read forwards"))?;
        copy(&mut self.by_ref().take(skipped), &mut sink())?;
        Ok(self.position)
    }
}

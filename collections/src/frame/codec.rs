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

#[cfg(test)]
mod tests {
    use polars::df;
    use polars::prelude::IntoSeries;
    use polars::prelude::{Categories, DataType, IntoLazy, NamedFrom, Series, StructChunked, TimeUnit, col, lit};

    use super::*;

    fn written(frame: &PolarsFrame) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(&step::value(frame.clone()), &mut bytes).unwrap();
        bytes
    }

    #[track_caller]
    fn check(frame: &PolarsFrame) {
        // Two in one stream: a frame is read to its end and no further.
        let bytes = [written(frame), written(frame)].concat();
        let mut input = &*bytes;
        for _ in 0..2 {
            let back: PolarsFrame = decode(&mut input).unwrap().take().unwrap();
            assert_eq!(back.schema(), frame.schema());
            assert!(back.equals_missing(frame), "{back} is not {frame}");
        }
        assert!(input.is_empty());
    }

    fn everything() -> PolarsFrame {
        let lists = [Some(Series::new("".into(), [1_i64, 2])), None, Some(Series::new("".into(), [0_i64; 0]))];
        let names = ["a name longer than the twelve bytes that a view holds", "b", "a"].map(Some);
        let mut frame = df!(
            "int" => [Some(1_i8), None, Some(-3)],
            "float" => [Some(f64::NAN), Some(-0.0), None],
            "bool" => [Some(true), None, Some(false)],
            "text" => [names[0], None, names[1]],
            "lists" => lists,
        )
        .unwrap();
        let part = StructChunked::from_columns("parts".into(), 3, &frame.columns()[..2]).unwrap();
        frame.with_column(part.into_series().into()).unwrap();
        let categorical = DataType::from_categories(Categories::global());
        let columns = [
            col("text").cast(categorical).alias("categories"),
            col("int").cast(DataType::Date).alias("dates"),
            col("int").cast(DataType::Datetime(TimeUnit::Milliseconds, None)).alias("times"),
            col("int").cast(DataType::Decimal(10, 2)).alias("decimals"),
            col("text").cast(DataType::Binary).alias("bytes"),
            lit(polars::prelude::NULL).alias("nothing"),
        ];
        frame.lazy().with_columns(columns).collect().unwrap()
    }

    #[test]
    fn frames_of_every_type_come_back_as_they_were() {
        let frame = everything();
        check(&frame);
        check(&frame.slice(1, 1));
        check(&frame.head(Some(0)));
        check(&frame.vstack(&frame).unwrap());
        check(&PolarsFrame::default());
    }

    #[test]
    fn a_part_of_a_frame_is_written_alone() {
        let texts: Vec<String> = (0..10_000).map(|i| format!("a text that is longer than a view: {i}")).collect();
        let frame = df!("n" => (0..10_000).collect::<Vec<i64>>(), "text" => texts).unwrap();
        let part = frame.slice(5_000, 10);
        check(&part);
        assert!(written(&part).len() < 4_000, "{} bytes for ten rows", written(&part).len());
    }

    #[test]
    fn what_is_no_frame_is_an_error() {
        assert!(decode(&mut &b"not a frame at all"[..]).is_err());
        let whole = written(&everything());
        assert!(decode(&mut &whole[..whole.len() / 2]).is_err());
    }
}

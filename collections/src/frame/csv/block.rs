//! Work on one block of a CSV file: its lines, its rows, and which line is to blame.

use polars::io::csv::read::_csv_read_internal::{
    NullValuesCompiled, cast_columns, prepare_csv_schema, read_chunk, validate_utf8,
};
use polars::prelude::{
    ChunkSet, CsvParseOptions, DataFrame as PolarsFrame, DataType, Field, IntoColumn, PolarsResult, Schema, SchemaRef,
};
use polars::prelude::{PolarsError, polars_bail};

use super::cut;
use super::file::File;
use crate::frame::FrameError;

/// How bytes become rows.
pub(super) struct Format {
    options: CsvParseOptions,
    /// The columns of the frame.
    whole: SchemaRef,
    /// The columns of the file as they are parsed.
    schema: SchemaRef,
    /// The numbers of those that are parsed, at least one.
    columns: Vec<usize>,
    /// Those of the parsed columns that are cast then.
    casts: Vec<Field>,
    nulls: Option<NullValuesCompiled>,
}

impl Format {
    /// A file with the columns `all`, of which those numbered `columns` are read, or all.
    pub(super) fn new(options: CsvParseOptions, all: SchemaRef, columns: Option<&[usize]>) -> PolarsResult<Self> {
        let columns = match columns {
            // Where only rows are counted, one column has them all.
            Some([]) => vec![0],
            Some(columns) => columns.to_vec(),
            None => (0..all.len()).collect(),
        };
        let field = |&column: &usize| all.get_at_index(column).map(|(name, dtype)| (name.clone(), dtype.clone()));
        let whole: SchemaRef = Schema::from_iter(columns.iter().filter_map(field)).into();
        let (mut schema, mut casts) = (all, Vec::new());
        prepare_csv_schema(&mut schema, &mut casts)?;
        casts.retain(|field| whole.contains(field.name()));
        let nulls = options.null_values.clone().map(|nulls| nulls.compile(&schema)).transpose()?;
        Ok(Format { options, whole, schema, columns, casts, nulls })
    }

    /// The rows of a block; `inside` says whether its cut lies inside quotes.
    pub(super) fn read(&self, file: &File, block: usize, inside: bool) -> Result<PolarsFrame, FrameError> {
        let quote = self.options.quote_char;
        let (at, mut bytes) = file.block(block)?;
        let begin = if block == 0 { Some(0) } else { cut::line_end(quote, &bytes, inside) };
        let Some(begin) = begin else { return Ok(PolarsFrame::empty_with_schema(&self.whole)) };
        let inside = inside ^ cut::flips(quote, &bytes);
        let ended = file.finish_line(block, &mut bytes, inside, quote)?;
        let (at, lines) = (at + begin as u64, &bytes[begin..]);
        if ended {
            return self.rows(lines).map_err(|error| self.blame(file, at, lines, error));
        }
        let open = cut::line_ends(quote, lines, false).last().unwrap_or(0);
        let message = "a quote that is opened here is never closed; a quote in a text is written twice, \
                       and `CsvOptions::quote(None)` reads quotes as they are";
        Err(self.line_error(file, at + open as u64, message.to_owned()))
    }

    /// Whole lines as a frame.
    pub(super) fn rows(&self, lines: &[u8]) -> PolarsResult<PolarsFrame> {
        let is_text = |&column: &usize| self.schema.get_at_index(column).is_some_and(|(_, dtype)| dtype.is_string());
        if self.columns.iter().any(is_text) && !validate_utf8(lines) {
            polars_bail!(ComputeError: "the text is not UTF-8");
        }
        let count = cut::count(self.options.quote_char, lines);
        let (lenient, all) = (false, usize::MAX);
        let mut frame = read_chunk(
            lines,
            &self.options,
            &self.schema,
            lenient,
            &self.columns,
            0,
            count,
            self.nulls.as_ref(),
            all,
            lines.len(),
            Some(0),
        )?;
        if frame.height() != count {
            polars_bail!(ComputeError: "a quote stands inside a field that does not begin with one");
        }
        cast_columns(&mut frame, &self.casts, false, false)?;
        nan_to_null(&mut frame)?;
        Ok(frame)
    }

    /// Which of `lines`, which begin at byte `at`, cannot be read: found by halving.
    pub(super) fn blame(&self, file: &File, at: u64, lines: &[u8], error: PolarsError) -> FrameError {
        let ends: Vec<usize> = cut::line_ends(self.options.quote_char, lines, false).chain([lines.len()]).collect();
        let start = |line: usize| if line == 0 { 0 } else { ends[line - 1] };
        let (mut first, mut last, mut error) = (0, ends.len(), error);
        while last - first > 1 {
            let middle = (first + last) / 2;
            match self.rows(&lines[start(first)..start(middle)]) {
                Err(earlier) => (last, error) = (middle, earlier),
                Ok(_) => first = middle,
            }
        }
        let line = &lines[start(first)..ends[first]];
        self.line_error(file, at + start(first) as u64, self.explain(line, &error))
    }

    fn line_error(&self, file: &File, byte: u64, message: String) -> FrameError {
        let path = file.seen.path.clone();
        match file.seen.line_at(byte) {
            Ok(line) => FrameError::Line { path, line, byte, message },
            Err(error) => error.into(),
        }
    }

    fn explain(&self, line: &[u8], error: &PolarsError) -> String {
        let text = error.to_string();
        let said = text.lines().next().unwrap_or_default();
        if said.starts_with("found more fields") {
            let shown: String = String::from_utf8_lossy(line).trim_end().chars().take(60).collect();
            format!("more fields than the {} columns of the header: {shown}", self.schema.len())
        } else if said.starts_with("could not parse") {
            format!(
                "{said}; give the column another type with `CsvOptions::dtype`, or declare the text null with `null_values`"
            )
        } else {
            said.to_owned()
        }
    }
}

/// CSV has one way to say that a number is missing.
fn nan_to_null(frame: &mut PolarsFrame) -> PolarsResult<()> {
    for index in 0..frame.width() {
        let column = &frame.columns()[index];
        if column.dtype().is_float() && column.is_nan()?.any() {
            let nan = column.is_nan()?;
            let column = match column.dtype() {
                DataType::Float32 => column.f32()?.set(&nan, None)?.into_column(),
                _ => column.cast(&DataType::Float64)?.f64()?.set(&nan, None)?.into_column(),
            };
            frame.replace_column(index, column)?;
        }
    }
    Ok(())
}

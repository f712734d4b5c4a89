//! Reading CSV: several partitions a file, cut at line ends by byte ranges.
//!
//! A cut may fall inside a quoted field, and no look at its neighbourhood can tell; so a first layer
//! counts the quotes of each block, a second says for each file which of its cuts lie inside quotes, and
//! the third reads. A file that is one block, or the first block of any, is read without the others.

mod block;
mod cut;
mod file;

use std::path::Path;
use std::sync::Arc;

use polars::io::SerReader;
use polars::prelude::{
    CsvEncoding, CsvParseOptions, CsvReadOptions, DataFrame as PolarsFrame, DataType, NullValues, PolarsResult, Schema,
    SchemaRef,
};
use serde::{Deserialize, Serialize};

use super::{DataFrame, FrameError, FrameSchema, step};
use crate::error::Result;
use crate::file::{Collection, Snapshot};
use crate::graph::{Failure, Layer, Node, Operation, Origin, Pattern, Picture, Task, Value};
use block::Format;
use file::{File, Head};

/// How CSV files are read; what [`read_csv_with`] takes.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// # let file = std::env::temp_dir().join("lazuli-doc-options.csv");
/// # std::fs::write(&file, "id;name\n1;?\n2;Ada\n").unwrap();
/// let options = CsvOptions::new().separator(b';').dtype("id", DataType::Int32).null_values(["?"]);
/// let frame = read_csv_with(&file, options)?;
/// assert_eq!(frame.schema().to_string(), "id i32, name str");
/// assert_eq!(frame.compute()?.column("name").unwrap().null_count(), 1);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CsvOptions {
    blocksize: u64,
    separator: u8,
    quote: Option<u8>,
    header: bool,
    dates: bool,
    null_values: Vec<String>,
    dtypes: Vec<(String, DataType)>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions {
            blocksize: 16 << 20,
            separator: b',',
            quote: Some(b'"'),
            header: true,
            dates: false,
            null_values: Vec::new(),
            dtypes: Vec::new(),
        }
    }
}

impl CsvOptions {
    /// Fields between commas, a header, blocks of 16 MiB.
    pub fn new() -> Self {
        CsvOptions::default()
    }

    /// Bytes of a file that become one partition, about.
    pub fn blocksize(self, bytes: u64) -> Self {
        CsvOptions { blocksize: bytes, ..self }
    }

    /// The byte between two fields.
    pub fn separator(self, separator: u8) -> Self {
        CsvOptions { separator, ..self }
    }

    /// The byte around a field that contains separators or line ends; `None` where quotes mean nothing.
    pub fn quote(self, quote: Option<u8>) -> Self {
        CsvOptions { quote, ..self }
    }

    /// Whether the first line of each file names the columns; without, they are `column_1` and so on.
    pub fn has_header(self, header: bool) -> Self {
        CsvOptions { header, ..self }
    }

    /// Whether texts that look like dates and times become such.
    pub fn parse_dates(self, dates: bool) -> Self {
        CsvOptions { dates, ..self }
    }

    /// The type of a column, in place of the one that its first values suggest.
    pub fn dtype(mut self, column: &str, dtype: DataType) -> Self {
        self.dtypes.push((column.to_owned(), dtype));
        self
    }

    /// Texts that mean null, beside the empty one.
    pub fn null_values<S: Into<String>>(self, texts: impl IntoIterator<Item = S>) -> Self {
        CsvOptions { null_values: texts.into_iter().map(Into::into).collect(), ..self }
    }

    fn parsing(&self) -> CsvParseOptions {
        let nulls = self.null_values.iter().map(|text| text.as_str().into()).collect::<Vec<_>>();
        CsvParseOptions {
            separator: self.separator,
            quote_char: self.quote,
            try_parse_dates: self.dates,
            null_values: (!nulls.is_empty()).then_some(NullValues::AllColumns(nulls)),
            ..CsvParseOptions::default()
        }
    }

    /// The columns of `text`, typed by all of its lines.
    fn infer(&self, text: &[u8]) -> PolarsResult<SchemaRef> {
        let types = Schema::from_iter(self.dtypes.iter().map(|(name, dtype)| (name.as_str().into(), dtype.clone())));
        let lossy = CsvEncoding::LossyUtf8;
        let parsing = CsvParseOptions { truncate_ragged_lines: true, encoding: lossy, ..self.parsing() };
        let options = CsvReadOptions { parse_options: Arc::new(parsing), ..CsvReadOptions::default() }
            .with_has_header(self.header)
            .with_ignore_errors(true)
            .with_infer_schema_length(None)
            .with_schema_overwrite(Some(Arc::new(types)));
        let frame = options.into_reader_with_file_handle(std::io::Cursor::new(text)).finish()?;
        Ok(frame.schema().clone())
    }
}

/// A lazy frame of the CSV files that match `pattern`, in the order of their names.
///
/// The types of the columns are taken from the beginning of the first file; a value further on that does not fit is
/// an error that names the file and line, if its column is needed: others are skipped, not read. The first line of each file must name the same columns. Files compressed
/// by gzip are read too, as one partition each.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// # let folder = std::env::temp_dir().join("lazuli-doc-csv");
/// # std::fs::create_dir_all(&folder).unwrap();
/// # std::fs::write(folder.join("1.csv"), "zone,fare\n1,2.5\n").unwrap();
/// # std::fs::write(folder.join("2.csv"), "zone,fare\n2,4\n").unwrap();
/// let trips = read_csv(folder.join("*.csv"))?;
/// assert_eq!(trips.schema().to_string(), "zone i64, fare f64");
/// assert_eq!((trips.npartitions(), trips.len()?), (2, 2));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn read_csv(pattern: impl AsRef<Path>) -> Result<DataFrame> {
    build(pattern.as_ref(), CsvOptions::new(), Origin::caller())
}

/// [`read_csv`] with other than the usual options: smaller blocks, another separator, types of columns.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// # let file = std::env::temp_dir().join("lazuli-doc-blocks.csv");
/// # std::fs::write(&file, format!("n\n{}", "12345\n".repeat(1000))).unwrap();
/// let numbers = read_csv_with(&file, CsvOptions::new().blocksize(1000))?;
/// assert_eq!((numbers.npartitions(), numbers.len()?), (6, 1000));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn read_csv_with(pattern: impl AsRef<Path>, options: CsvOptions) -> Result<DataFrame> {
    build(pattern.as_ref(), options, Origin::caller())
}

/// Bytes of the first file that decide the types, and of any other file that hold its header.
const SAMPLE: usize = 256 << 10;
const HEADER: usize = 4 << 10;

fn build(pattern: &Path, options: CsvOptions, origin: Origin) -> Result<DataFrame> {
    if options.blocksize == 0 {
        return Err(FrameError::Zero { what: "the block size" }.into());
    }
    let source = Source::look(pattern, options)?;
    let schema = FrameSchema::new(source.schema.clone());
    let partitions = source.partitions();
    let (owners, quotes) = (source.clone(), source.quotes(origin));
    let layer = Layer::of(step::scan(source), partitions, origin).drawn(schema.picture());
    let layer = match quotes {
        Some(quotes) => layer.reads(&quotes, owners.reads(|file, block| (block > 0).then_some(file))),
        None => layer,
    };
    Ok(DataFrame::new(layer.build(), schema))
}

/// What a frame reads: parameters of its operations.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Source {
    files: Arc<Vec<File>>,
    options: CsvOptions,
    schema: SchemaRef,
}

impl Source {
    /// Finds the files and looks at the beginning of each.
    fn look(pattern: &Path, options: CsvOptions) -> Result<Source> {
        let quote = options.quote;
        let mut files: Vec<File> = Vec::new();
        let mut schema = SchemaRef::default();
        for path in crate::file::find(pattern).map_err(FrameError::from)? {
            let first = files.last().map_or(0, |file| file.first + file.blocks);
            let seen = Snapshot::of(path, Collection::Frame).map_err(FrameError::from)?;
            let head = Head::of(&seen, if first == 0 { SAMPLE } else { HEADER }, quote)?;
            if head.text() == head.bytes.len() {
                return Err(FrameError::Empty { path: seen.path }.into());
            }
            let rows = if options.header { head.second_line(quote) } else { head.text() };
            let file = File::new(seen, rows, options.blocksize, first);
            if first == 0 {
                let lines = head.lines(rows, quote);
                schema = options.infer(&head.bytes[head.text()..rows + lines.len()])?;
                options.must_know_types(&schema)?;
                let format = Format::new(options.parsing(), schema.clone(), None)?;
                format.rows(lines).map_err(|error| format.blame(&file, rows as u64, lines, error))?;
            } else if options.header {
                let own = options.infer(&head.bytes[head.text()..rows])?;
                must_have_columns(&file, &own, &files[0], &schema)?;
            }
            files.push(file);
        }
        Ok(Source { files: Arc::new(files), options, schema })
    }

    /// Names and types of the columns of the files.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The rows of one task: of the columns numbered `columns`, which ascend, or of all.
    pub(super) fn read(&self, task: &Task, columns: Option<&[usize]>) -> Result<PolarsFrame, Failure> {
        let (file, block) = self.place(task.partition());
        let inside = match block {
            0 => false,
            _ if self.options.quote.is_none() => false,
            _ => task.get::<Vec<bool>>(0)?[block - 1],
        };
        let format = Format::new(self.options.parsing(), self.schema.clone(), columns)?;
        Ok(format.read(&self.files[file], block, inside)?)
    }

    fn partitions(&self) -> usize {
        self.files.last().map_or(0, |file| file.first + file.blocks)
    }

    /// The file that a partition comes from, and which block of it.
    fn place(&self, partition: usize) -> (usize, usize) {
        let file = self.files.partition_point(|file| file.first <= partition) - 1;
        (file, partition - self.files[file].first)
    }

    /// The pattern in which a task reads the one task that `reads` finds for its file and block.
    fn reads(self, reads: fn(usize, usize) -> Option<usize>) -> Pattern {
        Pattern::Blocks(Arc::new(move |task, out| {
            let (file, block) = self.place(task);
            out.extend(reads(file, block));
        }))
    }

    /// The layer whose task `f` says which cuts of file `f` lie inside quotes; none if nothing is cut.
    fn quotes(&self, origin: Origin) -> Option<Node> {
        let cut = self.options.quote.is_some() && self.files.iter().any(|file| file.blocks > 1);
        if !cut {
            return None;
        }
        let picture = |detail: &str| Picture { collection: "DataFrame", detail: detail.into(), ..Picture::default() };
        let count = Operation::new("count_quotes", self.clone(), count_quotes);
        let count = Layer::of(count, self.partitions(), origin).drawn(picture("odd or even number of quotes")).build();
        let files = self.files.clone();
        let blocks = Pattern::Blocks(Arc::new(move |file, out| {
            let File { first, blocks, .. } = files[file];
            out.extend(first..first + blocks - 1);
        }));
        let quotes =
            Layer::of(Operation::new("cuts_in_quotes", self.clone(), cuts_in_quotes), self.files.len(), origin);
        Some(quotes.reads(&count, blocks).drawn(picture("which cuts lie inside quotes")).build())
    }
}

fn count_quotes(source: &Source, task: Task) -> Result<Value, Failure> {
    let (file, block) = source.place(task.partition());
    let (_, bytes) = source.files[file].block(block)?;
    Ok(Value::new(cut::flips(source.options.quote, &bytes), 1))
}

/// For each cut of a file, from its second block on, whether it lies inside quotes.
fn cuts_in_quotes(_: &Source, task: Task) -> Result<Value, Failure> {
    let flips = task.all::<bool>(0)?;
    let inside = flips.into_iter().scan(false, |inside, flips| {
        *inside ^= flips;
        Some(*inside)
    });
    let inside: Vec<bool> = inside.collect();
    let bytes = inside.len();
    Ok(Value::new(inside, bytes))
}

impl CsvOptions {
    fn must_know_types(&self, schema: &SchemaRef) -> Result<(), FrameError> {
        match self.dtypes.iter().find(|(name, _)| !schema.contains(name)) {
            Some((name, _)) => Err(FrameSchema::new(schema.clone()).no_column("read_csv", name)),
            None => Ok(()),
        }
    }
}

fn must_have_columns(file: &File, own: &SchemaRef, first: &File, schema: &SchemaRef) -> Result<(), FrameError> {
    if own.iter_names().eq(schema.iter_names()) {
        return Ok(());
    }
    let names = |schema: &SchemaRef| schema.iter_names().map(|name| name.to_string()).collect();
    let (path, first) = (file.seen.path.clone(), first.seen.path.clone());
    Err(FrameError::Header { path, found: names(own), first, expected: names(schema) })
}

//! The form in which values and parameters leave this process: serde's data model, a tag of one byte before each part, so that
//! what describes itself (a JSON value, an untagged enum) is read back as well.
//!
//! The formats of libraries are generic over what is written to and read from, so every cell compiles one anew for each type
//! that its bags and calls are made of: 200 functions for `Vec<i64>`. [`Writer`] and [`Reader`] are concrete; a cell compiles of them
//! what depends on its types.

mod reader;
mod writer;

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use serde::de::{self, DeserializeOwned, Expected, Unexpected};
use serde::ser::{self, Serialize};

use self::reader::Reader;
use self::writer::Writer;

use super::Failure;

/// What cannot be written, or what was not written so. Of what is behind the box, cells compile nothing.
#[derive(Debug)]
pub(crate) struct FormatError(Failure);

impl FormatError {
    /// Not generic, as are the errors below that serde would leave to each cell.
    fn refused(message: &dyn fmt::Display) -> Self {
        FormatError(message.to_string().into())
    }

    /// Another type's bytes, or none of ours.
    fn malformed() -> Self {
        FormatError("these bytes are no value in Lazuli's format".into())
    }

    /// No stack holds the calls that it would take.
    fn too_deep() -> Self {
        FormatError(format!("it is nested deeper than {DEEPEST} levels").into())
    }

    /// The error as tasks have it.
    pub(super) fn into_failure(self) -> Failure {
        self.0
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for FormatError {}

impl From<io::Error> for FormatError {
    fn from(error: io::Error) -> Self {
        FormatError(error.into())
    }
}

impl ser::Error for FormatError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        FormatError::refused(&message)
    }
}

impl de::Error for FormatError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        FormatError::refused(&message)
    }

    fn invalid_type(found: Unexpected, expected: &dyn Expected) -> Self {
        FormatError::refused(&format_args!("expected {expected}, found {found}"))
    }

    fn invalid_value(found: Unexpected, expected: &dyn Expected) -> Self {
        FormatError::refused(&format_args!("expected {expected}, found {found}"))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        FormatError::refused(&format_args!("expected {expected}, found {length} of them"))
    }

    fn unknown_variant(variant: &str, _: &'static [&'static str]) -> Self {
        FormatError::refused(&format_args!("there is no variant `{variant}`"))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        FormatError::refused(&format_args!("there is no field `{field}`"))
    }

    fn missing_field(field: &'static str) -> Self {
        FormatError::refused(&format_args!("the field `{field}` is missing"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        FormatError::refused(&format_args!("the field `{field}` is there twice"))
    }
}

type Result<T> = std::result::Result<T, FormatError>;

/// Lists, maps and options within each other.
const DEEPEST: usize = 1000;

/// Writes `value`.
pub(crate) fn write<T: Serialize + ?Sized>(value: &T, out: &mut dyn Write) -> Result<()> {
    value.serialize(&mut Writer::new(out))
}

/// Reads what [`write`] wrote.
pub(crate) fn read<T: DeserializeOwned>(input: &mut dyn Read) -> Result<T> {
    T::deserialize(&mut Reader::new(input))
}

/// `value` as bytes of its own.
pub(super) fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Arc<[u8]>> {
    let mut bytes = Vec::new();
    write(value, output(&mut bytes))?;
    Ok(shared(bytes))
}

/// Reads what [`to_bytes`] made.
pub(super) fn from_bytes<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<T> {
    read(input(&mut bytes))
}

// Who makes an object of a trait compiles all methods of the trait: cells need not.

#[inline(never)]
fn output(bytes: &mut Vec<u8>) -> &mut dyn Write {
    bytes
}

#[inline(never)]
fn input<'a>(bytes: &'a mut &[u8]) -> &'a mut dyn Read {
    bytes
}

#[inline(never)]
fn shared(bytes: Vec<u8>) -> Arc<[u8]> {
    bytes.into()
}

/// What comes next. Numbers follow in little-endian order; texts and bytes after their length, lists and maps after their
/// length, or 0 if it is not known, and until [`END`]. A length is a byte, or [`LONG`] and eight.
mod tag {
    pub const NONE: u8 = 0;
    pub const SOME: u8 = 1;
    pub const UNIT: u8 = 2;
    pub const BOOL: u8 = 3;
    pub const I8: u8 = 4;
    pub const I16: u8 = 5;
    pub const I32: u8 = 6;
    pub const I64: u8 = 7;
    pub const I128: u8 = 8;
    pub const U8: u8 = 9;
    pub const U16: u8 = 10;
    pub const U32: u8 = 11;
    pub const U64: u8 = 12;
    pub const U128: u8 = 13;
    pub const F32: u8 = 14;
    pub const F64: u8 = 15;
    pub const CHAR: u8 = 16;
    pub const TEXT: u8 = 17;
    pub const BYTES: u8 = 18;
    pub const LIST: u8 = 19;
    pub const MAP: u8 = 20;
    pub const END: u8 = 21;
    /// From here on the tag itself is an integer, from 0 to 127.
    pub const SMALL: u8 = 128;
    /// Instead of a length: it is one of eight bytes.
    pub const LONG: u8 = 255;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};
    use serde_json::Value as Json;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Unit;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct New(i8);

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Point,
        Circle(f64),
        Box(u8, i128),
        Named { name: String, tags: BTreeMap<u16, Option<Option<()>>> },
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        A { shape: Shape, small: Option<i32> },
        B,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(i64),
        Text(String),
        Both { number: u32, text: Vec<char> },
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct All {
        unit: Unit,
        new: New,
        shapes: Vec<Shape>,
        tagged: Tagged,
        untagged: Untagged,
        pair: (bool, u128),
        #[serde(flatten)]
        more: BTreeMap<String, f32>,
    }

    fn bytes_of(value: &impl Serialize) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(value, &mut bytes).expect("it is written");
        bytes
    }

    fn back<T: Serialize + DeserializeOwned>(value: &T) -> T {
        read(&mut &*bytes_of(value)).expect("it is read")
    }

    fn shape() -> impl Strategy<Value = Shape> {
        let tags = prop::collection::btree_map(any::<u16>(), any::<Option<Option<()>>>(), 0..4);
        prop_oneof![
            Just(Shape::Point),
            any::<f64>().prop_map(Shape::Circle),
            (any::<u8>(), any::<i128>()).prop_map(|(a, b)| Shape::Box(a, b)),
            (any::<String>(), tags).prop_map(|(name, tags)| Shape::Named { name, tags }),
        ]
    }

    fn all() -> impl Strategy<Value = All> {
        let tagged = prop_oneof![
            (shape(), any::<Option<i32>>())
                .prop_filter("serde's own buffer holds no integer of 128 bits", |(it, _)| !matches!(it, Shape::Box(..)))
                .prop_map(|(shape, small)| Tagged::A { shape, small }),
            Just(Tagged::B)
        ];
        let untagged = prop_oneof![
            any::<i64>().prop_map(Untagged::Number),
            any::<String>().prop_map(Untagged::Text),
            (any::<u32>(), any::<Vec<char>>()).prop_map(|(number, text)| Untagged::Both { number, text }),
        ];
        let more = prop::collection::btree_map("x[a-z]{0,3}", any::<f32>(), 0..3);
        (any::<i8>(), prop::collection::vec(shape(), 0..4), tagged, untagged, any::<(bool, u128)>(), more).prop_map(
            |(new, shapes, tagged, untagged, pair, more)| All {
                unit: Unit,
                new: New(new),
                shapes,
                tagged,
                untagged,
                pair,
                more,
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(value in all()) {
            prop_assert_eq!(back(&value), value);
        }

        #[test]
        fn bytes_that_are_no_value_are_an_error(value in all(), at in any::<prop::sample::Index>(), other in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = bytes_of(&value);
            let short = &bytes[..cut.index(bytes.len())];
            prop_assert!(read::<All>(&mut &*short).is_err());
            let at = at.index(bytes.len());
            bytes[at] = other;
            // Another value or an error, and no panic.
            let _ = read::<All>(&mut &*bytes);
        }
    }

    #[test]
    fn lengths_around_a_byte_are_read() {
        for length in [0, 1, 253, 254, 255, 256, 70_000] {
            let (text, list) = ("x".repeat(length), vec![false; length]);
            assert_eq!(back(&(text.clone(), list.clone())), (text, list));
        }
    }

    #[test]
    fn json_describes_itself() {
        let json = serde_json::json!({ "a": [1, -2, 3.5, null, true, "x", { "b": {} }], "c": u64::MAX });
        assert_eq!(back(&json), json);
        assert_eq!(back(&vec![Json::Null, json.clone()])[1], json);
    }

    #[test]
    fn floats_keep_their_bits() {
        let odd = [f64::from_bits(0x7ff8_0000_0000_1234), -0.0, f64::INFINITY];
        assert_eq!(back(&odd).map(f64::to_bits), odd.map(f64::to_bits));
    }

    #[test]
    fn a_list_of_unknown_length_is_read_to_its_end() {
        struct Odd;
        impl Serialize for Odd {
            fn serialize<S: ser::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
                to.collect_seq((0..10).filter(|number| number % 2 == 1))
            }
        }
        assert_eq!(read::<Vec<i32>>(&mut &*bytes_of(&Odd)).expect("it is read"), [1, 3, 5, 7, 9]);
    }

    #[test]
    fn another_type_is_told_with_what_was_found() {
        let told = |error: FormatError| error.to_string();
        assert_eq!(told(read::<String>(&mut &*bytes_of(&1_u8)).unwrap_err()), "expected a text, found U64(1)");
        assert_eq!(told(read::<u8>(&mut &*bytes_of(&300_u16)).unwrap_err()), "expected u8, found integer `300`");
        let found = read::<New>(&mut &*bytes_of(&(1_i8, 2_i8)));
        assert_eq!(told(found.unwrap_err()), "expected an integer, found List(2)");
        let found = read::<(i8, i8)>(&mut &*bytes_of(&(1_i8, 2_i8, 3_i8)));
        assert_eq!(told(found.unwrap_err()), "these bytes are no value in Lazuli's format");
    }

    #[test]
    fn what_is_nested_too_deep_is_an_error_of_both_sides() {
        #[derive(Serialize, Deserialize)]
        struct Node(Option<Box<Node>>);
        let chain = |length: usize| (0..length).fold(Node(None), |below, _| Node(Some(Box::new(below))));
        let deep = "it is nested deeper than 1000 levels";
        assert_eq!(write(&chain(DEEPEST + 1), &mut Vec::new()).unwrap_err().to_string(), deep);
        let mut bytes = bytes_of(&chain(DEEPEST));
        assert!(read::<Node>(&mut &*bytes).is_ok());
        bytes.insert(0, tag::SOME);
        assert_eq!(read::<Node>(&mut &*bytes).err().expect("it is too deep").to_string(), deep);
    }
}

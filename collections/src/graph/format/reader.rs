//! Bytes to serde's data model. Imports: format.

use std::io::{self, Read};

use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::{DEEPEST, FormatError, Result, tag};

/// Reads the parts of a value.
pub(super) struct Reader<'a> {
    input: &'a mut dyn Read,
    /// A tag that was looked at.
    ahead: Option<u8>,
    depth: usize,
    /// The last text or bytes.
    text: Vec<u8>,
}

/// What was read: a part without parts of its own is whole, texts and bytes are in [`Reader::text`].
#[derive(Debug, Clone, Copy)]
enum Part {
    None,
    Some,
    Unit,
    Bool(bool),
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F32(f32),
    F64(f64),
    Char(char),
    Text,
    Bytes,
    List(usize),
    Map(usize),
}

impl Part {
    /// Another part than a type asks for: it was not written by the same type.
    fn instead_of(self, wanted: &str) -> FormatError {
        FormatError::refused(&format_args!("expected {wanted}, found {self:?}"))
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &'a mut dyn Read) -> Self {
        Reader { input, ahead: None, depth: 0, text: Vec::new() }
    }

    fn tag(&mut self) -> Result<u8> {
        match self.ahead.take() {
            Some(tag) => Ok(tag),
            None => Ok(self.take::<1>()?[0]),
        }
    }

    fn peek(&mut self) -> Result<u8> {
        let tag = self.tag()?;
        self.ahead = Some(tag);
        Ok(tag)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn length(&mut self) -> Result<usize> {
        match self.take()? {
            [tag::LONG] => usize::try_from(u64::from_le_bytes(self.take()?)).map_err(|_| FormatError::malformed()),
            [short] => Ok(short.into()),
        }
    }

    /// Reads a text or bytes; a length that is not true takes no more memory than there are bytes.
    fn read_text(&mut self) -> Result<()> {
        let length = self.length()?;
        self.text.clear();
        let read = (&mut *self.input).take(length as u64).read_to_end(&mut self.text)?;
        if read < length { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) } else { Ok(()) }
    }

    fn part(&mut self) -> Result<Part> {
        Ok(match self.tag()? {
            tag::NONE => Part::None,
            tag::SOME => Part::Some,
            tag::UNIT => Part::Unit,
            tag::BOOL => Part::Bool(self.take::<1>()? != [0]),
            tag::I8 => Part::I64(i8::from_le_bytes(self.take()?).into()),
            tag::I16 => Part::I64(i16::from_le_bytes(self.take()?).into()),
            tag::I32 => Part::I64(i32::from_le_bytes(self.take()?).into()),
            tag::I64 => Part::I64(i64::from_le_bytes(self.take()?)),
            tag::I128 => Part::I128(i128::from_le_bytes(self.take()?)),
            tag::U8 => Part::U64(u8::from_le_bytes(self.take()?).into()),
            tag::U16 => Part::U64(u16::from_le_bytes(self.take()?).into()),
            tag::U32 => Part::U64(u32::from_le_bytes(self.take()?).into()),
            tag::U64 => Part::U64(u64::from_le_bytes(self.take()?)),
            tag::U128 => Part::U128(u128::from_le_bytes(self.take()?)),
            tag::F32 => Part::F32(f32::from_le_bytes(self.take()?)),
            tag::F64 => Part::F64(f64::from_le_bytes(self.take()?)),
            tag::CHAR => {
                let character = char::from_u32(u32::from_le_bytes(self.take()?));
                Part::Char(character.ok_or_else(FormatError::malformed)?)
            }
            tag::TEXT => {
                self.read_text()?;
                Part::Text
            }
            tag::BYTES => {
                self.read_text()?;
                Part::Bytes
            }
            tag @ tag::SMALL.. => Part::U64((tag - tag::SMALL).into()),
            tag::LIST => Part::List(self.length()?),
            tag::MAP => Part::Map(self.length()?),
            _ => return Err(FormatError::malformed()),
        })
    }

    fn as_text(&self) -> Result<&str> {
        std::str::from_utf8(&self.text).map_err(|_| FormatError::malformed())
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(FormatError::too_deep()) } else { Ok(()) }
    }

    /// The end of a list or map, of which all that stood in it was asked for.
    fn leave(&mut self) -> Result<()> {
        self.depth -= 1;
        if self.tag()? == tag::END { Ok(()) } else { Err(FormatError::malformed()) }
    }

    /// Whether a list or map has ended.
    fn is_at_end(&mut self) -> Result<bool> {
        Ok(self.peek()? == tag::END)
    }
}

/// What a type may ask for. Of its visitor, a cell compiles only what that can come to.
impl Reader<'_> {
    fn bool<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::Bool(truth) => visitor.visit_bool(truth),
            other => Err(other.instead_of("a bool")),
        }
    }

    fn char<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::Char(character) => visitor.visit_char(character),
            other => Err(other.instead_of("a char")),
        }
    }

    fn unit<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::Unit => visitor.visit_unit(),
            other => Err(other.instead_of("a unit")),
        }
    }

    fn integer<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::I64(number) => visitor.visit_i64(number),
            Part::U64(number) => visitor.visit_u64(number),
            other => Err(other.instead_of("an integer")),
        }
    }

    fn long_integer<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::I128(number) => visitor.visit_i128(number),
            Part::U128(number) => visitor.visit_u128(number),
            other => Err(other.instead_of("an integer of 128 bits")),
        }
    }

    fn float<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::F32(number) => visitor.visit_f32(number),
            Part::F64(number) => visitor.visit_f64(number),
            other => Err(other.instead_of("a float")),
        }
    }

    fn text<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::Text => visitor.visit_str(self.as_text()?),
            other => Err(other.instead_of("a text")),
        }
    }

    fn bytes<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::Bytes => visitor.visit_bytes(&self.text),
            other => Err(other.instead_of("bytes")),
        }
    }

    fn option<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::None => visitor.visit_none(),
            Part::Some => self.inside(visitor),
            other => Err(other.instead_of("an option")),
        }
    }

    fn inside<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        self.enter()?;
        let value = visitor.visit_some(&mut *self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::List(length) => self.list_of(length, visitor),
            other => Err(other.instead_of("a list")),
        }
    }

    fn list_of<'de, V: Visitor<'de>>(&mut self, length: usize, visitor: V) -> Result<V::Value> {
        self.enter()?;
        let value = visitor.visit_seq(Parts { reader: self, length })?;
        self.leave()?;
        Ok(value)
    }

    fn map<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::Map(length) => self.map_of(length, visitor),
            other => Err(other.instead_of("a map")),
        }
    }

    fn map_of<'de, V: Visitor<'de>>(&mut self, length: usize, visitor: V) -> Result<V::Value> {
        self.enter()?;
        let value = visitor.visit_map(Parts { reader: self, length })?;
        self.leave()?;
        Ok(value)
    }

    /// A part that nobody wants, with all that is in it.
    fn nothing<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        self.skip()?;
        visitor.visit_unit()
    }

    fn skip(&mut self) -> Result<()> {
        match self.part()? {
            Part::Some => {
                self.enter()?;
                self.skip()?;
                self.depth -= 1;
            }
            Part::List(_) | Part::Map(_) => {
                self.enter()?;
                while !self.is_at_end()? {
                    self.skip()?;
                }
                self.leave()?;
            }
            _ => {}
        }
        Ok(())
    }
}

macro_rules! asked {
    ($($method:ident $part:ident),+) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            self.$part(visitor)
        }
    )+ };
}

impl<'de> de::Deserializer<'de> for &mut Reader<'_> {
    type Error = FormatError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.part()? {
            Part::None => visitor.visit_none(),
            Part::Some => self.inside(visitor),
            Part::Unit => visitor.visit_unit(),
            Part::Bool(truth) => visitor.visit_bool(truth),
            Part::I64(number) => visitor.visit_i64(number),
            Part::U64(number) => visitor.visit_u64(number),
            Part::I128(number) => visitor.visit_i128(number),
            Part::U128(number) => visitor.visit_u128(number),
            Part::F32(number) => visitor.visit_f32(number),
            Part::F64(number) => visitor.visit_f64(number),
            Part::Char(character) => visitor.visit_char(character),
            Part::Text => visitor.visit_str(self.as_text()?),
            Part::Bytes => visitor.visit_bytes(&self.text),
            Part::List(length) => self.list_of(length, visitor),
            Part::Map(length) => self.map_of(length, visitor),
        }
    }

    asked! {
        deserialize_bool bool, deserialize_char char, deserialize_unit unit,
        deserialize_i8 integer, deserialize_i16 integer, deserialize_i32 integer, deserialize_i64 integer,
        deserialize_u8 integer, deserialize_u16 integer, deserialize_u32 integer, deserialize_u64 integer,
        deserialize_i128 long_integer, deserialize_u128 long_integer, deserialize_f32 float, deserialize_f64 float,
        deserialize_str text, deserialize_string text, deserialize_identifier text,
        deserialize_bytes bytes, deserialize_byte_buf bytes,
        deserialize_option option, deserialize_seq list, deserialize_map map, deserialize_ignored_any nothing
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value> {
        self.list(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.part()? {
            Part::Text => visitor.visit_enum(self.as_text()?.into_deserializer()),
            Part::Map(1) => {
                self.enter()?;
                let value = visitor.visit_enum(&mut *self)?;
                self.leave()?;
                Ok(value)
            }
            other => Err(other.instead_of("a variant")),
        }
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The parts of a list or map, one after the other.
struct Parts<'a, 'b> {
    reader: &'a mut Reader<'b>,
    length: usize,
}

impl<'de> de::SeqAccess<'de> for Parts<'_, '_> {
    type Error = FormatError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.reader.is_at_end()? { Ok(None) } else { seed.deserialize(&mut *self.reader).map(Some) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.length)
    }
}

impl<'de> de::MapAccess<'de> for Parts<'_, '_> {
    type Error = FormatError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if self.reader.is_at_end()? { Ok(None) } else { seed.deserialize(&mut *self.reader).map(Some) }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.length)
    }
}

impl<'de> de::EnumAccess<'de> for &mut Reader<'_> {
    type Error = FormatError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        Ok((seed.deserialize(&mut *self)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for &mut Reader<'_> {
    type Error = FormatError;

    fn unit_variant(self) -> Result<()> {
        Err(FormatError::malformed())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.list(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value> {
        self.map(visitor)
    }
}

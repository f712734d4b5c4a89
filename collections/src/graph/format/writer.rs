//! serde's data model to bytes. Imports: format.

use std::io::Write;

use serde::ser::{self, Serialize};

use super::{DEEPEST, FormatError, Result, tag};

/// Writes the parts of a value.
pub(super) struct Writer<'a> {
    out: &'a mut dyn Write,
    depth: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Writer { out, depth: 0 }
    }

    /// A tag and at most 16 bytes, at once: `out` may be anything.
    fn put(&mut self, tag: u8, bytes: &[u8]) -> Result<()> {
        let mut part = [tag; 17];
        part[1..=bytes.len()].copy_from_slice(bytes);
        Ok(self.out.write_all(&part[..=bytes.len()])?)
    }

    fn put_length(&mut self, tag: u8, length: usize) -> Result<()> {
        match u8::try_from(length) {
            Ok(short) if short < tag::LONG => self.put(tag, &[short]),
            _ => {
                let mut long = [tag::LONG; 9];
                long[1..].copy_from_slice(&(length as u64).to_le_bytes());
                self.put(tag, &long)
            }
        }
    }

    fn put_long(&mut self, tag: u8, bytes: &[u8]) -> Result<()> {
        self.put_length(tag, bytes.len())?;
        Ok(self.out.write_all(bytes)?)
    }

    fn open(&mut self, tag: u8, length: Option<usize>) -> Result<&mut Self> {
        self.enter()?;
        self.put_length(tag, length.unwrap_or(0))?;
        Ok(self)
    }

    /// A map of one entry, which stands for a variant.
    fn open_variant(&mut self, variant: &str) -> Result<&mut Self> {
        self.open(tag::MAP, Some(1))?.put_long(tag::TEXT, variant.as_bytes())?;
        Ok(self)
    }

    fn close(&mut self) -> Result<()> {
        self.depth -= 1;
        self.put(tag::END, &[])
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(FormatError::too_deep()) } else { Ok(()) }
    }
}

macro_rules! write_integers {
    ($($method:ident $integer:ty, $tag:ident;)+) => { $(
        fn $method(self, integer: $integer) -> Result<()> {
            match u8::try_from(integer) {
                Ok(small) if small < tag::SMALL => self.put(tag::SMALL | small, &[]),
                _ => self.put(tag::$tag, &integer.to_le_bytes()),
            }
        }
    )+ };
}

macro_rules! write_numbers {
    ($($method:ident $number:ty, $tag:ident;)+) => { $(
        fn $method(self, number: $number) -> Result<()> {
            self.put(tag::$tag, &number.to_le_bytes())
        }
    )+ };
}

impl<'a, 'b> ser::Serializer for &'a mut Writer<'b> {
    type Ok = ();
    type Error = FormatError;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Variant<'a, 'b>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Variant<'a, 'b>;

    write_integers! {
        serialize_i8 i8, I8; serialize_i16 i16, I16; serialize_i32 i32, I32; serialize_i64 i64, I64;
        serialize_u8 u8, U8; serialize_u16 u16, U16; serialize_u32 u32, U32; serialize_u64 u64, U64;
    }

    write_numbers! {
        serialize_i128 i128, I128; serialize_u128 u128, U128; serialize_f32 f32, F32; serialize_f64 f64, F64;
    }

    fn serialize_bool(self, truth: bool) -> Result<()> {
        self.put(tag::BOOL, &[u8::from(truth)])
    }

    fn serialize_char(self, character: char) -> Result<()> {
        self.put(tag::CHAR, &u32::from(character).to_le_bytes())
    }

    fn serialize_str(self, text: &str) -> Result<()> {
        self.put_long(tag::TEXT, text.as_bytes())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<()> {
        self.put_long(tag::BYTES, bytes)
    }

    fn serialize_none(self) -> Result<()> {
        self.put(tag::NONE, &[])
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        self.enter()?;
        self.put(tag::SOME, &[])?;
        value.serialize(&mut *self)?;
        self.depth -= 1;
        Ok(())
    }

    fn serialize_unit(self) -> Result<()> {
        self.put(tag::UNIT, &[])
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.put(tag::UNIT, &[])
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.put_long(tag::TEXT, variant.as_bytes())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        value.serialize(&mut *self.open_variant(variant)?)?;
        self.close()
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self> {
        self.open(tag::LIST, length)
    }

    fn serialize_tuple(self, length: usize) -> Result<Self> {
        self.open(tag::LIST, Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Self> {
        self.open(tag::LIST, Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Variant<'a, 'b>> {
        Ok(Variant(self.open_variant(variant)?.open(tag::LIST, Some(length))?))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self> {
        self.open(tag::MAP, length)
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Self> {
        self.open(tag::MAP, Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Variant<'a, 'b>> {
        Ok(Variant(self.open_variant(variant)?.open(tag::MAP, Some(length))?))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Writes the fields of a variant: a list or map within the map that stands for the variant.
pub(super) struct Variant<'a, 'b>(&'a mut Writer<'b>);

macro_rules! write_elements {
    ($($of:ident $method:ident),+) => { $(
        impl ser::$of for &mut Writer<'_> {
            type Ok = ();
            type Error = FormatError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<()> {
                self.close()
            }
        }
    )+ };
}

write_elements!(SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field);

impl ser::SerializeMap for &mut Writer<'_> {
    type Ok = ();
    type Error = FormatError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}

impl ser::SerializeStruct for &mut Writer<'_> {
    type Ok = ();
    type Error = FormatError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.put_long(tag::TEXT, name.as_bytes())?;
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<()> {
        self.close()
    }
}

impl ser::SerializeTupleVariant for Variant<'_, '_> {
    type Ok = ();
    type Error = FormatError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(&mut *self.0)
    }

    fn end(self) -> Result<()> {
        self.0.close()?;
        self.0.close()
    }
}

impl ser::SerializeStructVariant for Variant<'_, '_> {
    type Ok = ();
    type Error = FormatError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        ser::SerializeStruct::serialize_field(&mut &mut *self.0, name, value)
    }

    fn end(self) -> Result<()> {
        self.0.close()?;
        self.0.close()
    }
}

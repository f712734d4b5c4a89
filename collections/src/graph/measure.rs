//! How many bytes a value occupies, counted by serializing it into nothing.
//!
//! Of a long list a few items are counted and the others taken to be like them. The serializer is not generic, so
//! that a new type adds little to what a cell compiles.

use std::fmt;
use std::mem::needs_drop;

use serde::ser::{self, Serialize, Serializer};

/// About how many bytes `value` occupies with what it owns on the heap.
pub(crate) fn occupied<T: Serialize>(value: &T) -> usize {
    if const { !needs_drop::<T>() } {
        return size_of::<T>();
    }
    let mut measure = Measure { bytes: 0 };
    // A value that refuses to be serialized still occupies its own size.
    _ = value.serialize(&mut measure);
    measure.at_least(size_of::<T>())
}

/// Bytes seen so far.
struct Measure {
    bytes: usize,
}

impl Measure {
    /// Not generic: of a trait as large as `Ord`, cells read all implementations.
    fn at_least(&self, bytes: usize) -> usize {
        self.bytes.max(bytes)
    }

    fn add(&mut self, bytes: usize) -> Result<(), fmt::Error> {
        self.bytes += bytes;
        Ok(())
    }

    /// Notes the part of a text or list that is not its content.
    fn owner(&mut self) -> Result<&mut Self, fmt::Error> {
        self.bytes += size_of::<Vec<u8>>();
        Ok(self)
    }
}

macro_rules! sized {
    ($($method:ident $scalar:ty),+) => { $(
        fn $method(self, _: $scalar) -> Result<(), fmt::Error> {
            self.add(size_of::<$scalar>())
        }
    )+ };
}

impl<'a> Serializer for &'a mut Measure {
    type Ok = ();
    type Error = fmt::Error;
    type SerializeSeq = List<'a>;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = List<'a>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    sized!(serialize_bool bool, serialize_char char);
    sized!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128);
    sized!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128);
    sized!(serialize_f32 f32, serialize_f64 f64);

    fn serialize_str(self, text: &str) -> Result<(), fmt::Error> {
        self.owner()?.add(text.len())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), fmt::Error> {
        self.owner()?.add(bytes.len())
    }

    fn serialize_none(self) -> Result<(), fmt::Error> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), fmt::Error> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), fmt::Error> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), fmt::Error> {
        self.add(1)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'a>, fmt::Error> {
        Ok(List { measure: self.owner()?, items: 0, sampled: 0 })
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, fmt::Error> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, fmt::Error> {
        Ok(self)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, fmt::Error> {
        Ok(self)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<List<'a>, fmt::Error> {
        self.serialize_seq(length)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, fmt::Error> {
        Ok(self)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, fmt::Error> {
        Ok(self)
    }
}

macro_rules! compound {
    ($($part:ident $method:ident ($($name:ty)?)),+) => { $(
        impl ser::$part for &mut Measure {
            type Ok = ();
            type Error = fmt::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $(_: $name,)? value: &T) -> Result<(), fmt::Error> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), fmt::Error> {
                Ok(())
            }
        }
    )+ };
}

compound!(SerializeTuple serialize_element ());
compound!(SerializeTupleStruct serialize_field (), SerializeTupleVariant serialize_field ());
compound!(SerializeStruct serialize_field (&'static str), SerializeStructVariant serialize_field (&'static str));

/// A list or map of which the first items are counted.
struct List<'a> {
    measure: &'a mut Measure,
    items: usize,
    /// Bytes of the items counted.
    sampled: usize,
}

impl List<'_> {
    /// How many items are counted; for a map, keys and values.
    const SAMPLE: usize = 16;

    #[inline]
    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), fmt::Error> {
        self.items += 1;
        if self.items > Self::SAMPLE {
            return Ok(());
        }
        let before = self.measure.bytes;
        let counted = item.serialize(&mut *self.measure);
        self.sampled += self.measure.bytes - before;
        counted
    }

    fn finish(self) -> Result<(), fmt::Error> {
        let others = self.items.saturating_sub(Self::SAMPLE);
        self.measure.add(others * self.sampled / Self::SAMPLE)
    }
}

impl ser::SerializeSeq for List<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), fmt::Error> {
        self.finish()
    }
}

impl ser::SerializeMap for List<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), fmt::Error> {
        self.item(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), fmt::Error> {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_counts_what_is_owned_on_the_heap() {
        #[derive(serde::Serialize)]
        struct Person {
            name: String,
            ages: Vec<u32>,
            married: Option<bool>,
        }
        let owner = size_of::<Vec<u8>>();
        assert_eq!(occupied(&7_i64), 8);
        assert_eq!(occupied(&"lazuli".to_owned()), owner + 6);
        assert_eq!(occupied(&(1_u8, vec![1.5_f64; 10])), owner + 81);
        let person = Person { name: "Ada".to_owned(), ages: vec![1; 100], married: None };
        assert_eq!(occupied(&person), 2 * owner + 403);
        assert_eq!(occupied(&serde_json::json!({"a": [1, null]})), 3 * owner + 1 + 8);
        assert_eq!(occupied(&None::<Box<u64>>), 8, "no less than the value itself");
        assert_eq!(occupied(&vec!["ab".to_owned(); 1000]), owner + 1000 * (owner + 2), "the others are like the first");
    }
}

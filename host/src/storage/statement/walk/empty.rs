//! The rule for a field that no list names: there must be nothing in it.

use super::Stop;
use serde::ser::{Impossible, SerializeSeq};
use serde::{Serialize, Serializer};

/// Takes `None` (also as the name of a variant), false, a unit and an empty list, and nothing else.
#[derive(Clone, Copy)]
pub(super) struct IsEmpty {
    pub(super) owner: &'static str,
    pub(super) key: &'static str,
}

impl IsEmpty {
    fn refuse<T>(self) -> Result<T, Stop> {
        Err(Stop::not_listed(self.owner, self.key))
    }
}

/// Numbers, texts and bytes are never empty.
macro_rules! never_empty {
    ($($method:ident: $type:ty),+) => {
        $(fn $method(self, _: $type) -> Result<(), Stop> {
            self.refuse()
        })+
    };
}

impl Serializer for IsEmpty {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Self;
    type SerializeTuple = Impossible<(), Stop>;
    type SerializeTupleStruct = Impossible<(), Stop>;
    type SerializeTupleVariant = Impossible<(), Stop>;
    type SerializeMap = Impossible<(), Stop>;
    type SerializeStruct = Impossible<(), Stop>;
    type SerializeStructVariant = Impossible<(), Stop>;

    never_empty! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_f32: f32, serialize_f64: f64, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8]
    }

    fn serialize_bool(self, value: bool) -> Result<(), Stop> {
        if value { self.refuse() } else { Ok(()) }
    }
    fn serialize_none(self) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Stop> {
        self.refuse()
    }
    fn serialize_unit(self) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Stop> {
        if variant == "None" { Ok(()) } else { self.refuse() }
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, owner: &'static str, _: &T) -> Result<(), Stop> {
        // Where in the text something stood.
        if owner == "AttachedToken" { Ok(()) } else { self.refuse() }
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Stop> {
        self.refuse()
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Stop> {
        Ok(self)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Stop> {
        self.refuse()
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Stop> {
        self.refuse()
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Stop> {
        self.refuse()
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Stop> {
        self.refuse()
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Stop> {
        self.refuse()
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Stop> {
        self.refuse()
    }
}

impl SerializeSeq for IsEmpty {
    type Ok = ();
    type Error = Stop;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Stop> {
        self.refuse()
    }
    fn end(self) -> Result<(), Stop> {
        Ok(())
    }
}

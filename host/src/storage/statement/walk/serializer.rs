//! The mechanics of the walk: what a node calls when it is serialized.

use super::compound::Compound;
use super::{Stop, Walker};
use serde::{Serialize, Serializer};

impl<'w, 'a> Serializer for &'w mut Walker<'a> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Compound<'w, 'a>;
    type SerializeTuple = Compound<'w, 'a>;
    type SerializeTupleStruct = Compound<'w, 'a>;
    type SerializeTupleVariant = Compound<'w, 'a>;
    type SerializeMap = serde::ser::Impossible<(), Stop>;
    type SerializeStruct = Compound<'w, 'a>;
    type SerializeStructVariant = Compound<'w, 'a>;

    fn serialize_bool(self, _: bool) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_i8(self, _: i8) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_i16(self, _: i16) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_i32(self, _: i32) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_i64(self, _: i64) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_u8(self, _: u8) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_u16(self, _: u16) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_u32(self, _: u32) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_u64(self, _: u64) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_f32(self, _: f32) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_f64(self, _: f64) -> Result<(), Stop> {
        Ok(())
    }
    /// The quote around a name. A string in the place of a name is SQLite's alone, and a misreading
    /// on Postgres.
    fn serialize_char(self, quote: char) -> Result<(), Stop> {
        self.name.quoted = true;
        if quote == '\'' && self.lists.calls_by_point {
            return Err(Stop::misread("a string stands where a name is expected: write CAST('...' AS type)"));
        }
        Ok(())
    }
    fn serialize_str(self, text: &str) -> Result<(), Stop> {
        text.clone_into(&mut self.name.text);
        Ok(())
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_none(self) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Stop> {
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_unit_variant(self, owner: &'static str, _: u32, variant: &'static str) -> Result<(), Stop> {
        self.check_variant(owner, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, owner: &'static str, value: &T) -> Result<(), Stop> {
        match owner {
            // Where in the text something stood.
            "AttachedToken" => Ok(()),
            "ObjectName" => self.object_name(value),
            _ => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        owner: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.check_variant(owner, variant)?;
        self.newtype_variant(owner, variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'w, 'a>, Stop> {
        Ok(Compound::list(self))
    }
    fn serialize_tuple(self, _: usize) -> Result<Compound<'w, 'a>, Stop> {
        Ok(Compound::list(self))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'w, 'a>, Stop> {
        Ok(Compound::list(self))
    }

    fn serialize_tuple_variant(
        self,
        owner: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'w, 'a>, Stop> {
        self.check_variant(owner, variant)?;
        Ok(Compound::tuple_variant(self, owner, variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Stop> {
        Err(Stop::not_listed("the tree", "a map"))
    }

    fn serialize_struct(self, owner: &'static str, _: usize) -> Result<Compound<'w, 'a>, Stop> {
        if owner == "LockClause" {
            self.findings.writes = true;
        }
        Ok(Compound::fields(self, owner, ""))
    }

    fn serialize_struct_variant(
        self,
        owner: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'w, 'a>, Stop> {
        self.check_variant(owner, variant)?;
        Ok(Compound::fields(self, owner, variant))
    }
}

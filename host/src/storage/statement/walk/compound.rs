//! Nodes with several parts: lists, and structs with their fields.

use super::empty::IsEmpty;
use super::names::Called;
use super::{Name, Stop, Walker};
use serde::Serialize;
use serde::ser::{
    SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant,
};

/// A node while its parts pass by.
pub(super) struct Compound<'w, 'a> {
    walker: &'w mut Walker<'a>,
    /// The type, and the variant if it is an enum's.
    owner: &'static str,
    variant: &'static str,
    /// How many names had been seen before it.
    start: usize,
    /// What a call or a table function is made of.
    called: Called,
    /// The name whose fields or elements are meant.
    row: Option<Name>,
}

impl<'w, 'a> Compound<'w, 'a> {
    pub(super) fn list(walker: &'w mut Walker<'a>) -> Self {
        Self::fields(walker, "", "")
    }

    pub(super) fn tuple_variant(walker: &'w mut Walker<'a>, owner: &'static str, variant: &'static str) -> Self {
        Self::fields(walker, owner, variant)
    }

    pub(super) fn fields(walker: &'w mut Walker<'a>, owner: &'static str, variant: &'static str) -> Self {
        if owner == "Ident" {
            walker.name = Name::default();
        }
        let start = walker.names.len();
        Self { walker, owner, variant, start, called: Called::default(), row: None }
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Stop> {
        // Where in the text something stood.
        if self.owner == "Span" || key == "span" {
            return Ok(());
        }
        if !self.walker.lists.tree.allows(self.owner, self.variant, key) {
            return value.serialize(IsEmpty { owner: self.owner, key });
        }
        match (self.owner, self.variant, key) {
            ("LimitClause", _, "limit") | ("Offset", "", "value") if self.walker.lists.limits_are_numbers => {
                check_number(value)
            }
            ("Function", "", "name") | ("TableFactor", "Function", "name") => {
                self.called.name = self.walker.function_name(value)?;
                Ok(())
            }
            ("TableFactor", "Table", "name") => self.table_name(value),
            ("TableFactor", "Table", "args") => self.table_arguments(value),
            ("TableFactor", _, "alias") => {
                self.called.alias = self.walker.names_in(value)?;
                Ok(())
            }
            ("Expr", "CompoundFieldAccess", "root") => {
                let is_name = serde_json::to_value(value).is_ok_and(|root| root.get("Identifier").is_some());
                let names = self.walker.names_in(value)?;
                self.row = names.into_iter().next().filter(|_| is_name);
                Ok(())
            }
            ("Expr", "CompoundFieldAccess", "access_chain") => {
                self.walker.row = self.row.take();
                value.serialize(&mut *self.walker)
            }
            ("Function", "", "args") | ("TableFactor", "Function", "args") => self.arguments(value),
            _ => value.serialize(&mut *self.walker),
        }
    }

    fn arguments<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.walker.check_call(&self.called.name, value)?;
        value.serialize(&mut *self.walker)
    }

    /// `FROM name`, or `FROM name(...)`: which it is shows in `args`, which come later.
    fn table_name<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        let name = self.walker.one_name(value)?;
        // A session word is a function without parentheses here, too.
        self.walker.check_word(Some(&name))?;
        self.called.name = name;
        Ok(())
    }

    fn table_arguments<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        if value.serialize(IsEmpty { owner: self.owner, key: "args" }).is_ok() {
            return Ok(());
        }
        self.called.is_call = true;
        self.walker.check_function(&self.called.name)?;
        self.arguments(value)
    }

    fn finish(self) -> Result<(), Stop> {
        match (self.owner, self.variant) {
            ("Ident", "") => {
                let name = std::mem::take(&mut self.walker.name);
                self.walker.note_name(name)
            }
            ("TableFactor", "Function" | "UNNEST" | "Table") => {
                let is_call = self.called.is_call || self.variant != "Table";
                if is_call {
                    self.walker.note_table_function(&self.called);
                }
                Ok(())
            }
            ("DataType", "Custom") => self.walker.check_type(self.start),
            _ => Ok(()),
        }
    }
}

/// A limit that is given as a parameter may be negative, which is an error at run time.
fn check_number<T: Serialize + ?Sized>(value: &T) -> Result<(), Stop> {
    let tree = serde_json::to_value(value).unwrap_or_default();
    match tree.is_null() || tree.pointer("/Value/value/Number").is_some() {
        true => Ok(()),
        false => Err(Stop::not_listed("Query", "a computed limit")),
    }
}

impl SerializeSeq for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        value.serialize(&mut *self.walker)
    }
    fn end(self) -> Result<(), Stop> {
        self.finish()
    }
}

impl SerializeTuple for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        value.serialize(&mut *self.walker)
    }
    fn end(self) -> Result<(), Stop> {
        self.finish()
    }
}

impl SerializeTupleStruct for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        value.serialize(&mut *self.walker)
    }
    fn end(self) -> Result<(), Stop> {
        self.finish()
    }
}

impl SerializeTupleVariant for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        value.serialize(&mut *self.walker)
    }
    fn end(self) -> Result<(), Stop> {
        self.finish()
    }
}

impl SerializeStruct for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Stop> {
        self.field(key, value)
    }
    fn end(self) -> Result<(), Stop> {
        self.finish()
    }
}

impl SerializeStructVariant for Compound<'_, '_> {
    type Ok = ();
    type Error = Stop;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Stop> {
        self.field(key, value)
    }
    fn end(self) -> Result<(), Stop> {
        self.finish()
    }
}

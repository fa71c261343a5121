//! JSON objects into maps that are as large as they have to be.
//!
//! Every record of every source comes by here. The nesting has to be counted before anything is
//! built (see [`shape`]); the names of each object are counted along with it, so that no map grows
//! step by step and none stays half empty in memory.

use std::cell::RefCell;
use std::fmt;
use std::slice::Iter;

use ringfence_event::Map;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

/// Room made at once for the names of one object, at most: more grows as it is read, so that
/// bytes that only look like names take no memory.
const MOST_ROOM: usize = 128;

/// What an object looks like from outside: how many names each object in it has, in the order in
/// which they open.
pub(super) struct Shape(Vec<u32>);

/// Counts the names, or says where brackets nest deeper than allowed. What is no JSON is counted
/// as well as it goes: the numbers are hints, the limit is not.
pub(super) fn shape(bytes: &[u8], deepest: usize) -> Result<Shape, usize> {
    let mut names: Vec<u32> = Vec::with_capacity(8);
    // The place of the object that is open at each level; arrays have none.
    let mut open: Vec<Option<usize>> = Vec::with_capacity(8);
    for (at, b) in super::structure(bytes) {
        match b {
            b'{' | b'[' => {
                if open.len() == deepest {
                    return Err(at);
                }
                open.push((b == b'{').then_some(names.len()));
                if b == b'{' {
                    names.push(0);
                }
            }
            b'}' | b']' => drop(open.pop()),
            b':' => {
                if let Some(count) = open.last().and_then(|o| names.get_mut((*o)?)) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    Ok(Shape(names))
}

/// Reads an object of this shape. Of a name that occurs twice the last value stands.
pub(super) fn read(bytes: &[u8], shape: &Shape) -> Result<Map, serde_json::Error> {
    let rooms = RefCell::new(shape.0.iter());
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Room(&rooms).deserialize(&mut reader)?;
    reader.end()?;
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(Error::custom("a record is a JSON object")),
    }
}

/// Reads a value; each object in it takes the next number of names.
#[derive(Clone, Copy)]
struct Room<'a>(&'a RefCell<Iter<'a, u32>>);

impl<'de> DeserializeSeed<'de> for Room<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Room<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let names = self.0.borrow_mut().next().copied().unwrap_or_default();
        let room = usize::try_from(names).map_or(MOST_ROOM, |n| n.min(MOST_ROOM));
        let mut out = Map::with_capacity(room);
        while let Some(name) = entries.next_key::<String>()? {
            out.insert(name, entries.next_value_seed(self)?);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_counted_by_object_and_not_in_texts() {
        let text = br#"{"a": {"b": [{}, {"c:": "d: {"}], "e": 1}, "f\":{": null}"#;
        let shape = shape(text, 4).ok().unwrap();
        assert_eq!(shape.0, [2, 2, 0, 1]);
        assert_eq!(super::shape(text, 3).err(), Some(13));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            let name = prop_oneof![any::<String>(), "[a-c:]"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((name, inner), 0..6)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_reads_what_any_reader_reads(value in values()) {
            let text = serde_json::to_vec(&serde_json::json!({"v": value})).unwrap();
            let known: Map = serde_json::from_slice(&text).unwrap();
            let shape = shape(&text, 64).ok().unwrap();
            prop_assert_eq!(read(&text, &shape).unwrap(), known);
        }

        #[test]
        fn it_refuses_what_any_reader_refuses(text in r#"[\[\]{}:,"a1 \\]{0,24}"#) {
            let known = serde_json::from_str::<Map>(&text).ok();
            let shape = shape(text.as_bytes(), 64).ok().unwrap();
            prop_assert_eq!(read(text.as_bytes(), &shape).ok(), known);
        }
    }
}

//! Requests in JSON are objects.

use std::fmt;
use std::marker::PhantomData;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::problem::Problem;

/// A body as axum gives it.
pub(crate) type Body<T> = Result<Json<Object<T>>, JsonRejection>;

/// What was asked, or what is wrong with it.
pub(crate) fn read<T>(body: Body<T>) -> Result<T, Problem> {
    body.map(|Json(Object(value))| value)
        .map_err(|e| Problem::bad_request(e.body_text()))
}

/// A value that is written as an object. By itself serde would take the fields of a struct from an
/// array too, in the order of their declaration, which is nobody's contract.
#[derive(Debug)]
pub(crate) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        #[serde(default)]
        name: Option<String>,
    }

    #[test]
    fn an_array_is_no_object() {
        let read = |text| serde_json::from_str::<Object<Asked>>(text);
        assert_eq!(
            read(r#"{"name": "a"}"#).unwrap().0.name.as_deref(),
            Some("a")
        );
        assert!(
            read(r#"["a"]"#)
                .unwrap_err()
                .to_string()
                .contains("expected an object")
        );
        assert!(read(r#"{"nme": "a"}"#).is_err());
        assert!(read("null").is_err());
    }
}

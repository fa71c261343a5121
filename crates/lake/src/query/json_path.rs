//! `ocsf_get(ocsf, 'path.to.field')`: one value out of JSON text, by dotted path.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::datatypes::DataType;
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

/// The function as DataFusion wants it.
pub(crate) fn ocsf_get() -> ScalarUDF {
    let text = vec![DataType::Utf8View, DataType::Utf8];
    let signature = Signature::new(TypeSignature::Exact(text), Volatility::Immutable);
    ScalarUDF::from(OcsfGet { signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OcsfGet {
    signature: Signature,
}

impl ScalarUDFImpl for OcsfGet {
    fn name(&self) -> &str {
        "ocsf_get"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [text, ColumnarValue::Scalar(ScalarValue::Utf8(path))] = args.args.as_slice() else {
            return plan_err!(
                "`ocsf_get` takes a JSON column and a constant path such as 'actor.user.name'"
            );
        };
        let text = text.to_array(args.number_rows)?;
        let path: Option<Vec<&str>> = path.as_ref().map(|path| path.split('.').collect());
        let mut values = StringViewBuilder::with_capacity(text.len());
        for text in text.as_string_view() {
            values.append_option(
                text.zip(path.as_ref())
                    .and_then(|(text, path)| get(text, path)),
            );
        }
        Ok(ColumnarValue::Array(Arc::new(values.finish()) as ArrayRef))
    }
}

/// The value at a path: a string's content, anything else as JSON, nothing for `null`,
/// for an absent path and for text that is not JSON.
fn get(text: &str, path: &[&str]) -> Option<String> {
    // Walks the text and skips what the path does not name, without building a tree.
    Seek(path)
        .deserialize(&mut serde_json::Deserializer::from_str(text))
        .ok()?
}

struct Seek<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        from: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        if !self.0.is_empty() {
            return from.deserialize_any(self);
        }
        let value: &RawValue = serde::Deserialize::deserialize(from)?;
        Ok(match value.get() {
            "null" => None,
            text if text.starts_with('"') => {
                Some(serde_json::from_str(text).map_err(D::Error::custom)?)
            }
            text => Some(text.to_owned()),
        })
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object or array")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self.0.split_first() {
                Some((name, rest)) if *name == key => found = map.next_value_seed(Seek(rest))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut items: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let wanted = self
            .0
            .split_first()
            .and_then(|(i, rest)| Some((i.parse::<usize>().ok()?, rest)));
        let mut found = None;
        for at in 0usize.. {
            match wanted {
                Some((i, rest)) if i == at => match items.next_element_seed(Seek(rest))? {
                    Some(value) => found = value,
                    None => break,
                },
                _ => {
                    if items.next_element::<IgnoredAny>()?.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(found)
    }

    // A scalar where the path goes on: there is nothing at that path.
    fn visit_bool<E>(self, _: bool) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_path() {
        let text = r#"{"a":{"b":[1,{"c":"x\ny"}],"n":null,"t":true},"z":1.50,"a\"q":"k"}"#;
        for (path, value) in [
            ("a.b.0", Some("1")),
            ("a.b.1.c", Some("x\ny")),
            ("a.b.2", None),
            ("a.b.x", None),
            ("a.n", None),
            ("a.t", Some("true")),
            ("a.t.more", None),
            ("z", Some("1.50")),
            ("a\"q", Some("k")),
            ("a.b", Some(r#"[1,{"c":"x\ny"}]"#)),
            ("", None),
        ] {
            let path: Vec<_> = path.split('.').collect();
            assert_eq!(get(text, &path).as_deref(), value, "{path:?}");
        }
        assert_eq!(get("not json", &["a"]), None);
        assert_eq!(get(&"[".repeat(100_000), &["a"]), None);
    }
}

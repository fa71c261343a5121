//! Records out of a page of JSON, each as the vendor wrote it.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::http::shape;
use crate::pull::{PullError, Record};

/// A page's JSON.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, PullError> {
    serde_json::from_slice(body).map_err(|e| {
        // Its words may quote the body; the place does not.
        shape(&format!("line {}, column {}", e.line(), e.column()))
    })
}

/// One record an item, with the vendor's own id of it at `id`, a path as in RFC 6901.
pub(crate) fn records(items: &[Box<RawValue>], id: &str) -> Vec<Record> {
    items
        .iter()
        .map(|item| {
            let value: Value = serde_json::from_str(item.get()).unwrap_or_default();
            let id = match value.pointer(id) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(n)) => n.to_string(),
                // Without an id, a retry is recognised by nothing but this.
                _ => ringfence_crypto::sha256_hex(item.get().as_bytes()),
            };
            Record::json(item.get().to_owned(), &id)
        })
        .collect()
}

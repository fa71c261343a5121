//! What is wrong with a request, in SCIM's words.

use serde_json::{Value, json};

/// An error as RFC 7644, section 3.12 writes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ScimError {
    /// HTTP status.
    pub status: u16,
    /// `scimType`, where the RFC has one for it.
    pub kind: Option<&'static str>,
    /// What is wrong and what to do.
    pub detail: String,
}

impl ScimError {
    /// An error without a `scimType`.
    #[must_use]
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            status,
            kind: None,
            detail,
        }
    }

    /// Somebody or something has this already.
    #[must_use]
    pub fn taken(detail: impl Into<String>) -> Self {
        Self {
            kind: Some("uniqueness"),
            ..Self::new(409, detail)
        }
    }

    /// A value that the schema does not take.
    #[must_use]
    pub fn value(detail: impl Into<String>) -> Self {
        Self::bad("invalidValue", detail)
    }

    pub(crate) fn syntax(detail: impl Into<String>) -> Self {
        Self::bad("invalidSyntax", detail)
    }

    pub(crate) fn filter(detail: impl Into<String>) -> Self {
        Self::bad("invalidFilter", detail)
    }

    pub(crate) fn path(detail: impl Into<String>) -> Self {
        Self::bad("invalidPath", detail)
    }

    pub(crate) fn target(detail: impl Into<String>) -> Self {
        Self::bad("noTarget", detail)
    }

    pub(crate) fn read_only(name: &str) -> Self {
        Self::bad("mutability", format!("`{name}` is not set by a client"))
    }

    fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: Some(kind),
            ..Self::new(400, detail)
        }
    }

    /// As it goes over the wire.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut document = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.to_string(),
            "detail": self.detail,
        });
        if let (Some(kind), Some(object)) = (self.kind, document.as_object_mut()) {
            object.insert("scimType".to_owned(), kind.into());
        }
        document
    }
}

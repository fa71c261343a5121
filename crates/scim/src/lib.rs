//! SCIM 2.0 (RFC 7643, RFC 7644): what a directory says of people and groups, read, searched and changed.
//!
//! Which attributes there are stands in one place ([`USER`], [`GROUP`]), and everything else follows from
//! it: what is read of a document ([`read`]), how a [`Filter`] compares, what a patch may touch
//! ([`patch`]), and what the discovery documents say ([`discovery`]). Attributes that RFC 7643 knows and
//! we do not keep are passed over in silence, so that a directory need not be told of each.
//!
//! It stops before everything that remembers: who a resource is of, what it may do and who is told
//! belong to the crates above.

pub mod discovery;

mod error;
mod filter;
mod patch;
mod path;
mod resource;
mod schema;
mod select;
mod types;

pub use error::ScimError;
pub use filter::Filter;
pub use patch::patch;
pub use resource::{Object, read};
pub use schema::ResourceType;
pub use select::Selection;
pub use types::{AGENT_EXTENSION, GROUP, USER};

/// A filter of whatever bytes, for fuzzing.
#[doc(hidden)]
pub fn fuzz_filter(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(filter) = Filter::parse(&USER, text)
    {
        let _ = filter.matches(&Object::new());
    }
}

/// A resource and a patch of it, one line each, for fuzzing.
#[doc(hidden)]
pub fn fuzz_patch(data: &[u8]) {
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let mut json = || serde_json::from_slice::<serde_json::Value>(lines.next()?).ok();
    let (Some(document), Some(request)) = (json(), json()) else {
        return;
    };
    for of in [&USER, &GROUP] {
        if let Ok(before) = read(of, &document)
            && let Ok(mut after) = patch(of, &before, &request)
        {
            Selection::new(Some("emails.value,name"), Some("id")).apply(of, &mut after);
        }
    }
}

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

//! What Amazon's services have in common: signatures and buckets.

mod objects;
mod s3;
mod sigv4;

pub use objects::Layout;
pub(crate) use objects::{Files, Folder, Objects};
pub(crate) use s3::Bucket;
pub use sigv4::Credentials;
pub(crate) use sigv4::{Signer, ToSign};

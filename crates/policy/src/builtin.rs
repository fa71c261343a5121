//! Our own policies, compiled into the binary from `policies/`.

use crate::PolicyFile;

macro_rules! policy {
    ($name:literal) => {
        (
            concat!($name, ".cedar"),
            include_str!(concat!("../../../policies/", $name, ".cedar")),
        )
    };
}

static FILES: &[(&str, &str)] = &[policy!("guards"), policy!("records"), policy!("roles")];

/// The files, in the order of their names.
#[must_use]
pub fn files() -> Vec<PolicyFile> {
    FILES
        .iter()
        .map(|(name, text)| PolicyFile {
            name: (*name).to_owned(),
            text: (*text).to_owned(),
        })
        .collect()
}

//! Mappings that come with Ringfence.

use super::Mapping;

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$((concat!($name, ".toml"), include_str!(concat!("../../../../mappings/", $name, ".toml")))),+]
    };
}

/// File name and text of each, in the order in which they are tried.
pub(super) const FILES: &[(&str, &str)] = files![
    "asterisk-cdr",
    "asterisk-events",
    "freeswitch-events",
    "windows",
    "suricata",
    "linux-auth",
    "crm-access",
    "call-events",
    "agent-state",
    "recording-consent",
    "network",
    "okta",
    "entra",
    "genesys",
    "genesys-users",
    "twilio",
    "amazon-connect",
    "five9",
    "salesforce",
    "cloudtrail",
    "ecs",
];

pub(super) fn mappings() -> Vec<Mapping> {
    // A test holds each of them to be sound.
    FILES
        .iter()
        .filter_map(|(file, text)| Mapping::parse(file, text).ok())
        .collect()
}

//! Every example of docs/connectors.md can be used as it stands.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

use ringfence_connectors::ConnectorConfig;
use serde::Deserialize;

#[derive(Deserialize)]
struct Written {
    connector: Vec<ConnectorConfig>,
}

#[test]
fn every_worked_example_is_a_connector_without_a_mistake() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/connectors.md");
    let page = std::fs::read_to_string(path).unwrap();
    let mut vendors = Vec::new();
    for block in page.split("```toml connector\n").skip(1) {
        let text = block.split("```").next().unwrap();
        let written: Written = toml::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
        let config = &written.connector[0];
        assert_eq!(config.mistakes(), [], "{text}");
        assert!(config.build().is_ok(), "{text}");
        vendors.push(config.vendor());
    }
    vendors.sort_unstable();
    let all = [
        "cloudtrail",
        "connect",
        "entra",
        "five9",
        "genesys",
        "okta",
        "salesforce",
        "twilio",
    ];
    assert_eq!(vendors, all);
}

//! Finds the shared test data.

use std::path::PathBuf;

/// A file of the test data. Without the data a test fails in CI and passes with a note
/// elsewhere.
pub fn test_data(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("RINGFENCE_TESTDATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if root.is_dir() {
        let file = root.join(path);
        return Some(std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())));
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "test data is missing: set RINGFENCE_TESTDATA"
    );
    println!("note: no test data at {}, nothing checked", root.display());
    None
}

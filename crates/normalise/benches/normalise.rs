//! Events per second by kind of record, on one core.
fn main() {}

//! The console's files as `make console` built them, inside the program. It stops there: who may
//! have them, and under which headers, is `ringfence-api`'s business.

mod files;

pub use files::{File, find, index};

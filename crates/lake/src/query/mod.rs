//! SQL over the lake, through DataFusion.

mod engine;
mod guard;
mod json_path;
mod prune;
mod rows;
mod scope;
mod table;
mod wall;

pub(crate) use engine::Engine;
pub use guard::fuzz_sql;
pub use rows::{Column, QueryResult, Rows};
pub use scope::{Limits, Scope};

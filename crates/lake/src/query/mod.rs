//! SQL over the lake, through DataFusion: in this process ([`Engine`]), or in one of its
//! own ([`Link`] asks, [`run_engine`] answers).

mod changes;
mod engine;
mod guard;
mod json_path;
mod link;
mod mirror;
mod pool;
mod prune;
mod rows;
mod scope;
mod table;
mod wall;
mod wire;
mod worker;

pub(crate) use changes::{Change, Changes, ChunkChange};
pub(crate) use engine::Engine;
pub use guard::fuzz_sql;
pub use link::{AskError, Link, Pieces};
pub use rows::{Column, QueryResult, Rows};
pub use scope::{Limits, Scope};
pub use wire::fuzz_engine_frame;
pub use worker::{EngineSettings, run_engine};

//! The lake of Ringfence: every event as a row of one table, `events`, kept as Parquet
//! files under a Delta Lake transaction log and answered with SQL.
//!
//! # The way of a row
//! [`Lake::push`] puts a row into the hot tail, where queries see it at once.
//! [`Lake::commit`] writes the tail as Parquet, one file a UTC day, sorted by time, and
//! then appends one entry to the log that names the files *and* the spine offset they
//! reach. That entry is the only commit point: a crash before it leaves orphans that the
//! next open removes, a crash after it has lost nothing. Whoever feeds the lake replays
//! the spine from [`Lake::committed_offset`], and every row is there exactly once.
//!
//! # The walls
//! [`Lake::query`] takes a [`Scope`]. The program filter sits inside the table itself,
//! below anything that SQL can say. Statements other than one `SELECT` over `events` are
//! refused; time, memory, rows and the size of the text are limited.
//!
//! # The engine elsewhere
//! A query can take any process down. `serve` therefore asks a [`Link`], on whose other side
//! [`run_engine`] answers in a process of its own; [`Lake::query`] answers in this one, for
//! offline use. Who starts that process, and what it may touch, is not decided here.
//!
//! # Where it stops
//! It does not read the spine, does not decide who may ask, and does not know what an
//! event means. It is the one crate that names DataFusion, so that no other waits for it
//! to compile. The format is open: DuckDB, Spark, Trino and delta-rs read the same files.

mod chunk;
mod config;
mod copy;
mod day;
mod delta;
mod disk;
mod error;
mod export;
mod lake;
mod open;
mod parquet_file;
mod query;
mod revisions;
mod row;
mod schema;
mod tail;
mod upkeep;

pub use config::Config;
pub use copy::{TableCopy, TableFile, table_copy};
#[doc(hidden)]
pub use delta::fuzz_log_entry;
pub use error::{LakeError, QueryError};
pub use export::{Export, ExportFormat, Exporter};
pub use lake::{Committed, Lake, Status};
pub use parquet_file::KEY_ID;
pub use query::{
    AskError, Column, EngineSettings, Limits, Link, Pieces, QueryResult, Rows, Scope, run_engine,
};
#[doc(hidden)]
pub use query::{fuzz_engine_frame, fuzz_sql};
pub use row::{Facts, Row};
pub use upkeep::{
    Breach, Compacted, Erasable, Erased, Erasure, FRAMEWORKS, Floor, Pace, Retained, Retention,
    RetentionRule, Vacuumed,
};

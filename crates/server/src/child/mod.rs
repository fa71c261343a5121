//! Processes of our own, so that the fates of parts stay apart.
//!
//! A **child** is this binary started again (`ringfence child NAME`, hidden) for one job that must
//! not be able to hurt the rest: today the query engine, later the voice edge. `serve` is its
//! [`Supervisor`].
//!
//! # Its life
//! 1. `serve` starts it from `/proc/self/exe`, so that an upgrade in place never mixes two
//!    versions, with an empty environment, a process group of its own and three pipes.
//! 2. Each side says one line of JSON: settings in, then out what [`walls`] stand. Between the
//!    two the child has given up every right that it does not need, before it opens anything.
//! 3. From there on the pipes belong to the job's own protocol. What it writes on standard error
//!    is logged.
//! 4. It ends when its input ends, which is also what happens when `serve` is killed; when it is
//!    told to and does not, it is killed. It is always waited for. An end that nobody asked for is
//!    a crash: counted, logged with its reason, and after a few in a row the next start has to
//!    wait.

mod inner;
mod probe;
mod process;
mod supervisor;
pub mod walls;

pub(crate) use inner::QuerySettings;
pub use inner::{Job, run};
pub use probe::probe;
pub use process::{Ended, Handle, Process};
pub use supervisor::{ChildCounts, ChildError, Spec, Supervisor};

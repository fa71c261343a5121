//! The consumers of the spine. Each keeps its own position and can be killed at any moment: what
//! it appended before the kill it recognises afterwards and does not append again.

mod alerts;
mod calls;
mod detect;
mod evidence;
mod lake;
mod reader;
mod saved;
mod tick;

pub use alerts::run as alerts;
pub use calls::run as calls;
pub use detect::run as detect;
pub use evidence::run as evidence;
pub use lake::run as lake;
pub use tick::run as tick;

use std::time::Duration;

use ringfence_spine::SpineError;
use thiserror::Error;

/// How often an operator saves where it is. A restart reads at most this much again.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// Why an operator stopped.
#[derive(Debug, Error)]
pub enum OperatorError {
    /// The event log.
    #[error("event log: {0}")]
    Spine(#[from] SpineError),
    /// The lake.
    #[error("lake: {0}")]
    Lake(#[from] ringfence_lake::LakeError),
    /// The state store.
    #[error("state: {0}")]
    State(#[from] ringfence_state::Error),
    /// A saved state that cannot be read.
    #[error("the saved state of `{operator}` cannot be read: {why}; remove it to compute it again")]
    Saved {
        /// Which operator.
        operator: &'static str,
        /// What is wrong.
        why: String,
    },
}

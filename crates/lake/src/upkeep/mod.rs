//! Upkeep: what keeps the lake fast, lawful and small while it runs for years.
//!
//! Every job replaces files by files in one entry of the log: the old ones are removed and
//! the new ones added in the same step, so that a reader sees all rows once, before and
//! after. A crash before the entry leaves orphans, which the next open removes; a crash
//! after it leaves old files, which a vacuum removes. Ingest commits go on beside it.

mod compact;
mod erase;
mod erasures;
mod merge;
mod pace;
mod retain;
mod retention;
mod rewrite;
mod vacuum;

pub use compact::Compacted;
pub use erase::Erased;
pub(crate) use erasures::Erasures;
pub use erasures::{Erasable, Erasure};
pub use pace::Pace;
pub use retain::Retained;
pub use retention::{Breach, FRAMEWORKS, Floor, Retention, RetentionRule};
pub use vacuum::Vacuumed;

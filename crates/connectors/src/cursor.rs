//! Where a stream of a vendor goes on.

use async_trait::async_trait;
use ringfence_event::Time;
use serde::{Deserialize, Serialize};

/// A place in a stream: a moment, and where needed a place in the window that follows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything of before is fetched and durable, ms.
    pub since: i64,
    /// End of the window that is being fetched, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// The vendor's mark of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

impl Cursor {
    /// The beginning of a stream at a moment.
    #[must_use]
    pub const fn at(since: Time) -> Self {
        Self {
            since: since.0,
            until: None,
            page: None,
        }
    }

    /// The same window from its first page on: for when the vendor has forgotten a page.
    #[must_use]
    pub const fn rewound(&self) -> Self {
        Self {
            since: self.since,
            until: None,
            page: None,
        }
    }
}

/// Where cursors are kept: durable when the future resolves.
#[async_trait]
pub trait Cursors: Send + Sync + 'static {
    /// The cursor saved under a name; `None` if there is none.
    async fn load(&self, name: &str) -> Result<Option<Cursor>, String>;
    /// Saves it.
    async fn save(&self, name: &str, cursor: &Cursor) -> Result<(), String>;
}

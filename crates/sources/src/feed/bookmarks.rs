//! Where a feed remembers how far it got.

use async_trait::async_trait;

/// Short texts by name that outlive the process. What [`Bookmarks::save`] answered for survives a
/// power cut.
#[async_trait]
pub trait Bookmarks: Send + Sync + 'static {
    /// All that an owner saved, by name.
    async fn load(&self, owner: &str) -> Result<Vec<(String, String)>, String>;

    /// Sets bookmarks, and removes those without a value: all or none of it.
    async fn save(&self, owner: &str, marks: &[(String, Option<String>)]) -> Result<(), String>;
}

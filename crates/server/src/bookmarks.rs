//! Bookmarks of feeds in the state store.

use async_trait::async_trait;
use ringfence_sources::Bookmarks;
use ringfence_state::State;

use crate::clock;

/// The table of bookmarks.
pub struct StateBookmarks(pub State);

#[async_trait]
impl Bookmarks for StateBookmarks {
    async fn load(&self, owner: &str) -> Result<Vec<(String, String)>, String> {
        self.0.bookmarks(owner).await.map_err(|e| e.to_string())
    }

    async fn save(&self, owner: &str, marks: &[(String, Option<String>)]) -> Result<(), String> {
        self.0
            .set_bookmarks(owner, marks, clock::now().0)
            .await
            .map_err(|e| e.to_string())
    }
}

//! From a presented token to its source.

use std::sync::Arc;

use ringfence_crypto::TokenHash;

use crate::error::Result;
use crate::open::State;
use crate::rotation;
use crate::sources::Source;
use crate::sql::{Row, query};
use crate::token_index::{TokenMap, owner};

impl State {
    /// The source that a presented token belongs to; `None` for an unknown token, an
    /// expired one, and one whose source is switched off.
    ///
    /// # Errors
    /// When the tokens are not in memory and the database cannot be read; the caller
    /// then lets nobody in.
    pub async fn source_by_token(
        &self,
        presented: &str,
        now_ms: i64,
    ) -> Result<Option<Arc<Source>>> {
        let (loaded, generation) = self.source_index().get();
        let map = match loaded {
            Some(map) => map,
            None => {
                let map = Arc::new(self.load_source_tokens().await?);
                self.source_index().store(Arc::clone(&map), generation);
                map
            }
        };
        Ok(owner(&map, presented, now_ms))
    }

    async fn load_source_tokens(&self) -> Result<TokenMap<Source>> {
        let rows = query("SELECT * FROM sources WHERE disabled_ms IS NULL")
            .fetch_all(self.reader())
            .await?;
        let mut map = TokenMap::new();
        for row in &rows {
            let source = Arc::new(Source::read(row)?);
            rotation::tokens(&mut map, row, source, None, None)?;
        }
        Ok(map)
    }
}

/// A hash that does not read back belongs to nobody.
pub(crate) fn hash(row: &Row, column: &'static str) -> Result<Option<TokenHash>> {
    let text: Option<String> = row.try_get(column)?;
    Ok(text.and_then(|text| TokenHash::from_hex(&text)))
}

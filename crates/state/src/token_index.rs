//! Tokens in memory: every event batch is authenticated, so none may cost a query.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use ringfence_crypto::TokenHash;

pub(crate) type TokenMap<T> = HashMap<TokenHash, TokenOwner<T>>;

/// Whom a token belongs to, and until when if it is a rotated one.
pub(crate) struct TokenOwner<T> {
    pub(crate) value: Arc<T>,
    pub(crate) until_ms: Option<i64>,
    /// When it last let somebody in; nobody yet is the smallest number.
    used_ms: AtomicI64,
    /// The newest such time that is in the database.
    written_ms: AtomicI64,
}

impl<T> TokenOwner<T> {
    pub(crate) fn new(value: Arc<T>, until_ms: Option<i64>) -> Self {
        Self {
            value,
            until_ms,
            used_ms: AtomicI64::new(i64::MIN),
            written_ms: AtomicI64::new(i64::MIN),
        }
    }

    pub(crate) fn written_ms(&self) -> i64 {
        self.written_ms.load(Ordering::Relaxed)
    }

    pub(crate) fn written(&self, used_ms: i64) {
        self.written_ms.fetch_max(used_ms, Ordering::Relaxed);
    }

    /// It let somebody in.
    pub(crate) fn used(&self, now_ms: i64) {
        self.used_ms.fetch_max(now_ms, Ordering::Relaxed);
    }

    pub(crate) fn used_ms(&self) -> Option<i64> {
        Some(self.used_ms.load(Ordering::Relaxed)).filter(|at| *at != i64::MIN)
    }
}

/// All tokens of one kind, loaded as a whole and dropped as a whole on any change.
///
/// Keys are SHA-256 of the tokens, compared in constant time: what a look-up's duration
/// says about a bucket says nothing about a token.
pub(crate) struct TokenIndex<T> {
    generation: AtomicU64,
    loaded: RwLock<Option<Arc<TokenMap<T>>>>,
}

impl<T> TokenIndex<T> {
    pub(crate) fn invalidate(&self) {
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::SeqCst);
        *loaded = None;
    }

    /// What is loaded, and the generation that a load started now belongs to.
    pub(crate) fn get(&self) -> (Option<Arc<TokenMap<T>>>, u64) {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        (loaded.clone(), self.generation.load(Ordering::SeqCst))
    }

    /// Keeps a load, unless something changed while it ran: a token revoked meanwhile
    /// must not come back to life.
    pub(crate) fn store(&self, map: Arc<TokenMap<T>>, generation: u64) {
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        if self.generation.load(Ordering::SeqCst) == generation {
            *loaded = Some(map);
        }
    }
}

impl<T> Default for TokenIndex<T> {
    fn default() -> Self {
        Self {
            generation: AtomicU64::new(0),
            loaded: RwLock::new(None),
        }
    }
}

/// The owner of a presented token, if the token is valid at `now_ms`.
pub(crate) fn owner<T>(map: &TokenMap<T>, presented: &str, now_ms: i64) -> Option<Arc<T>> {
    let owner = map.get(&TokenHash::of(presented))?;
    let valid = owner.until_ms.is_none_or(|until| now_ms < until);
    if valid {
        owner.used(now_ms);
    }
    valid.then(|| Arc::clone(&owner.value))
}

/// The owner of a token that is valid at `now_ms`; asking so is no use of it.
pub(crate) fn still<T>(map: &TokenMap<T>, hash: &TokenHash, now_ms: i64) -> Option<Arc<T>> {
    let owner = map.get(hash)?;
    let valid = owner.until_ms.is_none_or(|until| now_ms < until);
    valid.then(|| Arc::clone(&owner.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_that_a_change_overtook_is_not_kept() {
        let index = TokenIndex::<()>::default();
        let (_, generation) = index.get();
        index.invalidate();
        index.store(Arc::new(TokenMap::new()), generation);
        assert!(index.get().0.is_none());
        let (_, generation) = index.get();
        index.store(Arc::new(TokenMap::new()), generation);
        assert!(index.get().0.is_some());
    }
}

//! Random bytes from the operating system.

/// The operating system gave no randomness; nothing secret may be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RandomError;

/// `N` random bytes.
///
/// # Errors
/// When the operating system has none. There is no fallback: a guessable secret
/// is worse than none.
pub fn random_array<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes)
}

/// `count` random bytes.
///
/// # Errors
/// As [`random_array`].
pub fn random_bytes(count: usize) -> Result<Vec<u8>, RandomError> {
    let mut bytes = vec![0; count];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(random_array::<32>(), random_array::<32>());
        assert_eq!(random_bytes(7).unwrap().len(), 7);
    }
}

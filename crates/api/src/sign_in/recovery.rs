//! Recovery codes: made together, shown once.

use ringfence_crypto::RandomError;
use ringfence_identity::RecoveryCode;

use crate::problem::Problem;

/// New codes as they are shown, and their digests.
pub(crate) fn new_codes() -> Result<(Vec<String>, Vec<[u8; 32]>), Problem> {
    let codes = RecoveryCode::mint_ten().map_err(|e: RandomError| Problem::internal(&e))?;
    let shown: Vec<_> = codes.iter().map(|code| code.reveal().to_owned()).collect();
    let digests = shown.iter().filter_map(|code| RecoveryCode::digest(code));
    let digests = digests.collect();
    Ok((shown, digests))
}

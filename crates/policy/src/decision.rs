//! The answer.

use serde::Serialize;

/// What was decided, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// They may. Anything that went wrong on the way is a denial.
    pub allowed: bool,
    /// Why, in words for the one who asked.
    pub reason: String,
    /// Ids of the policies that decided; none when nothing allowed it.
    pub policies: Vec<String>,
}

/// Why a capture file cannot be read on, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {reason}")]
pub struct CaptureError {
    /// Offset in the file.
    pub offset: u64,
    /// What is wrong.
    pub reason: &'static str,
}

/// Bounds that a message must stay within; the defaults suit an edge facing the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest message in bytes, body included. A UDP datagram cannot exceed 64 KiB.
    pub message: usize,
    /// Longest start line in bytes.
    pub start_line: usize,
    /// Most header lines.
    pub headers: usize,
    /// Longest single header in bytes, folds included.
    pub header: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 64 * 1024,
            start_line: 8 * 1024,
            headers: 256,
            header: 16 * 1024,
        }
    }
}

//! Names to addresses, behind a trait so that tests can answer like an attacker.

use std::future::Future;
use std::io;
use std::net::IpAddr;

/// Turns a host name into all its addresses.
pub trait Resolve: Send + Sync + 'static {
    /// Every address of `host`, in the order they should be tried.
    ///
    /// # Errors
    /// When the name does not exist or nobody answers.
    fn resolve(&self, host: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

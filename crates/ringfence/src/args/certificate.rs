//! Client certificates.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::Server;

/// `certificate`.
#[derive(Debug, ClapArgs)]
pub struct Certificate {
    /// What to do.
    #[command(subcommand)]
    pub what: CertificateWhat,
}

/// Whose it is.
#[derive(Debug, ClapArgs)]
#[group(required = true, multiple = false)]
pub struct CertificateHolder {
    /// Id of a source, from `ringfence source list`.
    #[arg(long, value_name = "ID")]
    pub source: Option<String>,
    /// Id of a service, from `ringfence service list`.
    #[arg(long, value_name = "ID")]
    pub service: Option<String>,
}

/// What to do with certificates.
#[derive(Debug, Subcommand)]
pub enum CertificateWhat {
    /// Make a key here and have it certified. The key never leaves this machine.
    Issue {
        #[command(flatten)]
        holder: CertificateHolder,
        /// File for the key; it is its owner's alone.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// File for the certificate.
        #[arg(long, value_name = "FILE")]
        cert: PathBuf,
        /// Days that it is good for. Default: as the server says, 90.
        #[arg(long)]
        days: Option<u16>,
        #[command(flatten)]
        server: Server,
    },
    /// Replace key and certificate by new ones, with nothing but the ones there are. For a timer.
    Renew {
        /// File of the key, which is replaced.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// File of the certificate, which is replaced.
        #[arg(long, value_name = "FILE")]
        cert: PathBuf,
        /// Minutes for which the old certificate stays good. Default: a day.
        #[arg(long, value_name = "MINUTES")]
        overlap_minutes: Option<u32>,
        #[command(flatten)]
        server: Server,
    },
    /// List them, newest first.
    List {
        #[command(flatten)]
        holder: CertificateHolder,
        #[command(flatten)]
        server: Server,
    },
    /// Revoke one: the next request with it is refused.
    Revoke {
        #[command(flatten)]
        holder: CertificateHolder,
        /// Its SHA-256, from the list.
        fingerprint: String,
        #[command(flatten)]
        server: Server,
    },
}

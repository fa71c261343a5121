//! What is wrong with a configuration, and where.

use std::ops::RangeInclusive;

use ringfence_event::IdError;
use thiserror::Error;

use crate::tls::TlsError;

/// One mistake in the configuration of listeners.
#[derive(Debug, Error)]
#[error("{path}: {problem}")]
pub struct Mistake {
    /// The field, for example `listeners.syslog_udp[0].allow`.
    pub path: String,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Debug, Error)]
pub enum Problem {
    /// A name with a character that is not allowed.
    #[error(transparent)]
    Name(#[from] IdError),
    /// Two listeners of one name.
    #[error("`{0}` is the name of another listener: metrics could not tell them apart")]
    NameTaken(String),
    /// Two listeners of one transport on one address.
    #[error("`{address}` is taken by listener `{other}`")]
    AddressTaken {
        /// The address.
        address: String,
        /// Who has it.
        other: String,
    },
    /// No address with a port.
    #[error("`{0}` is no address with a port: write it as `127.0.0.1:5514` or `[::]:5514`")]
    Address(String),
    /// No network.
    #[error("`{0}` is no network: write it as `10.1.0.0/16`, `192.0.2.7` or `2001:db8::/32`")]
    Network(String),
    /// Too many networks.
    #[error("{0} networks are listed, at most {MAX_NETWORKS} may be: join neighbours")]
    TooManyNetworks(usize),
    /// No such source.
    #[error("there is no source `{0}`: define it, or correct the name")]
    Source(String),
    /// Plain UDP without the opt-in.
    #[error(
        "plain UDP can be forged by anyone and loses records under load: set `plain_udp = true` if you accept that, or use TLS"
    )]
    PlainUdp,
    /// Nothing tells who may send.
    #[error(
        "anyone could send: list the networks that may, for example `allow = [\"127.0.0.0/8\"]`{0}"
    )]
    Anyone(&'static str),
    /// A number out of its range.
    #[error("{got} is out of range: choose from {} to {}", .range.start(), .range.end())]
    Range {
        /// What was written.
        got: u64,
        /// What may be.
        range: RangeInclusive<u64>,
    },
    /// A certificate without its key, or the other way round.
    #[error("`cert_file` and `key_file` go together: give both or neither")]
    HalfIdentity,
    /// Clients are named and nobody checks their certificates.
    #[error("`clients` needs `client_ca`: without it no certificate is asked for")]
    ClientsWithoutAuthority,
    /// Clients are named here and in their sources.
    #[error(
        "with `by_source`, the sources themselves say whose certificates are theirs: leave `clients` out"
    )]
    ClientsTwo,
    /// Nobody here knows whose certificate is whose.
    #[error("`by_source` needs a running server")]
    NoHolders,
    /// Two entries for one client.
    #[error("`{0}` is listed twice")]
    ClientTwice(String),
    /// A certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The key file cannot be read.
    #[error("the key file `{path}` cannot be read: {source}")]
    KeyFile {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// No folder that can be looked into.
    #[error("the folder `{path}` cannot be read: {source}")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Not a pattern of file names.
    #[error("`{0}` is no pattern of file names: write it as `*.log` or `*/cdr-*.csv`")]
    Pattern(String),
    /// Nobody to log in as, or a name that cannot be one.
    #[error("a user name of at most 256 characters is needed")]
    User,
    /// A secret would travel readable.
    #[error(
        "the secret would travel readable: use `tls`, or set `plain_tcp = true` if you accept that"
    )]
    PlainSecret,
    /// No place, or two, for the secret.
    #[error("say where the secret is: `secret_file` or `secret_env`, one of them")]
    SecretPlace,
    /// The variable is not there.
    #[error("the environment variable `{0}` is not set")]
    SecretEnv(String),
    /// What is there is no secret.
    #[error("the secret must be a line of 1 to 256 characters")]
    Secret,
    /// Not the name of a server.
    #[error("`{0}` is no name of a server: set `tls.server_name`")]
    ServerName(String),
    /// The key file has no usable key.
    #[error("the first line of `{0}` must be a key of 8 to 1,024 bytes")]
    Key(String),
}

/// An allow-list is walked for every datagram.
pub(crate) const MAX_NETWORKS: usize = 256;

//! What a person writes. Addresses and names stay text here, so that every mistake can be told at
//! once instead of the first.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// All network listeners, section `[listeners]`. None runs unless it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenersConfig {
    /// `[[listeners.syslog_udp]]`: syslog in datagrams.
    pub syslog_udp: Vec<SyslogUdpConfig>,
    /// `[[listeners.syslog_tcp]]`: syslog on TCP, unencrypted.
    pub syslog_tcp: Vec<SyslogTcpConfig>,
    /// `[[listeners.syslog_tls]]`: syslog on TLS (RFC 5425).
    pub syslog_tls: Vec<SyslogTlsConfig>,
    /// `[[listeners.hep_udp]]`: HEP3 captures in datagrams.
    pub hep_udp: Vec<HepUdpConfig>,
    /// `[[listeners.hep_tcp]]`: HEP3 captures on TCP or TLS.
    pub hep_tcp: Vec<HepTcpConfig>,
}

/// Syslog in UDP datagrams (RFC 5426), one message each.
///
/// **Loss**: a sender is never told. What arrives while the event log cannot keep up is lost and
/// counted (`lost`); what the kernel dropped before that is counted too (`kernel_dropped`). What
/// the network lost nobody can count. **Identity**: none, so a datagram that the network doubled
/// is two events. **Trust**: a sender's address can be forged: such records inform and never
/// decide, whatever the source is granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogUdpConfig {
    /// Its name in logs and metrics. Letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// Address and port to listen on, for example `127.0.0.1:5514`.
    pub listen: String,
    /// The source whose program, site and classes apply to all it receives.
    pub source: String,
    /// Networks that may send, for example `["10.1.0.0/16"]`. Must be given: nothing else tells
    /// who sends. Datagrams from elsewhere are dropped and counted (`refused_peer`).
    #[serde(default)]
    pub allow: Vec<String>,
    /// Must be `true`: says that you know that plain UDP can be forged and lost. Default `false`.
    #[serde(default)]
    pub plain_udp: bool,
    /// Receive buffer asked of the kernel, in bytes; 65,536 to 268,435,456. Default 8,388,608. The
    /// kernel grants at most `net.core.rmem_max`.
    #[serde(default = "receive_buffer")]
    pub receive_buffer_bytes: usize,
}

/// Syslog on TCP, both framings of RFC 6587, told apart by how a connection begins.
///
/// **Loss**: syslog has no acknowledgement. While the event log cannot keep up, nothing more is
/// read, and the sender waits or spools. What was read is submitted again until it is on disk or
/// Ringfence stops; what a broken connection held on its way, only the sender can send again.
/// **Identity**: none: what a sender sends again is a second event. **Trust**: the address alone,
/// so such records inform and never decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogTcpConfig {
    /// Its name in logs and metrics. Letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// Address and port to listen on, for example `127.0.0.1:5514`.
    pub listen: String,
    /// The source whose program, site and classes apply to all it receives.
    pub source: String,
    /// Networks that may connect. Must be given. Others are closed at once and counted
    /// (`refused_peer`).
    #[serde(default)]
    pub allow: Vec<String>,
    /// Connections at a time; 1 to 65,536. Default 256. Each may take `max_message_bytes` and
    /// 128 KiB of memory.
    #[serde(default = "max_connections")]
    pub max_connections: usize,
    /// Seconds without a byte after which a connection is closed; 10 to 604,800. Default 3,600:
    /// many senders lose a message when a connection is closed under them.
    #[serde(default = "idle")]
    pub idle_secs: u64,
    /// Seconds that a begun message may take to arrive whole; 1 to 3,600. Default 60.
    #[serde(default = "stall")]
    pub stall_secs: u64,
    /// Largest message, in bytes; 2,048 to 1,048,576. Default 65,536. Of a longer one the first
    /// part is handed over, the rest skipped, and it is counted (`framing_errors`).
    #[serde(default = "max_message")]
    pub max_message_bytes: usize,
}

/// Syslog on TLS (RFC 5425). Octet counting, and lines for senders that know nothing else.
///
/// **Loss** and **identity** as on TCP. **Trust**: with `tls.client_ca` a sender proves who it is,
/// and its source's `call_state` grant counts; without, the address alone tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogTlsConfig {
    /// Its name in logs and metrics. Letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// Address and port to listen on, for example `0.0.0.0:6514`.
    pub listen: String,
    /// The source whose program, site and classes apply to senders that `tls.clients` does not
    /// name.
    pub source: String,
    /// Networks that may connect. Must be given unless `tls.client_ca` is.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Certificates.
    #[serde(default)]
    pub tls: TlsConfig,
    /// As for TCP; TLS takes another 40 KiB a connection. Default 256.
    #[serde(default = "max_connections")]
    pub max_connections: usize,
    /// As for TCP, seconds. Default 3,600.
    #[serde(default = "idle")]
    pub idle_secs: u64,
    /// As for TCP, seconds. Default 60.
    #[serde(default = "stall")]
    pub stall_secs: u64,
    /// As for TCP, bytes. Default 65,536.
    #[serde(default = "max_message")]
    pub max_message_bytes: usize,
}

/// HEP3 captures in UDP datagrams, one packet each, as Kamailio, FreeSWITCH, heplify and others
/// send them.
///
/// **Loss**, **identity** and **trust** as for syslog in datagrams; a shared key keeps strangers
/// out but travels readable, so that it proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HepUdpConfig {
    /// Its name in logs and metrics. Letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// Address and port to listen on, for example `127.0.0.1:9060`.
    pub listen: String,
    /// The source whose program, site and classes apply to all it receives.
    pub source: String,
    /// Networks that may send. Must be given. Others are dropped and counted (`refused_peer`).
    #[serde(default)]
    pub allow: Vec<String>,
    /// Must be `true`: says that you know that plain UDP can be forged and lost. Default `false`.
    #[serde(default)]
    pub plain_udp: bool,
    /// File whose first line is the key that every packet must carry (chunk 0x000e). Default none.
    /// Packets without it are dropped and counted (`refused_key`).
    #[serde(default)]
    pub auth_key_file: Option<PathBuf>,
    /// As for syslog, bytes. Default 8,388,608.
    #[serde(default = "receive_buffer")]
    pub receive_buffer_bytes: usize,
}

/// HEP3 captures on TCP, or on TLS when `tls` is given.
///
/// **Loss** and **identity** as for syslog on TCP. **Trust**: with a key or with `tls.client_ca`
/// the agent proves who it is, and its source's `call_state` grant counts. A packet with a wrong
/// key is refused and counted (`refused_key`) and the connection closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HepTcpConfig {
    /// Its name in logs and metrics. Letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// Address and port to listen on, for example `127.0.0.1:9060`.
    pub listen: String,
    /// The source whose program, site and classes apply to all it receives.
    pub source: String,
    /// Networks that may connect. Must be given unless a key or `tls.client_ca` is.
    #[serde(default)]
    pub allow: Vec<String>,
    /// File whose first line is the key that every packet must carry (chunk 0x000e). Default none.
    #[serde(default)]
    pub auth_key_file: Option<PathBuf>,
    /// Certificates. Default none: unencrypted.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
    /// As for syslog. Default 256.
    #[serde(default = "max_connections")]
    pub max_connections: usize,
    /// As for syslog, seconds. Default 3,600.
    #[serde(default = "idle")]
    pub idle_secs: u64,
    /// As for syslog, seconds. Default 60.
    #[serde(default = "stall")]
    pub stall_secs: u64,
}

/// Certificates of a listener.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// PEM file with the server's certificate and its chain. Default: the self-signed one that
    /// Ringfence makes in its data folder at the first start; senders then pin its fingerprint.
    pub cert_file: Option<PathBuf>,
    /// PEM file with the key of that certificate.
    pub key_file: Option<PathBuf>,
    /// PEM file with the authorities whose client certificates are accepted. When given, a sender
    /// must present one (RFC 5425 §4.2.1).
    pub client_ca: Option<PathBuf>,
    /// Each client is the source whose certificate it shows: one that Ringfence issued, or one of
    /// `client_ca` that is written in a source. A client of no source is refused, and `source` of the
    /// listener speaks for nobody. Default `false`.
    pub by_source: bool,
    /// Which source each client is. When given, a client that is not named is refused; when not,
    /// every client of that authority is the listener's own source.
    pub clients: Vec<ClientConfig>,
}

impl TlsConfig {
    /// Whether a client must show a certificate.
    pub(super) fn asks(&self) -> bool {
        self.by_source || self.client_ca.is_some()
    }
}

/// One client certificate and the source it speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// A DNS name of the certificate, its common name where it has no DNS name (RFC 5425 §5.2), or
    /// its fingerprint as `sha-256:AB:CD:…` (RFC 5425 §4.2.2).
    pub subject: String,
    /// The source it speaks for.
    pub source: String,
}

const fn receive_buffer() -> usize {
    8 << 20
}
const fn max_connections() -> usize {
    256
}
const fn idle() -> u64 {
    3_600
}
const fn stall() -> u64 {
    60
}
const fn max_message() -> usize {
    65_536
}

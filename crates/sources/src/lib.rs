//! Where records come in: network listeners, files, and the one intake behind all of them.
//!
//! A listener frames bytes, knows which source they belong to, and hands them to a [`Sink`]. It
//! never parses a record and never decides about one.
//!
//! A listener waits to be sent to; a [`Feed`] fetches by itself, from a folder for example.
//!
//! [`ListenersConfig`] is what a person writes; [`ListenersConfig::build`] checks it whole and
//! makes [`Listener`]s; [`run`] binds one and serves it until it is told to drain. The doc comment
//! of each configuration struct says what its kind of listener can lose and whom it can believe.
//! [`SilenceDetector`] says when a source that should speak does not.
//!
//! TLS for every listener of Ringfence, the HTTP server's too, is made here ([`Door`]).
//!
//! Runs on Linux: the kernel's own count of dropped datagrams is read from `/proc`.

mod clock;
mod config;
mod entry;
mod feed;
mod files;
mod framing;
mod intake;
mod listener;
mod reading;
mod sample;
mod silence;
mod sink;
mod tls;

pub use config::{
    ClientConfig, FeedsConfig, FolderConfig, HepTcpConfig, HepUdpConfig, Listener, ListenersConfig,
    Mistake, PbxConfig, PbxTlsConfig, Problem, Protocol, Surroundings, SyslogTcpConfig,
    SyslogTlsConfig, SyslogUdpConfig, TlsConfig,
};
pub use entry::{read_entry, spine_entry};
pub use feed::{Bookmarks, Feed, follow};
pub use files::{FileError, FileReport, Kind, read_file, read_text};
pub use intake::{Intake, Pace, Quarantine, Refused, SourceCount, SourceCounters};
pub use listener::{
    Clients, CounterSnapshot, Holders, ListenError, ListenerHandle, Place, run, tcp_listener,
};
pub use silence::{Change, Expectation, SilenceDetector, Standing, Transition};
pub use sink::{Flow, Format, Incoming, Naming, Offer, Receipt, Rejection, Sink, SinkError};
pub use tls::{
    CertificateAuthority, CertificateRequest, ClientCertificate, Clients as TlsClients, Door,
    Identity, Issued, RequestError, TlsError, certificate_name, new_request, validity,
};

#[doc(hidden)]
pub use feed::fuzz_folder_cut;
#[doc(hidden)]
pub use framing::{fuzz_hep_framing, fuzz_syslog_framing};
#[doc(hidden)]
pub use tls::{fuzz_request, fuzz_subject, fuzz_validity};

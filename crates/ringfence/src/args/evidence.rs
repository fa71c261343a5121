//! Commands of whoever reads the evidence log, and of whoever doubts it.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::Server;

/// `evidence`.
#[derive(Debug, ClapArgs)]
pub struct Evidence {
    /// What to do.
    #[command(subcommand)]
    pub what: EvidenceWhat,
}

/// What to do with the evidence log.
#[derive(Debug, Subcommand)]
pub enum EvidenceWhat {
    /// List records, the newest first.
    List {
        #[command(flatten)]
        which: WhichRecords,
        /// Records at most.
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: usize,
        #[command(flatten)]
        server: Server,
    },
    /// Show one record with its proof; `ringfence verify --entry` checks it.
    Show {
        /// Its number in the log, from 0.
        index: u64,
        #[command(flatten)]
        server: Server,
    },
    /// Take records out for an auditor, as one signed file; `ringfence verify --bundle` checks it. That
    /// you did is recorded.
    Export {
        #[command(flatten)]
        which: WhichRecords,
        /// The file, for its owner alone. One that is there is replaced.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        server: Server,
    },
}

/// Which records.
#[derive(Debug, ClapArgs)]
pub struct WhichRecords {
    /// Of what this person, service or agent did, by its id.
    #[arg(long, value_name = "ID")]
    pub actor: Option<String>,
    /// About this person, service, record or policy, by its id.
    #[arg(long, value_name = "ID")]
    pub target: Option<String>,
    /// Of this kind: `authentication`, `account`, `access`…
    #[arg(long)]
    pub kind: Option<String>,
    /// Of this time or later: a time as RFC 3339, or so long ago: `-24h`.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
}

/// `verify`.
#[derive(Debug, ClapArgs)]
pub struct Verify {
    /// The data folder, whose records are checked too; or the folder of a log alone, as it was copied.
    /// Default `ringfence-data`.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Read the log from a server, at its path `/evidence/`. Records are not checked then.
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    pub server: Option<String>,
    /// PEM file of the certificate or authority to trust, for a server with a certificate of its own.
    #[arg(long, env = "RINGFENCE_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Check one entry instead, as `GET /api/v1/evidence/{index}` answers it: no log is needed for that.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "server", "checkpoint", "remember"])]
    pub entry: Option<PathBuf>,
    /// Check a bundle instead, as `ringfence evidence export` writes it: no log is needed for that. With
    /// --server or --data its checkpoint is held to that log, too.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["entry", "remember"])]
    pub bundle: Option<PathBuf>,
    /// Check the entries from this number on, without reading the others.
    #[arg(long, value_name = "N", conflicts_with_all = ["entry", "bundle"])]
    pub from: Option<u64>,
    /// Check the entries before this number, without reading the others.
    #[arg(long, value_name = "N", conflicts_with_all = ["entry", "bundle"])]
    pub until: Option<u64>,
    /// The log's key (`NAME+ID+KEY`), from whoever told it to you. Without it the key is the one that the
    /// log shows of itself.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// A checkpoint that was seen before; repeat for several.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Vec<PathBuf>,
    /// Hold the log to the checkpoint in this file, if it is there, and keep the new one in its place when
    /// all is well.
    #[arg(long, value_name = "FILE")]
    pub remember: Option<PathBuf>,
    /// The key of a witness whose cosignature counts; repeat for several.
    #[arg(long, value_name = "KEY")]
    pub witness: Vec<String>,
    /// Fail unless so many of these witnesses cosigned; one, where no number is given.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1")]
    pub require_witness: Option<usize>,
}

/// `witness`.
#[derive(Debug, ClapArgs)]
pub struct Witness {
    /// Configuration file (docs/witness.md).
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Look at each log once. Exit code 0: all is well; 1: an alarm stands.
    #[arg(long)]
    pub once: bool,
    /// Print the key that cosignatures are checked with; it is made first where there is none.
    #[arg(long, conflicts_with = "once")]
    pub key: bool,
    /// What to do in place of following.
    #[command(subcommand)]
    pub what: Option<WitnessWhat>,
}

/// What to do in place of following.
#[derive(Debug, Subcommand)]
pub enum WitnessWhat {
    /// Follow a log anew, after a fork or a rollback that somebody looked into: what was seen of it is put
    /// aside. The witness must not be running.
    Accept {
        /// The log's name: the first line of its checkpoints.
        #[arg(long, value_name = "ORIGIN")]
        log: String,
    },
}

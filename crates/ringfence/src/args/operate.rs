//! Commands of whoever runs the machine.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::Server;

/// `backup`.
#[derive(Debug, ClapArgs)]
pub struct Backup {
    /// Where to: a new file (one tar file), or a folder that keeps all backups made into it and
    /// stores what they have in common once.
    #[arg(long, value_name = "FILE|DIR")]
    pub out: PathBuf,
    /// Configuration file of the server, for its data folder.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder. Default: the configuration's, else `ringfence-data`.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// In a folder of backups, keep only so many and remove the older ones afterwards.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
}

/// `restore`.
#[derive(Debug, ClapArgs)]
pub struct Restore {
    /// The backup: a tar file, a folder of backups (the newest is meant), or one manifest in it.
    #[arg(value_name = "FILE|DIR")]
    pub from: PathBuf,
    /// An empty or new folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Refuse any other backup than the one with this digest, which `backup` printed.
    #[arg(long, value_name = "SHA256")]
    pub expect: Option<String>,
    /// Only check the backup; write nothing.
    #[arg(long)]
    pub check: bool,
}

/// `recover-administrator`.
#[derive(Debug, ClapArgs)]
pub struct Recover {
    /// The data folder. Default: the configuration's, else `ringfence-data`.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Configuration file of the server: its `[state]`, when that is a PostgreSQL database.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The sign-in name of somebody who has an account. Default: a new one, who chooses a name.
    #[arg(long, value_name = "NAME")]
    pub login: Option<String>,
    /// Write the code into this new file, for its owner alone, instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `mail`.
#[derive(Debug, ClapArgs)]
pub struct Mail {
    /// What to do.
    #[command(subcommand)]
    pub what: MailWhat,
}

/// What to do with mail.
#[derive(Debug, Subcommand)]
pub enum MailWhat {
    /// Who is told, of which alerts.
    List {
        #[command(flatten)]
        server: Server,
    },
    /// Send a test mail and wait for what the mail server says; exit code 1 when it was not taken.
    Test {
        /// Only to this recipient. Default: to all.
        #[arg(long, value_name = "NAME")]
        recipient: Option<String>,
        #[command(flatten)]
        server: Server,
    },
}

/// `doctor`.
#[derive(Debug, ClapArgs)]
pub struct Doctor {
    /// Configuration file of the server.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder. Default: the configuration's, else `ringfence-data`.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub server: Server,
}

/// `manual`.
#[derive(Debug, ClapArgs)]
pub struct Manual {
    /// Folder to write them into.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

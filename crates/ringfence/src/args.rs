//! What can be said on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

mod certificate;
mod evidence;
mod operate;

pub use certificate::{Certificate, CertificateHolder, CertificateWhat};
pub use evidence::{Evidence, EvidenceWhat, Verify, WhichRecords, Witness, WitnessWhat};
pub use operate::{Backup, Doctor, Mail, MailWhat, Manual, Recover, Restore};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// The open-source security platform for contact centers.
///
/// Ringfence joins SIP, logs, sign-ins, record look-ups and recordings by call, agent, caller and
/// customer, and finds what no part alone can see: a record opened without a call, a call recorded
/// without consent, a scanner at the SIP port.
///
/// Start with `ringfence serve`, send events (docs/intake.md), and watch `ringfence alerts --follow`.
#[derive(Debug, Parser)]
#[command(name = "ringfence", version, after_help = AFTER, max_term_width = 100)]
pub struct Args {
    /// How data is printed on standard output; messages go to standard error.
    #[arg(long, global = true, value_enum)]
    pub format: Option<Format>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "\
Exit codes: 0 done, 1 findings or a failed check where that is the question, 2 wrong usage or
configuration, 3 input that could not be read.

Commands that talk to a server take its URL from --server or RINGFENCE_SERVER, and a token from
RINGFENCE_TOKEN (or RINGFENCE_ADMIN_TOKEN). A token is never given on the command line, where other
users of the machine could read it.";

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people (the default on a terminal).
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line (the default elsewhere).
    Jsonl,
    /// Tab-separated values.
    Tsv,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server, everything embedded.
    Serve(Serve),
    /// Send capture or log files through the whole pipeline without a server; findings out.
    Replay(Replay),
    /// Try rules on files; which matched how often.
    Hunt(Hunt),
    /// Ask with SQL over the table `events`.
    Query(Query),
    /// Look after the lake: merge, retain, erase, export, vacuum.
    Lake(Lake),
    /// Check, test and list Sigma rules.
    Rules(Rules),
    /// See what a mapping file makes of your log, line by line.
    Map(Map),
    /// Make up a shift of agents, calls, look-ups, insiders and SIP attackers.
    Simulate(Simulate),
    /// List alerts, or follow them as they appear.
    Alerts(Alerts),
    /// Make and list the sources that may send events.
    Source(Source),
    /// Make, list and end services: programs that use the API with a token of their own.
    Service(Service),
    /// Client certificates of sources and services: issue, renew, list and revoke them.
    Certificate(Certificate),
    /// Check policies, and see which role may do what.
    Policy(Policy),
    /// Where sources, alerts and settings live: move them to another database.
    State(StateArgs),
    /// With the server stopped, make somebody an administrator: for when nobody can sign in.
    RecoverAdministrator(Recover),
    /// Try out, list and set back the connectors to cloud platforms.
    Connectors(Connectors),
    /// How the server is.
    Status(Status),
    /// See who is told of alerts by mail, and send them a test.
    Mail(Mail),
    /// Find out what is misconfigured, and what to do about it.
    Doctor(Doctor),
    /// Read the evidence log, and take records out of it for an auditor.
    Evidence(Evidence),
    /// Check the evidence log: nothing changed, nothing removed, nothing rewritten.
    Verify(Verify),
    /// Follow evidence logs from another machine: cosign what follows from what was seen, tell what does not.
    Witness(Witness),
    /// Copy a data folder into a backup, beside a running server.
    Backup(Backup),
    /// Put a backup back into an empty folder.
    Restore(Restore),
    /// What an error code means and what to do.
    Explain(Explain),
    /// Write manual pages and shell completions, for packages.
    #[command(hide = true)]
    Manual(Manual),
    /// A part of the server in a process of its own; started by `serve`.
    #[command(hide = true)]
    Child(Child),
}

/// `serve`.
#[derive(Debug, ClapArgs)]
pub struct Serve {
    /// Configuration file (docs/configuration.md); runs without one too.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of everything that is kept. Default `ringfence-data`.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address of API and HTTP intake. Default 127.0.0.1:8443.
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
}

/// Rules and mappings of offline commands.
#[derive(Debug, ClapArgs)]
pub struct Pack {
    /// Folder or file of Sigma rules; repeat for several. Default: the built-in pack.
    #[arg(long, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
}

/// `replay`.
#[derive(Debug, ClapArgs)]
pub struct Replay {
    /// pcap, pcapng, JSON lines, syslog lines, Asterisk CDR CSV; gzip and zstd too. The type is
    /// told by the content.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub pack: Pack,
    /// Folder of mapping files of your own.
    #[arg(long, value_name = "DIR")]
    pub mappings: Option<PathBuf>,
    /// Configuration file, for the settings of calls and intake.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the events themselves (OCSF) in place of the findings.
    #[arg(long, conflicts_with = "hep")]
    pub events: bool,
    /// Mirror the UDP packets of captures to a HEP3 collector, dated now, in place of analysing
    /// them: a probe for a server's HEP listener.
    #[arg(long, value_name = "ADDR:PORT")]
    pub hep: Option<SocketAddr>,
}

/// `hunt`.
#[derive(Debug, ClapArgs)]
pub struct Hunt {
    #[command(flatten)]
    pub pack: Pack,
    /// JSON lines, logs or captures.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `query`.
#[derive(Debug, ClapArgs)]
pub struct Query {
    /// One SELECT over the table `events`.
    pub sql: String,
    /// Read the files of a data folder, beside a running server or without one; wins over --server.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub server: Server,
}

/// `lake`.
#[derive(Debug, ClapArgs)]
pub struct Lake {
    /// What to do.
    #[command(subcommand)]
    pub what: LakeWhat,
}

/// What to do with the lake.
#[derive(Debug, Subcommand)]
pub enum LakeWhat {
    /// The lake at a glance.
    Status {
        #[command(flatten)]
        server: Server,
    },
    /// Merge small files of every day now. The server does it by itself as files come.
    Compact {
        #[command(flatten)]
        server: Server,
    },
    /// Take out rows whose retention is over. The server does it once a day.
    Retain {
        /// Count only.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Take out the rows of a person, call, device or event. Shows counts; with --yes, does it.
    Erase {
        /// `customer`, `agent`, `caller`, `call_uid`, `device` or `event_id`.
        key: String,
        /// The value of the key, the whole of it.
        value: String,
        /// Only in this program.
        #[arg(long)]
        program: Option<String>,
        /// Do it. Without this, rows are only counted.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Delete files that were replaced long enough ago. The server does it by itself.
    Vacuum {
        /// Count only.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Write rows of a data folder to a file, beside a running server or without one.
    Export(Export),
}

/// `lake export`.
#[derive(Debug, ClapArgs)]
pub struct Export {
    /// The data folder. Rows that are not yet committed to files (a minute's) are not in it.
    #[arg(long, value_name = "DIR", default_value = "ringfence-data")]
    pub data: PathBuf,
    /// What rows: an SQL condition over the columns of `events`.
    #[arg(long = "where", value_name = "SQL")]
    pub condition: Option<String>,
    /// Rows of this time or later (RFC 3339, or a date).
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Rows before this time.
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Rows of this program.
    #[arg(long)]
    pub program: Option<String>,
    /// The file's format.
    #[arg(long = "as", value_enum, default_value_t = ExportAs::Jsonl)]
    pub kind: ExportAs,
    /// The file to write; it must not exist.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
}

/// Format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportAs {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values; what a spreadsheet would take for a formula begins with `'`.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// Which server.
#[derive(Debug, Clone, ClapArgs)]
pub struct Server {
    /// URL of the server.
    #[arg(
        long,
        env = "RINGFENCE_SERVER",
        default_value = "http://127.0.0.1:8443",
        value_name = "URL"
    )]
    pub server: String,
    /// PEM file of the certificate or authority to trust, for a server with a certificate of its
    /// own.
    #[arg(long, env = "RINGFENCE_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

/// `rules`.
#[derive(Debug, ClapArgs)]
pub struct Rules {
    /// What to do with them.
    #[command(subcommand)]
    pub what: RulesWhat,
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum RulesWhat {
    /// Read them and say what is wrong, with file and line.
    Check {
        /// Folders or files. Default: the built-in pack.
        paths: Vec<PathBuf>,
    },
    /// Try each rule by the `.test.yml` file beside it.
    Test {
        /// Folders or files. Default: the built-in pack.
        paths: Vec<PathBuf>,
    },
    /// List them.
    List {
        /// Folders or files. Default: the built-in pack.
        paths: Vec<PathBuf>,
    },
}

/// `map`.
#[derive(Debug, ClapArgs)]
pub struct Map {
    /// What to do.
    #[command(subcommand)]
    pub what: MapWhat,
}

/// What to do with mappings.
#[derive(Debug, Subcommand)]
pub enum MapWhat {
    /// Show, line by line, what the mappings make of a log file.
    Test {
        /// A log file: JSON lines, CSV, syslog, CEF or key=value.
        file: PathBuf,
        /// Mapping file to try, before the built-in ones; repeat for several.
        #[arg(long = "mapping", value_name = "FILE")]
        mappings: Vec<PathBuf>,
        /// Lines to show.
        #[arg(long, default_value_t = 20)]
        lines: usize,
    },
}

/// `simulate`.
#[derive(Debug, ClapArgs)]
pub struct Simulate {
    /// The same seed makes the same shift.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// People at work.
    #[arg(long, default_value_t = 200)]
    pub agents: u32,
    /// How many of them look records up without a reason.
    #[arg(long, default_value_t = 3)]
    pub insiders: u32,
    /// Length of the shift in hours.
    #[arg(long, default_value_t = 8)]
    pub hours: u32,
    /// Each call also with its SIP messages, as an edge between carrier and telephone system
    /// reports them.
    #[arg(long)]
    pub sip: bool,
    /// Write OCSF JSON lines to this file (`-`: standard output) in place of sending.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the truth (who the insiders are, what they opened) to this file.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// Play the shift so many times faster than it happened; 0 sends as fast as it is taken.
    /// What is sent is dated so that it ends now.
    #[arg(long, default_value_t = 0.0)]
    pub speed: f64,
    /// Send at most so many events a second; 0 sends as fast as they are taken.
    #[arg(long, default_value_t = 0, conflicts_with = "speed")]
    pub rate: u32,
    #[command(flatten)]
    pub server: Server,
}

/// `alerts`.
#[derive(Debug, ClapArgs)]
pub struct Alerts {
    /// Show alerts as they change, until Ctrl-C.
    #[arg(long, short = 'F')]
    pub follow: bool,
    /// While following, show also every further finding of an alert that was shown.
    #[arg(long)]
    pub all: bool,
    /// Most alerts to list.
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
    /// `open`, `acknowledged`, `closed`; comma-separated.
    #[arg(long)]
    pub status: Option<String>,
    #[command(flatten)]
    pub server: Server,
}

/// `source`.
#[derive(Debug, ClapArgs)]
pub struct Source {
    /// What to do.
    #[command(subcommand)]
    pub what: SourceWhat,
}

/// What to do with sources.
#[derive(Debug, Subcommand)]
pub enum SourceWhat {
    /// Make a source; its token is printed once, on standard output.
    Add {
        /// Its name: letters, digits, `.`, `_`, `-`.
        name: String,
        /// The client or campaign that its records belong to.
        #[arg(long, default_value = "default")]
        program: String,
        /// The PBX or trunk group with its agents.
        #[arg(long, default_value = "default")]
        site: String,
        /// OCSF class uid that it may send; repeat for several. Default all.
        #[arg(long = "class")]
        classes: Vec<u32>,
        /// Its word on calls and agents may decide about access.
        #[arg(long)]
        call_state: bool,
        /// Alarm after so many seconds of silence.
        #[arg(long, value_name = "SECONDS")]
        expect_every: Option<u32>,
        #[command(flatten)]
        server: Server,
    },
    /// List them.
    List {
        #[command(flatten)]
        server: Server,
    },
}

/// `service`.
#[derive(Debug, ClapArgs)]
pub struct Service {
    /// What to do.
    #[command(subcommand)]
    pub what: ServiceWhat,
}

/// What to do with services.
#[derive(Debug, Subcommand)]
pub enum ServiceWhat {
    /// Make a service; its token is printed once, on standard output.
    Add {
        /// What people call it.
        name: String,
        /// What it may do: `integration` asks for decisions; also `analyst`,
        /// `telephony_engineer`, `auditor`, `automation`.
        #[arg(long)]
        role: String,
        /// In which program; `*` is all of them.
        #[arg(long, default_value = "default")]
        program: String,
        /// For how many days its token is good, at most 366.
        #[arg(long, default_value_t = 90)]
        days: u32,
        /// Why there is one, for whoever reviews it.
        #[arg(long, default_value = "")]
        why: String,
        #[command(flatten)]
        server: Server,
    },
    /// List them.
    List {
        #[command(flatten)]
        server: Server,
    },
    /// End one: its token is good for nothing from now on.
    End {
        /// Its id, from the list.
        id: String,
        #[command(flatten)]
        server: Server,
    },
}

/// `policy`.
#[derive(Debug, ClapArgs)]
pub struct Policy {
    /// What to do.
    #[command(subcommand)]
    pub what: PolicyWhat,
}

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub enum PolicyWhat {
    /// Check the built-in policies together with those of a folder, as the server would read them.
    Check {
        /// Folder of `*.cedar` files; without one the built-in policies alone.
        folder: Option<PathBuf>,
    },
    /// Each action and the roles that it is for.
    List {
        /// Folder of `*.cedar` files; without one the built-in policies alone.
        folder: Option<PathBuf>,
    },
    /// What would be otherwise if files of a folder took the place of those of the same name at a
    /// running server: decisions of the last days, and what people may do. Changes nothing.
    Preview {
        /// Folder of `*.cedar` files.
        folder: PathBuf,
        /// Days of decisions that are asked again, at most 366.
        #[arg(long, default_value_t = 30)]
        days: u32,
        #[command(flatten)]
        server: Server,
    },
}

/// `state`.
#[derive(Debug, ClapArgs)]
pub struct StateArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: StateWhat,
}

/// What to do with the state.
#[derive(Debug, Subcommand)]
pub enum StateWhat {
    /// Copy all of it to an empty database or a new file, while no server runs. The old place
    /// keeps everything; `[state]` in the configuration says which one the server uses.
    Move {
        /// Where it is: a file, or postgres://USER@HOST:PORT/DATABASE. Default: where the server
        /// with this configuration and data folder has it.
        #[arg(long, value_name = "URL|FILE")]
        from: Option<String>,
        /// Where it shall be. A password comes from `[state]`, PGPASSWORD or PGPASSFILE.
        #[arg(long, value_name = "URL|FILE")]
        to: String,
        /// Configuration file: its `[state]`, with password and authorities.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Data folder. Default: the configuration's, else `ringfence-data`.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

/// `connectors`.
#[derive(Debug, ClapArgs)]
pub struct Connectors {
    /// What to do.
    #[command(subcommand)]
    pub what: ConnectorsWhat,
}

/// What to do with connectors.
#[derive(Debug, Subcommand)]
pub enum ConnectorsWhat {
    /// List them: how far each has come, and what was last wrong. Exit code 1 if one fails.
    List {
        #[command(flatten)]
        server: Server,
    },
    /// Ask a platform once, without a server, and show the first events. Keeps nothing.
    Test {
        /// Its name in the configuration.
        name: String,
        /// Configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Since when to ask: a time as RFC 3339, or so long ago.
        #[arg(long, default_value = "-1h", allow_hyphen_values = true)]
        since: String,
        /// Events to show for each stream.
        #[arg(long, default_value_t = 5)]
        most: usize,
    },
    /// Fetch everything since a moment again. What the event log still knows is not doubled.
    Replay {
        /// Its name.
        name: String,
        /// A time as RFC 3339, or so long ago: `-24h`.
        #[arg(long, allow_hyphen_values = true)]
        since: String,
        #[command(flatten)]
        server: Server,
    },
}

/// `status`.
#[derive(Debug, ClapArgs)]
pub struct Status {
    #[command(flatten)]
    pub server: Server,
}

/// `child`.
#[derive(Debug, ClapArgs)]
pub struct Child {
    /// Which part.
    #[command(subcommand)]
    pub job: Job,
}

/// A part in a process of its own.
#[derive(Debug, Subcommand)]
pub enum Job {
    /// The query engine.
    Query,
    /// What a process behind the query engine's walls can still do on this system.
    Probe {
        /// The folder that it may read.
        folder: PathBuf,
    },
}

/// `explain`.
#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// A code such as E-SPINE-003; without one, all codes.
    pub code: Option<String>,
}

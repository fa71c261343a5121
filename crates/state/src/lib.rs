//! What people and settings leave behind: sources and their credentials, alerts,
//! quarantined input, webhooks and their outbox, positions of consumers.
//!
//! One SQLite file by default, or a PostgreSQL database: the same tables and the same
//! statements. There is one writer at a time and every public call is one transaction: it
//! happened as a whole or not at all. Findings become alerts in the same transaction that moves their
//! consumer's position and fills the outbox, so a crash neither loses nor repeats one.
//!
//! Programs are walls: every row has a program, and whatever reads or edits rows takes
//! a [`Scope`] that goes into the SQL itself. A row outside the scope does not exist.
//!
//! Where it stops: events live in the lake, and what a finding means was decided by
//! the detection engine. Nothing here talks to the network; `ringfence-respond` sends
//! what the outbox holds. Time is a parameter (`now_ms`) everywhere.

mod alert;
mod apply;
mod assignments;
mod bookmarks;
mod bulk;
mod certificate_lookup;
mod certificates;
mod changes;
mod copy;
mod cursor;
mod db;
mod detail;
mod directory;
mod edit;
mod emergencies;
mod ending;
mod error;
mod evidence;
mod evidence_taken;
mod filter;
mod finding;
mod id;
mod limits;
mod list;
mod mail;
mod maintain;
mod migrations;
mod names;
mod open;
mod outbox;
mod payload;
mod people;
mod positions;
mod postgres;
mod principals;
mod quarantine;
mod requests;
mod reviews;
mod rights;
mod rotation;
mod saved;
mod scope;
mod sessions;
mod settings;
mod source_edit;
mod source_lookup;
mod sources;
mod sql;
mod sqlite;
mod store;
mod story;
mod token_index;
mod transfer;
mod unused;
mod webhooks;

pub use alert::{Alert, AlertRule, Finding, HistoryEntry, Note, Status, Verdict};
pub use apply::Applied;
pub use assignments::{Held, NewRole};
pub use bulk::{BulkItem, BulkOutcome, BulkResult, BulkTarget};
pub use certificate_lookup::Shown;
pub use certificates::{Certificate, CertificateUse, Holder, NewCertificate};
pub use changes::{AlertChange, ChangeKind, ChangePage, ChangeStream};
pub use copy::{DatabaseCopy, copy_database};
pub use cursor::{Cursor, CursorError};
pub use detail::AlertDetail;
pub use directory::{
    DirectoryChange, DirectoryPerson, Group, GroupChange, GroupRole, NewGroup, Said,
};
pub use edit::{AlertEdit, Edited};
pub use emergencies::{Emergency, Justified};
pub use ending::{Ending, EndingKind};
pub use error::{Error, Result};
pub use evidence::{Evidence, EvidenceFilter, EvidenceReader, NewEvidence};
pub use filter::AlertFilter;
pub use finding::{Entity, NewFinding};
pub use limits::{AccessLimits, Limits, SignInLimits};
pub use list::{AlertCounts, AlertOrder, Page, PageRequest};
pub use mail::{DueItem, DueMail, NewRecipient, Recipient};
pub use maintain::Maintained;
pub use open::State;
pub use outbox::{Due, OutboxEntry, OutboxState, Settlement};
pub use people::{
    Account, ChangePerson, Enrolling, Factor, FactorKind, Identity, Invitation, KnownPasskey, Link,
    Linked, NewPerson, OneTimeCode, Reset, Setup, SignInAs,
};
pub use positions::Position;
pub use principals::{NewService, Principal};
pub use quarantine::{NewQuarantined, QuarantineStats, Quarantined};
pub use requests::{NewRequest, RoleRequest};
pub use reviews::{Decision, Review, ReviewItem, ReviewStep};
pub use saved::{NewSaved, Saved, SavedKind};
pub use scope::Scope;
pub use sessions::{Credential, NewSession, Session, ShownSession, Vouch};
pub use source_edit::{MintedSource, SourceChange};
pub use sources::{Classes, NewSource, Source};
pub use store::{Password, PostgresStore, Store, StoreError};
pub use transfer::{Moved, move_state};
pub use unused::{Dormant, RoleUse, Unused, UnusedRole};
pub use webhooks::{MintedWebhook, NewWebhook, Webhook, WebhookChange};

#[doc(hidden)]
pub use cursor::fuzz_cursor;

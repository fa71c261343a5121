//! Who says it: the credential behind a record.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Name;

/// What the credential of a source says about all it sends. Program and site come from here and
/// never from a record (DESIGN §8, "who may say what").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Name of the source, unique in the installation.
    pub source: Name,
    /// The client or campaign that its records belong to.
    pub program: Name,
    /// The PBX or trunk group with its agents.
    pub site: Name,
    /// What it may do.
    pub authority: Authority,
}

/// Rights of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// OCSF classes that it may send; `None` allows all.
    pub classes: Option<BTreeSet<u32>>,
    /// Its word on call and agent state may decide about access or a block. Never set for a
    /// source that anyone can spoof.
    pub call_state: bool,
    /// The peer proved who it is (token, TLS). Plain UDP did not.
    pub authenticated: bool,
}

impl Authority {
    /// Whether it may send events of this class.
    #[must_use]
    pub fn may_send(&self, class_uid: u32) -> bool {
        self.classes
            .as_ref()
            .is_none_or(|set| set.contains(&class_uid))
    }
}

impl Origin {
    /// An origin with every right in program `default`, site `default`: for offline replay, where
    /// the person at the keyboard already has the files.
    #[must_use]
    pub fn local(source: Name, program: Name, site: Name) -> Self {
        let authority = Authority {
            classes: None,
            call_state: true,
            authenticated: true,
        };
        Self {
            source,
            program,
            site,
            authority,
        }
    }
}

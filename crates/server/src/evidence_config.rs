//! `[evidence]`: who cosigns the evidence log, and how many have to.

use std::path::PathBuf;
use std::time::Duration;

use ringfence_tlog::{KeyKind, VerifierKey};
use ringfence_witness::Remote;

use crate::config::within;
use crate::written::{Mistakes, Section};

/// For one request to a witness, or to a log.
pub(crate) const WAIT: Duration = Duration::from_secs(5);

/// `[evidence]`.
#[derive(Debug, Clone)]
pub struct EvidenceConfig {
    /// `[[evidence.witness]]`.
    pub witnesses: Vec<WitnessConfig>,
    /// `cosignatures`: only a checkpoint that so many of the witnesses cosigned is shown. Default 0.
    pub cosignatures: usize,
    /// `trouble_after_secs`: a witness that cannot cosign for so long is told. Default 300.
    pub trouble_after: Duration,
}

/// `[[evidence.witness]]`.
#[derive(Debug, Clone)]
pub struct WitnessConfig {
    /// `url`: what `/add-checkpoint` is found below.
    pub url: String,
    /// `key`: what its cosignatures are checked with.
    pub key: VerifierKey,
    /// `ca_file`: PEM file of the authority to trust for it. Default: whom the system trusts.
    pub ca_file: Option<PathBuf>,
}

impl EvidenceConfig {
    pub(crate) fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Self {
        let mut witnesses: Vec<WitnessConfig> = Vec::new();
        for mut one in s.tables("witness", m) {
            let (at, name) = (one.at(), one.path_of("key"));
            let url = read_url(&mut one, m);
            let key = read_key(&mut one, KeyKind::Cosigner, m);
            let ca_file = one.take("ca_file", m).map(toml::Spanned::into_inner);
            for (missing, what) in [(url.is_none(), "url"), (key.is_none(), "key")] {
                if missing {
                    m.add(at, one.path_of(what), "a witness needs one");
                }
            }
            one.finish(m);
            let (Some(url), Some(key)) = (url, key) else {
                continue;
            };
            if witnesses.iter().any(|other| other.key.name() == key.name()) {
                m.add(at, name, "this witness is named twice");
            }
            witnesses.push(WitnessConfig { url, key, ca_file });
        }
        let most = witnesses.len();
        let cosignatures = s.take::<usize>("cosignatures", m);
        if let Some(asked) = &cosignatures
            && *asked.get_ref() > most
        {
            let what = format!("{most} witnesses are named: no checkpoint would ever be shown");
            m.add(asked.span().start, s.path_of("cosignatures"), what);
        }
        let trouble_after = within(&mut s, "trouble_after_secs", 300, 1, 86_400, m);
        s.finish(m);
        Self {
            witnesses,
            cosignatures: cosignatures.map_or(0, toml::Spanned::into_inner),
            trouble_after: Duration::from_secs(trouble_after as u64),
        }
    }
}

/// `url`: encrypted, or this machine.
pub(crate) fn read_url<'i>(s: &mut Section<'i>, m: &mut Mistakes<'i>) -> Option<String> {
    let url = s.take::<String>("url", m)?;
    let wrong = match Remote::new(url.get_ref(), None, WAIT) {
        Ok(remote) if remote.is_private() => return Some(url.into_inner()),
        Ok(_) => "it begins with `https://`, or leads to this machine".to_owned(),
        Err(error) => error.to_string(),
    };
    m.add(url.span().start, s.path_of("url"), wrong);
    None
}

/// `key`, as `NAME+ID+KEY`.
pub(crate) fn read_key<'i>(
    s: &mut Section<'i>,
    kind: KeyKind,
    m: &mut Mistakes<'i>,
) -> Option<VerifierKey> {
    let key = s.take::<String>("key", m)?;
    let wrong = match (VerifierKey::parse(key.get_ref()), kind) {
        (Ok(parsed), _) if parsed.kind() == kind => return Some(parsed),
        (Ok(_), KeyKind::Cosigner) => {
            "that is no witness's key: `ringfence witness --key` shows it".to_owned()
        }
        (Ok(_), KeyKind::Log) => "that is no log's key: `GET /api/v1/evidence` shows it".to_owned(),
        (Err(error), _) => error.to_string(),
    };
    m.add(key.span().start, s.path_of("key"), wrong);
    None
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn each_mistake_is_told_with_its_line() {
        let none = Config::parse("").unwrap().evidence;
        assert_eq!((none.cosignatures, none.witnesses.len()), (0, 0));
        let text = "[evidence]\ncosignatures = 2\nquorum = 1\n\n[[evidence.witness]]\nurl = \"http://w.example\"\nkey = \"w+1+2\"\n";
        let told: Vec<_> = Config::parse(text)
            .unwrap_err()
            .into_iter()
            .map(|m| (m.line, m.key))
            .collect();
        for wanted in [
            (2, "evidence.cosignatures"),
            (3, "evidence.quorum"),
            (6, "evidence.witness[0].url"),
            (7, "evidence.witness[0].key"),
        ] {
            assert!(told.contains(&(wanted.0, wanted.1.to_owned())), "{told:?}");
        }
    }
}

//! Records of the evidence log for an auditor: one file with all proofs, to be checked without a server.

use std::io;
use std::time::Instant;

use axum::body::Body as HttpBody;
use axum::extract::State as AxumState;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use ringfence_event::{Own, Severity};
use ringfence_evidence::bundle::{By, FORMAT, Filter, Header, MOST_RECORDS, Writer};
use ringfence_policy::Action;
use ringfence_state::{Evidence, EvidenceFilter, Scope};
use serde::Deserialize;
use serde_json::json;

use crate::acts;
use crate::app::App;
use crate::auth::Person;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::stream::{LOOK_EVERY, may_go_on};

/// OCSF Datastore Activity, and in it Read.
const DATASTORE: u32 = 6005;
const READ: u8 = 1;
/// Records that are held at a time.
const PAGE: u32 = 100;

/// Which records: as the list is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    #[serde(default)]
    actor: Option<String>,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    from_ms: Option<i64>,
    #[serde(default)]
    until_ms: Option<i64>,
}

/// `POST /api/v1/evidence/export`: the answer begins when the log has the record of it.
pub(crate) async fn export(
    AxumState(app): AxumState<App>,
    person: Person,
    asked: Body<Asked>,
) -> Result<Response, Problem> {
    let asked = read(asked)?;
    let log = app.inside.evidence();
    let checkpoint = log.file("checkpoint").await;
    let checkpoint = checkpoint.map_err(|error| Problem::internal(&error))?;
    let checkpoint = checkpoint.and_then(|bytes| String::from_utf8(bytes).ok());
    let header = Header {
        format: FORMAT.to_owned(),
        key: log.key(),
        checkpoint: checkpoint
            .ok_or_else(|| Problem::unavailable("the evidence log has no checkpoint"))?,
        at_ms: app.inside.now().0,
        by: By {
            id: person.id().to_owned(),
            name: person.name().to_owned(),
        },
        programs: match person.scope() {
            Scope::All => None,
            Scope::Programs(programs) => Some(programs.clone()),
        },
        filter: Filter {
            actor: asked.actor.clone(),
            target: asked.target.clone(),
            kind: asked.kind.clone(),
            from_ms: asked.from_ms,
            until_ms: asked.until_ms,
        },
    };
    let told = json!({
        "log": header.key, "filter": header.filter, "programs": header.programs,
    });
    let filter = EvidenceFilter {
        actor: asked.actor,
        target: asked.target,
        kind: asked.kind,
        from_ms: asked.from_ms,
        until_ms: asked.until_ms,
    };
    let begun = Writer::begin(log.folder(), header);
    let (writer, first) = begun.map_err(|error| Problem::internal(&error))?;
    let size = writer.size();
    let counted = app
        .state
        .count_evidence(person.scope(), &filter, size, MOST_RECORDS);
    let records = counted.await?;
    if records > MOST_RECORDS {
        return Err(Problem::bad_request(format!(
            "these are more than {MOST_RECORDS} records: take them out in parts, by `from_ms` and `until_ms`"
        )));
    }
    tell(&app, &person, told, records, size).await?;
    let name = format!("attachment; filename=\"evidence-{size}.jsonl\"");
    let taking = Taking {
        app,
        person,
        filter,
        writer,
        first: Some(first),
        next: 0,
        size,
        looked: Instant::now(),
    };
    let pages = stream::try_unfold(Some(taking), |taking: Option<Taking>| async {
        match taking {
            Some(taking) => taking.page().await.map(Some),
            None => Ok(None),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, HttpBody::from_stream(pages)).into_response())
}

/// Whoever takes records out is recorded before they have one.
async fn tell(
    app: &App,
    person: &Person,
    mut about: serde_json::Value,
    records: u64,
    size: u64,
) -> Result<(), Problem> {
    if let Some(about) = about.as_object_mut() {
        about.insert("records".to_owned(), records.into());
        about.insert("size".to_owned(), size.into());
    }
    // Who looks after one program sees what was taken out of it.
    let program = match person.scope() {
        Scope::Programs(programs) if programs.len() == 1 => programs.first(),
        _ => None,
    };
    let words = match records {
        1 => "1 record was".to_owned(),
        n => format!("{n} records were"),
    };
    let own = Own::new("evidence", DATASTORE, READ, app.inside.now())
        .severity(Severity::Low)
        .program(program.map_or("", String::as_str))
        .message(format!(
            "{words} taken out of the evidence log of {size} entries"
        ))
        .with(
            "resources",
            json!([{"uid": "evidence", "name": "evidence log", "type": "log"}]),
        )
        .with("bundle", about);
    acts::tell(app, person, own).await
}

/// A bundle on its way.
struct Taking {
    app: App,
    person: Person,
    filter: EvidenceFilter,
    writer: Writer,
    first: Option<Vec<u8>>,
    /// The least number that the next record may have.
    next: u64,
    size: u64,
    looked: Instant,
}

impl Taking {
    /// What comes next, and whoever goes on. An error breaks the answer off: its last line is missing then,
    /// and whoever reads it knows.
    async fn page(self) -> io::Result<(Bytes, Option<Self>)> {
        let page = self.next().await;
        page.inspect_err(|error| tracing::warn!(%error, "an export was broken off"))
    }

    async fn next(mut self) -> io::Result<(Bytes, Option<Self>)> {
        if self.app.inside.stopping().is_cancelled() {
            return Err(io::Error::other("the server stops"));
        }
        if self.looked.elapsed() >= LOOK_EVERY {
            if !may_go_on(&self.app, &self.person, Action::EVIDENCE_EXPORT).await {
                return Err(io::Error::other("whoever asked may not see it any more"));
            }
            self.looked = Instant::now();
        }
        let (scope, numbers) = (self.person.scope(), self.next..self.size);
        let rows = self
            .app
            .state
            .evidence_in_order(scope, &self.filter, numbers, PAGE);
        let rows = rows.await.map_err(io::Error::other)?;
        let done = rows.len() < PAGE as usize;
        let written = tokio::task::spawn_blocking(move || self.write(rows));
        let (taking, out) = written.await.map_err(io::Error::other)??;
        if !done {
            return Ok((out.into(), Some(taking)));
        }
        let evidence = taking.app.inside.evidence();
        let signed = evidence.seal(taking.writer.end()).await?;
        Ok(([out, Writer::last(signed)].concat().into(), None))
    }

    /// The lines of some records. Proofs are made out of files.
    fn write(mut self, rows: Vec<Evidence>) -> io::Result<(Self, Vec<u8>)> {
        let mut out = self.first.take().unwrap_or_default();
        for row in rows {
            self.next = row.index + 1;
            let written = self.writer.record(row.index, row.record, &mut out);
            written.map_err(io::Error::other)?;
        }
        Ok((self, out))
    }
}

//! `ringfence simulate`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use ringfence_simulate::{Feed, Item, Place, Shift, Story};
use serde_json::{Value, json};

use crate::Done;
use crate::args::Simulate;
use crate::client::{Api, block_on};
use crate::output::{Failure, Out, say};

/// Items in one request to one source.
const BATCH: usize = 1_000;
/// The call join takes telephony that is at most twelve hours late (`calls.late_ms`).
const MOST_HOURS_AT_ONCE: u32 = 11;
/// Tries of a request that the server could not take for the moment.
const TRIES: u32 = 20;

/// Makes a shift up and sends or writes it.
pub fn run(args: &Simulate, out: &Out) -> Done {
    let shift = Shift {
        agents: args.agents,
        insiders: args.insiders,
        hours: args.hours,
        // Detail records come at hang-up: without pace, the work they are about came long ago.
        branch_agents: if args.speed > 0.0 {
            args.agents / 10
        } else {
            0
        },
        signalling: args.sip,
        ..Shift::of_seed(args.seed)
    };
    let story = match args.out {
        // What is written lies at a fixed moment: the same seed writes the same file.
        Some(_) => shift.run(),
        None => dated(&shift, args.speed),
    };
    if let Some(path) = &args.truth {
        let truth = serde_json::to_vec_pretty(&story.truth).map_err(Failure::input)?;
        std::fs::write(path, truth).map_err(|e| at(path, &e))?;
    }
    match &args.out {
        Some(path) => write(path, &story)?,
        None => {
            if args.speed <= 0.0 && args.hours > MOST_HOURS_AT_ONCE {
                say("sent at once, only the last 12 hours of a shift are judged by their calls");
            }
            let sent = block_on(send(args, &story))?;
            out.object(&sent)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The story at the time at which it is sent: its last item is dated when it goes out. Nothing is
/// dated ahead, so that a shift played slower than it happened falls behind instead.
fn dated(shift: &Shift, speed: f64) -> Story {
    let story = shift.run();
    let (Some(first), Some(last)) = (story.items.first(), story.items.last()) else {
        return story;
    };
    let length = last.at.since(first.at);
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "milliseconds of some hours"
    )]
    let played = match speed > 0.0 {
        true => ((length as f64 / speed) as i64).min(length),
        false => 0,
    };
    let begin = ringfence_server::clock::now() + played - length;
    // Everything in a story is told from its start on.
    Shift {
        start: shift.start + begin.since(first.at),
        ..shift.clone()
    }
    .run()
}

fn at(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input_text(format!("cannot write `{}`: {error}", path.display()))
}

fn write(path: &Path, story: &Story) -> Result<(), Failure> {
    let mut out: Box<dyn std::io::Write> = if path == Path::new("-") {
        Box::new(std::io::BufWriter::new(std::io::stdout().lock()))
    } else {
        let file = std::fs::File::create(path).map_err(|e| at(path, &e))?;
        Box::new(std::io::BufWriter::new(file))
    };
    for item in &story.items {
        serde_json::to_writer(&mut out, &item.to_ocsf_json()).map_err(Failure::input)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Each system that reports is a source of its own: the join judges silence and skew by source.
type Senders = BTreeMap<(Feed, Place), Api>;

async fn send(args: &Simulate, story: &Story) -> Result<Value, Failure> {
    let admin = Api::new(&args.server)?;
    let senders = senders(&admin, args, story).await?;
    let bar = ProgressBar::new(story.items.len() as u64).with_style(
        ProgressStyle::with_template("{wide_bar} {pos}/{len} events {per_sec} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let began = Instant::now();
    let mut totals = Totals::default();
    let mut rest = story.items.as_slice();
    while let Some(first) = rest.first() {
        let due = due(args, story, first).max(paced(args, totals.sent()));
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            () = tokio::time::sleep_until((began + due).into()) => {}
        }
        // Paced: what falls due within the same moment; unpaced: a fair bite.
        let upto = match args.speed > 0.0 {
            true => rest.partition_point(|i| self::due(args, story, i) <= due + PACE),
            false => rest.len(),
        };
        // At a rate, bites of a tenth of a second.
        let most = match usize::try_from(args.rate).unwrap_or(0) / 10 {
            0 => BATCH,
            tenth => tenth.min(BATCH),
        };
        let (bite, later) = rest.split_at(upto.clamp(1, most).min(rest.len()));
        post(&senders, bite, &mut totals).await?;
        bar.inc(bite.len() as u64);
        rest = later;
    }
    bar.finish_and_clear();
    let secs = began.elapsed().as_secs_f64();
    Ok(json!({
        "events": totals.accepted + totals.duplicates, "accepted": totals.accepted,
        "duplicates": totals.duplicates, "rejected": totals.rejected,
        "seconds": (secs * 10.0).round() / 10.0, "insiders": story.truth.insiders,
    }))
}

/// Items that fall due so close together go out together.
const PACE: Duration = Duration::from_millis(100);

fn due(args: &Simulate, story: &Story, item: &Item) -> Duration {
    if args.speed <= 0.0 {
        return Duration::ZERO;
    }
    let start = story.items.first().map_or(item.at, |i| i.at);
    let ms = u64::try_from(item.at.since(start)).unwrap_or(0);
    Duration::from_millis(ms).div_f64(args.speed)
}

/// When the next event may go out at the rate that was asked for.
fn paced(args: &Simulate, sent: u64) -> Duration {
    match args.rate {
        0 => Duration::ZERO,
        rate => Duration::from_millis(sent * 1_000 / u64::from(rate)),
    }
}

#[derive(Default)]
struct Totals {
    accepted: u64,
    duplicates: u64,
    rejected: u64,
}

impl Totals {
    fn sent(&self) -> u64 {
        self.accepted + self.duplicates + self.rejected
    }
}

async fn post(senders: &Senders, items: &[Item], totals: &mut Totals) -> Result<(), Failure> {
    let mut bodies: BTreeMap<(Feed, Place), Vec<u8>> = BTreeMap::new();
    for item in items {
        let body = bodies.entry((item.feed, item.place)).or_default();
        serde_json::to_writer(&mut *body, &item.to_ocsf_json()).map_err(Failure::input)?;
        body.push(b'\n');
    }
    for (key, body) in bodies {
        let Some(api) = senders.get(&key) else {
            continue;
        };
        let answer = deliver(api, body).await?;
        let count = |key: &str| answer.get(key).and_then(Value::as_u64).unwrap_or(0);
        totals.accepted += count("accepted");
        totals.duplicates += count("duplicates");
        totals.rejected += count("rejected");
    }
    Ok(())
}

/// Sends until it is taken: every event carries its uid, so a repetition changes nothing.
async fn deliver(api: &Api, body: Vec<u8>) -> Result<Value, Failure> {
    let mut tried = 0;
    loop {
        let request = api
            .request(Method::POST, "/api/v1/events")
            .map_err(Failure::usage)?;
        let request = request
            .header("content-type", "application/x-ndjson")
            .body(body.clone());
        match api.json(request).await {
            Ok(answer) => return Ok(answer),
            Err(failure) if tried >= TRIES => return Err(failure),
            Err(_) => {
                tried += 1;
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
    }
}

/// A source for each system, made with the administrator's token or given a new token if it is
/// there from an earlier run.
async fn senders(admin: &Api, args: &Simulate, story: &Story) -> Result<Senders, Failure> {
    let request = admin
        .request(Method::GET, "/api/v1/sources")
        .map_err(Failure::usage)?;
    let known = admin.json(request).await?;
    let known = known
        .get("items")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut senders = Senders::new();
    for item in &story.items {
        let key = (item.feed, item.place);
        if senders.contains_key(&key) {
            continue;
        }
        let name = format!("sim-{}-{}", item.place.as_str(), item.feed.as_str());
        let found = known
            .iter()
            .find(|s| s.get("name").and_then(Value::as_str) == Some(&name));
        let id = found.and_then(|s| s.get("id")).and_then(Value::as_str);
        let (path, body) = match id {
            Some(id) => (format!("/api/v1/sources/{id}/rotate"), json!({})),
            None => ("/api/v1/sources".to_owned(), new_source(&name, item)),
        };
        let request = admin.request(Method::POST, &path).map_err(Failure::usage)?;
        let made = admin.json(request.json(&body)).await?;
        let token = made
            .get("token")
            .and_then(Value::as_str)
            .unwrap_or_default();
        senders.insert(key, admin.with_token(token));
    }
    say(format_args!(
        "{} sources, {} events, seed {}",
        senders.len(),
        story.items.len(),
        args.seed
    ));
    Ok(senders)
}

fn new_source(name: &str, item: &Item) -> Value {
    let telephony = matches!(
        item.feed,
        Feed::Dialer | Feed::Agents | Feed::Sip | Feed::Cdr
    );
    json!({
        "name": name, "kind": "http", "program": "default", "site": item.place.as_str(),
        "classes": "*", "grants": if telephony { json!(["call-state"]) } else { json!([]) },
        "allowed_peers": [], "expect_every_secs": null,
    })
}

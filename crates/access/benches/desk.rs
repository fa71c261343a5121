//! Decisions at 10,000 a second on one core: what one costs and how long the slowest take, with nobody else
//! at the call join, beside one that is fed as a large contact center would, and beside one that is fed as
//! fast as it goes. The limit beside it: the same questions alone, as fast as they go.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    missing_docs,
    reason = "bench code"
)]

#[path = "../../calls/tests/common/mod.rs"]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ringfence_access::{Access, Answer, Asker, Calls, Decided, Evaluation, Journal};
use ringfence_calls::{Board, Join, JoinConfig};
use ringfence_event::{CallState, Event, Time};
use ringfence_policy::{CallNow, Policies, builtin};
use ringfence_simulate::Shift;
use serde_json::json;

const RATE: u32 = 10_000;
const SECONDS: u32 = 5;
const ALONE: u32 = 50_000;
/// Events a second: more than a contact center with some thousand agents sends.
const FED: u32 = 10_000;

/// A join that is fed by one thread and asked by another.
struct Shared(Arc<Board>);

impl Calls for Shared {
    fn of(&self, program: &str, agent: &str, customer: Option<&str>) -> Option<CallNow> {
        let facts = self.0.ask(program, agent, customer, self.0.now())?;
        let state = match facts.state {
            CallState::Live => "live",
            CallState::WrapUp => "wrap_up",
            CallState::None => "none",
            CallState::Unknown => "unknown",
        };
        Some(CallNow {
            state: state.to_owned(),
            same_customer: facts.same_customer,
            ..CallNow::default()
        })
    }

    fn agents(&self, _: &str, _: usize) -> Vec<String> {
        Vec::new()
    }

    fn customers(&self, _: &str, _: &str) -> Vec<String> {
        Vec::new()
    }
}

#[derive(Default)]
struct Counted(AtomicUsize);

impl Journal for Counted {
    fn decided(&self, _: Decided) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() {
    let shift = Shift {
        hours: 2,
        ..Shift::default()
    };
    let events: Vec<Event> = shift.run().items.iter().map(common::adapt).collect();
    let mut join = Join::new(JoinConfig::default());
    let mut out = Vec::new();
    for (offset, event) in (0..).zip(&events) {
        join.on_event(offset, event, &mut out);
    }
    let program = events[0].keys.program.to_string();
    let agents: Vec<String> = join.agents_of(&program).map(str::to_owned).collect();
    assert!(agents.len() > 100, "the shift has agents");
    let journal = Arc::new(Counted::default());
    let access = Access::new(
        Policies::load(&builtin::files()).unwrap(),
        Arc::new(Shared(join.board())),
        Arc::clone(&journal) as Arc<dyn Journal>,
    );
    let asker = Asker {
        name: "crm".to_owned(),
        programs: [program].into(),
        everywhere: false,
    };
    let question = |agent: &String| {
        let body = json!({
            "subject": {"type": "agent", "id": agent},
            "action": {"name": "customer-record:open"},
            "resource": {"type": "customer-record", "id": "C-1001"},
        });
        Evaluation::read(body.to_string().as_bytes()).unwrap()
    };
    let questions: Vec<Evaluation> = agents.iter().map(question).collect();
    let ask = |i: u32| {
        let asked = &questions[i as usize % questions.len()];
        access.evaluate(&asker, asked).unwrap()
    };

    let begun = Instant::now();
    let allowed = (0..ALONE).filter(|i| ask(*i).decision).count();
    let alone = begun.elapsed().as_secs_f64() / f64::from(ALONE) * 1e6;
    let rate = 1e6 / alone;
    println!("alone: {alone:.1} µs a decision, {rate:.0} a second; {allowed} of {ALONE} allowed");

    let goal = |name: &str, value: f64, wanted: f64, ok: bool| {
        let word = if ok { "ok" } else { "short" };
        println!("goal {name} measured {value:.0} wanted {wanted:.0} {word}");
    };
    let quiet = Paced::run(&ask);
    quiet.say("nobody feeds the join");
    goal(
        "decision-p99-us-quiet",
        quiet.at(0.99),
        1_000.0,
        quiet.at(0.99) <= 1_000.0,
    );
    let mut join = join;
    for (name, pace) in [("fed", Some(FED)), ("flooded", None)] {
        let stop = AtomicBool::new(false);
        let (taken, fed, back) = std::thread::scope(|scope| {
            let feeder = scope.spawn(|| feed(&events, join, pace, &stop));
            let taken = Paced::run(&ask);
            stop.store(true, Ordering::Relaxed);
            let (fed, back) = feeder.join().unwrap();
            (taken, fed, back)
        });
        join = back;
        taken.say(&format!(
            "beside {:.0} events/s",
            f64::from(fed) / taken.lasted
        ));
        let p99 = taken.at(0.99);
        goal(
            &format!("decision-p99-us-{name}"),
            p99,
            1_000.0,
            p99 <= 1_000.0,
        );
        let rate = taken.rate();
        goal(
            &format!("decisions-per-second-{name}"),
            rate,
            9_990.0,
            rate >= 9_990.0,
        );
    }
    assert_eq!(
        journal.0.load(Ordering::Relaxed),
        (ALONE + 3 * RATE * SECONDS) as usize
    );
}

/// Decisions that were due one after the other.
struct Paced {
    /// From when each was due, sorted: one that waits for the one before it has waited.
    took: Vec<Duration>,
    /// From when each was asked, sorted.
    each: Vec<Duration>,
    lasted: f64,
    queued_ms: f64,
}

impl Paced {
    fn run(ask: &impl Fn(u32) -> Answer) -> Self {
        let (mut took, mut each) = (Vec::new(), Vec::new());
        let queued = queued_ms();
        let begun = Instant::now();
        for i in 0..RATE * SECONDS {
            let due = begun + Duration::from_secs(1) * i / RATE;
            while Instant::now() < due {
                std::hint::spin_loop();
            }
            let asked = Instant::now();
            ask(i);
            each.push(asked.elapsed());
            took.push(due.elapsed());
        }
        let lasted = begun.elapsed().as_secs_f64();
        took.sort();
        each.sort();
        Self {
            took,
            each,
            lasted,
            queued_ms: queued_ms() - queued,
        }
    }

    fn rate(&self) -> f64 {
        self.took.len() as f64 / self.lasted
    }

    /// Microseconds.
    fn at(&self, share: f64) -> f64 {
        of(&self.took, share)
    }

    fn say(&self, beside: &str) {
        println!(
            "{beside}: {:.0} decisions/s, p50 {:.0}, p90 {:.0}, p99 {:.0}, p99.9 {:.0} µs; each by itself p50 \
             {:.0}, p99 {:.0} µs; {:.0} ms of {:.0} spent waiting for a processor",
            self.rate(),
            self.at(0.5),
            self.at(0.9),
            self.at(0.99),
            self.at(0.999),
            of(&self.each, 0.5),
            of(&self.each, 0.99),
            self.queued_ms,
            self.lasted * 1e3,
        );
    }
}

fn of(all: &[Duration], share: f64) -> f64 {
    all[((all.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6
}

/// How long this thread has waited for a processor that others had: figures taken beside that are
/// the machine's.
fn queued_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = text
        .split_whitespace()
        .nth(1)
        .and_then(|ns| ns.parse().ok());
    ns.unwrap_or(0.0) / 1e6
}

/// The shift again and again, each time later, at so many events a second or as fast as it goes. Answers how
/// many events there were, and the join.
fn feed(events: &[Event], mut join: Join, pace: Option<u32>, stop: &AtomicBool) -> (u32, Join) {
    let (mut out, mut fed) = (Vec::new(), 0);
    let (first, last) = (events[0].received, events.last().unwrap().received);
    let begun = Instant::now();
    for round in 1.. {
        let later = last.since(first) * round;
        for event in events {
            if stop.load(Ordering::Relaxed) {
                return (fed, join);
            }
            // In batches, as they come from the event log.
            if let Some(pace) = pace
                && fed % 100 == 0
            {
                let due = begun + Duration::from_secs(1) * fed / pace;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            let mut event = event.clone();
            event.time = Time(event.time.0 + later);
            event.received = Time(event.received.0 + later);
            join.on_event(u64::from(fed) + 1_000_000_000, &event, &mut out);
            out.clear();
            fed += 1;
        }
    }
    (fed, join)
}

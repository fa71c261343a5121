//! Ingest, size and look-ups of the lake beside DuckDB on the same lines and files.
//!
//! `RINGFENCE_BENCH_EVENTS` is the number of events that are looked up in (default 10
//! million, made once and kept in `RINGFENCE_BENCH_DIR`, default
//! `~/.cache/ringfence/bench-lake`), `RINGFENCE_BENCH_LINES` that of the lines to take in
//! (default 600,000), `RINGFENCE_PYTHON` a Python with `duckdb`. Rates are by CPU time, so
//! that a busy machine does not change them; look-ups are told by the clock, too.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a bench prints its table and may fail"
)]

mod peer;
mod set;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ringfence_lake::{Config, Lake, Limits, Pace, Scope};
use set::Source;

/// Rows of one commit: what a minute brings at a good rate.
const COMMIT_ROWS: u64 = 100_000;

fn main() {
    let number = |name: &str, default| {
        std::env::var(name).map_or(default, |text| text.parse::<u64>().unwrap())
    };
    let events = number("RINGFENCE_BENCH_EVENTS", 10_000_000);
    let lines = number("RINGFENCE_BENCH_LINES", 600_000);
    let home = std::env::var("HOME").unwrap_or_default();
    let folder = std::env::var("RINGFENCE_BENCH_DIR").map_or_else(
        |_| Path::new(&home).join(".cache/ringfence/bench-lake"),
        PathBuf::from,
    );
    std::fs::create_dir_all(&folder).unwrap();

    let columns = ingest("columns", lines, Source::Columns);
    let ocsf = ingest("with ocsf", lines, Source::Ocsf);
    let whole = ingest("with ocsf, raw", lines, Source::Whole);

    let lake = prepared(&folder, events);
    let queries = queries(events);
    let measured: Vec<_> = queries
        .iter()
        .map(|(name, sql)| ask(&lake, name, sql))
        .collect();
    let file = folder.join("lines.ndjson");
    write_lines(&file, lines);
    match peer::duckdb(&file, &lake.files(), &queries) {
        None => println!("duckdb not measured: RINGFENCE_PYTHON names no Python with duckdb"),
        Some(peer) => {
            let at = |path: &str| peer.pointer(path).and_then(serde_json::Value::as_f64);
            println!(
                "duckdb {}: ingest of the columns {:.0} ev/CPU-s, {:.1} B/event",
                peer["version"],
                at("/ingest").unwrap_or(f64::NAN),
                at("/bytes").unwrap_or(f64::NAN)
            );
            for (name, _) in &queries {
                println!(
                    "duckdb {name:<12} {:>8.1} ms wall {:>8.1} ms CPU {:>6} rows",
                    at(&format!("/{name}/wall")).unwrap_or(f64::NAN),
                    at(&format!("/{name}/cpu")).unwrap_or(f64::NAN),
                    at(&format!("/{name}/rows")).unwrap_or(f64::NAN)
                );
            }
        }
    }
    std::fs::remove_file(file).unwrap();
    let least = |name, measured: f64, wanted: f64| {
        goal(name, measured, wanted, measured >= wanted);
    };
    let most = |name: &str, measured: f64, wanted: f64| {
        goal(name, measured, wanted, measured <= wanted);
    };
    least("lake-ingest-events-per-cpu-second", columns.rate, 200_000.0);
    least(
        "lake-ingest-whole-events-per-cpu-second",
        whole.rate,
        200_000.0,
    );
    most("lake-bytes-per-event-without-raw", ocsf.bytes, 90.0);
    for (name, cpu) in measured.iter().filter(|(name, _)| name.starts_with("by-")) {
        most(&format!("lake-look-up-{name}-cpu-ms"), *cpu, 150.0);
    }
}

fn goal(name: &str, measured: f64, wanted: f64, ok: bool) {
    let verdict = if ok { "ok" } else { "short" };
    println!("goal {name} measured {measured:.1} wanted {wanted:.0} {verdict}");
}

struct Taken {
    rate: f64,
    bytes: f64,
}

/// From JSON lines in memory to committed files.
fn ingest(what: &str, lines: u64, source: Source) -> Taken {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path(), Config::default()).unwrap();
    let mut spent = [Duration::ZERO; 3];
    let mut json_bytes = 0;
    for from in (0..lines).step_by(COMMIT_ROWS as usize) {
        let to = (from + COMMIT_ROWS).min(lines);
        let texts: Vec<String> = (from..to).map(set::line).collect();
        json_bytes += texts.iter().map(String::len).sum::<usize>();
        let start = cpu_time();
        let rows: Vec<_> = texts
            .iter()
            .zip(from..)
            .map(|(text, offset)| set::row(offset, text, source))
            .collect();
        let parse = cpu_time() - start;
        let start = cpu_time();
        for some in rows.chunks(500) {
            lake.push(some).unwrap();
        }
        drop(rows);
        let push = cpu_time() - start;
        let start = cpu_time();
        lake.commit(to - 1).unwrap();
        for (sum, part) in spent.iter_mut().zip([parse, push, cpu_time() - start]) {
            *sum += part;
        }
    }
    let micros = |d: Duration| d.as_secs_f64() * 1e6 / lines as f64;
    let taken = Taken {
        rate: lines as f64 / spent.iter().sum::<Duration>().as_secs_f64(),
        bytes: lake.status().file_bytes as f64 / lines as f64,
    };
    println!(
        "ingest {what:<15} {:>8.0} ev/CPU-s ({:.2} us parse, {:.2} push, {:.2} commit), {:.1} B/event of {} B JSON",
        taken.rate,
        micros(spent[0]),
        micros(spent[1]),
        micros(spent[2]),
        taken.bytes,
        json_bytes as u64 / lines,
    );
    taken
}

/// The lake to look up in: made on the first run.
fn prepared(folder: &Path, events: u64) -> Lake {
    let dir = folder.join(format!("lake-{events}"));
    let config = Config {
        file_retention: Duration::ZERO,
        ..Config::default()
    };
    let lake = Lake::open(&dir, config).unwrap();
    let from = lake.committed_offset().map_or(0, |offset| offset + 1);
    for at in (from..events).step_by(COMMIT_ROWS as usize) {
        let to = (at + COMMIT_ROWS).min(events);
        for some in (at..to).step_by(5_000) {
            let until = (some + 5_000).min(to);
            let lines: Vec<_> = (some..until).map(|o| (o, set::line(o))).collect();
            let rows: Vec<_> = lines
                .iter()
                .map(|(offset, line)| set::row(*offset, line, Source::Whole))
                .collect();
            lake.push(&rows).unwrap();
        }
        lake.commit(to - 1).unwrap();
    }
    lake.compact(true, &Pace::full()).unwrap();
    lake.vacuum(false).unwrap();
    let status = lake.status();
    println!(
        "lake of {} events: {} files, {:.1} B/event with ocsf and raw",
        status.file_rows,
        status.files,
        status.file_bytes as f64 / status.file_rows as f64
    );
    lake
}

fn queries(events: u64) -> Vec<(&'static str, String)> {
    let keys = set::keys(events / 3);
    let of = |column: &str, value: &str| {
        format!(
            "SELECT CAST(time AS VARCHAR) AS t, event_id, activity_name, agent, message FROM events \
             WHERE {column} = '{value}' ORDER BY time DESC LIMIT 100"
        )
    };
    vec![
        ("by-call", of("call_uid", &keys.call)),
        ("by-number", of("caller", &keys.caller)),
        ("by-customer", of("customer", &keys.customer)),
        ("by-user", of("user_name", &keys.user)),
        ("by-address", of("src_ip", &keys.address)),
        ("miss", of("customer", "C-none")),
        (
            "user-count",
            format!(
                "SELECT count(*) AS n FROM events WHERE user_name = '{}'",
                keys.user
            ),
        ),
    ]
}

/// CPU time of a query in milliseconds: that of all its threads, so that a machine which is
/// busy with something else does not change it. Beside it, the median by the clock.
fn ask<'a>(lake: &Lake, name: &'a str, sql: &str) -> (&'a str, f64) {
    const RUNS: usize = 7;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let once = || {
        let start = Instant::now();
        let answer = runtime.block_on(lake.query(sql, Scope::All, Limits::default()));
        (start.elapsed(), answer.unwrap().rows.len())
    };
    let (first, rows) = once();
    let before = cpu_time();
    let mut walls: Vec<_> = (0..RUNS).map(|_| once().0).collect();
    let cpu = (cpu_time() - before).as_secs_f64() * 1000.0 / RUNS as f64;
    walls.sort_unstable();
    let ms = |d: Duration| d.as_secs_f64() * 1000.0;
    let wall = ms(walls[RUNS / 2]);
    println!(
        "query {name:<12} {wall:>8.1} ms wall {cpu:>8.1} ms CPU {rows:>6} rows (first {:.0} ms)",
        ms(first)
    );
    (name, cpu)
}

fn write_lines(path: &Path, lines: u64) {
    let mut text = String::new();
    for offset in 0..lines {
        writeln!(text, "{}", set::line(offset)).unwrap();
    }
    std::fs::write(path, text).unwrap();
}

/// CPU time of all threads of this process so far (proc(5), `stat` fields 14 and 15).
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|n| n.parse::<u64>().unwrap())
        .sum();
    // USER_HZ is 100 on every Linux that Rust supports.
    Duration::from_millis(ticks * 10)
}

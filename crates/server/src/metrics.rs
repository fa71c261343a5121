//! Prometheus text exposition (version 0.0.4), written from the counters that exist anyway.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use ringfence_spine::COMMIT_BUCKETS_US;

use crate::child::ChildCounts;
use crate::gauges::{Gauges, LATENCY_MS};
use crate::inside::Inner;

/// A family of counters: the end of its name, its help, and where its value stands.
type Family<T> = (&'static str, &'static str, fn(&T) -> u64);

/// Text being written.
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Label values are names of ours: letters, digits, `._-/` and spaces.
    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (i, (label, text)) in labels.iter().enumerate() {
            let open = if i == 0 { '{' } else { ',' };
            let text = text
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            let _ = write!(self.0, "{open}{label}=\"{text}\"");
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{close} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }
}

/// All metrics.
pub(crate) fn render(inner: &Inner) -> String {
    let mut t = Text(String::with_capacity(8 << 10));
    sources(inner, &mut t);
    connectors(inner, &mut t);
    spine(inner, &mut t);
    operators(inner, &mut t);
    alerts(&inner.gauges, &mut t);
    stages(inner, &mut t);
    queries(inner, &mut t);
    let lake = inner.lake.status();
    t.one(
        "ringfence_lake_tail_rows",
        "gauge",
        "Rows of the hot tail.",
        lake.tail_rows,
    );
    t.one(
        "ringfence_lake_file_rows",
        "gauge",
        "Rows in Parquet files.",
        lake.file_rows,
    );
    t.one(
        "ringfence_lake_files",
        "gauge",
        "Parquet files of the table.",
        lake.files,
    );
    t.one(
        "ringfence_lake_bytes",
        "gauge",
        "Bytes of these files.",
        lake.file_bytes,
    );
    t.one(
        "ringfence_process_resident_bytes",
        "gauge",
        "Resident memory of the process.",
        resident_bytes().unwrap_or(0),
    );
    t.0
}

/// Where processor time goes on the way of an event.
fn stages(inner: &Inner, t: &mut Text) {
    let name = "ringfence_stage_cpu_seconds_total";
    t.family(
        name,
        "counter",
        "Processor time of a stage of the way of an event.",
    );
    let g = &inner.gauges;
    let (read, encode) = inner.intake.cpu();
    for (stage, used) in [
        ("read", read),
        ("encode", encode),
        ("spine", inner.spine.metrics().cpu),
        ("calls", g.calls_cpu.total()),
        ("detect", g.detect_cpu.total()),
        ("snapshots", g.snapshot_cpu.total()),
        ("tail", g.tail_cpu.total()),
        ("files", g.files_cpu.total()),
    ] {
        t.sample(name, &[("stage", stage)], used.as_secs_f64());
    }
}

fn sources(inner: &Inner, t: &mut Text) {
    let counts = inner.intake.counts();
    let families: [Family<ringfence_sources::SourceCount>; 5] = [
        ("accepted", "Records on the event log.", |c| c.accepted),
        (
            "duplicate",
            "Records that were on the event log already.",
            |c| c.duplicates,
        ),
        ("rejected", "Records in quarantine.", |c| c.rejected),
        (
            "lost",
            "Records lost because the sender could not wait.",
            |c| c.lost,
        ),
        ("received_bytes", "Bytes received.", |c| c.bytes),
    ];
    for (name, help, value) in families {
        let name = format!("ringfence_source_{name}_total");
        t.family(&name, "counter", help);
        for (origin, count) in &counts {
            let labels = [
                ("source", origin.source.as_str()),
                ("program", origin.program.as_str()),
            ];
            t.sample(&name, &labels, value(count));
        }
    }
    let families: &[Family<ringfence_sources::CounterSnapshot>] = &[
        ("received", "Records received.", |c| c.received),
        ("lost", "Records that the intake had no room for.", |c| {
            c.lost
        }),
        (
            "kernel_dropped",
            "Datagrams that the kernel dropped.",
            |c| c.kernel_dropped,
        ),
        (
            "refused_peer",
            "Records or connections of peers that are not allowed.",
            |c| c.refused_peer,
        ),
        ("refused_key", "HEP packets with a wrong key.", |c| {
            c.refused_key
        }),
        ("framing_errors", "Streams that broke their framing.", |c| {
            c.framing_errors
        }),
        ("tls_failures", "TLS handshakes that failed.", |c| {
            c.tls_failures
        }),
        ("unreadable", "Files that could not be read.", |c| {
            c.unreadable
        }),
        (
            "vanished",
            "Files that went away before they were read to their end.",
            |c| c.vanished,
        ),
        (
            "connection_failures",
            "Connections that a feed could not make, or lost.",
            |c| c.connection_failures,
        ),
        (
            "logins_refused",
            "Logins that were refused to a feed.",
            |c| c.logins_refused,
        ),
    ];
    for (name, help, value) in families {
        let name = format!("ringfence_listener_{name}_total");
        t.family(&name, "counter", help);
        for listener in inner.listeners.iter() {
            let labels = [
                ("listener", listener.name().as_str()),
                ("transport", listener.transport()),
            ];
            t.sample(&name, &labels, value(&listener.counters()));
        }
    }
}

fn connectors(inner: &Inner, t: &mut Text) {
    let all = inner.connectors.list();
    if all.is_empty() {
        return;
    }
    let families: [Family<ringfence_connectors::Status>; 7] = [
        ("pages", "Pages fetched and messages taken.", |c| {
            c.counters.pages
        }),
        ("accepted", "Records on the event log.", |c| {
            c.counters.accepted
        }),
        (
            "duplicate",
            "Records that were on the event log already.",
            |c| c.counters.duplicates,
        ),
        ("rejected", "Records in quarantine.", |c| {
            c.counters.rejected
        }),
        ("errors", "Requests that failed.", |c| c.counters.errors),
        ("throttled", "Requests to slow down.", |c| {
            c.counters.throttled
        }),
        ("refused", "Messages whose sender proved nothing.", |c| {
            c.counters.refused
        }),
    ];
    let labels = |c: &ringfence_connectors::Status| {
        [
            ("connector", c.name.clone()),
            ("vendor", c.vendor.to_owned()),
        ]
    };
    for (name, help, value) in families {
        let name = format!("ringfence_connector_{name}_total");
        t.family(&name, "counter", help);
        for c in &all {
            let labels = labels(c);
            let labels: Vec<_> = labels.iter().map(|(k, v)| (*k, v.as_str())).collect();
            t.sample(&name, &labels, value(c));
        }
    }
    let name = "ringfence_connector_last_success_seconds";
    t.family(
        name,
        "gauge",
        "When it last worked, in seconds since 1970; 0 never.",
    );
    for c in &all {
        let labels = labels(c);
        let labels: Vec<_> = labels.iter().map(|(k, v)| (*k, v.as_str())).collect();
        t.sample(name, &labels, c.last_success_ms.unwrap_or(0) / 1_000);
    }
}

fn spine(inner: &Inner, t: &mut Text) {
    let m = inner.spine.metrics();
    t.one(
        "ringfence_spine_entries_total",
        "counter",
        "Entries made durable.",
        m.entries,
    );
    t.one(
        "ringfence_spine_commits_total",
        "counter",
        "Group commits.",
        m.commits,
    );
    t.one(
        "ringfence_spine_failures_total",
        "counter",
        "Commits that failed.",
        m.failures,
    );
    t.one(
        "ringfence_spine_duplicates_total",
        "counter",
        "Entries that were there already.",
        m.duplicates,
    );
    t.one(
        "ringfence_spine_refused_total",
        "counter",
        "Entries refused: no room or no disk.",
        m.refused,
    );
    t.one(
        "ringfence_spine_in_flight_bytes",
        "gauge",
        "Bytes under way to the disk.",
        m.in_flight_bytes,
    );
    t.one(
        "ringfence_spine_identities",
        "gauge",
        "Identities that are recognised.",
        m.identities,
    );
    t.one(
        "ringfence_spine_bytes",
        "gauge",
        "Bytes of the log.",
        m.log_bytes,
    );
    let unreadable = inner.entries.unreadable();
    t.one(
        "ringfence_spine_unreadable_total",
        "counter",
        "Entries that could not be decoded.",
        unreadable,
    );
    t.one(
        "ringfence_spine_decoded_total",
        "counter",
        "Entries that a consumer found no longer in memory and read from disk.",
        inner.entries.decoded(),
    );
    let name = "ringfence_spine_commit_seconds";
    t.family(name, "histogram", "Time of write and sync.");
    let mut sum = 0;
    for (bound, count) in COMMIT_BUCKETS_US.iter().zip(m.commit_seconds) {
        sum += count;
        let bound = format!("{}", std::time::Duration::from_micros(*bound).as_secs_f64());
        t.sample(&format!("{name}_bucket"), &[("le", &bound)], sum);
    }
    let all: u64 = m.commit_seconds.iter().sum();
    t.sample(&format!("{name}_bucket"), &[("le", "+Inf")], all);
    t.sample(
        &format!("{name}_sum"),
        &[],
        std::time::Duration::from_micros(m.commit_us).as_secs_f64(),
    );
    t.sample(&format!("{name}_count"), &[], all);
    let name = "ringfence_consumer_lag_entries";
    t.family(
        name,
        "gauge",
        "Entries that a consumer has not worked on yet.",
    );
    for (consumer, lag) in inner.entries.lag() {
        t.sample(name, &[("consumer", consumer)], lag);
    }
    let durable = ringfence_spine::Spine::durable(&*inner.spine).0;
    let name = "ringfence_consumer_unsaved_entries";
    t.family(
        name,
        "gauge",
        "Entries that a restart of a consumer would read again.",
    );
    for (consumer, next) in inner.spine.consumers() {
        t.sample(
            name,
            &[("consumer", &consumer)],
            durable.saturating_sub(next.0),
        );
    }
}

fn operators(inner: &Inner, t: &mut Text) {
    let s = inner.live.picture().stats;
    let g = &inner.gauges;
    t.one(
        "ringfence_calls_known",
        "gauge",
        "Calls that the join keeps.",
        s.calls,
    );
    t.one(
        "ringfence_calls_settling",
        "gauge",
        "Look-ups that wait for their answer.",
        s.settling,
    );
    t.one(
        "ringfence_calls_blind",
        "gauge",
        "Answers that rest on a silence.",
        s.blind,
    );
    let evicted = s.evicted_calls + s.evicted_agents + s.evicted_contacts + s.evicted_strangers;
    t.one(
        "ringfence_calls_evicted_total",
        "counter",
        "Entities that had to go for newer ones.",
        evicted,
    );
    let load = |n: &std::sync::atomic::AtomicUsize| n.load(Ordering::Relaxed);
    t.one(
        "ringfence_detect_groups",
        "gauge",
        "Groups that correlations hold.",
        load(&g.groups),
    );
    let groups = g.groups_evicted.load(Ordering::Relaxed);
    t.one(
        "ringfence_detect_groups_evicted_total",
        "counter",
        "Groups given up early.",
        groups,
    );
    t.one(
        "ringfence_detect_open",
        "gauge",
        "Events that wait for later facts.",
        load(&g.open),
    );
    let dropped = g.open_dropped.load(Ordering::Relaxed);
    t.one(
        "ringfence_detect_open_dropped_total",
        "counter",
        "Events not judged again: too many.",
        dropped,
    );
    t.one(
        "ringfence_detect_waiting",
        "gauge",
        "Events that wait for their facts.",
        load(&g.waiting),
    );
    let pack = inner.packs.borrow();
    t.one("ringfence_rules", "gauge", "Rules in force.", pack.len());
    t.one(
        "ringfence_rule_mistakes",
        "gauge",
        "Rules that cannot be used.",
        pack.mistakes().len(),
    );
}

fn alerts(g: &Gauges, t: &mut Text) {
    let found = g.findings.load(Ordering::Relaxed);
    t.one(
        "ringfence_findings_total",
        "counter",
        "Findings that became part of an alert.",
        found,
    );
    let name = "ringfence_alert_latency_seconds";
    t.family(
        name,
        "histogram",
        "Receipt of the completing event to visible alert.",
    );
    let mut sum = 0;
    for (bound, count) in LATENCY_MS.iter().zip(&g.latency) {
        sum += count.load(Ordering::Relaxed);
        let bound = format!("{}", std::time::Duration::from_millis(*bound).as_secs_f64());
        t.sample(&format!("{name}_bucket"), &[("le", &bound)], sum);
    }
    let all: u64 = g.latency.iter().map(|c| c.load(Ordering::Relaxed)).sum();
    t.sample(&format!("{name}_bucket"), &[("le", "+Inf")], all);
    let ms = g.latency_sum_ms.load(Ordering::Relaxed);
    t.sample(
        &format!("{name}_sum"),
        &[],
        std::time::Duration::from_millis(ms).as_secs_f64(),
    );
    t.sample(&format!("{name}_count"), &[], all);
}

fn queries(inner: &Inner, t: &mut Text) {
    let counts = inner.queries.counts();
    let name = "ringfence_queries_total";
    t.family(name, "counter", "Queries by how they ended.");
    for (end, count) in counts.ends {
        t.sample(name, &[("end", end)], count);
    }
    t.one(
        "ringfence_queries_again_total",
        "counter",
        "Queries asked again because the engine was lost under them.",
        counts.again,
    );
    t.one(
        "ringfence_queries_running",
        "gauge",
        "Queries being answered.",
        counts.running,
    );
    t.one(
        "ringfence_queries_waiting",
        "gauge",
        "Queries that wait for a turn.",
        counts.waiting,
    );
    child("query", &counts.child, t);
}

/// The same figures for every kind of child process.
fn child(name: &str, counts: &ChildCounts, t: &mut Text) {
    let labels = [("child", name)];
    let mut one = |end: &str, kind: &str, help: &str, value: u64| {
        let metric = format!("ringfence_child_{end}");
        t.family(&metric, kind, help);
        t.sample(&metric, &labels, value);
    };
    let resident = counts.pid.and_then(resident_bytes_of).unwrap_or(0);
    let (running, starts, crashes) = (counts.pid.is_some().into(), counts.starts, counts.crashes);
    one("running", "gauge", "Whether the process runs.", running);
    one("starts_total", "counter", "Starts of the process.", starts);
    one(
        "crashes_total",
        "counter",
        "Ends that nobody asked for.",
        crashes,
    );
    one(
        "resident_bytes",
        "gauge",
        "Resident memory of the process.",
        resident,
    );
    let name = "ringfence_child_wall";
    let help = "Whether a wall stands around the process (1) or this system has none (0).";
    t.family(name, "gauge", help);
    for wall in &counts.walls {
        let [child] = labels;
        let standing = u8::from(wall.missing.is_none());
        t.sample(name, &[child, ("wall", &wall.name)], standing);
    }
}

pub(crate) fn resident_bytes() -> Option<u64> {
    resident("self")
}

/// Of another process.
pub(crate) fn resident_bytes_of(pid: u32) -> Option<u64> {
    resident(&pid.to_string())
}

/// From `/proc/…/status`, in bytes.
fn resident(process: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}

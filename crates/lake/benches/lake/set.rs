//! The set: JSON lines of about 500 bytes with 17 columns, as a CRM and a PBX send them.
//!
//! Identities are random and as long as the product's (128 bits in hexadecimal), users and
//! addresses come back all day, callers and calls a few times: nothing is made easier to
//! compress or to find than it is in life.

use ringfence_lake::Row;
use serde::Deserialize;
use std::borrow::Cow;

/// 2026-01-31T08:00:00Z.
const START: i64 = 1_769_846_400_000;
const DAY_MS: u64 = 86_400_000;
/// Events of one day, about 12 a second: a center of 2,000 seats.
const A_DAY: u64 = 2_000_000;
const SEATS: u64 = 2_000;

/// One record as it is sent. Its 17 fields are the set's columns.
#[derive(Deserialize)]
pub(crate) struct Line<'a> {
    time: i64,
    uid: &'a str,
    class_uid: u32,
    class_name: &'a str,
    activity_id: u32,
    activity_name: &'a str,
    severity_id: u8,
    status: &'a str,
    message: &'a str,
    program: &'a str,
    site: &'a str,
    call_uid: &'a str,
    agent: &'a str,
    customer: &'a str,
    caller: &'a str,
    src_ip: &'a str,
    user_name: &'a str,
}

/// What a look-up asks for: the keys of one event.
pub(crate) struct Keys {
    pub(crate) call: String,
    pub(crate) caller: String,
    pub(crate) customer: String,
    pub(crate) user: String,
    pub(crate) address: String,
}

pub(crate) fn keys(offset: u64) -> Keys {
    let line = line(offset);
    let read: Line<'_> = serde_json::from_str(&line).unwrap();
    Keys {
        call: read.call_uid.to_owned(),
        caller: read.caller.to_owned(),
        customer: read.customer.to_owned(),
        user: read.user_name.to_owned(),
        address: read.src_ip.to_owned(),
    }
}

/// The record at a position of the set, as a line of JSON.
pub(crate) fn line(offset: u64) -> String {
    let mut state = mix(offset ^ 0x5bd1_e995);
    let mut pick = |n: u64| {
        state = mix(state);
        state % n
    };
    let span = DAY_MS / A_DAY;
    let time = START + (offset * span + pick(span * 20)) as i64;
    // A seat has a call for a while, and the call has one customer at one number.
    let seat = pick(SEATS);
    let call = mix((offset / (SEATS * 12)) << 16 | seat);
    let customer = mix(call) % 1_500_000;
    let caller = if customer.is_multiple_of(7) {
        // From abroad, or withheld and sent as random digits.
        format!("+4420{:08}", mix(call ^ 1) % 100_000_000)
    } else {
        format!("+1{:010}", 2_012_000_000 + customer * 4_391)
    };
    let (class_uid, class_name, activity_id, activity_name, what) = match pick(4) {
        0 => (3002, "Authentication", 1, "Logon", "signed in at"),
        1 => (
            6005,
            "Datastore Activity",
            1,
            "Read",
            "opened the record on",
        ),
        2 => (4001, "Network Activity", 6, "Traffic", "was heard from"),
        _ => (99_901, "Call Activity", 2, "Answered", "took the call at"),
    };
    // A twentieth comes from outside, from anywhere.
    let address = if pick(20) == 0 {
        let host = pick(60_000);
        format!("203.{}.{}.{}", host % 113, host / 250, host % 250)
    } else {
        format!("10.{}.{}.{}", seat % 4, seat / 250, seat % 250)
    };
    let program = ["gold-card", "telco-care", "utility"][(seat % 3) as usize];
    let (failed, severity) = if pick(40) == 0 {
        ("Failure", 3)
    } else {
        ("Success", 1)
    };
    let (high, low) = (mix(offset ^ 7), mix(offset ^ 11));
    format!(
        "{{\"time\":{time},\"uid\":\"{high:016x}{low:016x}\",\"class_uid\":{class_uid},\"class_name\":\"{class_name}\",\
         \"activity_id\":{activity_id},\"activity_name\":\"{activity_name}\",\"severity_id\":{severity},\"status\":\"{failed}\",\
         \"message\":\"agent-{seat:04} {what} workstation desk-{seat:04}.site-{site}.example.com, port {port}\",\
         \"program\":\"{program}\",\"site\":\"site-{site}\",\"call_uid\":\"{call:016x}{again:016x}\",\"agent\":\"agent-{seat:04}\",\
         \"customer\":\"C-{customer:07}\",\"caller\":\"{caller}\",\"src_ip\":\"{address}\",\"user_name\":\"user{seat:04}@example.com\"}}",
        site = seat % 4,
        port = 1024 + pick(60_000),
        again = mix(call ^ 3),
    )
}

/// A line as a row: what intake does, as far as it concerns the lake.
pub(crate) fn row<'a>(offset: u64, line: &'a str, source: Source) -> Row<'a> {
    let l: Line<'a> = serde_json::from_str(line).unwrap();
    let text = |t: &'a str| Some(Cow::Borrowed(t));
    let (ocsf, raw) = match source {
        Source::Columns => (String::new(), ""),
        Source::Ocsf => (ocsf(&l), ""),
        Source::Whole => (ocsf(&l), line),
    };
    Row {
        offset,
        event_id: l.uid.into(),
        time_ms: l.time,
        received_ms: l.time + (offset % 900) as i64,
        class_uid: l.class_uid,
        class_name: text(l.class_name),
        category_uid: l.class_uid / 1000,
        activity_id: l.activity_id,
        activity_name: text(l.activity_name),
        type_uid: u64::from(l.class_uid) * 100 + u64::from(l.activity_id),
        severity_id: l.severity_id,
        severity: text(if l.severity_id == 1 {
            "Informational"
        } else {
            "Medium"
        }),
        status: text(l.status),
        message: text(l.message),
        program: l.program.into(),
        site: text(l.site),
        source: text("crm-1"),
        call_uid: text(l.call_uid),
        agent: text(l.agent),
        customer: text(l.customer),
        caller: text(l.caller),
        src_ip: text(l.src_ip),
        actor_user: text(l.user_name),
        call_state: text("live"),
        ocsf: ocsf.into(),
        raw: raw.into(),
        ..Row::default()
    }
}

/// What a row keeps besides its columns.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    /// Nothing: what the peer writes.
    Columns,
    /// The event as OCSF.
    Ocsf,
    /// That and the record as it came: what the product writes.
    Whole,
}

fn ocsf(l: &Line<'_>) -> String {
    format!(
        "{{\"status\":\"{}\",\"actor\":{{\"user\":{{\"name\":\"{}\",\"uid\":\"{}\"}}}},\"src_endpoint\":{{\"ip\":\"{}\"}},\
         \"metadata\":{{\"version\":\"1.8.0\",\"product\":{{\"name\":\"CRM\",\"vendor_name\":\"Example\"}}}}}}",
        l.status, l.user_name, l.agent, l.src_ip
    )
}

/// Splitmix64: as good as random, and the same every time.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

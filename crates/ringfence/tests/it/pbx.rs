//! Calls known from the telephone system's control socket alone: no SIP, no detail records.
//!
//! The systems here are stand-ins that speak as Asterisk 20 (`main/manager*.c`, `apps/app_queue.c`)
//! and FreeSWITCH 1.10 (`mod_event_socket.c`) do: fields, order and line ends are theirs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::running::{Server, Start, eventually, look_up, now_ms};

/// A telephone system for one connection at a time.
struct System {
    address: SocketAddr,
    stream: Arc<Mutex<Option<TcpStream>>>,
}

impl System {
    /// Serves connections with `serve`, which answers requests until the peer is gone. `None`
    /// binds any free port.
    fn run(
        address: Option<SocketAddr>,
        serve: impl Fn(&TcpStream, &Mutex<Option<TcpStream>>) + Send + 'static,
    ) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = TcpListener::bind(address.unwrap_or(any)).unwrap();
        let address = socket.local_addr().unwrap();
        let stream = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&stream);
        std::thread::spawn(move || {
            // One connection: for the next one a test makes a new system.
            let (stream, _) = socket.accept().unwrap();
            drop(socket);
            serve(&stream, &shared);
        });
        Self { address, stream }
    }

    fn say(&self, text: &str) {
        let stream = eventually("somebody logs in", 30, || {
            let stream = self.stream.lock().unwrap();
            stream.as_ref().map(|s| s.try_clone().unwrap())
        });
        (&stream).write_all(text.as_bytes()).unwrap();
    }

    /// The connection breaks.
    fn hang_up(&self) {
        let stream = self.stream.lock().unwrap().take().unwrap();
        stream.shutdown(std::net::Shutdown::Both).unwrap();
    }
}

fn config(dir: &Path, kind: &str, user: &str, address: SocketAddr) -> String {
    let secret = dir.join("pbx.secret");
    std::fs::write(&secret, "correct horse\n").unwrap();
    format!(
        "[[source]]\nname = \"pbx\"\ngrants = [\"call-state\"]\n\
         [[feeds.{kind}]]\nname = \"pbx\"\nconnect = \"{address}\"\nuser = \"{user}\"\n\
         secret_file = \"{}\"\nsource = \"pbx\"\nask_secs = 1\n\
         [calls]\nfresh_ms = 5000\n",
        secret.display()
    )
}

/// An agent opens a customer's record now; answers what the look-up's identity is found by.
fn opens_record(server: &Server, crm: &str, agent: &str) -> String {
    let uid = format!("look-{agent}-{}", now_ms());
    let event = look_up(&uid, agent, &format!("C-{uid}"));
    assert_eq!(server.events(crm, event.to_string()).1["accepted"], 1);
    format!("C-{uid}")
}

#[track_caller]
fn call_state(server: &Server, customer: &str, want: &str) {
    let sql = format!("SELECT call_state, call_uid FROM events WHERE customer = '{customer}'");
    let mut last = json!(null);
    for _ in 0..1_200 {
        last = server.sql(&sql).first().cloned().unwrap_or_default();
        if last["call_state"] == want {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    let heard = server.sql(
        "SELECT class_name, activity_name, agent, call_uid, message FROM events WHERE source = 'pbx' \
         AND message <> 'Asterisk answers'",
    );
    panic!("{want} wanted, not {last}; heard: {heard:#?}");
}

// ---- Asterisk ---------------------------------------------------------------

fn event(name: &str, class: &str, fields: &str) -> String {
    let now = timestamp();
    format!("Event: {name}\r\nPrivilege: {class},all\r\nTimestamp: {now}\r\n{fields}\r\n")
}

/// Seconds, with microseconds behind the point.
fn timestamp() -> String {
    let now = now_ms();
    format!("{}.{:03}000", now / 1_000, now % 1_000)
}

/// A channel as `manager_channels.c` writes it.
fn channel(prefix: &str, name: &str, state: (u8, &str), number: &str, unique: &str) -> String {
    [
        ("Channel", name),
        ("ChannelState", &state.0.to_string()),
        ("ChannelStateDesc", state.1),
        ("CallerIDNum", number),
        ("CallerIDName", "<unknown>"),
        ("ConnectedLineNum", "<unknown>"),
        ("ConnectedLineName", "<unknown>"),
        ("Language", "en"),
        ("AccountCode", ""),
        ("Context", "from-trunk"),
        ("Exten", "600"),
        ("Priority", "1"),
        ("Uniqueid", unique),
        ("Linkedid", "1795339800.17"),
    ]
    .map(|(field, value)| format!("{prefix}{field}: {value}\r\n"))
    .concat()
}

const CALLER: &str = "PJSIP/trunk-berlin-0000002a";
const AGENT: &str = "PJSIP/1001-0000002b";
const UP: (u8, &str) = (6, "Up");

fn member(extension: &str, status: u8) -> String {
    format!(
        "Event: QueueMember\r\nQueue: sales\r\nName: Agent {extension}\r\n\
         Location: PJSIP/{extension}\r\nStateInterface: PJSIP/{extension}\r\n\
         Membership: dynamic\r\nPenalty: 0\r\nCallsTaken: 0\r\nLastCall: 0\r\nLastPause: 0\r\n\
         LoginTime: 0\r\nInCall: 0\r\nStatus: {status}\r\nPaused: 0\r\nPausedReason: \r\n\
         Wrapuptime: 0\r\nActionID: ringfence-agents\r\n\r\n"
    )
}

/// Speaks as Asterisk does, with these channels up.
fn asterisk(address: Option<SocketAddr>, channels: &'static [(&str, &str)]) -> System {
    System::run(address, move |stream, logged_in| {
        let mut out = stream;
        out.write_all(b"Asterisk Call Manager/9.0.0\r\n").unwrap();
        let mut input = BufReader::new(stream);
        loop {
            let mut action = String::new();
            while !action.ends_with("\r\n\r\n") {
                if input.read_line(&mut action).unwrap_or(0) == 0 {
                    return;
                }
            }
            let is = |name: &str| action.starts_with(&format!("Action: {name}\r\n"));
            let answer = if is("Login") {
                assert!(action.contains("Username: ringfence\r\nSecret: correct horse\r\n"));
                assert!(!action.contains("dtmf") && !action.contains("dialplan"));
                let booted = event("FullyBooted", "system", "Status: Fully Booted\r\n");
                "Response: Success\r\nActionID: ringfence-login\r\n\
                 Message: Authentication accepted\r\n\r\n"
                    .to_owned()
                    + &booted
            } else if is("CoreShowChannels") {
                let list = channels.iter().map(|(name, unique)| {
                    format!(
                        "Event: CoreShowChannel\r\nActionID: ringfence-calls\r\n{}Application: \
                         Queue\r\nApplicationData: sales\r\nDuration: 00:00:10\r\nBridgeId: b1\r\n\r\n",
                        channel("", name, UP, "+12125550100", unique)
                    )
                });
                list.collect::<String>()
                    + "Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: 0\r\n\r\n"
            } else if is("QueueStatus") {
                *logged_in.lock().unwrap() = Some(stream.try_clone().unwrap());
                member("1001", 1) + &member("1002", 1)
            } else {
                assert!(is("Ping"), "{action}");
                let now = timestamp();
                format!(
                    "Response: Success\r\nActionID: ringfence-alive\r\nPing: Pong\r\n\
                     Timestamp: {now}\r\n\r\n"
                )
            };
            if out.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    })
}

/// A customer calls the queue, and agent 1001 answers.
fn a_call_is_answered() -> String {
    let caller = channel("", CALLER, UP, "+12125550100", "1795339800.17");
    let agent = |state| channel("", AGENT, state, "1001", "1795339800.18");
    let dest = channel("Dest", AGENT, (5, "Ringing"), "1001", "1795339800.18");
    let queue = "Queue: sales\r\nInterface: PJSIP/1001\r\nMemberName: Agent 1001\r\n";
    let bridge = "BridgeUniqueid: b1\r\nBridgeType: basic\r\nBridgeTechnology: simple_bridge\r\n\
                  BridgeCreator: <unknown>\r\nBridgeName: <unknown>\r\nBridgeNumChannels: 2\r\n\
                  BridgeVideoSourceMode: none\r\n";
    [
        event(
            "Newchannel",
            "call",
            &channel("", CALLER, (4, "Ring"), "+12125550100", "1795339800.17"),
        ),
        event("Newstate", "call", &caller),
        event(
            "QueueCallerJoin",
            "agent",
            &format!("{caller}Queue: sales\r\nPosition: 1\r\nCount: 1\r\n"),
        ),
        event("Newchannel", "call", &agent((0, "Down"))),
        event("AgentCalled", "agent", &format!("{caller}{dest}{queue}")),
        event("Newstate", "call", &agent((5, "Ringing"))),
        event("Newstate", "call", &agent(UP)),
        event(
            "AgentConnect",
            "agent",
            &format!("{caller}{dest}{queue}HoldTime: 3\r\nRingTime: 2\r\n"),
        ),
        event("BridgeEnter", "call", &format!("{bridge}{}", agent(UP))),
        event("MixMonitorStart", "call", &caller),
        // Of a class that we did not ask for, and from a dial plan that holds secrets.
        event(
            "VarSet",
            "dialplan",
            &format!("{caller}Variable: CARD\r\nValue: 4111111111111111\r\n"),
        ),
    ]
    .concat()
}

fn hangup(name: &str, unique: &str) -> String {
    let channel = channel("", name, UP, "1001", unique);
    event(
        "Hangup",
        "call",
        &format!("{channel}Cause: 16\r\nCause-txt: Normal Clearing\r\n"),
    )
}

#[test]
fn asterisk_tells_who_is_on_a_call_and_its_silence_is_not_taken_for_none() {
    let dir = tempfile::tempdir().unwrap();
    let pbx = asterisk(None, &[]);
    let address = pbx.address;
    let config = config(dir.path(), "asterisk", "ringfence", address);
    let server = Start::on(&dir.path().join("data")).config(config).run();
    let crm = server.source("crm", &json!({}));
    pbx.say(&a_call_is_answered());
    let sql = "SELECT count(*) AS n FROM events WHERE class_name = 'Recording Activity'";
    eventually("the recording is known", 30, || {
        (server.count(sql) == 1).then_some(())
    });
    let on_it = opens_record(&server, &crm, "1001");
    let idle = opens_record(&server, &crm, "1002");
    call_state(&server, &on_it, "live");
    call_state(&server, &idle, "none");
    let rows = server.sql("SELECT count(*) AS n FROM events WHERE message LIKE '%4111%'");
    assert_eq!(rows[0]["n"], 0);

    // Nobody is there: what 1002 does now cannot be judged.
    pbx.hang_up();
    let blind = opens_record(&server, &crm, "1002");
    call_state(&server, &blind, "unknown");

    // Back again, with the call still up; then it ends.
    let pbx = asterisk(
        Some(address),
        &[(CALLER, "1795339800.17"), (AGENT, "1795339800.18")],
    );
    pbx.say("");
    let again = opens_record(&server, &crm, "1001");
    call_state(&server, &again, "live");
    pbx.say(&(hangup(AGENT, "1795339800.18") + &hangup(CALLER, "1795339800.17")));
    let ended =
        "SELECT count(*) AS n FROM events WHERE class_uid = 99904001 AND activity_name = 'Ended'";
    eventually("the call is over", 30, || {
        (server.count(ended) == 1).then_some(())
    });
    let after = opens_record(&server, &crm, "1001");
    call_state(&server, &after, "wrap_up");
}

// ---- FreeSWITCH -------------------------------------------------------------

fn esl(body: &Value) -> String {
    let body = body.to_string();
    format!(
        "Content-Length: {}\nContent-Type: text/event-json\n\n{body}",
        body.len()
    )
}

fn switch_event(name: &str, sequence: u32, more: Value) -> String {
    let mut event = json!({
        "Event-Name": name, "Core-UUID": "c0", "FreeSWITCH-Hostname": "pbx",
        "Event-Date-Timestamp": format!("{}000", now_ms()),
        "Event-Sequence": sequence.to_string(),
        "variable_sip_h_X-Card": "4111111111111111",
    });
    for (field, value) in more.as_object().unwrap() {
        event[field] = value.clone();
    }
    esl(&event)
}

fn freeswitch() -> System {
    System::run(None, |stream, logged_in| {
        let mut out = stream;
        out.write_all(b"Content-Type: auth/request\n\n").unwrap();
        let mut input = BufReader::new(stream);
        loop {
            let mut command = String::new();
            while !command.ends_with("\n\n") {
                if input.read_line(&mut command).unwrap_or(0) == 0 {
                    return;
                }
            }
            let api = |body: &str| {
                format!(
                    "Content-Type: api/response\nContent-Length: {}\n\n{body}",
                    body.len()
                )
            };
            let answer = match command.trim() {
                "auth correct horse" => {
                    "Content-Type: command/reply\nReply-Text: +OK accepted\n\n".to_owned()
                }
                c if c.starts_with("event json ") => {
                    assert!(c.contains("CUSTOM callcenter::info") && !c.contains("DTMF"));
                    "Content-Type: command/reply\nReply-Text: +OK event listener enabled json\n\n"
                        .to_owned()
                }
                "api show channels as json" => {
                    *logged_in.lock().unwrap() = Some(stream.try_clone().unwrap());
                    api(
                        r#"{"row_count":1,"rows":[{"uuid":"u-3","direction":"outbound",
                        "name":"sofia/internal/1003@10.0.0.1","state":"CS_EXCHANGE_MEDIA",
                        "callstate":"ACTIVE","cid_num":"+12125550177","dest":"1003",
                        "presence_id":"1003@pbx","call_uuid":"c-3"}]}"#,
                    )
                }
                other => {
                    assert_eq!(other, "api hostname");
                    api("pbx")
                }
            };
            if out.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    })
}

#[test]
fn freeswitch_tells_who_is_on_a_call() {
    let dir = tempfile::tempdir().unwrap();
    let pbx = freeswitch();
    let config = config(dir.path(), "freeswitch", "", pbx.address);
    let server = Start::on(&dir.path().join("data")).config(config).run();
    let crm = server.source("crm", &json!({}));
    let leg = |uuid: &str, name: &str| {
        json!({
            "Unique-ID": uuid, "Channel-Call-UUID": "c-1", "Channel-Name": name,
            "Call-Direction": if uuid == "c-1" { "inbound" } else { "outbound" },
            "Caller-Caller-ID-Number": "+12125550100", "Caller-Destination-Number": "1001",
        })
    };
    let caller = || leg("c-1", "sofia/external/+12125550100@203.0.113.5");
    let agent = || leg("u-1", "sofia/internal/1001@10.0.0.1:5060");
    let status = json!({
        "Event-Subclass": "callcenter::info", "CC-Action": "agent-status-change",
        "CC-Agent": "1002@default", "CC-Agent-Status": "Available",
    });
    pbx.say(
        &[
            switch_event("CUSTOM", 1, status),
            switch_event("CHANNEL_CREATE", 2, caller()),
            switch_event("CHANNEL_CREATE", 3, agent()),
            switch_event("CHANNEL_ANSWER", 4, agent()),
            switch_event("RECORD_START", 5, agent()),
        ]
        .concat(),
    );
    let sql = "SELECT count(*) AS n FROM events WHERE class_name = 'Recording Activity'";
    eventually("the recording is known", 30, || {
        (server.count(sql) == 1).then_some(())
    });
    let looked: Vec<_> = ["1001", "1002", "1003"]
        .map(|a| opens_record(&server, &crm, a))
        .into();
    call_state(&server, &looked[0], "live");
    call_state(&server, &looked[1], "none");
    call_state(&server, &looked[2], "live");
    let stored =
        server.sql("SELECT count(*) AS n FROM events WHERE CAST(raw AS VARCHAR) LIKE '%4111%'");
    assert_eq!(stored[0]["n"], 0);
    pbx.say(
        &[
            switch_event("CHANNEL_HANGUP_COMPLETE", 6, agent()),
            switch_event("CHANNEL_HANGUP_COMPLETE", 7, caller()),
        ]
        .concat(),
    );
    let ended =
        "SELECT count(*) AS n FROM events WHERE class_uid = 99904001 AND activity_name = 'Ended'";
    eventually("the call is over", 30, || {
        (server.count(ended) == 1).then_some(())
    });
    let after = opens_record(&server, &crm, "1001");
    call_state(&server, &after, "wrap_up");
}

#[test]
fn a_refused_login_is_counted_and_does_not_tell_the_secret() {
    let dir = tempfile::tempdir().unwrap();
    let pbx = System::run(None, |stream, _| {
        let mut out = stream;
        out.write_all(b"Content-Type: auth/request\n\n").unwrap();
        let mut input = stream;
        let _ = input.read(&mut [0; 256]);
        let _ = out.write_all(b"Content-Type: command/reply\nReply-Text: -ERR invalid\n\n");
        let _ = input.read(&mut [0; 256]);
    });
    let config = config(dir.path(), "freeswitch", "", pbx.address);
    let server = Start::on(&dir.path().join("data")).config(config).run();
    let counted = eventually("it is counted", 30, || {
        let (_, status) = server.get("/api/v1/status");
        let feed = status["listeners"][0].clone();
        (feed["counters"]["logins_refused"] == 1).then_some(feed)
    });
    assert_eq!(counted["transport"], "freeswitch");
    assert!(!server.log_text().contains("correct horse"));
}

//! Programs of other people, with the configurations that docs/examples shows, send to `serve`.

use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::running::{Start, eventually};

/// Killed when dropped, with what it started.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Kamailio ends its own children when it is asked to.
        let id = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.0.wait();
    }
}

fn run(program: &str, args: &[&str]) -> Killed {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    Killed(command.spawn().unwrap())
}

/// Whether all of these are installed; with a note where they are not.
fn have(programs: &[&str]) -> bool {
    for program in programs {
        let paths = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
        if !paths
            .split(':')
            .any(|p| Path::new(p).join(program).exists())
        {
            assert!(std::env::var_os("CI").is_none(), "{program} is missing");
            eprintln!("left out: {program} is missing (scripts/peers.sh test)");
            return false;
        }
    }
    true
}

/// A port that was free a moment ago.
fn free_udp() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port().to_string()
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/examples")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The example with something of it replaced, each of which has to be there.
fn with(mut text: String, changes: &[(&str, &str)]) -> String {
    for (from, to) in changes {
        assert!(text.contains(from), "`{from}` is in the example");
        text = text.replace(from, to);
    }
    text
}

#[test]
fn kamailio_with_siptrace_shows_a_call_of_sipp() {
    if !have(&["kamailio", "sipp"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let config = "[[source]]\nname = \"sip\"\nsite = \"berlin\"\n\
        [[listeners.hep_udp]]\nname = \"hep\"\nlisten = \"127.0.0.1:0\"\nsource = \"sip\"\n\
        plain_udp = true\nallow = [\"127.0.0.0/8\"]\n";
    let server = Start::on(&dir.path().join("data")).config(config).run();
    let hep = server.listener("hep").port().to_string();
    let (proxy, callee, caller) = (free_udp(), free_udp(), free_udp());
    let text = with(
        example("kamailio.cfg"),
        &[
            ("127.0.0.1:5060", &format!("127.0.0.1:{proxy}")),
            ("127.0.0.1:5070", &format!("127.0.0.1:{callee}")),
            ("127.0.0.1:9060", &format!("127.0.0.1:{hep}")),
        ],
    );
    let path = dir.path().join("kamailio.cfg");
    std::fs::write(&path, text).unwrap();
    let (path, at) = (path.to_str().unwrap(), dir.path().to_str().unwrap());
    let _proxy = run("/usr/sbin/kamailio", &["-f", path, "-DD", "-E", "-Y", at]);
    let _callee = run("sipp", &["-sn", "uas", "-i", "127.0.0.1", "-p", &callee]);
    // A call that comes before proxy and callee are up fails, and is made again.
    let to = format!("127.0.0.1:{proxy}");
    let args = [
        "-sn",
        "uac",
        "-i",
        "127.0.0.1",
        "-p",
        &caller,
        "-m",
        "1",
        "-d",
        "200",
    ];
    eventually("a call goes through", 60, || {
        let call = Command::new("sipp")
            .args(args)
            .args(["-timeout", "5", "-timeout_error", &to])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        call.unwrap().success().then_some(())
    });
    let seen = "SELECT COUNT(*) AS n FROM events WHERE source = 'sip' AND site = 'berlin' AND ";
    for part in ["message LIKE 'INVITE %'", "message LIKE '200 OK to BYE%'"] {
        eventually(part, 30, || {
            (server.count(&format!("{seen}{part}")) > 0).then_some(())
        });
    }
    let one =
        "SELECT COUNT(DISTINCT call_uid) AS n FROM events WHERE message LIKE '200 OK to BYE%'";
    assert_eq!(server.count(one), 1, "both legs of the proxy are one call");
}

#[test]
fn rsyslog_with_a_queue_on_disk_loses_nothing_while_the_server_is_away() {
    if !have(&["rsyslogd"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    drop(socket);
    let log = dir.path().join("security");
    std::fs::write(&log, "before the server\n").unwrap();
    let text = with(
        example("rsyslog.conf"),
        &[
            ("/var/spool/rsyslog", dir.path().to_str().unwrap()),
            ("/var/log/asterisk/security", log.to_str().unwrap()),
            ("port=\"6601\"", &format!("port=\"{port}\"")),
        ],
    );
    let path = dir.path().join("rsyslog.conf");
    std::fs::write(&path, text).unwrap();
    let pid = dir.path().join("pid");
    let args = [
        "-n",
        "-f",
        path.to_str().unwrap(),
        "-i",
        pid.to_str().unwrap(),
    ];
    let _peer = run("/usr/sbin/rsyslogd", &args);
    eventually("rsyslog is up", 20, || pid.exists().then_some(()));
    let config = format!(
        "[[source]]\nname = \"pbx-log\"\nsite = \"berlin\"\n\
         [[listeners.syslog_tcp]]\nname = \"syslog\"\nlisten = \"127.0.0.1:{port}\"\n\
         source = \"pbx-log\"\nallow = [\"127.0.0.0/8\"]\n"
    );
    let server = Start::on(&dir.path().join("data")).config(config).run();
    let seen = "SELECT COUNT(*) AS n FROM events WHERE source = 'pbx-log' AND raw LIKE ";
    eventually("what came before is sent", 90, || {
        // Once or twice: rsyslog sends again what it is not sure of.
        (server.count(&format!("{seen}'%before the server%'")) >= 1).then_some(())
    });
    let more = std::fs::read_to_string(&log).unwrap() + "and now\n";
    std::fs::write(&log, more).unwrap();
    eventually("what comes later too", 30, || {
        (server.count(&format!("{seen}'%and now%'")) >= 1).then_some(())
    });
}

//! What the machine under the data folder has to offer.

use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ringfence_sources::validity;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::{Complaint, Level};
use crate::config::Config;
use crate::{backup, clock};

const GIB: u64 = 1 << 30;
/// Less than this and a busy day fills it.
const LITTLE_SPACE: u64 = 5 * GIB;
/// Less than this and appends will be refused soon.
const NO_SPACE: u64 = GIB;
const FEW_FILES: u64 = 4_096;
const DAY_MS: i64 = 86_400_000;
const BACKUP_EVERY_MS: i64 = 7 * DAY_MS;
const RENEW_BEFORE_MS: i64 = 21 * DAY_MS;

/// Looks at the machine. With `alone` set no server runs on the data folder, so that its addresses
/// have to be free.
#[must_use]
pub fn machine(config: &Config, data: &Path, alone: bool) -> Vec<Complaint> {
    let mut found = Vec::new();
    folder(data, &mut found);
    limits(alone, &mut found);
    clock_state(&mut found);
    buffers(config, &mut found);
    certificates(config, data, &mut found);
    backups(data, &mut found);
    if alone {
        addresses(config, &mut found);
    }
    found
}

fn folder(data: &Path, found: &mut Vec<Complaint>) {
    let about = data.display().to_string();
    let Ok(meta) = fs::metadata(data) else {
        found.push(
            Complaint::new("E-HOST-001", Level::Error, about)
                .what("the data folder is not there or cannot be looked into")
                .todo("name it with --data or server.data, and run as the server's user"),
        );
        return;
    };
    if meta.mode() & 0o077 != 0 {
        found.push(
            Complaint::new("E-HOST-002", Level::Error, &about)
                .what(format!(
                    "its mode is {:o}: others on this machine can read it",
                    meta.mode() & 0o777
                ))
                .todo("chmod 0700 the folder"),
        );
    }
    let owner = ["state.db", "spine", "lake"].map(|part| fs::metadata(data.join(part)));
    if owner.iter().flatten().any(|part| part.uid() != meta.uid()) {
        found.push(
            Complaint::new("E-HOST-001", Level::Error, &about)
                .what("parts of it belong to another user than the folder itself")
                .todo("chown -R the folder to the user that runs the server"),
        );
    }
    let space = rustix::fs::statvfs(data).map(|s| s.f_bavail.saturating_mul(s.f_frsize));
    if let Ok(free) = space.as_ref().copied()
        && free < LITTLE_SPACE
    {
        let level = if free < NO_SPACE {
            Level::Error
        } else {
            Level::Warning
        };
        found.push(
            Complaint::new("E-HOST-003", level, &about)
                .what(format!("{} MiB are free", free >> 20))
                .todo("make room: when the disk is full, nothing is accepted any more"),
        );
    }
    // statfs(2): magic numbers of file systems that keep no promise about syncs or locks.
    let kind = rustix::fs::statfs(data).map(|s| s.f_type as u64 & 0xffff_ffff);
    let name = match kind {
        Ok(0x6969) => "NFS",
        Ok(0x517b | 0xff53_4d42 | 0xfe53_4d42) => "SMB",
        Ok(0x6573_5546) => "FUSE",
        Ok(0x0102_1994) => "tmpfs, which is gone at the next start",
        _ => return,
    };
    found.push(
        Complaint::new("E-HOST-004", Level::Error, &about)
            .what(format!("it lies on {name}"))
            .todo("put it on a local disk: what is acknowledged has to survive a power cut"),
    );
}

/// The limit of this process. A service has its own, which the unit file sets.
fn limits(alone: bool, found: &mut Vec<Complaint>) {
    let text = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with("Max open files"));
    let hard = line.and_then(|l| l.split_whitespace().nth(4)?.parse::<u64>().ok());
    if let Some(files) = hard.filter(|n| *n < FEW_FILES && alone) {
        found.push(
            Complaint::new("E-HOST-006", Level::Warning, "file handles")
                .what(format!("a process started here may open {files} files"))
                .todo(format!(
                    "allow {FEW_FILES} or more: `LimitNOFILE=` in the unit, or ulimit -n"
                )),
        );
    }
}

fn clock_state(found: &mut Vec<Complaint>) {
    let asked = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .output();
    // No answer is no finding: containers take their time from the host.
    let Ok(answer) = asked else { return };
    if String::from_utf8_lossy(&answer.stdout).trim() == "no" {
        found.push(
            Complaint::new("E-HOST-005", Level::Warning, "clock")
                .what("the clock is not synchronised with a time server")
                .todo("run systemd-timesyncd or chrony: events are joined by time"),
        );
    }
}

fn buffers(config: &Config, found: &mut Vec<Complaint>) {
    let most = fs::read_to_string("/proc/sys/net/core/rmem_max");
    let Some(most) = most.ok().and_then(|t| t.trim().parse::<usize>().ok()) else {
        return;
    };
    let listeners = &config.listeners;
    let syslog = listeners
        .syslog_udp
        .iter()
        .map(|l| (&l.name, l.receive_buffer_bytes));
    let hep = listeners
        .hep_udp
        .iter()
        .map(|l| (&l.name, l.receive_buffer_bytes));
    for (name, wanted) in syslog.chain(hep).filter(|(_, wanted)| *wanted > most) {
        found.push(
            Complaint::new("E-HOST-007", Level::Warning, format!("listener {name}"))
                .what(format!(
                    "its receive buffer is {wanted} bytes, and the system allows {most}"
                ))
                .todo(format!(
                    "sysctl -w net.core.rmem_max={wanted}, and keep it in /etc/sysctl.d"
                )),
        );
    }
}

fn certificates(config: &Config, data: &Path, found: &mut Vec<Complaint>) {
    let mut files: Vec<PathBuf> = config.server.tls_cert.iter().cloned().collect();
    files.push(data.join("tls/self-signed.crt"));
    let tls = config
        .listeners
        .syslog_tls
        .iter()
        .filter_map(|l| l.tls.cert_file.clone());
    files.extend(tls);
    files.dedup();
    let now = clock::now().0;
    for file in files {
        let end = CertificateDer::from_pem_file(&file)
            .ok()
            .and_then(|der| validity(&der));
        let Some((_, end)) = end else { continue };
        let end = end.0;
        let days = end.saturating_sub(now).div_euclid(DAY_MS);
        if end.saturating_sub(now) > RENEW_BEFORE_MS {
            continue;
        }
        let (level, what) = if end < now {
            (Level::Error, "it has expired".to_owned())
        } else {
            (Level::Warning, format!("it expires in {days} days"))
        };
        found.push(
            Complaint::new("E-TLS-001", level, file.display().to_string())
                .what(what)
                .todo("renew it and restart; a self-signed one is made anew when both files are removed"),
        );
    }
}

fn backups(data: &Path, found: &mut Vec<Complaint>) {
    let made = backup::last(data);
    let old = made.is_none_or(|ms| clock::now().0.saturating_sub(ms) > BACKUP_EVERY_MS);
    // A folder younger than that has not missed one yet.
    let born = fs::metadata(data.join("spine")).and_then(|m| m.created());
    let young = born.is_ok_and(|at| {
        let age = at.elapsed().unwrap_or_default();
        age < Duration::from_millis(BACKUP_EVERY_MS.unsigned_abs())
    });
    if old && (made.is_some() || !young) {
        let what = match made {
            Some(ms) => format!("the last backup was made {}", ringfence_event::Time(ms)),
            None => "no backup was ever made".to_owned(),
        };
        found.push(
            Complaint::new("E-HOST-009", Level::Warning, "backup")
                .what(what)
                .todo("ringfence backup --out FOLDER, daily, and try a restore"),
        );
    }
}

fn addresses(config: &Config, found: &mut Vec<Complaint>) {
    let l = &config.listeners;
    let tcp = [config.server.listen.to_string()].into_iter();
    let tcp = tcp.chain(l.syslog_tcp.iter().map(|l| l.listen.clone()));
    let tcp = tcp.chain(l.syslog_tls.iter().map(|l| l.listen.clone()));
    let tcp = tcp.chain(l.hep_tcp.iter().map(|l| l.listen.clone()));
    let udp = l.syslog_udp.iter().map(|l| l.listen.clone());
    let udp = udp.chain(l.hep_udp.iter().map(|l| l.listen.clone()));
    let tried = tcp
        .map(|a| {
            (
                a.parse::<SocketAddr>().map(|s| TcpListener::bind(s).err()),
                a,
            )
        })
        .chain(udp.map(|a| (a.parse::<SocketAddr>().map(|s| UdpSocket::bind(s).err()), a)));
    for (outcome, address) in tried {
        let Ok(Some(error)) = outcome else { continue };
        found.push(
            Complaint::new("E-HOST-008", Level::Error, address)
                .what(format!("cannot be listened on: {error}"))
                .todo("free it (`ss -lntup` says who has it), or choose another"),
        );
    }
}

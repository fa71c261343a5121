//! The same failures on a real file system: a full disk and one turned read-only.
//!
//! They need a mount of their own, so the test starts itself again in a private
//! mount namespace. Without the right to do that it says so and tests what a
//! user may: a folder without write permission.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{at, read_all, small};
use ringfence_spine::{Compression, Entry, LocalConfig, LocalSpine, Outcome, Spine, SpineError};

const MOUNT: &str = "RINGFENCE_TINY_MOUNT";

/// Runs the named test of this file again, on a file system of 1 MiB that only it
/// sees. False where that is not allowed.
fn on_a_tiny_file_system(test: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=1m tmpfs "$1" || exit 77; shift; exec "$@""#;
    let status = Command::new("unshare")
        .args([
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            script,
            "sh",
        ])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(MOUNT, folder.path())
        .output();
    let Ok(output) = status else { return false };
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || errors.contains("unshare failed") {
        println!("not allowed to mount here: {errors}");
        return false;
    }
    assert!(
        output.status.success(),
        "{errors}{}",
        String::from_utf8_lossy(&output.stdout)
    );
    true
}

fn mount() -> Option<PathBuf> {
    std::env::var_os(MOUNT).map(PathBuf::from)
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future);
}

fn marker(number: u64) -> Entry {
    Entry::new(1, vec![number as u8; 5_000]).with_identity(number.into())
}

fn config() -> LocalConfig {
    // Entries that all look alike would hardly fill a disk.
    let compression = Compression::None;
    LocalConfig {
        segment_bytes: 100_000,
        compression,
        ..small()
    }
}

#[test]
fn a_full_file_system_refuses_clearly_and_goes_on_when_space_returns() {
    match mount() {
        Some(folder) => block_on(fill_up(&folder)),
        None => drop(on_a_tiny_file_system(
            "a_full_file_system_refuses_clearly_and_goes_on_when_space_returns",
        )),
    }
}

async fn fill_up(folder: &Path) {
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![0; 300_000]).unwrap();
    let log = folder.join("log");
    let spine = LocalSpine::open(&log, config()).unwrap();
    let mut number = 0;
    let error = loop {
        match spine.append(vec![marker(number)]).await {
            Ok(outcomes) => assert_eq!(outcomes, [Outcome::Appended(at(number))]),
            Err(error) => break error,
        }
        number += 1;
    };
    assert!(matches!(error, SpineError::DiskFull { .. }), "{error}");
    assert!(number > 100, "{number}");
    // Still full, still clear, still whole.
    for _ in 0..20 {
        let error = spine.append(vec![marker(number)]).await.unwrap_err();
        assert!(matches!(error, SpineError::DiskFull { .. }), "{error}");
    }
    let position = spine
        .commit_position("lake", at(number), Some(vec![0; 9_000].into()))
        .await;
    assert!(
        matches!(position, Err(SpineError::DiskFull { .. })),
        "{position:?}"
    );
    assert_eq!(spine.position("lake").await.unwrap(), None);

    std::fs::remove_file(&ballast).unwrap();
    for number in number..number + 10 {
        let outcomes = spine.append(vec![marker(number)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Appended(at(number))]);
    }
    drop(spine);
    check(&log, number + 10).await;
}

#[test]
fn a_file_system_that_turns_read_only_refuses_clearly_and_goes_on_when_it_is_back() {
    match mount() {
        Some(folder) => block_on(turn_read_only(&folder)),
        None => drop(on_a_tiny_file_system(
            "a_file_system_that_turns_read_only_refuses_clearly_and_goes_on_when_it_is_back",
        )),
    }
}

async fn turn_read_only(folder: &Path) {
    let log = folder.join("log");
    let spine = LocalSpine::open(
        &log,
        LocalConfig {
            segment_bytes: 1,
            ..config()
        },
    )
    .unwrap();
    spine.append(vec![marker(0)]).await.unwrap();
    drop(spine);
    remount(folder, "ro");
    let error = LocalSpine::open(&log, config()).map(drop).unwrap_err();
    assert!(matches!(error, SpineError::ReadOnly { .. }), "{error}");
    let error = LocalSpine::open(&folder.join("other"), config())
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, SpineError::ReadOnly { .. }), "{error}");
    remount(folder, "rw");
    let spine = LocalSpine::open(&log, config()).unwrap();
    spine.append(vec![marker(1)]).await.unwrap();
    drop(spine);
    check(&log, 2).await;
}

fn remount(folder: &Path, how: &str) {
    let options = format!("remount,size=1m,{how}");
    let status = Command::new("mount")
        .args(["-o", &options])
        .arg(folder)
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_folder_without_write_permission_is_refused_clearly() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    block_on(async {
        LocalSpine::open(&log, config())
            .unwrap()
            .append(vec![marker(0)])
            .await
            .unwrap();
    });
    let permit = |mode| std::fs::set_permissions(&log, PermissionsExt::from_mode(mode)).unwrap();
    permit(0o500);
    let opened = LocalSpine::open(&log, config()).map(drop);
    // Root may write anywhere; whoever may not is told so.
    if std::fs::write(log.join("probe"), b"").is_err() {
        let error = opened.unwrap_err();
        assert!(matches!(error, SpineError::ReadOnly { .. }), "{error}");
    } else {
        opened.unwrap();
    }
    permit(0o700);
    block_on(check(&log, 1));
}

async fn check(log: &Path, entries: u64) {
    let spine = LocalSpine::open(log, config()).unwrap();
    let all = read_all(&spine).await;
    assert_eq!(all.len() as u64, entries);
    for ((offset, entry), number) in all.iter().zip(0..) {
        assert_eq!((*offset, entry), (at(number), &marker(number)));
    }
    assert_eq!(
        spine.append(vec![marker(entries - 1)]).await.unwrap(),
        [Outcome::Duplicate]
    );
}

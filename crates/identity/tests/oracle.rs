//! The same answers before another implementation of WebAuthn (PyPI `webauthn`), and our QR codes before
//! a reader of them (PyPI `zxing-cpp`).
//!
//! What we believe, the other believes, and reads the same out of it. What the other believes and we do
//! not is one of the differences listed here, each with its reason.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    dead_code,
    reason = "test code"
)]

mod authenticator;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use authenticator::{CHALLENGE, Device, ORIGIN, Said, bytes, int, map, text};
use ringfence_crypto::{from_base64url, to_base64url};
use ringfence_identity::webauthn::{Passkey, Refused, RelyingParty};
use ringfence_identity::{Totp, qr_svg};
use serde_json::{Value, json};

const CASES: usize = 6000;

/// A generator of numbers that is the same everywhere (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % n
    }
}

/// A Python that has the module; `None`, with a note, where there is none.
fn python(module: &str) -> Option<PathBuf> {
    let python = std::env::var_os("RINGFENCE_PYTHON").map_or_else(
        || {
            Path::new(&std::env::var_os("HOME").unwrap_or_default())
                .join(".cache/ringfence/venv/bin/python")
        },
        PathBuf::from,
    );
    let import = format!("import {module}");
    let check = Command::new(&python).args(["-c", &import]).output();
    if check.is_ok_and(|c| c.status.success()) {
        return Some(python);
    }
    let python = python.display();
    assert!(std::env::var_os("CI").is_none(), "{python} has no {module}");
    eprintln!("left out: {python} has no {module}");
    None
}

/// What a script prints for a task, one line of JSON for each thing asked.
fn ask(python: &Path, script: &str, task: &Value) -> Vec<Value> {
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let task = task.to_string();
    let writer = std::thread::spawn(move || stdin.write_all(task.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const JUDGE: &str = r#"
import json, sys
from webauthn import verify_registration_response, verify_authentication_response
from webauthn.helpers import base64url_to_bytes
task = json.load(sys.stdin)
common = dict(expected_challenge=base64url_to_bytes(task["challenge"]), expected_rp_id=task["rp_id"],
              expected_origin=task["origin"], require_user_verification=True)
for asked in task["asked"]:
    try:
        if asked["public_key"] is None:
            seen = verify_registration_response(credential=asked["answer"], **common)
            print(json.dumps([True, seen.sign_count, seen.credential_backed_up,
                              list(seen.credential_public_key), list(seen.credential_id)]))
        else:
            seen = verify_authentication_response(credential=asked["answer"],
                credential_public_key=bytes(asked["public_key"]),
                credential_current_sign_count=asked["sign_count"], **common)
            print(json.dumps([True, seen.new_sign_count, seen.credential_backed_up]))
    except Exception as error:
        print(json.dumps([False, f"{type(error).__name__}: {error}"]))
"#;

/// Why we are stricter: the name of a change, what we said, and the reason.
const STRICTER: &[(&str, &str, &str)] = &[
    (
        "cross origin",
        "CrossOrigin",
        "section 7.1 step 10: the other does not look",
    ),
    (
        "top origin",
        "CrossOrigin",
        "section 7.1 step 11: the other does not look",
    ),
    (
        "cross origin",
        "Form(\"response.clientDataJSON\")",
        "a boolean that is none",
    ),
    (
        "padded challenge",
        "Challenge",
        "the other forgives padding",
    ),
    (
        "padded field",
        "Form(\"response.clientDataJSON\")",
        "the other forgives padding",
    ),
    (
        "eligibility",
        "BackupEligibility",
        "section 7.2 step 21: the other is not told",
    ),
    (
        "name twice",
        "Form(\"response.clientDataJSON\")",
        "the other takes the last",
    ),
    (
        "statement",
        "AttestationObject",
        "an empty statement has no members at all",
    ),
    (
        "long id",
        "CredentialId",
        "section 7.1 step 25: the other does not look",
    ),
    (
        "key byte",
        "PublicKey",
        "a point that is not on the curve: the other sees it at sign-in",
    ),
    ("weak rsa", "PublicKey", "the other takes any modulus"),
    ("attested byte", "PublicKey", "as `key byte`"),
    (
        "attested byte",
        "CredentialId",
        "another id than the browser named: the other does not look",
    ),
    (
        "attested byte",
        "AttestationObject",
        "members, tags or floats that nobody needs",
    ),
];

struct Case {
    change: &'static str,
    answer: Value,
    /// What it is checked with, for a sign-in.
    passkey: Option<Passkey>,
}

/// One case: a registration or a sign-in with something done to it, or nothing.
fn case(dice: &mut Dice, devices: &[Device]) -> Case {
    let device = &devices[dice.below(devices.len())];
    let party = RelyingParty::of_url(ORIGIN, "Ringfence").unwrap();
    let fresh = device.created(&device.creating()).to_string();
    let mut passkey = party.register(CHALLENGE, &fresh).unwrap();
    let get = dice.below(2) == 0;
    let mut said = if get {
        device.getting()
    } else {
        device.creating()
    };
    let change = match dice.below(23) {
        0 => "nothing",
        1 => {
            let other = ["webauthn.create", "webauthn.get", "payment.get"][dice.below(3)];
            set(&mut said, "type", json!(other));
            "ceremony"
        }
        2 => {
            set(&mut said, "challenge", json!(to_base64url(&[7; 32])));
            "challenge"
        }
        3 => {
            let padded = format!("{}=", to_base64url(CHALLENGE));
            set(&mut said, "challenge", json!(padded));
            "padded challenge"
        }
        4 => {
            let origins = [
                "https://evil.example",
                "http://rf.example",
                "https://rf.example:443",
            ];
            set(&mut said, "origin", json!(origins[dice.below(3)]));
            "origin"
        }
        5 => {
            set(
                &mut said,
                "crossOrigin",
                [json!(true), json!(null), json!(1)][dice.below(3)].clone(),
            );
            "cross origin"
        }
        6 => {
            set(&mut said, "topOrigin", json!("https://evil.example"));
            "top origin"
        }
        7 => {
            set(&mut said, "extra", json!({ "a": [dice.below(9)] }));
            "extra"
        }
        8 => {
            said.rp_id = "evil.example".to_owned();
            "relying party"
        }
        9 => {
            // Any flags, with what they announce left as it is.
            said.flags ^= 1 << dice.below(8);
            // What a sign-in must not bring is nothing we judge either.
            "flag"
        }
        10 => {
            said.count = u32::try_from(dice.below(4)).unwrap();
            passkey.sign_count = u32::try_from(dice.below(4)).unwrap();
            "counter"
        }
        11 => {
            said.flags |= 0x80;
            said.behind = map(&[(text("credProtect"), int(2))]);
            "extensions"
        }
        12 => {
            said.behind = vec![0];
            "trailing byte"
        }
        13 => {
            passkey.backup_eligible = false;
            "eligibility"
        }
        14 => {
            said.statement = map(&[(text("ver"), text("2.0"))]);
            "statement"
        }
        15 => {
            said.id = vec![7; 1024 + dice.below(9)];
            passkey.id.clone_from(&said.id);
            "long id"
        }
        16 => {
            let at = said.cose.len() - 1 - dice.below(30);
            said.cose[at] ^= 1 << dice.below(8);
            "key byte"
        }
        17 => {
            let members = [
                (1, int(3)),
                (3, int(-257)),
                (-1, bytes(&[0xff; 128])),
                (-2, bytes(&[1, 0, 1])),
            ];
            said.cose = map(&members.map(|(label, value)| (int(label), value)));
            "weak rsa"
        }
        18 => {
            passkey
                .public_key
                .clone_from(&devices[dice.below(devices.len())].cose);
            "other key"
        }
        _ => "bytes",
    };
    let mut answer = if get {
        device.got(&said)
    } else {
        device.created(&said)
    };
    let change = match change {
        "bytes" => after(dice, &mut answer, get),
        change => change,
    };
    Case {
        change,
        answer,
        passkey: get.then_some(passkey),
    }
}

fn set(said: &mut Said, name: &str, value: Value) {
    said.client_data.insert(name.to_owned(), value);
}

/// Changes an answer after it was signed.
fn after(dice: &mut Dice, answer: &mut Value, get: bool) -> &'static str {
    let (name, change) = match dice.below(5) {
        0 => ("clientDataJSON", "text byte"),
        1 if get => ("authenticatorData", "data byte"),
        2 if get => ("signature", "signature byte"),
        1 | 2 => ("attestationObject", "attested byte"),
        3 => ("clientDataJSON", "padded field"),
        _ => ("clientDataJSON", "name twice"),
    };
    let field = &mut answer["response"][name];
    let mut bytes = from_base64url(field.as_str().unwrap()).unwrap();
    match change {
        "padded field" => {
            *field = json!(format!("{}=", to_base64url(&bytes)));
            return change;
        }
        "name twice" => {
            let text = String::from_utf8(bytes).unwrap();
            bytes = text.replacen('{', r#"{"type":"x","#, 1).into_bytes();
        }
        _ => {
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
        }
    }
    *field = json!(to_base64url(&bytes));
    change
}

#[test]
fn judges_answers_as_another_implementation_does() {
    let Some(python) = python("webauthn") else {
        return;
    };
    let devices = [Device::es256(), Device::ed25519(), Device::rs256()];
    let mut dice = Dice(0x5EED);
    let cases: Vec<_> = (0..CASES).map(|_| case(&mut dice, &devices)).collect();
    let asked: Vec<_> = cases
        .iter()
        .map(|case| {
            json!({
                "answer": case.answer,
                "public_key": case.passkey.as_ref().map(|passkey| &passkey.public_key),
                "sign_count": case.passkey.as_ref().map(|passkey| passkey.sign_count),
            })
        })
        .collect();
    let task = json!({
        "challenge": to_base64url(CHALLENGE),
        "rp_id": "rf.example",
        "origin": ORIGIN,
        "asked": asked,
    });
    let answers = ask(&python, JUDGE, &task);
    assert_eq!(answers.len(), cases.len());
    let party = RelyingParty::of_url(ORIGIN, "Ringfence").unwrap();
    let (mut believed, mut stricter) = (0, BTreeMap::new());
    for (case, theirs) in cases.iter().zip(&answers) {
        let text = case.answer.to_string();
        let ours: Result<Value, Refused> = match &case.passkey {
            None => party.register(CHALLENGE, &text).map(|new| {
                json!([
                    true,
                    new.sign_count,
                    new.backup_state,
                    new.public_key,
                    new.id
                ])
            }),
            Some(passkey) => party
                .authenticate(CHALLENGE, passkey, &text)
                .map(|proof| json!([true, proof.sign_count, proof.backup_state])),
        };
        match ours {
            // Statements are not judged here (section 7.1, step 24), of whatever format they are.
            Ok(_)
                if theirs[1]
                    .as_str()
                    .is_some_and(|why| why.contains("attestation type")) => {}
            Ok(ours) => {
                assert_eq!(ours, *theirs, "{}: {text}", case.change);
                believed += 1;
            }
            Err(refused) if theirs[0] == true => {
                *stricter
                    .entry((case.change, format!("{refused:?}")))
                    .or_insert(0) += 1;
            }
            Err(_) => {}
        }
    }
    let known = |change: &str, refused: &str| {
        STRICTER
            .iter()
            .any(|(c, r, _)| *c == change && *r == refused)
    };
    let strange: Vec<_> = stricter.iter().filter(|((c, r), _)| !known(c, r)).collect();
    assert!(strange.is_empty(), "{strange:?}");
    eprintln!("{believed} of {CASES} believed by both; stricter: {stricter:?}");
    assert!(believed > CASES / 10, "only {believed}");
}

const READ: &str = r#"
import json, re, sys
import zxingcpp
for svg in json.load(sys.stdin):
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg).group(1))
    scale = 4
    image = bytearray(b"\xff" * (side * scale) ** 2)
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", svg):
        for row in range(int(y) * scale, (int(y) + 1) * scale):
            at = row * side * scale + int(x) * scale
            image[at:at + int(run) * scale] = bytes(int(run) * scale)
    found = zxingcpp.read_barcode(memoryview(bytes(image)).cast("B", (side * scale, side * scale)))
    print(json.dumps(found and found.text))
"#;

#[test]
fn a_phone_reads_our_qr_codes() {
    let Some(python) = python("zxingcpp") else {
        return;
    };
    let uri = |login: &str| Totp::mint().unwrap().uri("Ringfence", login);
    let uris: Vec<_> = [
        "ann",
        "ann+1@bank.example",
        "Zo\u{eb} \u{96e8}",
        &"x".repeat(254),
    ]
    .into_iter()
    .cycle()
    .take(40)
    .map(uri)
    .collect();
    let pictures: Vec<_> = uris.iter().map(|uri| qr_svg(uri).unwrap()).collect();
    let read = ask(&python, READ, &json!(pictures));
    assert_eq!(json!(read), json!(uris));
}

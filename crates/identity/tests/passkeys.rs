//! Registrations and sign-ins with passkeys: Chromium's own, and every way to go wrong.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    reason = "test code"
)]

mod authenticator;

use authenticator::{CHALLENGE, Device, ORIGIN, Said, bytes, int, map, text};
use proptest::prelude::*;
use ringfence_crypto::{from_base64url, to_base64url};
use ringfence_identity::webauthn::{Passkey, Proof, Refused, RelyingParty, claimed};
use serde_json::{Value, json};

fn party() -> RelyingParty {
    RelyingParty::of_url(ORIGIN, "Ringfence").unwrap()
}

fn registered(device: &Device) -> Passkey {
    let answer = device.created(&device.creating()).to_string();
    party().register(CHALLENGE, &answer).unwrap()
}

/// What becomes of a registration that `change` was done to.
fn creating(device: &Device, change: impl FnOnce(&mut Said)) -> Result<Passkey, Refused> {
    let mut said = device.creating();
    change(&mut said);
    party().register(CHALLENGE, &device.created(&said).to_string())
}

/// What becomes of a sign-in that `change` was done to before it was signed.
fn getting(device: &Device, change: impl FnOnce(&mut Said)) -> Result<Proof, Refused> {
    let mut said = device.getting();
    change(&mut said);
    let passkey = registered(device);
    party().authenticate(CHALLENGE, &passkey, &device.got(&said).to_string())
}

#[test]
fn chromium_registers_and_signs_in() {
    let vectors: Value = serde_json::from_str(include_str!("../testdata/chromium.json")).unwrap();
    let party = RelyingParty::of_url(vectors["origin"].as_str().unwrap(), "Ringfence").unwrap();
    let challenge = |name: &str| from_base64url(vectors[name].as_str().unwrap()).unwrap();
    let answer = vectors["registration"].to_string();
    let passkey = party
        .register(&challenge("registration_challenge"), &answer)
        .unwrap();
    assert_eq!(passkey.sign_count, 1);
    assert!(passkey.backup_eligible && passkey.backup_state);
    assert_eq!(passkey.transports, ["internal"]);
    assert_eq!(
        passkey.aaguid,
        [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8]
    );
    let mut stored = passkey.clone();
    let mut get = |name: &str| {
        let answer = vectors[name].to_string();
        let claim = claimed(&answer).unwrap();
        assert_eq!(claim.credential_id, passkey.id);
        assert_eq!(claim.user_handle, Some((0..16).collect()));
        let proof = party.authenticate(&challenge("request_challenge"), &stored, &answer)?;
        stored.sign_count = proof.sign_count;
        Ok(proof.sign_count)
    };
    assert_eq!(get("counter_2"), Ok(2));
    assert_eq!(get("counter_3"), Ok(3));
    assert_eq!(get("counter_4"), Ok(4));
    assert_eq!(get("counter_4"), Err(Refused::Counter));
    assert_eq!(get("not_verified"), Err(Refused::NotVerified));
    assert_eq!(get("bogus_signature"), Err(Refused::Signature));
    assert_eq!(get("counter_1"), Err(Refused::Counter));
}

#[test]
fn every_algorithm_offered_registers_and_signs_in() {
    for device in [Device::es256(), Device::ed25519(), Device::rs256()] {
        let passkey = registered(&device);
        assert_eq!(
            (&passkey.id, &passkey.public_key),
            (&device.id, &device.cose)
        );
        assert_eq!(passkey.transports, ["internal", "hybrid"]);
        assert_eq!(&passkey.aaguid, b"ringfence aaguid");
        let proof = Proof {
            sign_count: 2,
            backup_state: true,
        };
        assert_eq!(getting(&device, |_| {}), Ok(proof));
    }
}

#[test]
fn what_the_specification_lets_pass_passes() {
    let device = Device::es256();
    let both = |change: fn(&mut Said)| {
        assert!(creating(&device, change).is_ok());
        getting(&device, change).unwrap()
    };
    // Extensions, a byte order mark, members nobody knows, and no `crossOrigin`.
    both(|said| {
        said.flags |= 0x80;
        said.behind = map(&[
            (text("credProtect"), int(2)),
            (text("hmac-secret"), vec![0xf5]),
        ]);
    });
    both(|said| said.before = b"\xef\xbb\xbf".to_vec());
    both(|said| _ = said.client_data.insert("x".into(), json!([{}])));
    both(|said| _ = said.client_data.shift_remove("crossOrigin"));
    // Reserved flags.
    both(|said| said.flags |= 0x22);
    let proof = both(|said| said.flags &= !0x10);
    assert!(!proof.backup_state);
    // A statement that was not asked for is not judged.
    let packed = creating(&device, |said| {
        said.format = "packed";
        said.statement = map(&[(text("alg"), int(-7)), (text("sig"), bytes(b"?"))]);
    });
    assert!(packed.is_ok());
    // An authenticator that does not count.
    let none = Passkey {
        sign_count: 0,
        ..registered(&device)
    };
    let mut said = device.getting();
    said.count = 0;
    let answer = device.got(&said).to_string();
    assert_eq!(
        party()
            .authenticate(CHALLENGE, &none, &answer)
            .unwrap()
            .sign_count,
        0
    );
}

#[test]
fn both_ceremonies_refuse_what_is_not_for_us() {
    let device = Device::es256();
    let both = |change: &dyn Fn(&mut Said), refused: Refused| {
        assert_eq!(creating(&device, change), Err(refused));
        assert_eq!(getting(&device, change), Err(refused));
    };
    let with = |name: &'static str, value: Value| {
        move |said: &mut Said| _ = said.client_data.insert(name.into(), value.clone())
    };
    let data = Refused::Form("response.clientDataJSON");
    both(&with("type", json!("payment.get")), Refused::Ceremony);
    both(&with("type", json!(1)), data);
    for other in [
        "",
        "AA",
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "?",
    ] {
        both(&with("challenge", json!(other)), Refused::Challenge);
    }
    for other in [
        "https://rf.example:8443",
        "http://rf.example",
        "https://rf.example/",
        "https://rf.example.evil.example",
        "https://sub.rf.example",
        "https://RF.example",
        "",
    ] {
        both(&with("origin", json!(other)), Refused::Origin);
    }
    both(&with("crossOrigin", json!(true)), Refused::CrossOrigin);
    both(&with("crossOrigin", json!("no")), data);
    both(&with("topOrigin", json!(ORIGIN)), Refused::CrossOrigin);
    both(&|said| said.before = b"x".to_vec(), data);
    both(
        &|said| said.before = br#"{"type":"webauthn.get"},"#.to_vec(),
        data,
    );
    both(
        &|said| said.rp_id = "evil.example".to_owned(),
        Refused::RelyingParty,
    );
    both(&|said| said.flags &= !0x01, Refused::NotPresent);
    both(&|said| said.flags &= !0x04, Refused::NotVerified);
    both(&|said| said.flags &= !0x08, Refused::BackupFlags);
    both(&|said| said.behind = vec![0], Refused::AuthenticatorData);
    both(&|said| said.flags |= 0x80, Refused::AuthenticatorData);
    both(
        &|said| {
            said.flags |= 0x80;
            said.behind = int(1);
        },
        Refused::AuthenticatorData,
    );
    // A name twice: JSON that two readers understand in two ways.
    let mut answer = device.got(&device.getting());
    let twice = r#"{"type":"webauthn.get","type":"webauthn.get"}"#;
    answer["response"]["clientDataJSON"] = json!(to_base64url(twice.as_bytes()));
    let proof = party().authenticate(CHALLENGE, &registered(&device), &answer.to_string());
    assert_eq!(proof, Err(data));
}

#[test]
fn a_challenge_that_was_lost_lets_nobody_in() {
    let device = Device::es256();
    let mut said = device.getting();
    said.client_data.insert("challenge".into(), json!(""));
    let answer = device.got(&said).to_string();
    let proof = party().authenticate(b"", &registered(&device), &answer);
    assert_eq!(proof, Err(Refused::Challenge));
}

#[test]
fn a_registration_is_no_sign_in_and_the_other_way_round() {
    let device = Device::es256();
    let create = |said: &mut Said| {
        _ = said
            .client_data
            .insert("type".into(), json!("webauthn.create"))
    };
    assert_eq!(getting(&device, create), Err(Refused::Ceremony));
    let get = |said: &mut Said| {
        _ = said
            .client_data
            .insert("type".into(), json!("webauthn.get"))
    };
    assert_eq!(creating(&device, get), Err(Refused::Ceremony));
}

#[test]
fn a_registration_brings_a_key_that_can_be_used() {
    let device = Device::es256();
    let refused = |change: &dyn Fn(&mut Said)| creating(&device, change).unwrap_err();
    assert_eq!(refused(&|said| said.flags &= !0x40), Refused::NoCredential);
    assert_eq!(
        refused(&|said| said.id = vec![7; 1024]),
        Refused::CredentialId
    );
    assert_eq!(refused(&|said| said.id.clear()), Refused::CredentialId);
    assert!(creating(&device, |said| said.id = vec![7; 1023]).is_ok());
    let es256 = |alg: i64, kind: i64, curve: i64, x: &[u8]| {
        map(&[
            (int(1), int(kind)),
            (int(3), int(alg)),
            (int(-1), int(curve)),
            (int(-2), bytes(x)),
            (int(-3), bytes(&[1; 32])),
        ])
    };
    for (cose, error) in [
        (es256(-35, 2, 2, &[1; 48]), Refused::Algorithm),
        (es256(-47, 2, 8, &[1; 32]), Refused::Algorithm),
        (es256(-7, 1, 1, &[1; 32]), Refused::PublicKey),
        (es256(-7, 2, 2, &[1; 32]), Refused::PublicKey),
        // No point of the curve, a compressed one, none at all.
        (es256(-7, 2, 1, &[1; 32]), Refused::PublicKey),
        (es256(-7, 2, 1, &[1; 31]), Refused::PublicKey),
        (es256(-7, 2, 1, &[0; 32]), Refused::PublicKey),
        (map(&[]), Refused::PublicKey),
        (int(1), Refused::PublicKey),
        (
            map(&[(int(1), int(1)), (int(3), int(-8)), (int(-1), int(6))]),
            Refused::PublicKey,
        ),
        // RSA of 1024 bits, and one whose signatures anybody makes.
        (rsa(&[0xff; 128], &[1, 0, 1]), Refused::PublicKey),
        (rsa(&[0xff; 256], &[1]), Refused::PublicKey),
        (rsa(&[0xff; 1025], &[1, 0, 1]), Refused::PublicKey),
        (vec![0xbf, 0xff], Refused::AuthenticatorData),
        (vec![], Refused::AuthenticatorData),
    ] {
        assert_eq!(
            refused(&|said| said.cose = cose.clone()),
            error,
            "{cose:x?}"
        );
    }
    let statement = |said: &mut Said| said.statement = map(&[(text("x"), int(1))]);
    assert_eq!(
        creating(&device, statement),
        Err(Refused::AttestationObject)
    );
    assert_eq!(
        refused(&|said| said.statement = int(0)),
        Refused::AttestationObject
    );
    assert_eq!(
        refused(&|said| said.statement = vec![0xff]),
        Refused::AttestationObject
    );
}

fn rsa(n: &[u8], e: &[u8]) -> Vec<u8> {
    map(&[
        (int(1), int(3)),
        (int(3), int(-257)),
        (int(-1), bytes(n)),
        (int(-2), bytes(e)),
    ])
}

#[test]
fn a_sign_in_is_by_the_passkey_it_is_checked_with() {
    let (device, other) = (Device::es256(), Device::es256());
    let (passkey, answer) = (
        registered(&device),
        device.got(&device.getting()).to_string(),
    );
    let party = party();
    let with = |passkey: &Passkey| party.authenticate(CHALLENGE, passkey, &answer);
    assert_eq!(with(&registered(&other)), Err(Refused::OtherPasskey));
    let swapped = Passkey {
        public_key: other.cose.clone(),
        ..passkey.clone()
    };
    assert_eq!(with(&swapped), Err(Refused::Signature));
    let broken = Passkey {
        public_key: b"\xa0".to_vec(),
        ..passkey.clone()
    };
    assert_eq!(with(&broken), Err(Refused::PublicKey));
    let device_bound = Passkey {
        backup_eligible: false,
        ..passkey.clone()
    };
    assert_eq!(with(&device_bound), Err(Refused::BackupEligibility));
    for count in [2, 3, u32::MAX] {
        let ahead = Passkey {
            sign_count: count,
            ..passkey.clone()
        };
        assert_eq!(with(&ahead), Err(Refused::Counter));
    }
    // A counter that starts over is as bad as one that stands still.
    assert_eq!(
        getting(&device, |said| said.count = 0),
        Err(Refused::Counter)
    );
    assert_eq!(
        getting(&device, |said| said.count = 1),
        Err(Refused::Counter)
    );
    // A forged signature does not tell what the counter is.
    let mut forged: Value = serde_json::from_str(&answer).unwrap();
    forged["response"]["signature"] = json!("AA");
    let ahead = Passkey {
        sign_count: 9,
        ..passkey.clone()
    };
    let proof = party.authenticate(CHALLENGE, &ahead, &forged.to_string());
    assert_eq!(proof, Err(Refused::Signature));
}

#[test]
fn answers_of_another_form_are_refused() {
    let device = Device::es256();
    let (passkey, party) = (registered(&device), party());
    let get = |change: &dyn Fn(&mut Value)| {
        let mut answer = device.got(&device.getting());
        change(&mut answer);
        party
            .authenticate(CHALLENGE, &passkey, &answer.to_string())
            .unwrap_err()
    };
    assert_eq!(get(&|answer| *answer = json!([])), Refused::Form("object"));
    assert_eq!(
        get(&|answer| answer["type"] = json!("password")),
        Refused::Form("type")
    );
    assert_eq!(
        get(&|answer| answer["rawId"] = json!("=")),
        Refused::Form("id")
    );
    assert_eq!(
        get(&|answer| answer["id"] = json!("AA")),
        Refused::Form("id")
    );
    assert_eq!(
        get(&|answer| answer["rawId"] = json!(1)),
        Refused::Form("rawId")
    );
    assert_eq!(
        get(&|answer| answer["response"] = json!("x")),
        Refused::Form("response")
    );
    for (name, path) in [
        ("clientDataJSON", "response.clientDataJSON"),
        ("authenticatorData", "response.authenticatorData"),
        ("signature", "response.signature"),
    ] {
        assert_eq!(
            get(&|answer| answer["response"][name] = json!("a+b")),
            Refused::Form(path)
        );
        assert_eq!(
            get(&|answer| answer["response"][name] = json!(null)),
            Refused::Form(path)
        );
    }
    let twice = r#"{"type":"public-key","type":"public-key"}"#;
    assert_eq!(
        party.register(CHALLENGE, twice),
        Err(Refused::Form("object"))
    );
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(64 * 1024));
    assert_eq!(party.register(CHALLENGE, &long), Err(Refused::TooLong));
    assert_eq!(claimed(&long), Err(Refused::TooLong));
}

#[test]
fn an_answer_claims_a_credential_and_perhaps_a_person() {
    let device = Device::es256();
    let claim = |handle: Value| {
        let mut answer = device.got(&device.getting());
        answer["response"]["userHandle"] = handle;
        claimed(&answer.to_string()).map(|claim| claim.user_handle)
    };
    assert_eq!(claim(json!("AAE")), Ok(Some(vec![0, 1])));
    assert_eq!(claim(json!(null)), Ok(None));
    assert_eq!(claim(json!("")), Ok(None));
    let form = Err(Refused::Form("response.userHandle"));
    assert_eq!(claim(json!(7)), form);
    assert_eq!(claim(json!("A")), form);
    assert_eq!(claim(json!(to_base64url(&[7; 65]))), form);
}

#[test]
fn transports_are_bounded() {
    let device = Device::es256();
    let mut answer = device.created(&device.creating());
    answer["response"]["transports"] = json!([
        "usb",
        "usb",
        "smart-card",
        "<b>",
        "",
        7,
        "x".repeat(33),
        "new-way"
    ]);
    let passkey = party().register(CHALLENGE, &answer.to_string()).unwrap();
    assert_eq!(passkey.transports, ["usb", "smart-card", "new-way"]);
    answer["response"]["transports"] = json!((0..99).map(|n| n.to_string()).collect::<Vec<_>>());
    let passkey = party().register(CHALLENGE, &answer.to_string()).unwrap();
    assert_eq!(passkey.transports.len(), 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Each byte that was signed, and each of the signature, counts.
    #[test]
    fn no_changed_byte_passes(which in 0..3_usize, at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        thread_local! {
            static DEVICES: Vec<(Passkey, Value)> = [Device::es256(), Device::ed25519()]
                .iter()
                .map(|device| (registered(device), device.got(&device.getting())))
                .collect();
        }
        let name = ["clientDataJSON", "authenticatorData", "signature"][which];
        DEVICES.with(|devices| {
            for (passkey, answer) in devices {
                let mut answer = answer.clone();
                let field = &mut answer["response"][name];
                let mut bytes = from_base64url(field.as_str().unwrap()).unwrap();
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
                *field = json!(to_base64url(&bytes));
                let proof = party().authenticate(CHALLENGE, passkey, &answer.to_string());
                prop_assert!(proof.is_err(), "{name} {at} {bit}");
            }
            Ok(())
        })?;
    }

    #[test]
    fn no_changed_text_panics(cut in any::<prop::sample::Index>(), put in "\\PC{0,6}", other in any::<bool>()) {
        thread_local! {
            static ANSWERS: [String; 2] = {
                let device = Device::ed25519();
                [device.created(&device.creating()), device.got(&device.getting())].map(|a| a.to_string())
            };
        }
        let mut answer = ANSWERS.with(|answers| answers[usize::from(other)].clone());
        let at = cut.index(answer.len());
        answer.replace_range(at..(at + put.len()).min(answer.len()), &put);
        ringfence_identity::webauthn::fuzz_webauthn(answer.as_bytes());
        _ = party().register(CHALLENGE, &answer);
    }
}

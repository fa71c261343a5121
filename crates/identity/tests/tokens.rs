//! Identity tokens: others' own, and every way to go wrong.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use proptest::prelude::*;
use ringfence_crypto::stand_in::{Public, Signer};
use ringfence_crypto::{EcdsaForm, RsaPadding, hmac_sha256, to_base64url};
use ringfence_identity::jwt::{
    Alg, Expected, ExpectedLogout, Jwks, JwtError, check_access_token, check_claims,
    check_logout_claims, verify, verify_logout,
};
use serde_json::{Map, Value, json};

const NOW: i64 = 1_311_280_970;

fn expected() -> Expected<'static> {
    Expected {
        issuer: "https://op.example",
        client_id: "ringfence",
        nonce: "n-0S6_WzA2Mj",
        now_s: NOW,
        max_age_s: None,
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://op.example", "sub": "248289761001", "aud": "ringfence",
        "nonce": "n-0S6_WzA2Mj", "exp": NOW + 1000, "iat": NOW,
    })
}

fn part(json: &Value) -> String {
    to_base64url(json.to_string().as_bytes())
}

fn token(signer: &Signer, header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", part(header), part(claims));
    format!("{signed}.{}", to_base64url(&signer.sign(signed.as_bytes())))
}

fn jwk(signer: &Signer) -> Value {
    match signer.public() {
        Public::Es256 { x, y } => {
            json!({ "kty": "EC", "crv": "P-256", "x": to_base64url(&x), "y": to_base64url(&y) })
        }
        Public::Ed25519(x) => json!({ "kty": "OKP", "crv": "Ed25519", "x": to_base64url(&x) }),
        Public::Rsa { n, e } => {
            json!({ "kty": "RSA", "n": to_base64url(&n), "e": to_base64url(&e) })
        }
    }
}

/// The key with members added or replaced.
fn with(jwk: &Value, members: Value) -> Value {
    let mut jwk = jwk.clone();
    for (name, value) in members.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}

fn set(keys: &[Value]) -> Jwks {
    Jwks::parse(&json!({ "keys": keys }).to_string()).unwrap()
}

fn es256() -> (Signer, Value) {
    let signer = Signer::es256(EcdsaForm::Fixed).unwrap();
    let jwk = with(&jwk(&signer), json!({ "kid": "k" }));
    (signer, jwk)
}

#[test]
fn another_library_s_tokens_are_believed() {
    let made: Value = serde_json::from_str(include_str!("../testdata/tokens.json")).unwrap();
    let jwks = Jwks::parse(&made["jwks"].to_string()).unwrap();
    for alg in Alg::ALL {
        let token = made["tokens"][alg.name()].as_str().unwrap();
        let claims = verify(token, &jwks, &[alg]).unwrap();
        let expected = Expected {
            max_age_s: Some(10),
            ..expected()
        };
        let id = check_claims(&claims, &expected).unwrap();
        assert_eq!((id.subject.as_str(), id.amr.len()), ("248289761001", 2));
        assert_eq!(id.acr.as_deref(), Some("urn:mace:incommon:iap:silver"));
        assert_eq!(id.auth_time_s, Some(NOW - 1));
        for other in Alg::ALL.into_iter().filter(|other| *other != alg) {
            assert_eq!(verify(token, &jwks, &[other]), Err(JwtError::Algorithm));
        }
    }
}

#[test]
fn answers_rfc_7515_appendices_a_2_and_a_3() {
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let rsa = json!({
        "kty": "RSA",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        "e": "AQAB",
    });
    let ec = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    for (jwk, alg, header, signature) in [
        (
            rsa,
            Alg::Rs256,
            "eyJhbGciOiJSUzI1NiJ9",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
        (
            ec,
            Alg::Es256,
            "eyJhbGciOiJFUzI1NiJ9",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
    ] {
        let token = format!("{header}.{payload}.{signature}");
        assert_eq!(verify(&token, &set(&[jwk]), &[alg]).unwrap()["iss"], "joe");
    }
}

#[test]
fn nothing_unsigned_or_signed_with_what_is_public_is_believed() {
    let (_, key) = es256();
    let jwks = set(std::slice::from_ref(&key));
    let (body, none) = (part(&claims()), "");
    for alg in [
        "none", "None", "NONE", "HS256", "HS512", "ES384", "RS1", "es256", "",
    ] {
        let signed = format!("{}.{body}", part(&json!({ "alg": alg, "kid": "k" })));
        // What is public, used as a shared secret.
        let secret = key["x"].as_str().unwrap().as_bytes();
        let tag = to_base64url(&hmac_sha256(secret, &[signed.as_bytes()]));
        for signature in [none, &tag] {
            let token = format!("{signed}.{signature}");
            assert_eq!(
                verify(&token, &jwks, &Alg::ALL),
                Err(JwtError::Algorithm),
                "{alg}"
            );
        }
    }
    for header in [
        json!({}),
        json!({ "alg": 1 }),
        json!({ "alg": ["ES256"] }),
        json!({ "alg": null }),
    ] {
        let token = format!("{}.{body}.", part(&header));
        assert_eq!(verify(&token, &jwks, &Alg::ALL), Err(JwtError::Algorithm));
    }
    let empty = format!("{}.{body}.", part(&json!({ "alg": "ES256", "kid": "k" })));
    assert_eq!(verify(&empty, &jwks, &Alg::ALL), Err(JwtError::Signature));
    // A key of the sender's own, in the token.
    let own = Signer::es256(EcdsaForm::Fixed).unwrap();
    let header =
        json!({ "alg": "ES256", "kid": "k", "jwk": jwk(&own), "jku": "https://evil.example" });
    assert_eq!(
        verify(&token(&own, &header, &claims()), &jwks, &Alg::ALL),
        Err(JwtError::Signature)
    );
    // r = s = 0.
    let zero = format!(
        "{}.{body}.{}",
        part(&json!({ "alg": "ES256", "kid": "k" })),
        to_base64url(&[0; 64])
    );
    assert_eq!(verify(&zero, &jwks, &Alg::ALL), Err(JwtError::Signature));
}

#[test]
fn a_signature_comes_in_the_form_of_its_algorithm() {
    // DER where 64 bytes are asked for.
    let der = Signer::es256(EcdsaForm::Der).unwrap();
    let made = token(&der, &json!({ "alg": "ES256" }), &claims());
    assert_eq!(
        verify(&made, &set(&[jwk(&der)]), &Alg::ALL),
        Err(JwtError::Signature)
    );
    // The same RSA key, the other padding.
    let rsa = Signer::rsa(RsaPadding::Pss).unwrap();
    let both = set(&[jwk(&rsa)]);
    let made = |alg: &str| token(&rsa, &json!({ "alg": alg }), &claims());
    assert!(verify(&made("PS256"), &both, &Alg::ALL).is_ok());
    assert_eq!(
        verify(&made("RS256"), &both, &Alg::ALL),
        Err(JwtError::Signature)
    );
    let only = set(&[with(&jwk(&rsa), json!({ "alg": "RS256" }))]);
    assert_eq!(
        verify(&made("PS256"), &only, &Alg::ALL),
        Err(JwtError::UnknownKey)
    );
    let ed = Signer::ed25519().unwrap();
    for name in ["EdDSA", "Ed25519"] {
        let made = token(&ed, &json!({ "alg": name }), &claims());
        assert!(verify(&made, &set(&[jwk(&ed)]), &[Alg::EdDsa]).is_ok());
    }
}

#[test]
fn the_key_is_the_one_that_the_token_names() {
    let (signer, key) = es256();
    let other = with(
        &jwk(&Signer::es256(EcdsaForm::Fixed).unwrap()),
        json!({ "kid": "other" }),
    );
    let try_with = |header: Value, keys: &[Value]| {
        let made = token(
            &signer,
            &with(&json!({ "alg": "ES256" }), header),
            &claims(),
        );
        verify(&made, &set(keys), &Alg::ALL).map(|_| ())
    };
    let (named, unnamed) = (json!({ "kid": "k" }), json!({}));
    let both = [key.clone(), other.clone()];
    assert_eq!(try_with(named.clone(), &both), Ok(()));
    assert_eq!(
        try_with(json!({ "kid": "K" }), &both),
        Err(JwtError::UnknownKey)
    );
    assert_eq!(
        try_with(json!({ "kid": "other" }), &both),
        Err(JwtError::Signature)
    );
    assert_eq!(try_with(json!({ "kid": 1 }), &both), Err(JwtError::Form));
    assert_eq!(
        try_with(unnamed.clone(), std::slice::from_ref(&key)),
        Ok(())
    );
    assert_eq!(try_with(unnamed.clone(), &both), Err(JwtError::UnknownKey));
    assert_eq!(try_with(named.clone(), &[]), Err(JwtError::UnknownKey));
    // The same name on keys of several kinds, and on two of one kind.
    let rsa = with(
        &jwk(&Signer::rsa(RsaPadding::Pkcs1).unwrap()),
        json!({ "kid": "k" }),
    );
    assert_eq!(try_with(named.clone(), &[rsa, key.clone()]), Ok(()));
    let twin = with(&other, json!({ "kid": "k" }));
    assert_eq!(try_with(named.clone(), &[twin, key.clone()]), Ok(()));
    for (members, fits) in [
        (json!({ "use": "sig" }), true),
        (json!({ "key_ops": ["sign", "verify"] }), true),
        (json!({ "alg": "ES256" }), true),
        (json!({ "use": "enc" }), false),
        (json!({ "use": 1 }), false),
        (json!({ "key_ops": ["encrypt"] }), false),
        (json!({ "key_ops": "verify" }), false),
        (json!({ "alg": "ES384" }), false),
        (json!({ "alg": 7 }), false),
        (json!({ "kid": 7 }), false),
        (json!({ "kty": "RSA" }), false),
        (json!({ "kty": "oct", "k": "c2VjcmV0" }), false),
        (json!({ "crv": "P-384" }), false),
        (json!({ "crv": "secp256k1" }), false),
        (json!({ "x": "AAAA" }), false),
        (json!({ "y": key["x"] }), false),
        (json!({ "y": null }), false),
    ] {
        let result = try_with(named.clone(), &[with(&key, members.clone())]);
        let wanted = if fits {
            Ok(())
        } else {
            Err(JwtError::UnknownKey)
        };
        assert_eq!(result, wanted, "{members}");
    }
    // An X25519 key is for agreement, whatever it says.
    let ed = jwk(&Signer::ed25519().unwrap());
    assert!(set(&[with(&ed, json!({ "crv": "X25519" }))]).is_empty());
    let weak = json!({ "kty": "RSA", "n": to_base64url(&[0xff; 128]), "e": "AQAB" });
    assert!(set(&[weak, json!(7), json!({})]).is_empty());
}

#[test]
fn key_sets_and_tokens_of_another_form_are_refused() {
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert_eq!(Jwks::parse(text).unwrap_err(), JwtError::KeySet, "{text}");
    }
    let long = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(256 * 1024));
    assert_eq!(Jwks::parse(&long).unwrap_err(), JwtError::TooLong);
    let many = json!({ "keys": vec![json!({}); 101] }).to_string();
    assert_eq!(Jwks::parse(&many).unwrap_err(), JwtError::TooLong);

    let (signer, key) = es256();
    let jwks = set(&[key]);
    let good = token(&signer, &json!({ "alg": "ES256", "kid": "k" }), &claims());
    assert!(verify(&good, &jwks, &Alg::ALL).is_ok());
    for wrong in [
        String::new(),
        "..".to_owned(),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}="),
        format!(" {good}"),
        good.replace('.', ""),
        good.replacen("ey", "e y", 1),
    ] {
        assert_eq!(
            verify(&wrong, &jwks, &Alg::ALL),
            Err(JwtError::Form),
            "{wrong}"
        );
    }
    assert_eq!(
        verify(&"x".repeat(16 * 1024 + 1), &jwks, &Alg::ALL),
        Err(JwtError::TooLong)
    );
    for (header, error) in [
        (
            r#"{"alg":"ES256","kid":"k","crit":["exp"],"exp":1}"#,
            JwtError::Kind,
        ),
        (r#"{"alg":"ES256","kid":"k","crit":[]}"#, JwtError::Kind),
        (
            r#"{"alg":"ES256","kid":"k","typ":"at+jwt"}"#,
            JwtError::Kind,
        ),
        (
            r#"{"alg":"ES256","kid":"k","typ":"logout+jwt"}"#,
            JwtError::Kind,
        ),
        (r#"{"alg":"ES256","kid":"k","typ":1}"#, JwtError::Kind),
        (r#"{"alg":"none","alg":"ES256","kid":"k"}"#, JwtError::Form),
        (r#"["ES256"]"#, JwtError::Form),
    ] {
        let signed = format!("{}.{}", to_base64url(header.as_bytes()), part(&claims()));
        let made = format!("{signed}.{}", to_base64url(&signer.sign(signed.as_bytes())));
        assert_eq!(verify(&made, &jwks, &Alg::ALL), Err(error), "{header}");
    }
    for kind in ["JWT", "jwt", "application/jwt"] {
        let header = json!({ "alg": "ES256", "kid": "k", "typ": kind });
        assert!(verify(&token(&signer, &header, &claims()), &jwks, &Alg::ALL).is_ok());
    }
    // Signed, and yet read in two ways; or no object.
    for payload in [r#"{"sub":"ann","sub":"bob"}"#, "[]", "7", "ann"] {
        let header = part(&json!({ "alg": "ES256", "kid": "k" }));
        let signed = format!("{header}.{}", to_base64url(payload.as_bytes()));
        let made = format!("{signed}.{}", to_base64url(&signer.sign(signed.as_bytes())));
        assert_eq!(
            verify(&made, &jwks, &Alg::ALL),
            Err(JwtError::Form),
            "{payload}"
        );
    }
}

#[test]
fn claims_are_for_us_now_and_for_this_sign_in() {
    let check = |members: Value| {
        let Value::Object(mut claims) = claims() else {
            panic!("an object");
        };
        for (name, value) in members.as_object().unwrap() {
            match value {
                Value::Null => _ = claims.shift_remove(name),
                value => _ = claims.insert(name.clone(), value.clone()),
            }
        }
        check_claims(&claims, &expected()).map(|id| id.subject)
    };
    let good = Ok("248289761001".to_owned());
    for (members, result) in [
        (json!({}), good.clone()),
        (
            json!({ "iss": "https://op.example/" }),
            Err(JwtError::Issuer),
        ),
        (json!({ "iss": null }), Err(JwtError::Claim("iss"))),
        (json!({ "aud": ["ringfence"] }), good.clone()),
        (
            json!({ "aud": ["ringfence", "x"] }),
            Err(JwtError::Claim("azp")),
        ),
        (
            json!({ "aud": ["ringfence", "x"], "azp": "ringfence" }),
            good.clone(),
        ),
        (
            json!({ "aud": ["ringfence", "x"], "azp": "x" }),
            Err(JwtError::Audience),
        ),
        (json!({ "azp": "x" }), Err(JwtError::Audience)),
        (json!({ "azp": 1 }), Err(JwtError::Audience)),
        (json!({ "aud": "x" }), Err(JwtError::Audience)),
        (json!({ "aud": ["x"] }), Err(JwtError::Audience)),
        (json!({ "aud": [] }), Err(JwtError::Audience)),
        (
            json!({ "aud": ["ringfence", 1], "azp": "ringfence" }),
            Err(JwtError::Claim("aud")),
        ),
        (
            json!({ "aud": { "ringfence": 1 } }),
            Err(JwtError::Claim("aud")),
        ),
        (json!({ "aud": null }), Err(JwtError::Claim("aud"))),
        (json!({ "exp": NOW - 59 }), good.clone()),
        (json!({ "exp": NOW - 60 }), Err(JwtError::Expired)),
        (
            json!({ "exp": f64::from(2_000_000_000) + 0.5 }),
            good.clone(),
        ),
        (json!({ "exp": 1e300 }), Err(JwtError::Claim("exp"))),
        (json!({ "exp": u64::MAX }), Err(JwtError::Claim("exp"))),
        (json!({ "exp": "soon" }), Err(JwtError::Claim("exp"))),
        (json!({ "exp": null }), Err(JwtError::Claim("exp"))),
        (json!({ "iat": NOW + 60 }), good.clone()),
        (json!({ "iat": NOW + 61 }), Err(JwtError::IssuedAt)),
        (json!({ "iat": NOW - 600 }), good.clone()),
        (json!({ "iat": NOW - 601 }), Err(JwtError::IssuedAt)),
        (json!({ "iat": null }), Err(JwtError::Claim("iat"))),
        (json!({ "nbf": NOW + 60 }), good.clone()),
        (json!({ "nbf": NOW + 61 }), Err(JwtError::IssuedAt)),
        (json!({ "nbf": "x" }), Err(JwtError::Claim("nbf"))),
        (json!({ "nonce": "n-0S6_WzA2MJ" }), Err(JwtError::Nonce)),
        (json!({ "nonce": "" }), Err(JwtError::Nonce)),
        (json!({ "nonce": null }), Err(JwtError::Claim("nonce"))),
        (json!({ "sub": "" }), Err(JwtError::Claim("sub"))),
        (json!({ "sub": "a\nb" }), Err(JwtError::Claim("sub"))),
        (
            json!({ "sub": "x".repeat(256) }),
            Err(JwtError::Claim("sub")),
        ),
        (json!({ "sub": 1 }), Err(JwtError::Claim("sub"))),
        (
            json!({ "auth_time": "x" }),
            Err(JwtError::Claim("auth_time")),
        ),
        (json!({ "amr": "pwd", "acr": 2 }), good),
    ] {
        assert_eq!(check(members.clone()), result, "{members}");
    }
}

#[test]
fn a_sign_in_that_has_to_be_recent_is() {
    let check = |auth_time: Option<i64>| {
        let mut claims: Map<String, Value> = claims().as_object().unwrap().clone();
        if let Some(at) = auth_time {
            claims.insert("auth_time".into(), json!(at));
        }
        let expected = Expected {
            max_age_s: Some(300),
            ..expected()
        };
        check_claims(&claims, &expected).map(|id| id.auth_time_s)
    };
    assert_eq!(check(Some(NOW - 360)), Ok(Some(NOW - 360)));
    assert_eq!(check(Some(NOW - 361)), Err(JwtError::AuthTime));
    assert_eq!(check(Some(NOW + 61)), Err(JwtError::AuthTime));
    assert_eq!(check(None), Err(JwtError::Claim("auth_time")));
    let lost = Expected {
        nonce: "",
        ..expected()
    };
    let empty = with(&claims(), json!({ "nonce": "" }));
    assert_eq!(
        check_claims(empty.as_object().unwrap(), &lost),
        Err(JwtError::Nonce)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_changed_character_passes(at in any::<prop::sample::Index>(), put in "[A-Za-z0-9_.-]") {
        thread_local! {
            static MADE: (String, Jwks) = {
                let (signer, key) = es256();
                (token(&signer, &json!({ "alg": "ES256", "kid": "k" }), &claims()), set(&[key]))
            };
        }
        MADE.with(|(good, jwks)| {
            let mut bad = good.clone();
            let at = at.index(bad.len());
            bad.replace_range(at..=at, &put);
            prop_assert!(bad == *good || verify(&bad, jwks, &Alg::ALL).is_err());
            Ok(())
        })?;
    }

    #[test]
    fn nothing_panics(set in "\\PC{0,200}", token in "[A-Za-z0-9_.-]{0,200}", claims in "\\PC{0,200}") {
        ringfence_identity::jwt::fuzz_jwt(format!("{set}\n{token}").as_bytes());
        if let Ok(claims) = serde_json::from_str(&claims) {
            _ = check_claims(&claims, &expected());
        }
    }
}

#[test]
fn an_access_token_is_the_one_that_came_along() {
    // OpenID Connect Core 1.0, appendix A.3.
    let access = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    let said = |hash: Value| {
        let claims = json!({ "at_hash": hash });
        check_access_token(claims.as_object().unwrap(), access)
    };
    assert_eq!(said(json!("77QmUPtjPfzWtF2AnpK9RQ")), Ok(()));
    assert_eq!(
        said(json!("77QmUPtjPfzWtF2AnpK9RA")),
        Err(JwtError::AccessToken)
    );
    assert_eq!(said(json!("")), Err(JwtError::AccessToken));
    assert_eq!(said(json!(1)), Err(JwtError::Claim("at_hash")));
    assert_eq!(check_access_token(&Map::new(), access), Ok(()));
}

#[test]
fn a_word_of_a_sign_out_is_no_other_token() {
    let (identity, of_sign_in) = (claims(), expected());
    let signer = Signer::es256(EcdsaForm::Fixed).unwrap();
    let set = json!({ "keys": [jwk(&signer)] }).to_string();
    let keys = Jwks::parse(&set).unwrap();
    let said = json!({
        "iss": "https://op.example", "aud": "ringfence", "iat": NOW, "exp": NOW + 120, "jti": "j1",
        "sub": "248289761001", "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    let of = |kind: Value| {
        let text = token(&signer, &json!({"alg": "ES256", "typ": kind}), &said);
        verify_logout(&text, &keys, &Alg::ALL)
    };
    let claims = of(json!("logout+jwt")).unwrap();
    // Providers that call it a plain one, or nothing, are heard too.
    for kind in ["application/logout+JWT", "JWT", "jwt", "application/jwt"] {
        assert!(of(json!(kind)).is_ok(), "{kind}");
    }
    let untyped = token(&signer, &json!({"alg": "ES256"}), &said);
    assert!(verify_logout(&untyped, &keys, &Alg::ALL).is_ok());
    for kind in [json!("at+jwt"), json!(""), Value::Null, json!(1)] {
        assert_eq!(of(kind.clone()), Err(JwtError::Kind), "{kind}");
    }
    let text = token(
        &signer,
        &json!({"alg": "ES256", "typ": "logout+jwt"}),
        &said,
    );
    assert_eq!(verify(&text, &keys, &Alg::ALL), Err(JwtError::Kind));
    let expected = ExpectedLogout {
        issuer: "https://op.example",
        client_id: "ringfence",
        now_s: NOW,
    };
    // An identity token of the same `typ` is no such word, nor the other way round.
    let identity = verify_logout(
        &token(&signer, &json!({"alg": "ES256"}), &identity),
        &keys,
        &Alg::ALL,
    );
    assert_eq!(
        check_logout_claims(&identity.unwrap(), &expected),
        Err(JwtError::Claim("events"))
    );
    let word = verify(&untyped, &keys, &Alg::ALL).unwrap();
    assert_eq!(
        check_claims(&word, &of_sign_in),
        Err(JwtError::Claim("nonce"))
    );
    let heard = check_logout_claims(&claims, &expected).unwrap();
    assert_eq!(
        (heard.id.as_str(), heard.subject.as_deref()),
        ("j1", Some("248289761001"))
    );
    for (name, value, why) in [
        ("events", json!({}), JwtError::Claim("events")),
        (
            "events",
            json!({"http://schemas.openid.net/event/backchannel-logout": 1}),
            JwtError::Claim("events"),
        ),
        ("nonce", json!("x"), JwtError::Claim("nonce")),
        ("sub", json!(""), JwtError::Claim("sub")),
        ("jti", Value::Null, JwtError::Claim("jti")),
        ("aud", json!("another"), JwtError::Audience),
        ("iss", json!("https://other.example"), JwtError::Issuer),
        ("exp", json!(NOW - 61), JwtError::Expired),
    ] {
        let mut changed = claims.clone();
        changed.insert(name.to_owned(), value);
        assert_eq!(check_logout_claims(&changed, &expected), Err(why), "{name}");
    }
    let mut nobody = claims.clone();
    nobody.remove("sub");
    assert_eq!(
        check_logout_claims(&nobody, &expected),
        Err(JwtError::Claim("sub"))
    );
    nobody.insert("sid".to_owned(), json!("s1"));
    let heard = check_logout_claims(&nobody, &expected).unwrap();
    assert_eq!(
        (heard.subject, heard.session.as_deref()),
        (None, Some("s1"))
    );
}

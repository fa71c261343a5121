//! Records of cloud platforms, in the shapes that their vendors document, become the right events.
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

mod support;

use ringfence_event::{Event, ext};
use ringfence_normalise::{Mapping, RejectCode};
use serde_json::{Value, json};
use support::schema::assert_valid;
use support::{normaliser, origin, record};

fn events(text: &Value) -> Vec<Event> {
    let origin = origin();
    let made = normaliser(vec![]).normalise(&record(&origin, text.to_string().as_bytes()));
    let made = made.unwrap_or_else(|e| panic!("{e}: {text}"));
    made.iter().for_each(assert_valid);
    made
}

/// Activity, agent, call and uid of each.
fn told(events: &[Event]) -> Vec<String> {
    let line = |e: &Event| {
        let ocsf = e.to_ocsf();
        let state = ocsf.get("agent").and_then(|a| a["state"].as_str());
        let parts = [
            ocsf["activity_name"].as_str(),
            state,
            e.keys.agent.as_deref(),
            e.keys.call.as_deref(),
        ];
        let parts: Vec<_> = parts.into_iter().map(|p| p.unwrap_or("-")).collect();
        format!("{} @{}", parts.join(" "), e.time.0 / 1_000 % 1_000)
    };
    events.iter().map(line).collect()
}

const T: &str = "2026-11-22T09:";

fn conversation() -> Value {
    json!({
        "conversationId": "c-1", "originatingDirection": "inbound",
        "conversationStart": format!("{T}30:00.000Z"), "conversationEnd": format!("{T}36:00.000Z"),
        "participants": [
            {"participantId": "p-0", "purpose": "customer", "sessions": [
                {"sessionId": "s-0", "mediaType": "voice", "direction": "inbound",
                 "ani": "tel:+13175550123", "dnis": "tel:+18005550100",
                 "segments": [{"segmentStart": format!("{T}30:00.000Z"), "segmentType": "interact"}]}]},
            {"participantId": "p-1", "purpose": "agent", "participantName": "Ann", "userId": "u-1",
             "sessions": [{"sessionId": "s-1", "mediaType": "voice", "direction": "inbound",
                "segments": [
                    {"segmentStart": format!("{T}30:05.000Z"), "segmentEnd": format!("{T}30:10.000Z"), "queueId": "q", "segmentType": "alert"},
                    {"segmentStart": format!("{T}30:10.000Z"), "segmentEnd": format!("{T}32:00.000Z"), "queueId": "q", "segmentType": "interact"},
                    {"segmentStart": format!("{T}32:00.000Z"), "segmentEnd": format!("{T}33:00.000Z"), "segmentType": "hold"},
                    {"segmentStart": format!("{T}33:00.000Z"), "segmentEnd": format!("{T}34:00.000Z"), "segmentType": "interact", "disconnectType": "transfer"},
                    {"segmentStart": format!("{T}34:00.000Z"), "segmentEnd": format!("{T}34:30.000Z"), "segmentType": "wrapup"}]}]},
            {"participantId": "p-2", "purpose": "agent", "userId": "u-2",
             "sessions": [{"sessionId": "s-2", "mediaType": "voice",
                "segments": [
                    {"segmentStart": format!("{T}34:00.000Z"), "segmentEnd": format!("{T}36:00.000Z"), "segmentType": "interact", "disconnectType": "peer"}]}]},
        ],
    })
}

#[test]
fn a_genesys_conversation_is_told_agent_by_agent() {
    let made = events(&conversation());
    let want = [
        "Offered - - c-1 @800",
        "Offered - u-1 c-1 @805",
        "Answered - u-1 c-1 @810",
        "Answered - u-1 c-1 @980",
        "Answered - u-2 c-1 @40",
        "Held - u-1 c-1 @920",
        "Resumed - u-1 c-1 @980",
        "Transferred - u-1 c-1 @40",
        "State Change wrap_up u-1 - @40",
        "Ended - - c-1 @160",
    ];
    assert_eq!(told(&made), want);
    assert_eq!(made[2].keys.caller.as_deref(), Some("+13175550123"));
    let uids: std::collections::BTreeSet<_> = made.iter().map(|e| e.uid.clone().unwrap()).collect();
    assert_eq!(uids.len(), made.len(), "each event has a uid of its own");
    // What an event keeps of the record is its own part.
    let kept = Value::Object(made[4].record.clone().unwrap());
    assert_eq!(kept.pointer("/participants/0/userId"), Some(&json!("u-2")));
    assert_eq!(kept["participants"].as_array().unwrap().len(), 1);

    // The same conversation some minutes earlier: nothing that it said has another uid now.
    let mut early = conversation();
    early.as_object_mut().unwrap().remove("conversationEnd");
    early["participants"].as_array_mut().unwrap().pop();
    let segments = early
        .pointer_mut("/participants/1/sessions/0/segments")
        .unwrap();
    segments.as_array_mut().unwrap().truncate(2);
    segments[1].as_object_mut().unwrap().remove("segmentEnd");
    let early = events(&early);
    assert_eq!(told(&early), want[..3]);
    assert!(early.iter().all(|e| uids.contains(e.uid.as_ref().unwrap())));
}

#[test]
fn genesys_users_have_states() {
    let made = events(&json!({
        "userId": "u-1",
        "primaryPresence": [
            {"startTime": format!("{T}00:00.000Z"), "endTime": format!("{T}40:00.000Z"), "systemPresence": "ON_QUEUE"},
            {"startTime": format!("{T}40:00.000Z"), "systemPresence": "OFFLINE"}],
        "routingStatus": [
            {"startTime": format!("{T}00:01.000Z"), "endTime": format!("{T}30:00.000Z"), "routingStatus": "IDLE"},
            {"startTime": format!("{T}30:00.000Z"), "routingStatus": "INTERACTING"}],
    }));
    let want = [
        "State Change available u-1 - @1",
        "State Change on_call u-1 - @800",
        "State Change available u-1 - @0",
        "Sign Out offline u-1 - @400",
    ];
    assert_eq!(told(&made), want);
}

fn okta(kind: &str, more: &Value) -> Value {
    let mut event = json!({
        "uuid": "5d9c", "published": format!("{T}30:00.123Z"), "eventType": kind, "version": "0",
        "severity": "INFO", "displayMessage": "User login to Okta", "legacyEventType": "core",
        "actor": {"id": "00u1", "type": "User", "alternateId": "ann@acme.example", "displayName": "Ann"},
        "client": {"userAgent": {"rawUserAgent": "Mozilla/5.0", "os": "Mac OS X", "browser": "CHROME"},
            "zone": "null", "device": "Computer", "ipAddress": "203.0.113.9",
            "geographicalContext": {"city": "Berlin", "state": "Berlin", "country": "Germany",
                "postalCode": null, "geolocation": {"lat": 52.5, "lon": 13.4}}},
        "outcome": {"result": "SUCCESS", "reason": null}, "target": null,
        "authenticationContext": {"externalSessionId": "102n", "credentialType": "PASSWORD"},
        "debugContext": {"debugData": {"requestUri": "/api/v1/authn"}},
    });
    for (key, value) in more.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

#[test]
fn okta_sign_ins_and_changes_of_accounts_are_understood() {
    let made = events(&okta("user.session.start", &json!({})));
    let ocsf = Value::Object(made[0].to_ocsf());
    assert_eq!(
        (&ocsf["class_uid"], &ocsf["activity_id"]),
        (&json!(3002), &json!(1))
    );
    assert_eq!(ocsf["status_id"], 1);
    assert_eq!(made[0].keys.user.as_deref(), Some("ann@acme.example"));
    assert_eq!(made[0].keys.src_ip.as_deref(), Some("203.0.113.9"));
    assert_eq!(made[0].logsource.product.as_deref(), Some("okta"));

    let failed = json!({"outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"}});
    let made = events(&okta("user.session.start", &failed));
    let ocsf = Value::Object(made[0].to_ocsf());
    assert_eq!(
        (&ocsf["status_id"], &ocsf["status_detail"]),
        (&json!(2), &json!("INVALID_CREDENTIALS"))
    );

    assert_eq!(
        events(&okta("user.session.end", &json!({})))[0].activity_id,
        2
    );
    let target =
        json!({"target": [{"id": "00u2", "type": "User", "alternateId": "bob@acme.example"}]});
    let made = events(&okta("user.mfa.factor.deactivate", &target));
    let ocsf = Value::Object(made[0].to_ocsf());
    assert_eq!(
        (&ocsf["class_uid"], &ocsf["activity_id"]),
        (&json!(3001), &json!(11))
    );
    assert_eq!(ocsf.pointer("/user/name"), Some(&json!("bob@acme.example")));
    assert_eq!(
        events(&okta("system.api_token.create", &json!({})))[0].class_uid,
        0
    );
}

#[test]
fn entra_sign_ins_are_understood() {
    let mut sign_in = json!({
        "id": "66ea54eb", "createdDateTime": format!("{T}30:00Z"), "userDisplayName": "Ann",
        "userPrincipalName": "ann@acme.example", "userId": "26be570a", "appId": "de8bc8b5",
        "appDisplayName": "Office 365", "ipAddress": "203.0.113.9", "clientAppUsed": "Browser",
        "correlationId": "d79f5bee", "conditionalAccessStatus": "notApplied", "isInteractive": true,
        "authenticationRequirement": "multiFactorAuthentication",
        "riskLevelDuringSignIn": "high", "resourceDisplayName": "Graph",
        "status": {"errorCode": 0, "failureReason": null, "additionalDetails": null},
        "deviceDetail": {"deviceId": "", "displayName": "", "operatingSystem": "Windows 10", "browser": "Edge"},
        "location": {"city": "Berlin", "state": "Berlin", "countryOrRegion": "DE", "geoCoordinates": {}},
    });
    let made = events(&sign_in);
    let ocsf = Value::Object(made[0].to_ocsf());
    assert_eq!(
        (&ocsf["status_id"], &ocsf["severity_id"], &ocsf["is_mfa"]),
        (&json!(1), &json!(4), &json!(true))
    );
    sign_in["status"] =
        json!({"errorCode": 50126, "failureReason": "Invalid username or password."});
    let ocsf = Value::Object(events(&sign_in)[0].to_ocsf());
    assert_eq!(
        (&ocsf["status_id"], &ocsf["status_code"]),
        (&json!(2), &json!("50126"))
    );
}

#[test]
fn twilio_calls_and_tasks_are_understood() {
    let call = json!({
        "sid": "CA01", "account_sid": "AC01", "parent_call_sid": "CA00", "direction": "outbound-dial",
        "date_created": "Sun, 22 Nov 2026 09:30:00 +0000", "date_updated": "Sun, 22 Nov 2026 09:34:00 +0000",
        "start_time": "Sun, 22 Nov 2026 09:30:05 +0000", "end_time": "Sun, 22 Nov 2026 09:34:05 +0000",
        "duration": "240", "from": "+13175550123", "to": "client:ann", "status": "completed",
        "caller_name": null, "price": null,
    });
    let made = events(&call);
    assert_eq!(
        told(&made),
        ["Answered - ann CA01 @805", "Ended - - CA01 @45"]
    );
    assert_eq!(made[0].keys.caller.as_deref(), Some("+13175550123"));
    let mut live = call.clone();
    live["status"] = json!("in-progress");
    live["end_time"] = Value::Null;
    assert_eq!(
        told(&events(&live)),
        ["Answered - ann CA01 @805", "Offered - - CA01 @805"]
    );

    let event = |kind: &str, data: &Value| {
        json!({
            "sid": "EV01", "account_sid": "AC01", "workspace_sid": "WS01", "event_type": kind,
            "event_date": format!("{T}30:00Z"), "event_date_ms": 1_795_339_800_000_i64,
            "resource_sid": "WR01", "resource_type": "reservation", "event_data": data,
        })
    };
    let task = json!({"worker_name": "ann", "worker_sid": "WK1", "task_sid": "WT1",
        "task_attributes": "{\"call_sid\": \"CA00\", \"from\":\"+13175550123\",\"direction\":\"inbound\"}"});
    let made = events(&event("reservation.accepted", &task));
    assert_eq!(told(&made), ["Answered - ann CA00 @800"]);
    assert_eq!(made[0].keys.caller.as_deref(), Some("+13175550123"));
    let activity = json!({"worker_name": "ann", "worker_activity_name": "Lunch"});
    let made = events(&event("worker.activity.update", &activity));
    assert_eq!(told(&made), ["State Change away ann - @800"]);
    assert_eq!(made[0].class_uid, ext::AGENT);
}

#[test]
fn a_record_cannot_become_events_without_end() {
    let mapping = Mapping::parse(
        "m.toml",
        r#"
match = { format = "json" }
[[rule]]
each = "list"
class = "base_event"
"#,
    )
    .unwrap();
    let many = format!("{{\"list\": [{}0]}}", "0,".repeat(2_000));
    let origin = origin();
    let refused = normaliser(vec![mapping]).normalise(&record(&origin, many.as_bytes()));
    assert_eq!(refused.unwrap_err().code, RejectCode::TooMany);
}

const ARN: &str = "arn:aws:connect:eu-west-1:123456789012:instance/i/agent/a-1";

#[test]
fn amazon_connect_tells_of_agents_and_their_calls() {
    let contact = |state: &str| {
        json!({"ContactId": "c-9", "Channel": "VOICE", "InitiationMethod": "INBOUND", "State": state,
            "StateStartTimestamp": format!("{T}30:10.000Z"), "Queue": {"Name": "sales"}})
    };
    let event = |kind: &str, contacts: &[Value]| {
        json!({"AgentARN": ARN, "EventId": "e", "EventType": kind, "EventTimestamp": format!("{T}30:10.000Z"),
            "CurrentAgentSnapshot": {"Contacts": contacts, "Configuration": {"Username": "ann"},
                "AgentStatus": {"Name": "Available", "StartTimestamp": format!("{T}00:00.000Z")}}})
    };
    let made = events(&event(
        "STATE_CHANGE",
        &[
            contact("CONNECTED"),
            json!({"ContactId": "c-8", "Channel": "CHAT", "State": "CONNECTED"}),
        ],
    ));
    assert_eq!(
        told(&made),
        ["State Change available a-1 - @0", "Answered - a-1 c-9 @810"]
    );
    let made = events(&event("STATE_CHANGE", &[contact("ENDED")]));
    assert_eq!(
        told(&made)[1..],
        ["Ended - a-1 c-9 @810", "State Change wrap_up a-1 - @810"]
    );
    assert_eq!(
        told(&events(&event("HEART_BEAT", &[]))),
        ["State Change available a-1 - @0"]
    );
    assert_eq!(
        told(&events(&event("LOGOUT", &[]))),
        ["Sign Out - a-1 - @810"]
    );

    let record = json!({
        "ContactId": "c-9", "Channel": "VOICE", "InitiationMethod": "INBOUND",
        "InitiationTimestamp": format!("{T}30:00Z"), "DisconnectTimestamp": format!("{T}34:00Z"),
        "LastUpdateTimestamp": format!("{T}35:00Z"), "Queue": {"Name": "sales"},
        "CustomerEndpoint": {"Address": "+13175550123", "Type": "TELEPHONE_NUMBER"},
        "SystemEndpoint": {"Address": "+18005550100", "Type": "TELEPHONE_NUMBER"},
        "Agent": {"ARN": ARN, "Username": "ann", "ConnectedToAgentTimestamp": format!("{T}30:10Z"), "AgentInteractionDuration": 230},
    });
    let made = events(&record);
    assert_eq!(told(&made), ["Detail Record - a-1 c-9 @40"]);
    assert_eq!(made[0].keys.caller.as_deref(), Some("+13175550123"));
    assert_eq!(made[0].ocsf["talk_time"], json!(230_000));
}

fn rows(text: &str) -> Vec<Event> {
    let batch = support::csv(text);
    let made: Vec<Event> = batch
        .outcomes
        .into_iter()
        .flat_map(|o| o.result.unwrap())
        .collect();
    made.iter().for_each(assert_valid);
    made
}

#[test]
fn reports_of_five9_are_detail_records() {
    let made = rows(
        "CALL ID,TIMESTAMP,CAMPAIGN,CALL TYPE,AGENT,AGENT NAME,DISPOSITION,ANI,DNIS,CALL TIME,TALK TIME\n\
         1,\"Sun, 22 Nov 2026 09:30:00\",Sales,Inbound,ann@acme.example,Ann,Sold,+13175550123,+18005550100,00:04:00,00:03:30\n\
         2,\"Sun, 22 Nov 2026 09:31:00\",Sales,Inbound,[None],,Abandon,+13175550124,+18005550100,00:00:20,00:00:00\n",
    );
    let want = [
        "Detail Record - ann@acme.example 1 @800",
        "Detail Record - - 2 @860",
    ];
    assert_eq!(told(&made), want);
    assert_eq!(made[0].ocsf["duration"], json!(240_000));
    assert_eq!(made[1].ocsf["disposition"], "abandoned");
}

#[test]
fn salesforce_tells_who_signed_in_and_which_record_was_opened() {
    let made = rows(
        "EVENT_TYPE,TIMESTAMP_DERIVED,USER_ID,USER_ID_DERIVED,CLIENT_IP,PAGE_ENTITY_TYPE,PAGE_ENTITY_ID,LOGIN_STATUS,USER_NAME,REPORT_ID_DERIVED,ROW_COUNT\n\
         LightningPageView,2026-11-22T09:30:00.000Z,005,005A,203.0.113.9,Contact,003X,,,,\n\
         Login,2026-11-22T09:30:00.000Z,005,005A,203.0.113.9,,,LOGIN_NO_ERROR,ann@acme.example,,\n\
         Report,2026-11-22T09:30:00.000Z,005,005A,203.0.113.9,,,,,00O,250\n\
         ApexExecution,2026-11-22T09:30:00.000Z,005,005A,,,,,,,\n",
    );
    let classes: Vec<_> = made.iter().map(|e| (e.class_uid, e.activity_id)).collect();
    assert_eq!(classes, [(6001, 2), (3002, 1), (6001, 5), (0, 0)]);
    assert_eq!(made[0].keys.customer.as_deref(), Some("003X"));
    assert_eq!(made[0].keys.agent.as_deref(), Some("005A"));
    assert_eq!(made[1].keys.user.as_deref(), Some("ann@acme.example"));
}

#[test]
fn cloudtrail_tells_sign_ins_and_calls_of_the_api() {
    let event = |name: &str, more: &Value| {
        let mut event = json!({
            "eventVersion": "1.08", "eventTime": format!("{T}30:00Z"), "eventSource": "signin.amazonaws.com",
            "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.9", "userAgent": "Mozilla/5.0",
            "eventID": "id-1", "userIdentity": {"type": "IAMUser", "userName": "ann", "arn": "arn:aws:iam::1:user/ann", "accountId": "1"},
        });
        for (key, value) in more.as_object().unwrap() {
            event[key] = value.clone();
        }
        event
    };
    let login = json!({"responseElements": {"ConsoleLogin": "Failure"}, "additionalEventData": {"MFAUsed": "No"}});
    let made = events(&event("ConsoleLogin", &login));
    let ocsf = Value::Object(made[0].to_ocsf());
    assert_eq!(
        (&ocsf["class_uid"], &ocsf["status_id"], &ocsf["is_mfa"]),
        (&json!(3002), &json!(2), &json!(false))
    );
    let delete = json!({"eventSource": "cloudtrail.amazonaws.com", "errorCode": "AccessDenied"});
    let made = events(&event("DeleteTrail", &delete));
    assert_eq!((made[0].class_uid, made[0].activity_id), (6003, 4));
    assert_eq!(made[0].keys.user.as_deref(), Some("ann"));
    assert_eq!(made[0].logsource.service.as_deref(), Some("cloudtrail"));
}

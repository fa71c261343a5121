//! Files: CloudTrail in a bucket and in a folder, Salesforce's event logs, Five9's reports.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::stub::{Answer, Asked, Stub, bytes, hang, ok, status};
use crate::world::World;

fn trail(from: usize, to: usize) -> Vec<u8> {
    let record = |n: usize| {
        json!({
            "eventVersion": "1.08", "eventTime": "2026-11-22T09:30:00Z", "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject", "awsRegion": "eu-central-1", "sourceIPAddress": "203.0.113.9",
            "userAgent": "aws-cli", "eventID": format!("id-{n}"), "requestID": "r",
            "userIdentity": {"type": "IAMUser", "userName": "ann", "accountId": "123456789012"},
        })
    };
    let records: Vec<Value> = (from..to).map(record).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed
        .write_all(json!({ "Records": records }).to_string().as_bytes())
        .unwrap();
    packed.finish().unwrap()
}

/// Three files of today, two of them on the first page of the listing.
fn bucket(asked: &Asked) -> Answer {
    assert!(
        asked
            .header("authorization")
            .contains("/eu-central-1/s3/aws4_request")
    );
    if let Some(n) = asked.path.strip_prefix("/f") {
        let n: usize = n.split('.').next().unwrap().parse().unwrap();
        return bytes(trail(n * 2, n * 2 + 2));
    }
    assert_eq!(asked.parameter("list-type").as_deref(), Some("2"));
    let now = jiff_now();
    let file = |n: usize| {
        format!("<Contents><Key>f{n}.json.gz</Key><LastModified>{now}</LastModified></Contents>")
    };
    let (keys, cut) = match asked.parameter("start-after").as_deref() {
        None => (vec![file(0), file(1)], true),
        Some("f1.json.gz") => (vec![file(2)], false),
        Some(_) => (vec![], false),
    };
    ok(format!(
        "<ListBucketResult><IsTruncated>{cut}</IsTruncated>{}</ListBucketResult>",
        keys.concat()
    ))
}

/// Some seconds ago, in S3's form.
fn jiff_now() -> String {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let ms = i64::try_from(since.as_millis()).unwrap() - 20_000;
    ringfence_event::Time(ms).to_rfc3339()
}

#[tokio::test]
async fn a_bucket_is_read_file_by_file_through_a_failure_and_a_crash() {
    let world = World::new();
    let stub = Stub::start(|asked, n| match n {
        2 => status(500, ""),
        6 => hang(),
        _ => bucket(asked),
    })
    .await;
    let config = format!(
        "name = \"trail\"\nstart = \"-1h\"\n[cloudtrail.bucket]\nname = \"b\"\nregion = \"eu-central-1\"\nlayout = \"none\"\n\
         credentials = {{ access_key_id = \"AKIA\", secret_access_key = {} }}\nurl = \"{}\"\n",
        world.secret("k"),
        stub.url()
    );
    let run = world.run(&config);
    world.settled(4).await;
    stub.hangs().await;
    run.cut_off().await;
    let _run = world.run(&config);
    let events = world.settled(6).await;
    assert_eq!(events[0].class_uid, 6003);
    assert_eq!(events[0].keys.user.as_deref(), Some("ann"));
}

#[tokio::test]
async fn a_folder_is_read_with_what_is_added_later() {
    let world = World::new();
    let folder = world.folder("trail");
    std::fs::create_dir(folder.join("a")).unwrap();
    std::fs::write(folder.join("a/1.json.gz"), trail(0, 2)).unwrap();
    std::fs::write(folder.join("notes.txt"), "no trail").unwrap();
    let config = format!(
        "name = \"trail\"\nstart = \"-1h\"\nlag_secs = 0\n[cloudtrail]\nfolder = \"{}\"\n",
        folder.display()
    );
    let _run = world.run(&config);
    world.settled(2).await;
    std::fs::write(folder.join("2.json.gz"), trail(2, 5)).unwrap();
    world.settled(5).await;
}

const FILES: [&str; 3] = [
    "0AT000000000001AAA",
    "0AT000000000002AAA",
    "0AT000000000003AAA",
];

fn salesforce(asked: &Asked) -> Answer {
    if asked.path == "/services/oauth2/token" {
        assert!(asked.body.contains("grant_type=client_credentials"));
        return ok(
            json!({"access_token": "t", "instance_url": format!("http://{}", asked.header("host"))}),
        );
    }
    assert_eq!(asked.header("authorization"), "Bearer t");
    if asked.path.ends_with("/query") {
        let soql = asked.parameter("q").unwrap();
        assert!(
            soql.contains("Interval = 'Hourly'") && soql.contains("EventType IN ('Login')"),
            "{soql}"
        );
        let next = FILES
            .iter()
            .find(|id| !soql.contains("Id > ") || soql.contains(&format!("Id > '{}'", before(id))));
        let records: Vec<_> = next.map(|id| json!({"Id": id})).into_iter().collect();
        return ok(json!({"totalSize": records.len(), "done": true, "records": records}));
    }
    let id = asked.path.split('/').nth_back(1).unwrap();
    assert!(FILES.contains(&id), "{}", asked.path);
    let row = |n: usize| {
        format!(
            "\"Login\",\"20261122093000.000\",\"r\",\"005\",\"2026-11-22T09:30:0{n}.000Z\",\"005A\",\"203.0.113.9\",\"LOGIN_NO_ERROR\",\"ann@acme.example\"\n"
        )
    };
    ok(format!(
        "\"EVENT_TYPE\",\"TIMESTAMP\",\"REQUEST_ID\",\"USER_ID\",\"TIMESTAMP_DERIVED\",\"USER_ID_DERIVED\",\"SOURCE_IP\",\"LOGIN_STATUS\",\"USER_NAME\"\n{}{}",
        row(1),
        row(2)
    ))
}

fn before(id: &str) -> &'static str {
    let at = FILES.iter().position(|f| *f == id).unwrap();
    if at == 0 { "none" } else { FILES[at - 1] }
}

#[tokio::test]
async fn event_log_files_are_read_row_by_row_and_each_row_once() {
    let world = World::new();
    let stub = Stub::start(|asked, n| match n {
        3 => status(401, "[]"),
        8 => hang(),
        _ => salesforce(asked),
    })
    .await;
    let config = format!(
        "name = \"sf\"\nstart = \"-2h\"\n[salesforce]\nurl = \"{}\"\nclient_id = \"id\"\nclient_secret = {}\nevent_types = [\"Login\"]\n",
        stub.url(),
        world.secret("s")
    );
    let run = world.run(&config);
    run.until("two files", |s| s.counters.accepted >= 4).await;
    stub.hangs().await;
    run.cut_off().await;
    let run = world.run(&config);
    run.until("all three", |s| s.counters.accepted >= 2 && s.failing == 0)
        .await;
    let events = world.events().await;
    assert_eq!(events.len(), 6);
    assert_eq!(events[0].class_uid, 3002);
    assert_eq!(events[0].keys.user.as_deref(), Some("ann@acme.example"));
}

fn five9(asked: &Asked, running: &std::sync::atomic::AtomicUsize) -> Answer {
    assert_eq!(asked.header("authorization"), "Basic dXNlcjpwdw==");
    let answer = |method: &str, text: &str| {
        ok(format!(
            "<env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\"><env:Body>\
             <ns2:{method}Response xmlns:ns2=\"http://service.admin.ws.five9.com/\"><return>{text}</return>\
             </ns2:{method}Response></env:Body></env:Envelope>"
        ))
    };
    if asked.body.contains("<ser:runReport>") {
        assert!(
            asked
                .body
                .contains("<folderName>Call Log Reports</folderName>"),
            "{}",
            asked.body
        );
        return answer("runReport", "rep-1");
    }
    assert!(
        asked.body.contains("<identifier>rep-1</identifier>"),
        "{}",
        asked.body
    );
    if asked.body.contains("<ser:isReportRunning>") {
        let before = running.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        return answer("isReportRunning", if before < 2 { "true" } else { "false" });
    }
    answer(
        "getReportResultCsv",
        "CALL ID,TIMESTAMP,CAMPAIGN,CALL TYPE,AGENT,AGENT NAME,DISPOSITION,ANI,DNIS,CALL TIME,TALK TIME\n\
         1,\"Sun, 22 Nov 2026 09:30:00\",Sales,Inbound,ann@acme.example,Ann,Sold,3175550123,8005550100,00:04:00,00:03:30\n\
         2,\"Sun, 22 Nov 2026 09:31:00\",Sales,Inbound,[None],,Abandon,3175550124,8005550100,00:00:20,00:00:00\n",
    )
}

#[tokio::test]
async fn a_report_is_run_waited_for_and_read_once() {
    let world = World::new();
    let running = std::sync::atomic::AtomicUsize::new(0);
    let stub = Stub::start(move |asked, n| match n {
        1 => status(500, "<html>"),
        _ => five9(asked, &running),
    })
    .await;
    let config = format!(
        "name = \"five9\"\nstart = \"-30m\"\ngrants = [\"call-state\"]\n[five9]\nusername = \"user\"\npassword = {}\nurl = \"{}/wsadmin/v13/AdminWebService\"\n",
        world.secret("pw"),
        stub.url()
    );
    let run = world.run(&config);
    let events = world.settled(2).await;
    assert_eq!(events[0].keys.agent.as_deref(), Some("ann@acme.example"));
    assert_eq!(events[0].activity_id, 8);
    assert_eq!(events[0].ocsf["talk_time"], json!(210_000));
    assert_eq!(events[1].keys.agent, None);
    run.until("asked again", |s| s.counters.duplicates >= 2)
        .await;
    world.settled(2).await;
}

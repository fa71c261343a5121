//! What the behaviour tests share.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::atomic::{AtomicU32, Ordering};

use ringfence_crypto::PasswordHash;
use ringfence_identity::Login;
use ringfence_identity::webauthn::Passkey;
use ringfence_policy::{Action, Policies, Role, builtin};
use ringfence_state::{
    Entity, Limits, NewFinding, NewGroup, NewPerson, NewRequest, NewRole, NewSession, NewSource,
    Position, PostgresStore, Said, Scope, Setup, State, Store,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

pub const T0: i64 = 1_760_000_000_000;
pub const MINUTE: i64 = 60_000;
pub const DAY: i64 = 24 * HOUR;
pub const HOUR: i64 = 60 * MINUTE;

/// A finding about an agent; uid, time and severity are what tests vary.
pub fn finding(uid: &str, agent: &str, at_ms: i64, severity_id: u8) -> NewFinding {
    NewFinding {
        uid: uid.to_owned(),
        rule_id: "lookup-without-call".to_owned(),
        rule_title: "Customer record opened without a call".to_owned(),
        severity_id,
        program: "bank".to_owned(),
        site: "north".to_owned(),
        time_ms: at_ms,
        received_ms: at_ms,
        story_key: format!("agent:{agent}"),
        story_entity: Entity {
            kind: "agent".to_owned(),
            value: agent.to_owned(),
        },
        message: format!("agent {agent} opened a record ({uid})"),
        reason: serde_json::json!({ "call.state": "none" }),
        event_ids: vec![format!("event-{uid}")],
        tags: vec!["insider".to_owned()],
        first_steps: vec!["Ask the supervisor".to_owned()],
    }
}

pub fn source(name: &str, program: &str) -> NewSource {
    NewSource {
        name: name.to_owned(),
        kind: "http".to_owned(),
        program: program.to_owned(),
        site: "north".to_owned(),
        classes: ringfence_state::Classes::all(),
        grants: ["call-state".to_owned()].into(),
        allowed_peers: Vec::new(),
        expect_every_secs: Some(60),
    }
}

pub fn at(next_offset: u64) -> Option<Position<'static>> {
    Some(Position {
        consumer: "alerts",
        next_offset,
    })
}

/// A state of the test's own: in memory, or a new database where the run is given a PostgreSQL
/// (`scripts/postgres.sh run`).
pub async fn memory() -> State {
    memory_with(Limits::default()).await
}

pub async fn memory_with(limits: Limits) -> State {
    match new_database().await {
        Some(database) => State::open_in(&database, limits).await.unwrap(),
        None => State::open_memory_with(limits).await.unwrap(),
    }
}

/// A place that is there when its state is opened again: a file, or a database.
pub async fn place(folder: &tempfile::TempDir) -> Store {
    new_database()
        .await
        .unwrap_or_else(|| Store::File(folder.path().join("state.db")))
}

pub async fn open(place: &Store) -> State {
    State::open_in(place, Limits::default()).await.unwrap()
}

/// An empty database on the PostgreSQL of this run, if it has one.
pub async fn new_database() -> Option<Store> {
    let server = std::env::var("RINGFENCE_TEST_POSTGRES").ok()?;
    Some(database_on(&server, "").await)
}

/// An empty database on a PostgreSQL; `and` is added to its URL.
pub async fn database_on(server: &str, and: &str) -> Store {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("t{}_{number}", std::process::id());
    let mut admin = PgConnection::connect(server).await.unwrap();
    let make = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(make).execute(&mut admin).await.unwrap();
    let url = server.replacen("/postgres?", &format!("/{name}?"), 1) + and;
    Store::Postgres(PostgresStore::parse(&url, None, None).unwrap())
}

/// Opens one alert for each agent and answers their ids in that order.
pub async fn open_alerts(state: &State, agents: std::ops::Range<usize>) -> Vec<String> {
    let batch: Vec<_> = agents
        .map(|agent| {
            finding(
                &format!("f{agent}"),
                &agent.to_string(),
                T0 + agent as i64,
                3,
            )
        })
        .collect();
    let applied = state.apply_findings(&batch, None, T0).await.unwrap();
    applied
        .changes
        .into_iter()
        .map(|change| change.alert.id)
        .collect()
}

pub const ALL: Scope = Scope::All;

/// A password hash without its 30 ms.
pub fn hash(password: &str) -> PasswordHash {
    PasswordHash::of(password).unwrap()
}

/// A passkey whose key nobody looks at.
pub fn passkey(id: u8) -> Passkey {
    Passkey {
        id: vec![id; 16],
        public_key: vec![id; 77],
        sign_count: 0,
        backup_eligible: true,
        backup_state: true,
        aaguid: [id; 16],
        transports: vec!["internal".to_owned(), "hybrid".to_owned()],
    }
}

pub fn somebody(login: &str, role: Option<Role>) -> NewPerson {
    NewPerson {
        login: Login::parse(login).unwrap(),
        name: login.to_owned(),
        agent: None,
        roles: role
            .map(|role| NewRole {
                role,
                program: "*".to_owned(),
                why: "their work".to_owned(),
                expires_ms: None,
            })
            .into_iter()
            .collect(),
    }
}

/// What is set up with a passkey.
pub fn with_passkey(id: u8) -> Setup {
    Setup {
        passkey: Some((passkey(id), "Laptop".to_owned())),
        ..Setup::default()
    }
}

/// What is set up with a password and one-time codes.
pub fn with_password(password: &str) -> Setup {
    Setup {
        password: Some(hash(password)),
        one_time_codes: Some((b"sealed".to_vec(), 7, "Phone".to_owned())),
        recovery: vec![[1; 32], [2; 32]],
        ..Setup::default()
    }
}

/// Somebody who enrolled; answers their id.
pub async fn enrolled(state: &State, login: &str, role: Option<Role>, setup: &Setup) -> String {
    let new = somebody(login, role);
    let (account, invitation) = state.create_person(new, "test", T0).await.unwrap();
    let code = invitation.code.hash();
    state.enrol(&code, setup, T0).await.unwrap();
    account.principal.id
}

pub fn at_browser(methods: &'static str) -> NewSession {
    NewSession {
        methods,
        address: "203.0.113.7".to_owned(),
        browser: "Firefox".to_owned(),
        instead_of: None,
        vouch: None,
    }
}

/// Rows in every table about people.
pub async fn people(state: &State) {
    let ann = enrolled(state, "ann", Some(Role::Administrator), &with_passkey(1)).await;
    let ben = enrolled(state, "ben", None, &with_password("a long enough 1")).await;
    state
        .link(&ann, "https://op.example", "248289761001", T0)
        .await
        .unwrap();
    let second = hash("another long one 2");
    state.set_password(&ben, &second, T0).await.unwrap();
    state
        .open_session(&ann, at_browser("passkey"), T0)
        .await
        .unwrap();
    let reset = state
        .ask_reset(&ben, "lost phone", "on file", &ann, T0)
        .await
        .unwrap();
    let cleo = enrolled(state, "cleo", None, &with_passkey(3)).await;
    state.confirm_reset(&reset.id, &cleo, T0).await.unwrap();
    let role = NewRole {
        role: Role::Supervisor,
        program: "bank".to_owned(),
        why: "for the night".to_owned(),
        expires_ms: None,
    };
    state.give_reserve(&cleo, &role, &ann, T0).await.unwrap();
    let held = state.account(&cleo, T0).await.unwrap().principal.roles;
    let glass = state.break_glass(&cleo, &held[0].id, "the night", T0).await;
    state.emergency_told(&glass.unwrap().id, T0).await.unwrap();
    state
        .ask_role(&cleo, &wants(Role::Analyst), T0)
        .await
        .unwrap();
    state.note_right(&ann, Action::PERSON_READ, T0);
    state.touch_rights().await.unwrap();
    let policies = builtin_policies();
    let opened = state.open_review(&policies, "for the audit", &ann, T0);
    opened.await.unwrap();
}

/// A role of a program for an hour.
pub fn wants(role: Role) -> NewRequest {
    NewRequest {
        role,
        program: "bank".to_owned(),
        why: "ticket 12".to_owned(),
        minutes: 60,
    }
}

/// The policies that come with the product.
pub fn builtin_policies() -> Policies {
    Policies::load(&builtin::files()).unwrap()
}

/// What a directory says of somebody.
pub fn said(login: &str, active: bool) -> Said {
    Said {
        login: Login::parse(login).unwrap(),
        name: login.to_owned(),
        agent: None,
        active: Some(active),
        external_id: Some(format!("id of {login}")),
        document: format!("{{\"userName\":\"{login}\"}}"),
    }
}

/// A group with these members.
pub fn group(name: &str, members: &[&str]) -> NewGroup {
    NewGroup {
        name: name.to_owned(),
        external_id: None,
        members: members.iter().map(|id| (*id).to_owned()).collect(),
    }
}

/// What a directory leaves behind: people in a group with a role, which one of them lost.
pub async fn directory(state: &State) {
    let mut ids = Vec::new();
    for login in ["dora", "dirk"] {
        let made = state.directory_create(&said(login, true), T0).await;
        ids.push(made.unwrap().principal.id);
    }
    let night = group("Night shift", &[&ids[0], &ids[1]]);
    let night = state.create_group(&night, T0).await.unwrap();
    let role = NewRole {
        role: Role::Supervisor,
        program: "bank".to_owned(),
        why: "leads the night".to_owned(),
        expires_ms: None,
    };
    let given = state.give_group_role(&night.id, &role, "ada", T0).await;
    given.unwrap();
    let held = state.group_roles().await.unwrap()[0].roles[0].id.clone();
    state.take_role(&ids[1], &held, "ada", T0).await.unwrap();
}

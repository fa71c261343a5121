-- One text for SQLite and PostgreSQL: TEXT, BIGINT, ids made by the caller, JSON as
-- TEXT, times in milliseconds since 1970, absence as NULL. Nothing here relies on
-- rowid, AUTOINCREMENT, serial types, booleans or database clocks.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Numbers that must move in the same transaction as the rows they count.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES
    ('change', 0),
    ('quarantine_rows', 0),
    ('quarantine_bytes', 0),
    ('quarantine_dropped', 0),
    ('outbox_dropped', 0);

-- Where each consumer of the spine goes on: the first offset it has not applied.
CREATE TABLE positions (
    consumer TEXT NOT NULL PRIMARY KEY,
    next_offset BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);

CREATE TABLE principals (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    programs TEXT NOT NULL,
    token_hash TEXT UNIQUE,
    created_ms BIGINT NOT NULL,
    disabled_ms BIGINT,
    last_used_ms BIGINT
);

CREATE TABLE sources (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    program TEXT NOT NULL,
    site TEXT NOT NULL,
    classes TEXT NOT NULL,
    grants TEXT NOT NULL,
    allowed_peers TEXT NOT NULL,
    token_hash TEXT UNIQUE,
    old_token_hash TEXT,
    old_token_until_ms BIGINT,
    expect_every_secs BIGINT,
    created_ms BIGINT NOT NULL,
    disabled_ms BIGINT,
    last_seen_ms BIGINT,
    UNIQUE (program, name)
);

CREATE TABLE alerts (
    id TEXT NOT NULL PRIMARY KEY,
    program TEXT NOT NULL,
    site TEXT NOT NULL,
    story_key TEXT NOT NULL,
    entity_kind TEXT NOT NULL,
    entity_value TEXT NOT NULL,
    severity_id BIGINT NOT NULL,
    status TEXT NOT NULL,
    verdict TEXT,
    verdict_reason TEXT,
    assignee TEXT,
    -- What the newest of the most severe findings says.
    rule_id TEXT NOT NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    first_steps TEXT NOT NULL,
    lead_time_ms BIGINT NOT NULL,
    tags TEXT NOT NULL,
    finding_count BIGINT NOT NULL,
    first_time_ms BIGINT NOT NULL,
    last_time_ms BIGINT NOT NULL,
    first_received_ms BIGINT NOT NULL,
    last_received_ms BIGINT NOT NULL,
    previous_id TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    closed_ms BIGINT,
    version BIGINT NOT NULL
);
CREATE INDEX alerts_story ON alerts (program, story_key, last_received_ms);
CREATE INDEX alerts_severity ON alerts (severity_id, id);
CREATE INDEX alerts_status ON alerts (status, severity_id, id);
CREATE INDEX alerts_entity ON alerts (entity_value, id);
CREATE INDEX alerts_closed ON alerts (closed_ms);

CREATE TABLE alert_rules (
    alert_id TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    rule_id TEXT NOT NULL,
    title TEXT NOT NULL,
    severity_id BIGINT NOT NULL,
    finding_count BIGINT NOT NULL,
    last_time_ms BIGINT NOT NULL,
    PRIMARY KEY (alert_id, rule_id)
);
CREATE INDEX alert_rules_rule ON alert_rules (rule_id, alert_id);

-- Every finding ever applied (for a time), so that none is counted twice.
CREATE TABLE findings_seen (
    uid TEXT NOT NULL PRIMARY KEY,
    seen_ms BIGINT NOT NULL
);
CREATE INDEX findings_seen_age ON findings_seen (seen_ms);

-- The first and the newest findings of each alert; counts on the alert are whole.
CREATE TABLE findings (
    alert_id TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    uid TEXT NOT NULL,
    program TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    severity_id BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    message TEXT NOT NULL,
    reason TEXT NOT NULL,
    event_ids TEXT NOT NULL,
    PRIMARY KEY (alert_id, seq)
);

CREATE TABLE alert_notes (
    id TEXT NOT NULL PRIMARY KEY,
    alert_id TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    program TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX alert_notes_alert ON alert_notes (alert_id, id);

-- Who did what to an alert. Rows are only ever added.
CREATE TABLE alert_history (
    id TEXT NOT NULL PRIMARY KEY,
    alert_id TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    program TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX alert_history_alert ON alert_history (alert_id, id);

-- The stream of alert changes, numbered without gaps in the order of commits.
CREATE TABLE changes (
    id BIGINT NOT NULL PRIMARY KEY,
    program TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    alert TEXT NOT NULL
);

CREATE TABLE quarantine (
    id TEXT NOT NULL PRIMARY KEY,
    program TEXT NOT NULL,
    source_id TEXT NOT NULL,
    received_ms BIGINT NOT NULL,
    line BIGINT,
    byte_offset BIGINT,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    sample TEXT NOT NULL,
    sample_encoding TEXT NOT NULL,
    record_bytes BIGINT NOT NULL,
    row_bytes BIGINT NOT NULL
);
CREATE INDEX quarantine_source ON quarantine (source_id, id);

CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    programs TEXT NOT NULL,
    min_severity_id BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    disabled_ms BIGINT
);

CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    alert_id TEXT NOT NULL,
    change_id BIGINT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    settled_ms BIGINT,
    last_error TEXT,
    UNIQUE (webhook_id, change_id)
);
CREATE INDEX outbox_due ON outbox (webhook_id, state, next_attempt_ms);
CREATE INDEX outbox_settled ON outbox (state, settled_ms);

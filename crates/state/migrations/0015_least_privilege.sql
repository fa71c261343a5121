-- Roles that somebody asks for, for hours: one person asks, another answers, and what was granted ends
-- by itself. Nothing is deleted: it is evidence.
CREATE TABLE role_requests (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    program TEXT NOT NULL,
    why TEXT NOT NULL,
    minutes BIGINT NOT NULL,
    asked_ms BIGINT NOT NULL,
    -- waiting, granted, refused, withdrawn, lapsed or ended
    state TEXT NOT NULL,
    answered_by TEXT,
    answered_ms BIGINT,
    note TEXT NOT NULL DEFAULT '',
    assignment_id TEXT,
    until_ms BIGINT,
    ended_by TEXT,
    ended_ms BIGINT
);
CREATE INDEX role_requests_person ON role_requests (person_id, asked_ms);
CREATE INDEX role_requests_state ON role_requests (state, asked_ms);

-- Roles that a person holds in reserve: in force only while an emergency of theirs lasts. They are
-- kept apart from `assignments`, so that no statement about what is held can take one for held.
CREATE TABLE reserves (
    id TEXT NOT NULL PRIMARY KEY,
    principal_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    program TEXT NOT NULL,
    granted_ms BIGINT NOT NULL,
    granted_by TEXT NOT NULL,
    why TEXT NOT NULL,
    UNIQUE (principal_id, role, program)
);

-- A broken glass, or an administrator who was made on the machine itself. Each is open until another
-- person reviewed it.
CREATE TABLE emergencies (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    -- reserve or recovery
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    program TEXT NOT NULL,
    reserve_id TEXT,
    why TEXT NOT NULL,
    began_ms BIGINT NOT NULL,
    until_ms BIGINT,
    ended_ms BIGINT,
    ended_by TEXT,
    -- When it was last told on the event log; nothing as long as it was not.
    told_ms BIGINT,
    reviewed_by TEXT,
    reviewed_ms BIGINT,
    verdict TEXT,
    note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX emergencies_person ON emergencies (person_id, began_ms);
CREATE INDEX emergencies_reserve ON emergencies (reserve_id, ended_ms);

-- The day, counted from 1970 in UTC, on which somebody last used a right.
CREATE TABLE rights_used (
    principal_id TEXT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    day BIGINT NOT NULL,
    PRIMARY KEY (principal_id, action)
);

-- Access reviews. Items are copies: they say later what a reviewer saw, whatever became of it.
CREATE TABLE reviews (
    id TEXT NOT NULL PRIMARY KEY,
    why TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    opened_ms BIGINT NOT NULL,
    due_ms BIGINT NOT NULL,
    -- Whole days before the end of the last reminder.
    reminded BIGINT NOT NULL,
    ended_by TEXT,
    ended_ms BIGINT,
    -- signed or lapsed
    outcome TEXT,
    note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX reviews_opened ON reviews (opened_ms);

CREATE TABLE review_items (
    id TEXT NOT NULL PRIMARY KEY,
    review_id TEXT NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    held_id TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    program TEXT NOT NULL,
    reserve BIGINT NOT NULL,
    why TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    granted_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    disabled BIGINT NOT NULL,
    last_used_ms BIGINT,
    dormant BIGINT NOT NULL,
    -- JSON: what was known of the use of its rights.
    rights TEXT NOT NULL,
    -- confirmed, taken, gone, changed, revoked or kept
    decision TEXT,
    decided_by TEXT,
    decided_ms BIGINT,
    note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX review_items_review ON review_items (review_id, id);

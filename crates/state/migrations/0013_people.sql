-- What a principal of the kind 'person' signs in with. Hashes and digests only; what has to be read
-- back (the secret of one-time codes) is sealed with a key that is not in the database.
CREATE TABLE people (
    id TEXT NOT NULL PRIMARY KEY REFERENCES principals (id) ON DELETE CASCADE,
    login TEXT NOT NULL UNIQUE,
    -- WebAuthn user handle, base64url: says nothing about whose it is.
    handle TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    password_ms BIGINT,
    -- Wrong passwords and codes since the last sign-in.
    wrong BIGINT NOT NULL DEFAULT 0,
    locked_until_ms BIGINT,
    -- Nothing until the first enrolment is finished.
    enrolled_ms BIGINT
);
-- How the telephony calls a person.
ALTER TABLE principals ADD COLUMN agent TEXT;
CREATE UNIQUE INDEX principals_agent ON principals (agent);

CREATE TABLE old_passwords (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    password_hash TEXT NOT NULL
);
CREATE INDEX old_passwords_person ON old_passwords (person_id, id);

CREATE TABLE factors (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    added_ms BIGINT NOT NULL,
    used_ms BIGINT,
    -- Of a passkey; ids and keys in base64url.
    credential TEXT UNIQUE,
    public_key TEXT,
    sign_count BIGINT,
    backup_eligible BIGINT,
    backup_state BIGINT,
    aaguid TEXT,
    transports TEXT,
    -- Of one-time codes: the sealed secret, and the step of the last code that was taken.
    sealed TEXT,
    last_step BIGINT
);
CREATE INDEX factors_person ON factors (person_id, added_ms);

CREATE TABLE recovery_codes (
    digest TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    used_ms BIGINT
);
CREATE INDEX recovery_codes_person ON recovery_codes (person_id);

-- Codes by which somebody sets up how they sign in: at first, or again after a reset.
CREATE TABLE enrolments (
    token_hash TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    made_ms BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    -- Good from here, when somebody may object before.
    not_before_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX enrolments_person ON enrolments (person_id);

-- A reset of how somebody signs in: one asks after calling them back, another confirms, and then
-- there is time for the owner to object. Nothing is deleted: it is evidence.
CREATE TABLE resets (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    why TEXT NOT NULL,
    called_back TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_ms BIGINT NOT NULL,
    confirmed_by TEXT,
    confirmed_ms BIGINT,
    not_before_ms BIGINT,
    ended_ms BIGINT,
    ended_by TEXT,
    outcome TEXT
);
CREATE INDEX resets_person ON resets (person_id, asked_ms);

-- Sessions are people's from now on; those there are were opened by tokens, and end.
DROP TABLE sessions;
CREATE TABLE sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    principal_id TEXT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    -- What was shown at sign-in, such as `passkey` or `password,totp`.
    methods TEXT NOT NULL,
    made_ms BIGINT NOT NULL,
    -- When the person last did something.
    active_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL
);
CREATE INDEX sessions_principal ON sessions (principal_id, made_ms);

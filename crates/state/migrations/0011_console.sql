-- Sessions of browsers: the digest of the cookie, whose it is, and the digest of the credential that
-- it was opened with, so that it ends with that credential.
CREATE TABLE sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    principal_id TEXT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    credential TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_principal ON sessions (principal_id, created_ms);

-- Views and queries that somebody saved; the content is the console's business.
CREATE TABLE saved (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    UNIQUE (owner, kind, name)
);

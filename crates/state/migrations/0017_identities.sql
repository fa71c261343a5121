-- Accounts of people at providers of sign-in: whoever the provider calls `subject` is that person.
CREATE TABLE identities (
    id TEXT NOT NULL PRIMARY KEY,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    linked_ms BIGINT NOT NULL,
    used_ms BIGINT,
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_person ON identities (person_id, linked_ms);

-- The account that a session was opened with, if it was one, and the session there.
ALTER TABLE sessions ADD COLUMN identity_id TEXT;
ALTER TABLE sessions ADD COLUMN provider_session TEXT;
-- When the person proved who they are: a provider may have had its proof long before.
ALTER TABLE sessions ADD COLUMN proved_ms BIGINT NOT NULL DEFAULT 0;
UPDATE sessions SET proved_ms = made_ms;
CREATE INDEX sessions_identity ON sessions (identity_id);

-- Client certificates that our authority made, by the SHA-256 of each.
CREATE TABLE certificates (
    fingerprint TEXT NOT NULL PRIMARY KEY,
    -- Whose: one of the two.
    source_id TEXT REFERENCES sources (id) ON DELETE CASCADE,
    principal_id TEXT REFERENCES principals (id) ON DELETE CASCADE,
    serial TEXT NOT NULL,
    not_before_ms BIGINT NOT NULL,
    not_after_ms BIGINT NOT NULL,
    -- Until when it is taken: less than its own end once it was renewed.
    until_ms BIGINT NOT NULL,
    made_ms BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    last_used_ms BIGINT,
    revoked_ms BIGINT,
    revoked_by TEXT,
    -- When it was told that it ends soon.
    warned_ms BIGINT
);
CREATE INDEX certificates_source ON certificates (source_id, made_ms);
CREATE INDEX certificates_principal ON certificates (principal_id, made_ms);

-- Whether a certificate must be shown, and by what certificates of other authorities a source is known.
ALTER TABLE sources ADD COLUMN certificate TEXT NOT NULL DEFAULT 'accepted';
ALTER TABLE sources ADD COLUMN certificate_names TEXT NOT NULL DEFAULT '[]';
ALTER TABLE principals ADD COLUMN certificate TEXT NOT NULL DEFAULT 'accepted';

-- The token before the one of now, and until when it is good.
ALTER TABLE principals ADD COLUMN old_token_hash TEXT;
ALTER TABLE principals ADD COLUMN old_token_until_ms BIGINT;
-- When it was told that its token ends soon.
ALTER TABLE principals ADD COLUMN warned_ms BIGINT;

-- Since when people here say that somebody may not sign in; the directory says it by itself (directory_off_ms).
-- Whoever is off by either is off.
ALTER TABLE people ADD COLUMN off_ms BIGINT;
UPDATE people SET off_ms = (SELECT p.disabled_ms FROM principals p WHERE p.id = people.id)
    WHERE directory_off_ms IS NULL AND removed_ms IS NULL;

-- The certificate by which another one was asked for: whoever has that one has this one.
ALTER TABLE certificates ADD COLUMN follows TEXT;

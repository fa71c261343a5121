-- Who holds which role where, until when. `*` is every program.
CREATE TABLE assignments (
    id TEXT NOT NULL PRIMARY KEY,
    principal_id TEXT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    program TEXT NOT NULL,
    granted_ms BIGINT NOT NULL,
    granted_by TEXT NOT NULL,
    why TEXT NOT NULL,
    expires_ms BIGINT,
    UNIQUE (principal_id, role, program)
);

-- The one principal there was is the token that scripts use.
INSERT INTO assignments (id, principal_id, role, program, granted_ms, granted_by, why, expires_ms)
SELECT 'first-' || id, id, 'automation', '*', created_ms, 'ringfence', 'token of the first start', NULL
FROM principals WHERE role = 'admin' AND programs = '*';

ALTER TABLE principals DROP COLUMN role;
ALTER TABLE principals DROP COLUMN programs;
-- When the token of a service ends by itself.
ALTER TABLE principals ADD COLUMN expires_ms BIGINT;
UPDATE principals SET kind = 'service';

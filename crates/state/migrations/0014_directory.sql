-- What a directory says of people (SCIM 2.0). It looks after those that it made or was given, and of no
-- others does it know.
ALTER TABLE people ADD COLUMN directory_ms BIGINT;
ALTER TABLE people ADD COLUMN directory_changed_ms BIGINT;
ALTER TABLE people ADD COLUMN external_id TEXT;
-- The resource as the directory wrote it: JSON, what our schema knows of it.
ALTER TABLE people ADD COLUMN document TEXT;
-- Since when the directory says that they may not sign in. Whoever was switched off here stays so.
ALTER TABLE people ADD COLUMN directory_off_ms BIGINT;
-- When the directory took them out. Their name is free again; what they did stays known.
ALTER TABLE people ADD COLUMN removed_ms BIGINT;
CREATE INDEX people_external ON people (external_id);

CREATE TABLE directory_groups (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- The name in lower case: two groups that differ in capitals would be one to people.
    folded TEXT NOT NULL UNIQUE,
    external_id TEXT,
    made_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL
);
CREATE INDEX directory_groups_external ON directory_groups (external_id);

CREATE TABLE directory_members (
    group_id TEXT NOT NULL REFERENCES directory_groups (id) ON DELETE CASCADE,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, person_id)
);
CREATE INDEX directory_members_person ON directory_members (person_id);

-- Roles that the members of a group have, given by people here and never by the directory.
CREATE TABLE directory_roles (
    id TEXT NOT NULL PRIMARY KEY,
    group_id TEXT NOT NULL REFERENCES directory_groups (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    program TEXT NOT NULL,
    granted_ms BIGINT NOT NULL,
    granted_by TEXT NOT NULL,
    why TEXT NOT NULL,
    UNIQUE (group_id, role, program)
);

-- Members of a group from whom people here took its role.
CREATE TABLE directory_exceptions (
    role_id TEXT NOT NULL REFERENCES directory_roles (id) ON DELETE CASCADE,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    made_by TEXT NOT NULL,
    made_ms BIGINT NOT NULL,
    PRIMARY KEY (role_id, person_id)
);

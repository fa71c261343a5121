-- Records of the evidence log: what its entry of the same number commits to. An erased record loses its text
-- and its salt together, and the log stays as it is.
CREATE TABLE evidence (
    idx BIGINT PRIMARY KEY,
    -- The event on the event log that it is about, and which record of that event.
    spine BIGINT NOT NULL,
    part BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    program TEXT NOT NULL,
    -- Who, and to whom or what: ids that people search by.
    actor TEXT NOT NULL,
    target TEXT NOT NULL,
    salt TEXT,
    record TEXT,
    UNIQUE (spine, part)
);
CREATE INDEX evidence_actor ON evidence (actor, idx);
CREATE INDEX evidence_target ON evidence (target, idx);
CREATE INDEX evidence_time ON evidence (time_ms, idx);

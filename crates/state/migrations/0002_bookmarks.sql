-- Where readers of things outside go on: how far a watched file was read, the cursor of a
-- connector. The owner is the reader's own name; values are the reader's business.
CREATE TABLE bookmarks (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (owner, name)
);

-- Receivers of alerts are of several kinds now; all of them wait in the same outbox.
-- `rules` is a JSON list of rule ids, empty for all.
ALTER TABLE webhooks ADD COLUMN kind TEXT NOT NULL DEFAULT 'http';
ALTER TABLE webhooks ADD COLUMN rules TEXT NOT NULL DEFAULT '[]';

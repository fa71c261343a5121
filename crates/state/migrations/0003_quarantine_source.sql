-- What was kept as the source's id was its name. Both are kept from now on; a source that is
-- not in the table, such as the administrator's own, has a name and no id.
ALTER TABLE quarantine ADD COLUMN source TEXT NOT NULL DEFAULT '';
UPDATE quarantine SET source = source_id;
UPDATE quarantine SET source_id = COALESCE(
    (SELECT s.id FROM sources s WHERE s.program = quarantine.program AND s.name = quarantine.source),
    '');

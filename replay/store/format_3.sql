-- What format 3 adds to format 2: pins, the traces and steps that are replayed as regression cases,
-- and the groups that calls are counted in, with an index that has all that is counted; traces
-- that are held, what is referred to while contents are freed, and who changed or read what.

CREATE TABLE pin_rows (
  key INTEGER PRIMARY KEY, id NOT NULL, trace NOT NULL, step_number, note, pinned_by,
  pinned_us INTEGER NOT NULL, extra
);
CREATE UNIQUE INDEX pins_by_id ON pin_rows (id);
CREATE INDEX pins_by_trace ON pin_rows (trace);

CREATE VIEW pins AS SELECT
  r.id AS id,
  of_trace.id AS trace_id,
  r.step_number AS step_number,
  CASE typeof(r.note) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.note) ELSE r.note END AS note,
  r.pinned_by AS pinned_by,
  strftime('%Y-%m-%dT%H:%M:%S', r.pinned_us / 1000000, 'unixepoch') || printf('.%06dZ', r.pinned_us % 1000000) AS pinned_at
FROM pin_rows r
  LEFT JOIN trace_rows of_trace ON of_trace.key = r.trace AND r.trace = +of_trace.key;

CREATE TABLE call_groups (
  key INTEGER PRIMARY KEY, tool NOT NULL, tool_version, schema_hash, model, actor, toolset, outcome
);
CREATE INDEX call_groups_by_tool ON call_groups (tool);
ALTER TABLE tool_call_rows ADD COLUMN call_group INTEGER;
CREATE INDEX tool_calls_by_group ON tool_call_rows (call_group, started_us, duration_ms, trace);

CREATE TABLE holds (
  trace_id TEXT PRIMARY KEY, reason TEXT NOT NULL, held_by TEXT, held_us INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE contents_used (content INTEGER PRIMARY KEY);

CREATE TABLE audit (
  key INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, user TEXT, command TEXT NOT NULL,
  act TEXT NOT NULL, what TEXT NOT NULL
);

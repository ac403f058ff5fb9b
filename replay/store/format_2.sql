-- What format 2 adds to format 1: which schemas models were shown, and how often each was used.

ALTER TABLE tool_schema_rows ADD COLUMN trace_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tool_schema_rows ADD COLUMN model_call_count INTEGER NOT NULL DEFAULT 0;

CREATE TABLE schema_traces (
  schema INTEGER NOT NULL, trace INTEGER NOT NULL, PRIMARY KEY (schema, trace)
) WITHOUT ROWID;

CREATE TABLE schema_calls (
  shown INTEGER NOT NULL, validator INTEGER NOT NULL, call_count INTEGER NOT NULL,
  PRIMARY KEY (shown, validator)
) WITHOUT ROWID;

CREATE INDEX tool_schemas_by_tool ON tool_schema_rows (tool);
CREATE INDEX schema_calls_by_validator ON schema_calls (validator);

DROP VIEW tool_schemas;
CREATE VIEW tool_schemas AS SELECT
  r.id AS id,
  r.tool AS tool,
  r.tool_version AS tool_version,
  r.dialect AS dialect,
  CASE typeof(r.definition) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.definition) ELSE r.definition END AS definition,
  strftime('%Y-%m-%dT%H:%M:%S', r.first_seen_us / 1000000, 'unixepoch') || printf('.%06dZ', r.first_seen_us % 1000000) AS first_seen_at,
  strftime('%Y-%m-%dT%H:%M:%S', r.last_seen_us / 1000000, 'unixepoch') || printf('.%06dZ', r.last_seen_us % 1000000) AS last_seen_at,
  r.trace_count,
  r.model_call_count,
  (SELECT coalesce(sum(c.call_count), 0) FROM schema_calls c WHERE c.shown = r.key OR c.validator = r.key) AS call_count
FROM tool_schema_rows r;

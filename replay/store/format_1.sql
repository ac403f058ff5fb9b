-- Format 1, as released: never to be changed. A later format has a file and a migration of its own.

CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE dictionaries (key INTEGER PRIMARY KEY, body BLOB NOT NULL);

CREATE TABLE pages (
  key INTEGER PRIMARY KEY, dictionary INTEGER, size INTEGER NOT NULL, body BLOB NOT NULL
);

CREATE TABLE contents (
  key INTEGER PRIMARY KEY, form TEXT NOT NULL, page INTEGER NOT NULL, start INTEGER NOT NULL,
  size INTEGER NOT NULL
);

CREATE TABLE content_hashes (hash BLOB PRIMARY KEY, content INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE prompt_messages (
  trace INTEGER NOT NULL, position INTEGER NOT NULL, content INTEGER NOT NULL,
  PRIMARY KEY (trace, position)
) WITHOUT ROWID;

CREATE TABLE toolsets (key INTEGER PRIMARY KEY, contents TEXT NOT NULL UNIQUE);

CREATE TABLE trace_models (
  model TEXT NOT NULL, trace INTEGER NOT NULL, PRIMARY KEY (model, trace)
) WITHOUT ROWID;

CREATE TABLE tool_totals (
  tool TEXT NOT NULL, tool_version TEXT NOT NULL, outcome TEXT NOT NULL, call_count INTEGER NOT NULL,
  PRIMARY KEY (tool, tool_version, outcome)
) WITHOUT ROWID;

CREATE TABLE record_totals (kind TEXT PRIMARY KEY, record_count INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE spools (name TEXT PRIMARY KEY, drained INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE rejected (key INTEGER PRIMARY KEY, reason TEXT NOT NULL, record TEXT NOT NULL);

CREATE TABLE model_settings (
  key INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, provider, api NOT NULL, model, response_model,
  parameters, request_mode, finish_reason, streamed INTEGER, status_code, toolset INTEGER
);

CREATE TABLE trace_rows (
  key INTEGER PRIMARY KEY, id NOT NULL, app, started_us INTEGER NOT NULL, ended_us INTEGER, outcome,
  start, labels, source, code_version, attributes, extra, seen INTEGER NOT NULL DEFAULT 0,
  model TEXT, model_call_count INTEGER NOT NULL DEFAULT 0,
  tool_call_count INTEGER NOT NULL DEFAULT 0, outcome_counts TEXT NOT NULL DEFAULT '{}',
  first_user_text TEXT
);

CREATE TABLE model_call_rows (
  key INTEGER PRIMARY KEY, id NOT NULL, trace NOT NULL, step_number NOT NULL, previous_response_id,
  output, usage, response_id, request_id, stream, started_us INTEGER NOT NULL, duration_ms,
  first_chunk_ms, error, attributes, extra, settings INTEGER, prompt TEXT
);

CREATE TABLE tool_call_rows (
  key INTEGER PRIMARY KEY, id NOT NULL, trace NOT NULL, step_number NOT NULL, model_call, call_index,
  provider_call_id, actor, tool NOT NULL, tool_version, schema_hash, arguments NOT NULL, positional,
  payload, result, response, outcome, error, stages, started_us INTEGER NOT NULL, offset_ms,
  duration_ms, state_hash, bound_by, attributes, extra
);

CREATE TABLE attempt_rows (
  key INTEGER PRIMARY KEY, id NOT NULL, call_id NOT NULL, attempt_number NOT NULL,
  started_us INTEGER NOT NULL, duration_ms, outcome, status_code, error, extra
);

CREATE TABLE interaction_rows (
  key INTEGER PRIMARY KEY, id NOT NULL, tool_call NOT NULL, interaction_index NOT NULL, protocol,
  exchange NOT NULL, extra
);

CREATE TABLE tool_schema_rows (
  key INTEGER PRIMARY KEY, id NOT NULL, tool NOT NULL, tool_version, dialect NOT NULL, definition,
  first_seen_us INTEGER, last_seen_us INTEGER, extra
);

CREATE TABLE feedback_rows (
  key INTEGER PRIMARY KEY, id NOT NULL, trace NOT NULL, step_number, label, score, correction, text,
  annotator, created_us INTEGER NOT NULL, extra
);

CREATE TABLE replay_run_rows (
  key INTEGER PRIMARY KEY, id NOT NULL, started_us INTEGER NOT NULL, ended_us INTEGER, status,
  toolbox NOT NULL, code_version, python, baseline, selection, options, trace_count, call_count,
  verdict_counts, conditional_count, digest, coverage, exit_code, extra
);

CREATE TABLE call_verdict_rows (
  key INTEGER PRIMARY KEY, run NOT NULL, trace NOT NULL, tool_call NOT NULL, step_number NOT NULL,
  tool NOT NULL, actor, model, verdict NOT NULL, cause, conditional INTEGER, recorded_outcome,
  replayed, changes, allowed, interaction_changes, effect_changed INTEGER, schema_errors, signature,
  approved INTEGER, extra
);

CREATE TABLE finding_rows (
  key INTEGER PRIMARY KEY, run NOT NULL, signature NOT NULL, tool NOT NULL, verdict NOT NULL,
  cause NOT NULL, title NOT NULL, paths, error_type, call_count NOT NULL,
  first_divergence_count NOT NULL, trace_count NOT NULL, tool_call_total NOT NULL, models,
  example_tool_call_id NOT NULL, example_trace_id NOT NULL, example_step_number NOT NULL,
  approved INTEGER, extra
);

CREATE TABLE approval_rows (
  key INTEGER PRIMARY KEY, signature NOT NULL, title NOT NULL, approved_us INTEGER NOT NULL,
  approved_by, note, extra
);

CREATE UNIQUE INDEX traces_by_id ON trace_rows (id);
CREATE INDEX traces_by_start ON trace_rows (started_us, id);
CREATE INDEX traces_by_app ON trace_rows (app, started_us, id);
CREATE UNIQUE INDEX model_calls_by_id ON model_call_rows (id);
CREATE INDEX model_calls_by_trace ON model_call_rows (trace, step_number);
CREATE UNIQUE INDEX tool_calls_by_id ON tool_call_rows (id);
CREATE INDEX tool_calls_by_trace ON tool_call_rows (trace, step_number);
CREATE INDEX tool_calls_by_tool ON tool_call_rows (tool, trace);
CREATE INDEX tool_calls_by_outcome ON tool_call_rows (outcome, tool, trace) WHERE outcome <> 'ok';
CREATE UNIQUE INDEX attempts_by_id ON attempt_rows (id);
CREATE INDEX attempts_by_call ON attempt_rows (call_id);
CREATE UNIQUE INDEX interactions_by_id ON interaction_rows (id);
CREATE INDEX interactions_by_call ON interaction_rows (tool_call, interaction_index);
CREATE UNIQUE INDEX tool_schemas_by_id ON tool_schema_rows (id);
CREATE UNIQUE INDEX feedback_by_id ON feedback_rows (id);
CREATE INDEX feedback_by_trace ON feedback_rows (trace);
CREATE UNIQUE INDEX replay_runs_by_id ON replay_run_rows (id);
CREATE INDEX replay_runs_by_start ON replay_run_rows (started_us);
CREATE UNIQUE INDEX call_verdicts_by_call ON call_verdict_rows (run, tool_call);
CREATE INDEX call_verdicts_by_step ON call_verdict_rows (run, trace, step_number);
CREATE INDEX call_verdicts_by_finding ON call_verdict_rows (run, signature) WHERE signature IS NOT NULL;
CREATE INDEX call_verdicts_by_verdict ON call_verdict_rows (run, verdict) WHERE verdict <> 'same';
CREATE UNIQUE INDEX findings_by_signature ON finding_rows (run, signature);
CREATE UNIQUE INDEX approvals_by_signature ON approval_rows (signature);

CREATE VIEW traces AS SELECT
  r.id AS id,
  r.app AS app,
  strftime('%Y-%m-%dT%H:%M:%S', r.started_us / 1000000, 'unixepoch') || printf('.%06dZ', r.started_us % 1000000) AS started_at,
  strftime('%Y-%m-%dT%H:%M:%S', r.ended_us / 1000000, 'unixepoch') || printf('.%06dZ', r.ended_us % 1000000) AS ended_at,
  r.outcome AS outcome,
  CASE typeof(r.start) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.start) ELSE r.start END AS start,
  coalesce(CASE typeof(r.labels) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.labels) ELSE r.labels END, '{}') AS labels,
  coalesce(r.source, 'recorded') AS source,
  r.code_version AS code_version,
  coalesce(CASE typeof(r.attributes) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.attributes) ELSE r.attributes END, '{}') AS attributes,
  r.model,
  r.model_call_count,
  r.tool_call_count,
  r.outcome_counts,
  r.first_user_text
FROM trace_rows r;

CREATE VIEW model_calls AS SELECT
  r.id AS id,
  of_trace.id AS trace_id,
  r.step_number AS step_number,
  s.provider AS provider,
  s.api AS api,
  s.model AS model,
  s.response_model AS response_model,
  (SELECT json_group_array(json(CASE typeof(m.content) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = m.content) ELSE m.content END)) FROM (SELECT p.content AS content FROM json_each(r.prompt) span JOIN prompt_messages p ON p.trace = r.trace AND p.position BETWEEN span.value ->> 0 AND span.value ->> 1 ORDER BY span.key, p.position) m) AS messages,
  (SELECT json_group_array(json(CASE typeof(t.value) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = t.value) ELSE t.value END)) FROM json_each((SELECT contents FROM toolsets WHERE toolsets.key = s.toolset)) t) AS tools,
  coalesce(CASE typeof(s.parameters) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = s.parameters) ELSE s.parameters END, '{}') AS parameters,
  coalesce(s.request_mode, 'full') AS request_mode,
  r.previous_response_id AS previous_response_id,
  CASE typeof(r.output) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.output) ELSE r.output END AS output,
  s.finish_reason AS finish_reason,
  CASE typeof(r.usage) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.usage) ELSE r.usage END AS usage,
  r.response_id AS response_id,
  r.request_id AS request_id,
  coalesce(s.streamed, 0) AS streamed,
  CASE typeof(r.stream) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.stream) ELSE r.stream END AS stream,
  strftime('%Y-%m-%dT%H:%M:%S', r.started_us / 1000000, 'unixepoch') || printf('.%06dZ', r.started_us % 1000000) AS started_at,
  r.duration_ms AS duration_ms,
  r.first_chunk_ms AS first_chunk_ms,
  s.status_code AS status_code,
  CASE typeof(r.error) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.error) ELSE r.error END AS error,
  coalesce(CASE typeof(r.attributes) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.attributes) ELSE r.attributes END, '{}') AS attributes
FROM model_call_rows r LEFT JOIN model_settings s ON s.key = r.settings
  LEFT JOIN trace_rows of_trace ON of_trace.key = r.trace AND r.trace = +of_trace.key;

CREATE VIEW tool_calls AS SELECT
  r.id AS id,
  of_trace.id AS trace_id,
  r.step_number AS step_number,
  CASE typeof(r.model_call) WHEN 'integer' THEN (SELECT t.id FROM model_call_rows t WHERE t.key = r.model_call) ELSE r.model_call END AS model_call_id,
  coalesce(r.call_index, 0) AS call_index,
  r.provider_call_id AS provider_call_id,
  coalesce(r.actor, 'assistant') AS actor,
  r.tool AS tool,
  r.tool_version AS tool_version,
  r.schema_hash AS schema_hash,
  CASE typeof(r.arguments) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.arguments) ELSE r.arguments END AS arguments,
  CASE typeof(r.positional) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.positional) ELSE r.positional END AS positional,
  CASE WHEN r.payload = 0 THEN json(CASE typeof(r.arguments) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.arguments) ELSE r.arguments END) ELSE CASE typeof(r.payload) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.payload) ELSE r.payload END END AS payload,
  CASE WHEN r.result = 0 THEN json_quote(CASE typeof(r.response) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.response) ELSE r.response END) WHEN r.result = -1 THEN json(CASE typeof(r.response) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.response) ELSE r.response END) ELSE CASE typeof(r.result) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.result) ELSE r.result END END AS result,
  CASE typeof(r.response) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.response) ELSE r.response END AS response,
  r.outcome AS outcome,
  CASE typeof(r.error) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.error) ELSE r.error END AS error,
  coalesce(CASE typeof(r.stages) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.stages) ELSE r.stages END, '[]') AS stages,
  strftime('%Y-%m-%dT%H:%M:%S', r.started_us / 1000000, 'unixepoch') || printf('.%06dZ', r.started_us % 1000000) AS started_at,
  r.offset_ms AS offset_ms,
  r.duration_ms AS duration_ms,
  r.state_hash AS state_hash,
  r.bound_by AS bound_by,
  coalesce(CASE typeof(r.attributes) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.attributes) ELSE r.attributes END, '{}') AS attributes
FROM tool_call_rows r
  LEFT JOIN trace_rows of_trace ON of_trace.key = r.trace AND r.trace = +of_trace.key;

CREATE VIEW attempts AS SELECT
  r.id AS id,
  r.call_id AS call_id,
  r.attempt_number AS attempt_number,
  strftime('%Y-%m-%dT%H:%M:%S', r.started_us / 1000000, 'unixepoch') || printf('.%06dZ', r.started_us % 1000000) AS started_at,
  r.duration_ms AS duration_ms,
  r.outcome AS outcome,
  r.status_code AS status_code,
  CASE typeof(r.error) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.error) ELSE r.error END AS error
FROM attempt_rows r;

CREATE VIEW interactions AS SELECT
  r.id AS id,
  CASE typeof(r.tool_call) WHEN 'integer' THEN (SELECT t.id FROM tool_call_rows t WHERE t.key = r.tool_call) ELSE r.tool_call END AS tool_call_id,
  r.interaction_index AS interaction_index,
  coalesce(r.protocol, 'http') AS protocol,
  CASE typeof(r.exchange) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.exchange) ELSE r.exchange END AS exchange
FROM interaction_rows r;

CREATE VIEW tool_schemas AS SELECT
  r.id AS id,
  r.tool AS tool,
  r.tool_version AS tool_version,
  r.dialect AS dialect,
  CASE typeof(r.definition) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.definition) ELSE r.definition END AS definition,
  strftime('%Y-%m-%dT%H:%M:%S', r.first_seen_us / 1000000, 'unixepoch') || printf('.%06dZ', r.first_seen_us % 1000000) AS first_seen_at,
  strftime('%Y-%m-%dT%H:%M:%S', r.last_seen_us / 1000000, 'unixepoch') || printf('.%06dZ', r.last_seen_us % 1000000) AS last_seen_at
FROM tool_schema_rows r;

CREATE VIEW feedback AS SELECT
  r.id AS id,
  of_trace.id AS trace_id,
  r.step_number AS step_number,
  r.label AS label,
  r.score AS score,
  CASE typeof(r.correction) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.correction) ELSE r.correction END AS correction,
  CASE typeof(r.text) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.text) ELSE r.text END AS text,
  r.annotator AS annotator,
  strftime('%Y-%m-%dT%H:%M:%S', r.created_us / 1000000, 'unixepoch') || printf('.%06dZ', r.created_us % 1000000) AS created_at
FROM feedback_rows r
  LEFT JOIN trace_rows of_trace ON of_trace.key = r.trace AND r.trace = +of_trace.key;

CREATE VIEW replay_runs AS SELECT
  r.id AS id,
  strftime('%Y-%m-%dT%H:%M:%S', r.started_us / 1000000, 'unixepoch') || printf('.%06dZ', r.started_us % 1000000) AS started_at,
  strftime('%Y-%m-%dT%H:%M:%S', r.ended_us / 1000000, 'unixepoch') || printf('.%06dZ', r.ended_us % 1000000) AS ended_at,
  coalesce(r.status, 'running') AS status,
  r.toolbox AS toolbox,
  r.code_version AS code_version,
  r.python AS python,
  r.baseline AS baseline,
  coalesce(CASE typeof(r.selection) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.selection) ELSE r.selection END, '{}') AS selection,
  coalesce(CASE typeof(r.options) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.options) ELSE r.options END, '{}') AS options,
  coalesce(r.trace_count, 0) AS trace_count,
  coalesce(r.call_count, 0) AS call_count,
  coalesce(CASE typeof(r.verdict_counts) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.verdict_counts) ELSE r.verdict_counts END, '{}') AS verdict_counts,
  coalesce(r.conditional_count, 0) AS conditional_count,
  r.digest AS digest,
  coalesce(CASE typeof(r.coverage) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.coverage) ELSE r.coverage END, '{}') AS coverage,
  r.exit_code AS exit_code
FROM replay_run_rows r;

CREATE VIEW call_verdicts AS SELECT
  of_run.id AS run_id,
  of_trace.id AS trace_id,
  CASE typeof(r.tool_call) WHEN 'integer' THEN (SELECT t.id FROM tool_call_rows t WHERE t.key = r.tool_call) ELSE r.tool_call END AS tool_call_id,
  r.step_number AS step_number,
  r.tool AS tool,
  coalesce(r.actor, 'assistant') AS actor,
  r.model AS model,
  r.verdict AS verdict,
  r.cause AS cause,
  coalesce(r.conditional, 0) AS conditional,
  r.recorded_outcome AS recorded_outcome,
  CASE typeof(r.replayed) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.replayed) ELSE r.replayed END AS replayed,
  coalesce(CASE typeof(r.changes) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.changes) ELSE r.changes END, '[]') AS changes,
  coalesce(CASE typeof(r.allowed) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.allowed) ELSE r.allowed END, '[]') AS allowed,
  coalesce(CASE typeof(r.interaction_changes) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.interaction_changes) ELSE r.interaction_changes END, '[]') AS interaction_changes,
  coalesce(r.effect_changed, 0) AS effect_changed,
  coalesce(CASE typeof(r.schema_errors) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.schema_errors) ELSE r.schema_errors END, '[]') AS schema_errors,
  r.signature AS signature,
  coalesce(r.approved, 0) AS approved
FROM call_verdict_rows r
  LEFT JOIN replay_run_rows of_run ON of_run.key = r.run AND r.run = +of_run.key
  LEFT JOIN trace_rows of_trace ON of_trace.key = r.trace AND r.trace = +of_trace.key;

CREATE VIEW findings AS SELECT
  of_run.id AS run_id,
  r.signature AS signature,
  r.tool AS tool,
  r.verdict AS verdict,
  r.cause AS cause,
  r.title AS title,
  coalesce(CASE typeof(r.paths) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.paths) ELSE r.paths END, '[]') AS paths,
  r.error_type AS error_type,
  r.call_count AS call_count,
  r.first_divergence_count AS first_divergence_count,
  r.trace_count AS trace_count,
  r.tool_call_total AS tool_call_total,
  coalesce(CASE typeof(r.models) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.models) ELSE r.models END, '{}') AS models,
  r.example_tool_call_id AS example_tool_call_id,
  r.example_trace_id AS example_trace_id,
  r.example_step_number AS example_step_number,
  coalesce(r.approved, 0) AS approved
FROM finding_rows r
  LEFT JOIN replay_run_rows of_run ON of_run.key = r.run AND r.run = +of_run.key;

CREATE VIEW approvals AS SELECT
  r.signature AS signature,
  r.title AS title,
  strftime('%Y-%m-%dT%H:%M:%S', r.approved_us / 1000000, 'unixepoch') || printf('.%06dZ', r.approved_us % 1000000) AS approved_at,
  r.approved_by AS approved_by,
  CASE typeof(r.note) WHEN 'integer' THEN (SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') FROM contents c WHERE c.key = r.note) ELSE r.note END AS note
FROM approval_rows r;

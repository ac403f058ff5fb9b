"""The views: every record as plain JSON under the name of its kind.

In a plain SQLite shell a compressed content is shown as a pointer (a JSON object that says how to
read it); through `Store.query` the same views, made anew as temporary ones, give everything.
"""

from __future__ import annotations

from typing import Final

from replay.store.database import FORMAT
from replay.store.layout import LAYOUTS, Column, Layout, layouts_of

_TIME: Final = (
    "strftime('%Y-%m-%dT%H:%M:%S', {0} / 1000000, 'unixepoch') || printf('.%06dZ', {0} % 1000000)"
)
_POINTER: Final = (
    "(SELECT json_object('content', c.key, 'size', c.size, 'read_with', 'replay db query') "
    "FROM contents c WHERE c.key = {0})"
)
_CALL_COUNT: Final = (
    "(SELECT coalesce(sum(c.call_count), 0) FROM schema_calls c "
    "WHERE c.shown = r.key OR c.validator = r.key)"
)


def view_statements(*, whole: bool, file_format: int = FORMAT) -> list[str]:
    """Return the CREATE VIEW statements.

    ``whole``: temporary views over the function ``content_text``, which our connections have;
    else permanent ones that any SQLite shell can read. ``file_format``: an older one has no view of
    newer kinds, and format 1 does not count what schemas are used for.
    """
    return [
        _statement(layout, whole=whole, counts_schemas=file_format >= 2)
        for layout in layouts_of(file_format)
    ]


def _statement(layout: Layout, *, whole: bool, counts_schemas: bool) -> str:
    shown = [
        f"{_shown(layout, column, whole=whole)} AS {column.field}" for column in layout.columns
    ]
    if layout.kind == "model_call":
        shown.insert(7, f"{_messages(whole=whole)} AS messages")
        shown.insert(8, f"{_tools(whole=whole)} AS tools")
    if layout.kind == "trace":
        shown += [f"r.{name}" for name in ("model", "model_call_count", "tool_call_count")]
        shown += ["r.outcome_counts", "r.first_user_text"]
    if layout.kind == "tool_schema" and counts_schemas:
        shown += ["r.trace_count", "r.model_call_count", f"{_CALL_COUNT} AS call_count"]
    columns = ",\n  ".join(shown)
    temporary = "TEMP " if whole else ""
    rows = "".join([layout.rows, *(_join(column) for column in layout.columns if _is_kept(column))])
    return f"CREATE {temporary}VIEW {layout.view} AS SELECT\n  {columns}\nFROM {rows}"


def _is_kept(column: Column) -> bool:
    """Say whether a link is always a key: the row that it names is made with the first that does.

    It is joined rather than looked up, so that ``WHERE trace_id = ...`` finds its rows by index.
    """
    return column.form == "link" and column.target in ("trace", "replay_run")


def _join(column: Column) -> str:
    assert column.target is not None
    alias = f"of_{column.name}"
    # Twice: the first finds the other row by its key, the second these rows by their index, which
    # compares without affinity.
    return (
        f"\n  LEFT JOIN {LAYOUTS[column.target].table} {alias} ON {alias}.key = {column.source} "
        f"AND {column.source} = +{alias}.key"
    )


def _shown(layout: Layout, column: Column, *, whole: bool) -> str:
    value = column.source
    if column.form == "time":
        return _TIME.format(value)
    if column.form == "link":
        assert column.target is not None
        if _is_kept(column):
            return f"of_{column.name}.id"
        table = LAYOUTS[column.target].table
        return (
            f"CASE typeof({value}) WHEN 'integer' THEN "
            f"(SELECT t.id FROM {table} t WHERE t.key = {value}) ELSE {value} END"
        )
    if column.form in ("text", "json"):
        return _with_default(_value(layout, column, whole=whole), column)
    return _with_default(value, column)


def _value(layout: Layout, column: Column, *, whole: bool) -> str:
    """Spell a text or json column; payload and result may stand for arguments and response."""
    value = column.source
    if layout.kind == "tool_call" and column.field == "payload":
        same = f"WHEN {value} = 0 THEN json({_content('r.arguments', whole=whole)})"
        return f"CASE {same} ELSE {_content(value, whole=whole)} END"
    if layout.kind == "tool_call" and column.field == "result":
        response = _content("r.response", whole=whole)
        return (
            f"CASE WHEN {value} = 0 THEN json_quote({response}) "
            f"WHEN {value} = -1 THEN json({response}) ELSE {_content(value, whole=whole)} END"
        )
    return _content(value, whole=whole)


def _content(value: str, *, whole: bool) -> str:
    read = f"content_text({value})" if whole else _POINTER.format(value)
    return f"CASE typeof({value}) WHEN 'integer' THEN {read} ELSE {value} END"


def _with_default(value: str, column: Column) -> str:
    default = column.default
    if default is None:
        return value
    if isinstance(default, (list, dict)):
        return f"coalesce({value}, '{'[]' if isinstance(default, list) else '{}'}')"
    if isinstance(default, (bool, int)):
        return f"coalesce({value}, {int(default)})"
    return f"coalesce({value}, '{default}')"


def _messages(*, whole: bool) -> str:
    content = _content("m.content", whole=whole)
    return (
        f"(SELECT json_group_array(json({content})) FROM ("
        "SELECT p.content AS content FROM json_each(r.prompt) span "
        "JOIN prompt_messages p ON p.trace = r.trace "
        "AND p.position BETWEEN span.value ->> 0 AND span.value ->> 1 "
        "ORDER BY span.key, p.position) m)"
    )


def _tools(*, whole: bool) -> str:
    content = _content("t.value", whole=whole)
    return (
        f"(SELECT json_group_array(json({content})) FROM "
        "json_each((SELECT contents FROM toolsets WHERE toolsets.key = s.toolset)) t)"
    )

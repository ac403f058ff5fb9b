"""A failure as a pytest test that needs nothing but the toolbox and replay's public names."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pprint import pformat
from typing import Final

from replay.fuzzing.cases import Case
from replay.fuzzing.judging import SIGNATURE, Breach, Law
from replay.replayer.questions.asking import DescribedTool

_START_CHARS_MAX: Final = 600
_LINE_MAX: Final = 88
_CHUNK: Final = 60
_CAREFUL: Final = {
    "ProcessEnded": ["# Careful: the tool ends the process that runs this test."],
    "DeadlinePassed": ["# Careful: the tool does not come back from this call."],
}


def pasteable_test(
    case: Case,
    breach: Breach,
    tool: DescribedTool,
    toolbox: str,
    *,
    asks_outside: bool,
    database: str,
) -> str:
    """Return the test of a failure, as text to paste.

    ``asks_outside``: the tool asked something; the test then answers it from the recording.
    """
    start, start_lines, reads = _start(case)
    has_recording = bool(asks_outside and case.captured.order.interactions)
    lines = [*_imports(toolbox, reads or has_recording, asks_outside), "", ""]
    lines += _CAREFUL.get(breach.kind, [])
    lines += [f"def test_{_name(breach)}() -> None:"]
    lines += [f'    """{_claim(breach)}"""']
    if reads or has_recording:
        opened = f'    with Store.open({json.dumps(database)}, mode="r") as store:'
        lines += [opened, f"        recorded = store.transcript({_quoted(case.captured.trace_id)})"]
    lines += start_lines
    session = f"toolbox.session({start}) as session"
    if asks_outside:
        kept = f"recorded.interactions[{_quoted(case.captured.call_id)}]" if has_recording else "()"
        lines += [f"    answers = [Interaction.from_json(one.exchange) for one in {kept}]"]
        lines += ['    outside = Cassette("fuzz", mode="replay", interactions=answers)']
        session = f"freeze(outside), {session}"
    lines += [f"    with {session}:", *_call(case, tool)]
    return "\n".join([*lines, "", *_asserts(breach, tool)]) + "\n"


def _imports(toolbox: str, reads: bool, asks_outside: bool) -> list[str]:
    module, _, name = toolbox.partition(":")
    is_file = module.endswith(".py") or "/" in module
    lines = []
    if asks_outside:
        lines += ["from cassettes import Cassette, Interaction, freeze, install"]
    if reads:
        lines += ["from replay.store import Store"]
    lines += [f"from replay.tools import {'load_toolbox, ' if is_file else ''}run_call_sync"]
    if is_file:
        lines += ["", f"toolbox = load_toolbox({json.dumps(toolbox)})"]
    else:
        alias = "" if name == "toolbox" else " as toolbox"
        lines += ["", f"from {module} import {name or 'toolbox'}{alias}"]
    return [*lines, "install()"] if asks_outside else lines


def _start(case: Case) -> tuple[str, list[str], bool]:
    """Return what the world is made from, lines that say it, and whether the database has it."""
    start = case.captured.start
    if start is None:
        return "", [], False
    if len(repr(start)) > _START_CHARS_MAX:
        return "recorded.trace.start", [], True
    first, *rest = pformat(start, width=_LINE_MAX - 12, sort_dicts=False).split("\n")
    return "start", [f"    start = {first}", *(f"    {' ' * 8}{line}" for line in rest)], False


def _call(case: Case, tool: DescribedTool) -> list[str]:
    given = _written(case.arguments)
    lines = ["        result = run_call_sync(", "            toolbox,"]
    lines += [f"            tool={_quoted(case.tool)},"]
    if len(given) == 1:
        lines += [f"            arguments={given[0]},"]
    else:
        lines += ["            arguments=(", *(f"                {one}" for one in given)]
        lines += ["            ),"]
    if tool.actor != "assistant":
        lines += [f"            actor={_quoted(tool.actor)},"]
    return [*lines, "            world=session.world,", "        )"]


def _written(arguments: str) -> list[str]:
    """Return the raw text as lines of Python; a long run of one character as a product."""
    found = re.search(r"(.)\1{199,}", arguments)
    if found is None:
        return [
            _quoted(arguments[at : at + _CHUNK]) for at in range(0, len(arguments) or 1, _CHUNK)
        ]
    before, after = arguments[: found.start()], arguments[found.end() :]
    lines = _written(before) if before else []
    lines += [f"{'+ ' if before else ''}{_quoted(found[1])} * {found.end() - found.start()}"]
    if after:
        first, *rest = _written(after)
        lines += [f"+ {first}", *rest]
    return lines


def _quoted(text: str) -> str:
    """Return ``text`` as Python, in double quotes where that escapes nothing more."""
    words = repr(text)
    if words[0] == "'" and '"' not in words:
        words = f'"{words[1:-1]}"'
    return words


def _claim(breach: Breach) -> str:
    claims = {
        Law.INVALID_REACHED: "The schema forbids this payload: the tool must not run.",
        Law.UNDECLARED: f"It must not end in {breach.kind}, which the tool does not declare.",
        Law.DISAGREEMENT: "The schema that models see allows this payload.",
        Law.NOT_GATED: "The schema forbids this payload: the tool must not run.",
    }
    return claims[breach.law]


def _asserts(breach: Breach, tool: DescribedTool) -> list[str]:
    if breach.kind == SIGNATURE:
        return ['    assert result.outcome not in ("invalid_arguments", "failed"), result.error']
    if breach.law is Law.DISAGREEMENT:
        return ['    assert result.outcome != "invalid_arguments", result.error']
    if breach.law is Law.UNDECLARED:
        declared = _tuple_of(tool.raises)
        if tool.raises:
            return [f"    assert result.error is None or result.error.type in {declared}"]
        return ['    assert result.outcome not in ("failed", "crashed", "timeout"), result.error']
    return ['    assert result.outcome in ("invalid_arguments", "bad_json"), result.outcome']


def _tuple_of(names: Sequence[str]) -> str:
    return f"({', '.join(map(_quoted, names))},)"


def _name(breach: Breach) -> str:
    ends = {
        Law.INVALID_REACHED: f"is_not_run_with_{breach.kind}",
        Law.UNDECLARED: f"does_not_end_in_{breach.kind.rpartition('.')[2]}",
        Law.DISAGREEMENT: f"takes_what_its_schema_allows_{breach.kind}",
        Law.NOT_GATED: "is_not_run_with_what_its_schema_forbids",
    }
    return re.sub(r"\W+", "_", f"{breach.tool}_{ends[breach.law]}").lower().strip("_")

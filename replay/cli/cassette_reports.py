"""What `replay cassettes verify` and `refresh` found, as lines of text and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from replay.records import Change, JsonValue
from replay.report.ink import count, cut, plain, wrap

if TYPE_CHECKING:
    from replay.replayer.refreshing import RefreshedCall
    from replay.replayer.verifying import SentRequest, Verification

_SHOWN_MAX: Final = 20
_CHANGES_MAX: Final = 8
_VALUE_CELLS: Final = 60


def verification_lines(found: Verification, *, width: int) -> list[str]:
    """Return what answers otherwise, after one line that sums it up."""
    lines = wrap(_verification_headline(found), width)
    differing = [one for one in found.sent if one.changes or one.failure]
    for one in differing[:_SHOWN_MAX]:
        lines += ["", *_sent_lines(one, width)]
    if len(differing) > _SHOWN_MAX:
        lines.append(f"… and {len(differing) - _SHOWN_MAX:,} more (--json has all)")
    if found.not_sent:
        lines += ["", "Not sent"]
        for (tool, why), number in sorted(found.not_sent.items()):
            hint = f": --writes-of {tool} sends them" if "change" in why else ""
            text = f"{plain(tool)}: {count(number, 'request')} that {why}{hint}"
            lines += wrap(text, width, indent="  ")
    if any(one.is_masked or _is_refused(one) for one in differing):
        hint = "A service that wants a key gets the recorded one, which may be masked or old: "
        lines += ["", *wrap(hint + "--header 'authorization: ...' gives another.", width)]
    return lines


def _verification_headline(found: Verification) -> str:
    if not found.sent:
        return "Nothing was sent, so nothing is verified."
    failed = sum(one.failure is not None for one in found.sent)
    otherwise = sum(bool(one.changes) for one in found.sent)
    same = len(found.sent) - failed - otherwise
    said = [
        f"{same:,} answered as recorded" if same else "",
        f"{otherwise:,} answered otherwise" if otherwise else "",
        f"{failed:,} not answered" if failed else "",
    ]
    return f"{count(len(found.sent), 'request')} sent: {', '.join(part for part in said if part)}"


def _sent_lines(one: SentRequest, width: int) -> list[str]:
    lines = wrap(f"{'?' if one.failure else '~'} {plain(one.line)}", width, hang="    ")
    where = f"{', '.join(one.tools)}; recorded {count(one.times, 'time')}, last in trace "
    lines += wrap(
        plain(f"{where}{one.call.trace_id}, step {one.call.step_number}"), width, indent="  "
    )
    if one.failure:
        return lines + wrap(plain(one.failure), width, indent="    ")
    return lines + _change_lines(one.changes, width)


def _change_lines(changes: Sequence[Change], width: int) -> list[str]:
    lines = [cut(f"    {_change_words(change)}", width) for change in changes[:_CHANGES_MAX]]
    if len(changes) > _CHANGES_MAX:
        lines.append(f"    … and {len(changes) - _CHANGES_MAX:,} more")
    return lines


def _change_words(change: Change) -> str:
    if change.change == "added":
        return plain(f"+ {change.path} {_shown(change.replayed)}")
    if change.change == "removed":
        return plain(f"- {change.path} {_shown(change.recorded)}")
    if change.change == "moved":
        return plain(f"~ {change.path} in another order")
    old, new = _shown(change.recorded), _shown(change.replayed)
    return plain(f"~ {change.path} {old} → {new}")


def _shown(value: JsonValue) -> str:
    return cut(json.dumps(value, ensure_ascii=False), _VALUE_CELLS)


def _is_refused(one: SentRequest) -> bool:
    return any(
        change.path == "status" and change.replayed in (401, 403, 407) for change in one.changes
    )


def verification_json(found: Verification) -> dict[str, Any]:
    """Return the same for programs, whole."""
    return {
        "requests": [
            {
                "request": one.line,
                "tools": list(one.tools),
                "times": one.times,
                "trace_id": one.call.trace_id,
                "step_number": one.call.step_number,
                "answers_as_recorded": not (one.changes or one.failure),
                "changes": [change.model_dump(mode="json") for change in one.changes],
                "failure": one.failure,
            }
            for one in found.sent
        ],
        "not_sent": [
            {"tool": tool, "why": why, "count": number}
            for (tool, why), number in sorted(found.not_sent.items())
        ],
    }


def refresh_lines(found: Sequence[RefreshedCall], *, width: int, changed: bool) -> list[str]:
    """Return what became of the cassettes, tool by tool."""
    if not found:
        return ["No call of these tools is in the selected traces."]
    lines: list[str] = []
    for tool in dict.fromkeys(one.call.tool for one in found):
        of_tool = [one for one in found if one.call.tool == tool]
        lines += ["", *_tool_lines(tool, of_tool, width, changed=changed)]
    return lines[1:]


def _tool_lines(
    tool: str, found: Sequence[RefreshedCall], width: int, *, changed: bool
) -> list[str]:
    new = sum(one.exchanges is not None and one.is_changed for one in found)
    kept = [one for one in found if one.exchanges is None]
    same = len(found) - new - len(kept)
    replaced = "replaced" if changed else "would be replaced"
    said = [
        f"{new:,} {replaced}" if new else "",
        f"{same:,} as recorded" if same else "",
        f"{len(kept):,} kept as they were" if kept else "",
    ]
    cassettes = count(len(found), "cassette")
    head = f"{plain(tool)}: {cassettes}: {', '.join(part for part in said if part)}"
    lines = wrap(head, width)
    for text, number in Counter(_differences(found)).most_common(_SHOWN_MAX):
        times = f"  ({number:,} calls)" if number > 1 else ""
        lines += wrap(f"{text}{times}", width, indent="  ", hang="    ")
    for why in dict.fromkeys(one.why_kept for one in kept):
        of_why = [one.call for one in kept if one.why_kept == why]
        where = f"first in trace {of_why[0].trace_id}, step {of_why[0].step_number}"
        text = f"? {len(of_why):,} kept: {why} ({where})"
        lines += wrap(plain(text), width, indent="  ", hang="    ")
    return lines


def _differences(found: Sequence[RefreshedCall]) -> Iterator[str]:
    for one in found:
        for line in one.added:
            yield plain(f"+ {line}")
        for line in one.removed:
            yield plain(f"- {line}")
        for line, change in one.changes:
            yield f"{plain(line)}: {_change_words(change)}"


def refresh_json(found: Sequence[RefreshedCall], *, changed: bool) -> list[dict[str, Any]]:
    """Return the same for programs, call by call."""
    return [
        {
            "tool_call_id": one.call.id,
            "trace_id": one.call.trace_id,
            "step_number": one.call.step_number,
            "tool": one.call.tool,
            "replaced": changed and one.exchanges is not None and one.is_changed,
            "differs": one.is_changed,
            "why_kept": one.why_kept,
            "added": one.added,
            "removed": one.removed,
            "changes": [
                {"request": line, **change.model_dump(mode="json")} for line, change in one.changes
            ],
        }
        for one in found
    ]

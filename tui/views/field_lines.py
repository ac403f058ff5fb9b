"""A tool's arguments in two versions, field by field, with the rules' verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from replay.compatibility.type_words import Parameter, parameters_in
from replay.records import JsonObject, JsonValue
from tui.rows.schemas import parameters_of
from tui.views.parts import Part, count, cut, fit, printable

Change = Mapping[str, Any]
"""One change as `replay schema diff --json` and `replay schema check --json` say it."""

_ORDER: Final = ("breaks", "silent", "may_break", "safe", "")
_VERDICTS: Final = {
    "breaks": ("×", "bad", "breaks"),
    "silent": ("≠", "warn", "means else"),
    "may_break": ("?", "unsure", "may break"),
    "safe": ("✓", "good", "safe"),
    "": ("✓", "dim", "same"),
}
_WORDS_WIDTH: Final = 12


@dataclass(frozen=True, slots=True)
class Field:
    """One line: a field of the arguments, or the tool itself."""

    path: str
    """``""``: the tool itself."""
    old: Parameter | None
    new: Parameter | None
    changes: tuple[Change, ...] = ()

    @property
    def on_payloads(self) -> str:
        """The worst that its changes do to recorded payloads; ``""``: nothing changed."""
        said = {str(change["on_payloads"]) for change in self.changes}
        return next((one for one in _ORDER if one in said), "")


def fields_of(old: JsonValue, new: JsonValue, changes: Sequence[Change]) -> list[Field]:
    """Return the fields of two definitions: those that changed first, the worst of them first."""
    before, after = _by_path(old), _by_path(new)
    at: dict[str, list[Change]] = {}
    for change in changes:
        at.setdefault(str(change["path"]), []).append(change)
    paths = dict.fromkeys([*after, *before, *at])
    fields = [
        Field(path, before.get(path), after.get(path), tuple(at.get(path, ()))) for path in paths
    ]
    return sorted(fields, key=lambda field: _ORDER.index(field.on_payloads))


def _by_path(definition: JsonValue) -> dict[str, Parameter]:
    parameters: JsonObject | None = parameters_of(definition)
    return {} if parameters is None else {one.path: one for one in parameters_in(parameters)}


def field_header(width: int, labels: tuple[str, str], *, has_two: bool) -> list[Part]:
    """Return the names above the list."""
    path, kind = _widths(width)
    words = f"     {'field':<{path}} {fit(labels[0], kind)} "
    if has_two:
        words += f"{fit(labels[1], kind)} {'change':<{_WORDS_WIDTH}}payloads hit"
    return [(words, "dim")]


def field_parts(
    field: Field, width: int, hits: Mapping[str, JsonObject] | None, *, is_counting: bool
) -> list[Part]:
    """Return one field; ``hits``: evidence by `hit_key`, None: nobody counted."""
    path, kind = _widths(width)
    sign, role, words = _VERDICTS[field.on_payloads]
    mark = "≠" if bool(field.old) == bool(field.new) else "+" if field.new else "-"
    changed = bool(field.changes)
    name = printable(field.path) or "(the tool)"
    return [
        (f" {sign} ", f"{role} strong"),
        (f"{mark if changed else ' '} ", {"+": "added", "-": "removed"}.get(mark, "warn")),
        (fit(name, path) + " ", "strong" if changed else "dim"),
        (fit(_typed(field.old), kind) + " ", "removed" if changed and mark == "-" else "dim"),
        (fit(_typed(field.new), kind) + " ", "added" if changed and mark == "+" else ""),
        (f"{words:<{_WORDS_WIDTH}}", role),
        _hit_words(field, hits, is_counting=is_counting),
    ]


def _widths(width: int) -> tuple[int, int]:
    room = width - 7 - _WORDS_WIDTH - (22 if width >= 100 else 14)
    path = max(10, min(32, room * 2 // 5))
    return path, max(8, (room - path - 1) // 2)


def _typed(parameter: Parameter | None) -> str:
    if parameter is None:
        return ""
    default = "" if parameter.default is None else f" = {parameter.default}"
    return printable(f"{parameter.type}{'' if parameter.required else '?'}{default}")


def hit_key(change: Change) -> str:
    """Return what a change and its evidence have in common."""
    return f"{change['rule']} {change['path']}"


def _hit_words(field: Field, hits: Mapping[str, JsonObject] | None, *, is_counting: bool) -> Part:
    if not field.changes:
        return ("", "")
    if hits is None:
        return ("◐ counting", "accent") if is_counting else ("not counted", "dim")
    found = [evidence for change in field.changes if (evidence := hits.get(hit_key(change)))]
    if not found:
        return ("0", "dim")
    worst = max(found, key=affected)
    number, of = affected(worst), int(worst["call_count"])
    return (f"{number:,} of {of:,}", "bad" if worst["breaks"] else "warn" if number else "good")


def affected(evidence: JsonObject) -> int:
    """Return how many recorded payloads a change hits."""
    return int(evidence["breaks"]) + int(evidence["silent"]) + int(evidence.get("reported") or 0)


def hits_words(evidence: Sequence[JsonObject]) -> Part:
    """Return what the worst change does to recorded payloads, in words."""
    worst = max(evidence, key=affected, default=None)
    if worst is None or not affected(worst):
        return ("   ✓ no recorded payload is hit", "good")
    hit = f"{affected(worst):,} of {count(int(worst['call_count']), 'recorded payload')} hit"
    return (f"   {'× ' if worst['breaks'] else '≠ '}{hit}", "bad" if worst["breaks"] else "warn")


def same_words(fields: Sequence[Field]) -> str:
    """Return how many fields did not change, in words."""
    same = sum(not field.changes for field in fields)
    changed = len(fields) - same
    return f"{count(changed, 'changed field')} · {same:,} the same"


def side_words(label: str, calls: int | None, width: int) -> str:
    """Return a side for the head: ``version 1, 1,204 calls``."""
    return cut(label if calls is None else f"{label}, {count(calls, 'call')}", width)

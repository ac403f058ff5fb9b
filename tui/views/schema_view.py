"""One field of a tool in two versions: what changed, by which rule, and which payloads it hits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from replay.records import JsonObject
from tui.views.diff_entries import diff_entries
from tui.views.entries import Entry
from tui.views.field_lines import Change, Field, affected, hit_key
from tui.views.json_entries import json_entries
from tui.views.parts import Part, count, printable

_ON_PAYLOADS: Final = {
    "breaks": ("× recorded payloads break", "bad"),
    "silent": ("≠ payloads are taken, and mean something else", "warn"),
    "may_break": ("? some payloads may break", "unsure"),
    "safe": ("✓ safe for recorded payloads", "good"),
}
_ON_MODEL: Final = {
    "same": ("models see no change", "dim"),
    "changed": ("models see a change", "accent"),
    "refused": ("a provider rejects it", "bad"),
}


def field_entries(
    field: Field | None,
    difference: Mapping[str, Any] | None,
    hits: Mapping[str, JsonObject] | None,
    *,
    context: int = 0,
) -> list[Entry]:
    """Return the changes of a field with their evidence, then the whole definitions."""
    entries: list[Entry] = []
    if field is not None:
        name = printable(field.path) or "the tool"
        described = field.new or field.old
        entries.append(Entry(((name, "strong"),)))
        if described is not None and described.description:
            entries.append(Entry((), 1, text=described.description, role="dim"))
        if not field.changes:
            entries.append(Entry((("✓ the same in both versions", "good"),)))
        for change in field.changes:
            entries += _change(change, hits)
    if difference is not None:
        old, new = difference["old"]["definition"], difference["new"]["definition"]
        entries += [_gap(), _legend(old == new), *diff_entries(old, new, context=context)]
    return entries


def _change(change: Change, hits: Mapping[str, JsonObject] | None) -> list[Entry]:
    payloads, role = _ON_PAYLOADS[str(change["on_payloads"])]
    model, model_role = _ON_MODEL[str(change["on_model"])]
    entries = [
        Entry(((printable(str(change["said"])), ""), (f"   {change['rule']}", "key")), 1),
        Entry(((payloads, role), (f"   {model}", model_role)), 2, value=dict(change)),
    ]
    evidence = hits.get(hit_key(change)) if hits is not None else None
    if evidence is not None:
        entries += _evidence(evidence)
    if evidence is not None and evidence.get("mend"):
        entries.append(Entry((("to mend  ", "dim"),), 2, text=str(evidence["mend"])))
    return entries


def _evidence(evidence: JsonObject) -> list[Entry]:
    number, of = affected(evidence), int(evidence["call_count"])
    words: list[Part] = [
        (f"{number:,} of {count(of, 'recorded payload')} hit", "bad" if number else "good")
    ]
    for kind, said in (("breaks", "break"), ("silent", "mean else"), ("reported", "reported")):
        if evidence.get(kind):
            words.append((f", {int(evidence[kind]):,} {said}", ""))
    entries = [Entry(tuple(words), 2, value=evidence)]
    models = evidence.get("by_model") or {}
    if number and len(models) > 1:
        said = ", ".join(f"{name} {hit:,} of {total:,}" for name, (hit, total) in models.items())
        entries.append(Entry(((printable(said), "dim"),), 3))
    first = evidence.get("first")
    if first:
        where = f"first  {printable(str(first[0]))}, step {first[1]}"
        entries.append(Entry(((where, "accent"), ("   enter on the list opens it", "dim")), 3))
    if evidence.get("witness") is not None:
        entries += json_entries(evidence["witness"], label="a payload that shows it", depth=3)
    return entries


def _legend(is_same: bool) -> Entry:
    words: tuple[Part, ...] = (("definition", "strong"),)
    if is_same:
        return Entry((*words, ("   ✓ the same", "good")))
    return Entry((*words, ("   - older", "removed"), ("   + newer", "added")))


def _gap() -> Entry:
    return Entry((("", ""),))

"""Tools that became one mode of another: ``get_issue`` is ``issue_read`` with ``method="get"``.

The mode is looked for in what the old tool's name says beyond the new one's. It counts only where
one choice says it, and no other choice says any part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from replay.compatibility.suggesting.fields import Field
from replay.compatibility.suggesting.names import plain_words, words_of

_LINE: Final = re.compile(
    r"^\s*(?:\d+[.)]|[-*•])\s*[\"'`*]*([A-Za-z][\w-]*)[\"'`*]*\s*(?:[-:–—(]|$)", re.M
)
_QUOTED: Final = re.compile(r"[\"'`]([A-Za-z][\w-]*)[\"'`]")

_SAME_VERB: Final = {
    **dict.fromkeys(("fetch", "get", "list", "read", "retrieve", "show", "view"), "get"),
    **dict.fromkeys(("delete", "destroy", "erase", "remove"), "delete"),
    **dict.fromkeys(("change", "edit", "modify", "update"), "update"),
    **dict.fromkeys(("find", "lookup", "query", "search"), "search"),
    **dict.fromkeys(("execute", "launch", "run"), "run"),
}
_JOINING: Final = frozenset(("and", "of", "for", "the", "a", "an", "in", "to", "by"))


@dataclass(frozen=True, slots=True)
class Mode:
    """The value of a field that stands for the old tool."""

    value: str
    is_sure: bool
    why: str


def choices_of(field: Field) -> list[str]:
    """Return the texts that a field may be: its choices, or those that its description lists."""
    if field.choices is not None:
        return [one for one in field.choices if isinstance(one, str)]
    if field.kinds and "string" not in field.kinds:
        return []
    listed = _LINE.findall(field.description)
    quoted = _QUOTED.findall(field.description)
    found = listed if len(listed) > 1 else quoted if len(quoted) > 1 else []
    return list(dict.fromkeys(found))


def mode_of(field: Field, old_tool: str, new_tool: str) -> Mode | None:
    """Return what ``field`` is for calls of the old tool; None: no choice is like its name."""
    choices = choices_of(field)
    if not choices or old_tool == new_tool:
        return None
    old, new = plain_words(words_of(old_tool)), set(plain_words(words_of(new_tool)))
    # One that is the whole old name needs no taking apart.
    whole = [one for one in choices if plain_words(words_of(one)) == old]
    if len(whole) == 1:
        is_sure = _is_of_one_number(whole[0], old_tool)
        return Mode(whole[0], is_sure, f"the name of the old tool, {old_tool}")
    for same in (_as_written, _same_verb):
        wanted = same([word for word in old if word not in new])
        meant = {one: same(list(plain_words(words_of(one)))) for one in choices}
        short = {one: [word for word in words if word not in new] for one, words in meant.items()}
        exact = [one for one in choices if wanted and wanted in (meant[one], short[one])]
        if len(exact) == 1 and not _may_be_meant(exact[0], wanted, choices, meant):
            why = f"what {old_tool} says beyond {new_tool}"
            # Another verb, and nothing beside it: `list` may well be no `get`. And one is not many.
            is_sure = same is _as_written or len(wanted) > 1
            return Mode(exact[0], is_sure and _is_of_one_number(exact[0], old_tool), why)
    return _nearest(wanted, meant)


def _may_be_meant(
    exact: str, wanted: list[str], choices: list[str], meant: dict[str, list[str]]
) -> bool:
    """Whether another choice has the very same words, in another order or number."""
    return any(sorted(meant[one]) == sorted(wanted) for one in choices if one != exact)


def _is_of_one_number(choice: str, old_tool: str) -> bool:
    """Whether words that both have are singular in both, or plural in both."""
    mine, theirs = words_of(choice), words_of(old_tool)
    shared = set(plain_words(mine)) & set(plain_words(theirs))
    return all(word in theirs for word in mine if plain_words((word,))[0] in shared)


def _nearest(wanted: list[str], meant: dict[str, list[str]]) -> Mode | None:
    """Return the choice that shares most with what is wanted, to be asked for; None: none does."""
    shared = {one: len(set(words) & set(wanted)) for one, words in meant.items()}
    best = max(shared, key=lambda one: (shared[one], -len(meant[one])))
    if not shared[best]:
        return None
    is_whole = set(meant[best]) <= set(wanted)
    left = [word for word in wanted if word not in meant[best] and word not in _JOINING]
    others = {word for one, words in meant.items() if one != best for word in words}
    is_sure = is_whole and meant[best][:1] == wanted[:1] and not left and not others & set(wanted)
    return Mode(best, is_sure, "the choice that is most like the old tool's name")


def _as_written(words: list[str]) -> list[str]:
    return words


def _same_verb(words: list[str]) -> list[str]:
    return [_SAME_VERB.get(word, word) for word in words]

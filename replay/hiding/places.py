"""Where hidden values stand: what tools mark, what is to be masked, and what is only to be hidden.

The places are those of masking, written as masking writes them. A value that was masked on its way
to the disk is a placeholder, and is shown: only what is stored as it is has anything to hide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from replay.hiding.values import OTHER, SIGN, HiddenValues, is_shown
from replay.records.base import JsonObject
from replay.records.sensitive import FieldRule, Fit
from replay.store.field_rules import FieldRules, Mask

_TWINS: Final = {"result": "response", "response": "result"}
"""A response is mostly the result as text: what is hidden in one is so in the other."""
_KNOWN_LENGTH_MIN: Final = 8
"""Shorter texts say the same in other places by chance."""


class HiddenPlaces:
    """The hidden places of one database."""

    def __init__(
        self,
        paths: Iterable[str] = (),
        rules: Iterable[FieldRule] = (),
        stand_in: Mask | None = None,
    ) -> None:
        """``paths``: as in ``[tool.replay.mask]``; ``rules``: those that tools say.

        ``stand_in``: what stands for a value; None: the sign.
        """
        self._stand_in = stand_in or _sign
        named = list(paths)
        self._rules = FieldRules([*named, *filter(None, map(_twin, named))], rules)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def beside(self, recorded: HiddenValues) -> HiddenPlaces:
        """Return the same places for today's side of a call, of which these were ``recorded``."""
        if not self.is_signed:
            return self
        found = HiddenPlaces(stand_in=partial(_sign_beside, recorded))
        found._rules = self._rules
        return found

    @property
    def is_signed(self) -> bool:
        """Whether the sign stands for all values, not each for its own."""
        return self._stand_in is _sign

    def are_of_tool(self, tool: str) -> bool:
        """Whether anything of the calls of ``tool`` is hidden."""
        return self._rules.are_of_tool(tool)

    def are_of_records(self, kind: str) -> bool:
        """Whether anything of records of ``kind`` is hidden, tool calls aside."""
        return self._rules.are_of_records(kind)

    def call(self, fields: JsonObject, found: HiddenValues) -> JsonObject:
        """Return the fields of a tool call with the sign at hidden places; learn what stood there.

        Its texts are known again as a whole: the response is a message of the next prompt.
        """
        plain = {name: value for name, value in fields.items() if name not in _RECORDS}
        shown = self._rules.applied(plain, partial(_hidden, self._stand_in, found))
        for name in ("arguments", "response"):
            text = plain.get(name)
            if text and shown[name] != text and len(text) >= _KNOWN_LENGTH_MIN:
                found.texts[text] = shown[name]
        return {**fields, **shown}

    def record(self, fields: JsonObject, found: HiddenValues) -> JsonObject:
        """Return the fields of another record so."""
        return self._rules.applied(fields, partial(_hidden, self._stand_in, found))

    def said(self, value: Any, found: HiddenValues) -> Any:
        """Return what a model said or was told so: the calls in it."""
        return self._rules.said(value, partial(_hidden, self._stand_in, found))

    def part(self, tool: str, part: str, value: Any, found: HiddenValues) -> Any:
        """Return one part of a call of ``tool`` so: ``arguments``, ``result``, ``response``."""
        return self._rules.part(tool, part, value, partial(_hidden, self._stand_in, found))

    def at(
        self, tool: str, part: str, path: Sequence[str | int], value: Any, found: HiddenValues
    ) -> Any:
        """Return what stands at ``path`` in one part of a call so."""
        if value is None:
            return None
        whole = value
        for step in reversed(path):
            whole = {step: whole} if isinstance(step, str) else [*[None] * step, whole]
        shown = self.part(tool, part, whole, found)
        for step in path:
            if shown in (SIGN, OTHER):
                return shown
            shown = shown[step]
        return shown


_RECORDS: Final = frozenset(("error", "stages", "attributes"))
"""Parts of a call that are hidden by the values in them: they are records, or ours."""


def _hidden(stand_in: Mask, found: HiddenValues, value: Any, kind: str | None, fit: Fit) -> Any:
    if is_shown(value):
        return value
    shown = stand_in(value, kind, fit)
    found.learn(value, shown)
    return shown


def _sign(value: Any, kind: str | None, fit: Fit) -> str:
    del value, kind, fit
    return SIGN


def _sign_beside(recorded: HiddenValues, value: Any, kind: str | None, fit: Fit) -> str:
    del kind, fit
    return SIGN if recorded.has(value) else OTHER


def _twin(path: str) -> str | None:
    first, *rest = path.replace("[", ".[").split(".")
    if first != "tool_calls" or len(rest) < 2 or rest[1] not in _TWINS:
        return None
    return ".".join([first, rest[0], _TWINS[rest[1]], *rest[2:]]).replace(".[", "[")

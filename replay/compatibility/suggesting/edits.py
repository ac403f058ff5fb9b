"""What a draft does to a payload, one edit after the other, and what it leaves to a person."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from replay.verdicts.paths import join

EditKind = Literal[
    "same", "rename", "constant", "default", "drop", "convert", "enum", "nest", "unit", "missing"
]

SURE_FROM: Final = 0.85
"""From this confidence on an edit is made; below, a person is asked."""


LINE_MAX: Final = 84
"""With the indentation of a function and a condition it stays within 96 columns."""


@dataclass(frozen=True, slots=True)
class Here:
    """The object that edits are about: the payload, or one inside it."""

    variable: str = "new"
    """What it is called in the code."""
    path: str = ""
    """Where it is in the payload; empty: it is the payload."""

    def at(self, name: str) -> str:
        """Return the path of a field of it."""
        return join(self.path, name)

    def item(self, name: str) -> str:
        """Return the code that stands for a field of it: ``new["name"]``."""
        return f"{self.variable}[{text(name)}]"

    def has(self, name: str) -> str:
        """Return the condition that it has a field: ``"name" in new``."""
        return f"{text(name)} in {self.variable}"


def text(value: Any) -> str:
    """Return a JSON value as Python writes it, texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(key)}: {text(one)}" for key, one in value.items()) + "}"
    return repr(value)


def shown(value: Any) -> str:
    """Return a JSON value as sentences name it, texts in single quotes."""
    return f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the payload, as lines of Python; or a question to a person, that raises."""

    kind: EditKind
    path: str
    """The field that it is about, as verdicts write paths: of the new payload where it has one."""
    said: str
    """What is done and why, or what is not known: one line, without a full stop."""
    code: list[str] = field(default_factory=list)
    """Lines that change the payload; of a question, lines that raise where it matters."""
    is_sure: bool = True
    confidence: float = 1.0
    hint: list[str] = field(default_factory=list)
    """Of a question: lines that would answer it, to take or to leave."""
    drops: tuple[str, ...] = ()
    """Fields of the old payload that are gone then, on purpose."""

    def told(self) -> dict[str, Any]:
        """Return the edit as JSON."""
        return {
            "kind": self.kind,
            "path": self.path,
            "said": self.said,
            "is_sure": self.is_sure,
            "confidence": round(self.confidence, 2),
            "drops": list(self.drops),
        }


def question(
    kind: EditKind,
    path: str,
    said: str,
    *,
    when: str | None,
    confidence: float = 0.0,
    hint: list[str] | None = None,
) -> Edit:
    """Return an edit that raises where the Python condition ``when`` holds; None: always."""
    refusal = _raising(f"TODO {path}: {_short(said)}.")
    code = refusal if when is None else [f"if {when}:", *(f"    {line}" for line in refusal)]
    return Edit(kind, path, said, code, is_sure=False, confidence=confidence, hint=hint or [])


def _short(said: str) -> str:
    """The first thing that is said: the comment above has the rest."""
    return said.partition(";")[0].partition(" (")[0]


def _raising(message: str) -> list[str]:
    line = f"raise ValueError({text(message)})"
    if len(line) <= LINE_MAX:
        return [line]
    parts = textwrap.wrap(message, LINE_MAX - 8, drop_whitespace=False, break_on_hyphens=False)
    return ["raise ValueError(", *(f"    {text(part)}" for part in parts), ")"]

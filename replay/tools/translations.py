"""From an old payload to a new one, between schema versions of a tool.

Each translation is one step; chains over several versions, also backwards, are found by breadth
first search, so the shortest chain is taken.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

from replay.errors import ToolboxError
from replay.records import JsonObject

Translation: TypeAlias = Callable[[JsonObject], JsonObject]
"""Takes the old arguments (a copy of its own) and returns the new ones."""


class TranslationFailed(Exception):
    """A translation raised, or did not return a JSON object."""

    def __init__(self, message: str, *, error_type: str) -> None:
        """``error_type``: class name of what was raised."""
        super().__init__(message)
        self.error_type = error_type


class Translations:
    """The translations of one toolbox."""

    def __init__(self) -> None:
        self._steps: dict[str, dict[str, dict[str, Translation]]] = {}

    def __bool__(self) -> bool:
        return bool(self._steps)

    def add(self, tool: str, old: str, new: str, translation: Translation) -> None:
        """Register the step from version ``old`` to version ``new`` of ``tool``.

        Raises:
            ToolboxError: the step exists already, or leads nowhere.
        """
        onward = self._steps.setdefault(tool, {}).setdefault(old, {})
        if old == new:
            raise ToolboxError(f"A translation of {tool!r} from version {old!r} to itself.")
        if new in onward:
            raise ToolboxError(
                f"Tool {tool!r} has two translations from version {old!r} to {new!r}.",
                hint="Remove one of them.",
            )
        onward[new] = translation

    def steps(self) -> list[tuple[str, str, str]]:
        """Return every step as (tool, old version, new version), in order of registration."""
        return [
            (tool, old, new)
            for tool, by_old in self._steps.items()
            for old, onward in by_old.items()
            for new in onward
        ]

    def chain(self, tool: str, old: str, new: str) -> list[str] | None:
        """Return the versions to pass through, first and last included; None: there is no way."""
        steps = self._steps.get(tool, {})
        paths = deque([[old]])
        seen = {old}
        while paths:
            path = paths.popleft()
            if path[-1] == new:
                return path
            for version in steps.get(path[-1], {}):
                if version not in seen:
                    seen.add(version)
                    paths.append([*path, version])
        return None

    def translate(self, tool: str, chain: list[str], arguments: JsonObject) -> JsonObject:
        """Return ``arguments`` carried along ``chain``; the given dict is left alone.

        Raises:
            TranslationFailed: a step raised or returned something else than a dict.
        """
        for old, new in pairwise(chain):
            step = self._steps[tool][old][new]
            try:
                translated = step(copy.deepcopy(arguments))
            except Exception as error:
                raise TranslationFailed(
                    f"The translation from version {old} to {new} failed: "
                    f"{type(error).__name__}: {error}",
                    error_type=type(error).__name__,
                ) from error
            if not isinstance(translated, dict):
                raise TranslationFailed(
                    f"The translation from version {old} to {new} returned "
                    f"{type(translated).__name__}, not a dict of arguments.",
                    error_type="TypeError",
                )
            arguments = translated
        return arguments

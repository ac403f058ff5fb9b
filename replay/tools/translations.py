"""From an old payload to a new one, and from an old result to a new one, between tool versions.

Each translation is one step, also to a tool of another name; chains over several versions, also
backwards, are found by breadth first search, so the shortest chain is taken. Two chains of one
length are one too many: the step registered first decides, and whoever asks is told of the other.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from replay.errors import ToolboxError
from replay.records import JsonObject, JsonValue

Translation: TypeAlias = Callable[[JsonObject], JsonObject]
"""Takes the old arguments (a copy of its own) and returns the new ones."""

UNVERSIONED: Final = ""
"""In place of the version that arguments were written for: the tool had none then.

None says that nobody knows, or that they are today's.
"""

ResultTranslation: TypeAlias = Callable[[JsonValue], JsonValue]
"""Takes the old result (a copy of its own) and returns it as the new version would."""


class TranslationFailed(Exception):
    """A translation raised, or did not return a JSON object."""

    def __init__(self, message: str, *, error_type: str) -> None:
        """``error_type``: class name of what was raised."""
        super().__init__(message)
        self.error_type = error_type


def copied(value: JsonValue) -> JsonValue:
    """Return a copy of ``value``, several times as fast as deepcopy where it is plain JSON."""
    if isinstance(value, dict):
        return {key: copied(one) for key, one in value.items()}
    if isinstance(value, list):
        return [copied(one) for one in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return copy.deepcopy(value)  # a step before may have made something else of it


class ToolVersion(NamedTuple):
    """One version of one tool: where a step begins or ends."""

    tool: str
    version: str | None
    """None: the tool has no versions."""

    def __str__(self) -> str:
        return f"{self.tool} {self.version}" if self.version is not None else self.tool


@dataclass(frozen=True, slots=True)
class TranslationStep:
    """One translation that a toolbox has."""

    old: ToolVersion
    new: ToolVersion
    function: Callable[[JsonValue], JsonValue]
    drops: tuple[str, ...] = ()
    """Fields of the old payload that the new one is to lack: meant, no loss."""

    @property
    def written(self) -> str:
        """The step in messages: ``version 1 to 2``, with the tools' names where they differ."""
        if self.old.tool == self.new.tool:
            return f"version {_word(self.old)} to {_word(self.new)}"
        return f"{self.old} to {self.new}"

    def carry(self, value: JsonValue) -> JsonValue:
        """Return what the function makes of a copy of ``value``.

        Raises:
            TranslationFailed: it raised.
        """
        try:
            return self.function(copied(value))
        except Exception as error:
            raise TranslationFailed(
                f"The translation from {self.written} failed: {type(error).__name__}: {error}",
                error_type=type(error).__name__,
            ) from error


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps from one version to another."""

    steps: tuple[TranslationStep, ...]
    rival: tuple[TranslationStep, ...] = ()
    """Another chain that is as short; empty: there is none."""

    @property
    def words(self) -> list[str]:
        """The versions that are passed, first and last included; with names where one changes."""
        return _words(self.steps)

    @property
    def rival_words(self) -> list[str]:
        """The versions that the other chain passes; empty: there is none."""
        return _words(self.rival) if self.rival else []

    @property
    def end(self) -> ToolVersion:
        """Where it leads."""
        return self.steps[-1].new

    @property
    def drops(self) -> tuple[str, ...]:
        """What its steps drop on purpose."""
        return tuple(path for step in self.steps for path in step.drops)

    def __str__(self) -> str:
        renames = any(step.old.tool != step.new.tool for step in self.steps)
        return ("" if renames else "version ") + " → ".join(self.words)

    def arguments(self, arguments: JsonObject) -> JsonObject:
        """Return ``arguments`` carried along; the given dict is left alone.

        Raises:
            TranslationFailed: a step raised or returned something else than a dict.
        """
        for step in self.steps:
            translated = step.carry(arguments)
            if not isinstance(translated, dict):
                raise TranslationFailed(
                    f"The translation from {step.written} returned "
                    f"{type(translated).__name__}, not a dict of arguments.",
                    error_type="TypeError",
                )
            arguments = translated
        return arguments

    def result(self, result: JsonValue) -> JsonValue:
        """Return ``result`` carried along.

        Raises:
            TranslationFailed: a step raised.
        """
        for step in self.steps:
            result = step.carry(result)
        return result


class Translations:
    """The translations of one toolbox: of arguments, or of results."""

    def __init__(self) -> None:
        self._steps: dict[ToolVersion, dict[ToolVersion, TranslationStep]] = {}

    def __bool__(self) -> bool:
        return bool(self._steps)

    def add(
        self,
        tool: str,
        old: str | None,
        new: str | None,
        function: Callable[..., JsonValue],
        *,
        to: str | None = None,
        drops: Collection[str] = (),
    ) -> None:
        """Register the step from version ``old`` of ``tool`` to ``new`` of it, or of ``to``.

        Raises:
            ToolboxError: the step exists already, or leads nowhere.
        """
        begin, end = ToolVersion(tool, old), ToolVersion(to or tool, new)
        if begin == end:
            raise ToolboxError(f"A translation of {tool!r} from version {old!r} to itself.")
        if isinstance(drops, str):
            raise ToolboxError(
                f"The translation of {tool!r} from version {old!r} drops {drops!r}, which is one "
                "text.",
                hint=f"Give a list of fields: drops=[{drops!r}].",
            )
        onward = self._steps.setdefault(begin, {})
        if end in onward:
            said = f"{new!r}" if to in (None, tool) else f"{new!r} of {to!r}"
            raise ToolboxError(
                f"Tool {tool!r} has two translations from version {old!r} to {said}.",
                hint="Remove one of them.",
            )
        onward[end] = TranslationStep(begin, end, function, tuple(drops))

    def forget(self, tool: str, old: str | None, new: str | None, *, to: str | None = None) -> None:
        """Take a step out again, if it is there: another is to be tried in its place."""
        self._steps.get(ToolVersion(tool, old), {}).pop(ToolVersion(to or tool, new), None)

    def steps(self) -> list[TranslationStep]:
        """Return every step, in order of registration by where they begin."""
        return [step for onward in self._steps.values() for step in onward.values()]

    def begins(self, tool: str) -> list[str | None]:
        """Return the versions of ``tool`` that a step leads on from."""
        return [begin.version for begin in self._steps if begin.tool == tool]

    def chain(
        self, tool: str, old: str | None, new: str | None, *, to: str | None = None
    ) -> Chain | None:
        """Return the shortest chain from ``old`` to ``new`` of ``tool``, or of ``to``; None: none.

        ``to``: the tool that it leads to, where that is another.
        """
        return self.chain_between(ToolVersion(tool, old), ToolVersion(to or tool, new))

    def chain_between(self, begin: ToolVersion, end: ToolVersion) -> Chain | None:
        """Return the shortest chain from ``begin`` to ``end``; None: there is no way."""
        return self.first_chain(begin, end.__eq__)

    def first_chain(
        self, begin: ToolVersion, is_end: Callable[[ToolVersion], bool]
    ) -> Chain | None:
        """Return the shortest chain from ``begin`` to a version that is an end; None: no way."""
        ahead: list[tuple[TranslationStep, ...]] = [()]
        seen = {begin}
        while ahead:
            further = [
                (*path, step)
                for path in ahead
                for step in self._steps.get(path[-1].new if path else begin, {}).values()
                if step.new not in seen
            ]
            arrived = [path for path in further if is_end(path[-1].new)]
            if arrived:
                return Chain(arrived[0], arrived[1] if len(arrived) > 1 else ())
            seen |= {path[-1].new for path in further}
            ahead = list(_two_to_each(further))
        return None


def _two_to_each(
    paths: list[tuple[TranslationStep, ...]],
) -> Iterator[tuple[TranslationStep, ...]]:
    """Return the first two paths to each place: with them it is known whether there is a rival."""
    counts: dict[ToolVersion, int] = {}
    for path in paths:
        end = path[-1].new
        counts[end] = counts.get(end, 0) + 1
        if counts[end] <= 2:
            yield path


def _words(steps: tuple[TranslationStep, ...]) -> list[str]:
    places = [steps[0].old, *(step.new for step in steps)]
    if len({place.tool for place in places}) == 1:
        return [_word(place) for place in places]
    return [str(place) for place in places]


def _word(place: ToolVersion) -> str:
    return place.version if place.version is not None else "(none)"

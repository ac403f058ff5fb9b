"""Calls of older versions, as a replay reads them and as it tells of them.

A call that was recorded without a version may be taken for one; an answer that a policy lets stand
is told in the words of today's version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from replay.records import CallVerdict, JsonObject, ToolCall, Transcript
from replay.replayer.known_schemas import KnownSchemas
from replay.replayer.served import ServedAnswers
from replay.replayer.written_for import WrittenFor
from replay.store import Store
from replay.verdicts.reading import Schemas

if TYPE_CHECKING:
    from replay.replayer.questions.asking import DescribedToolbox


def written_for(store: Store, greeting: JsonObject, named: Mapping[str, str]) -> WrittenFor:
    """Return what says which version calls were written for.

    ``greeting`` is what a worker says of today's tools, ``named`` what the user says, by tool.
    """
    return WrittenFor(
        store,
        named=named,
        versions=greeting["older"],
        from_unversioned=greeting["from_unversioned"],
        schemas=store.tool_schemas(),
    )


def versions_of_calls(
    store: Store, today: DescribedToolbox, named: Mapping[str, str] | None = None
) -> WrittenFor:
    """Return the same as ``written_for``, from what a worker that is asked says of its tools."""
    own = [step for step in today.translations if step.old is None and step.to == step.tool]
    return WrittenFor(
        store,
        named=named or {},
        versions=[
            {"name": tool.name, "version": tool.version, "parameters": tool.parameters}
            for tool in today.tools
        ],
        schemas=store.tool_schemas(),
        from_unversioned={step.tool for step in own},
    )


def known_schemas(store: Store, today: JsonObject, old: JsonObject | None = None) -> Schemas:
    """Return every schema that arguments were, or are, read by.

    ``today`` and ``old`` are what workers say of today's tools and of the baseline's.
    """
    return Schemas(KnownSchemas(store, today, old))


class OlderCalls:
    """What holds for the older calls of a replay run. A context manager."""

    def __init__(self, written_for: WrittenFor, served: ServedAnswers) -> None:
        """``written_for`` knows versions, ``served`` translates answers that stand."""
        self._written_for = written_for
        self._served = served

    def __enter__(self) -> OlderCalls:
        return self

    def __exit__(self, *exc: object) -> None:
        self._served.__exit__(*exc)

    def applied(self, transcript: Transcript) -> Transcript:
        """Return ``transcript`` with the versions of calls that have none, where they are known."""
        return self._written_for.applied(transcript)

    def told(self, verdicts: list[CallVerdict], calls: Mapping[str, ToolCall]) -> list[CallVerdict]:
        """Return ``verdicts`` with what was taken for granted of their calls.

        Raises:
            WorkerError: a worker cannot be started.
        """
        return [self._written_for.noted(one) for one in self._served.translated(verdicts, calls)]

    def count(self, verdicts: list[CallVerdict]) -> None:
        """Count calls that a run judged before it was interrupted, as `told` does."""
        for verdict in verdicts:
            self._written_for.noted(verdict)

    def report(self) -> list[JsonObject]:
        """Return what calls were taken for; see `WrittenFor.report`."""
        return self._written_for.report()

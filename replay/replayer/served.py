"""Answers that a policy lets stand, in the words of today's versions.

The tools of served calls do not run, so no job of theirs reaches a worker. Where a toolbox
translates results, a worker that runs nothing is asked for those of older versions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from replay.records import CallVerdict, ToolCall, Verdict
from replay.replayer.environment import Place
from replay.verdicts.answers import recorded_response

if TYPE_CHECKING:
    from replay.replayer.questions.asking import Asking


class ServedAnswers:
    """Translates the recorded answers of served calls. A context manager."""

    def __init__(self, place: Place, tools: Collection[str]) -> None:
        """``tools``: those of which the toolbox translates results; nothing starts for others."""
        self._place = place
        self._tools = frozenset(tools)
        self._asking: Asking | None = None

    def __enter__(self) -> ServedAnswers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._asking is not None:
            self._asking.close()

    def translated(
        self, verdicts: list[CallVerdict], calls: Mapping[str, ToolCall]
    ) -> list[CallVerdict]:
        """Return ``verdicts``, those of served calls with their answers in today's words.

        Raises:
            WorkerError: the worker cannot be started.
        """
        older = [
            verdict
            for verdict in verdicts
            if verdict.verdict is Verdict.SERVED and verdict.tool in self._tools
        ]
        if not older:
            return verdicts
        if self._asking is None:
            from replay.replayer.questions.asking import Asking

            self._asking = Asking(self._place)
        answers = self._asking.translate_results(_item(calls[one.tool_call_id]) for one in older)
        found = {
            verdict.tool_call_id: verdict.model_copy(
                update={
                    "translated_response": answer.get("response"),
                    "note": f"{verdict.note or ''} {answer['note']}".strip(),
                }
            )
            for verdict, answer in zip(older, answers, strict=True)
            if "note" in answer
        }
        return [found.get(verdict.tool_call_id, verdict) for verdict in verdicts]


def _item(call: ToolCall) -> dict[str, str | None]:
    return {"tool": call.tool, "version": call.tool_version, "response": recorded_response(call)}

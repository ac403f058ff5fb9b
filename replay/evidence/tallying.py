"""One tool's counts: what each judged call shows, and what explains it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from replay.compatibility.changes import Evidence, OnModel, OnPayloads, SchemaChange
from replay.evidence.attribution import causes_of, kind_of, watched_places
from replay.evidence.schema_changes import OfVersions
from replay.evidence.tool_evidence import (
    KINDS_MAX,
    AffectedCalls,
    Effect,
    ToolEvidence,
    shares,
)
from replay.records import Actor, JsonValue, Outcome
from replay.replayer.questions.asking import DescribedTool
from replay.replayer.questions.compared import Compared
from replay.verdicts import paths


@dataclass(frozen=True, slots=True)
class Counted:
    """A judged call, and how many calls are like it."""

    answer: Compared
    accepted: bool | None
    """Whether it was accepted when it was recorded; None: nothing says."""
    old_errors: frozenset[tuple[str, str]]
    """(type, path) of what did not fit the old tool either, which ran it all the same."""
    models: Mapping[tuple[str, str], int]
    """Calls by model and dialect."""
    version: str
    first: tuple[str, int]
    number: int
    """Place of the first of them among all calls."""
    is_judged: bool
    """False: the answer is one that calls which gave the same had got."""

    @property
    def count(self) -> int:
        """How many calls it is."""
        return sum(self.models.values())


@dataclass(slots=True)
class _Cause:
    """What one change of the schemas does, or what no change explains."""

    breaks: int = 0
    silent: int = 0
    reported: int = 0
    models: Counter[str] = field(default_factory=Counter)
    first: tuple[str, int] | None = None
    number: int = -1

    def add(self, effect: Effect, counted: Counted) -> None:
        count = counted.count
        if effect is Effect.SILENT:
            self.silent += count
        elif effect is Effect.REPORTED:
            self.reported += count
        else:
            self.breaks += count
        for (model, _), calls in counted.models.items():
            self.models[model] += calls
        if self.first is None or counted.number < self.number:
            self.first, self.number = counted.first, counted.number


@dataclass(frozen=True, slots=True)
class _Mistake:
    """One way in which a call is affected."""

    type: str
    path: str
    said: str
    old: JsonValue
    new: JsonValue
    kind: str
    cause: int | None
    """The change that explains it, by index."""


class ToolTally:
    """Adds up what becomes of the captured calls of one tool."""

    def __init__(
        self,
        tool: str,
        actor: Actor,
        described: DescribedTool | None,
        changes: Sequence[SchemaChange] | None,
        of_versions: OfVersions | None = None,
    ) -> None:
        """``changes``: of this tool; None: nothing was compared."""
        self._of_versions = of_versions
        self.changes = list(changes or ())
        self._gates = described is None or described.gates
        self._found = ToolEvidence(
            tool,
            actor,
            None if described is None else described.version,
            exists=described is not None,
            is_compared=changes is not None,
        )
        is_given = described is not None and described.is_given
        watched = watched_places(self.changes, is_given=is_given)
        self.watched = tuple(place for _, place in watched)
        """Places that each call is to be looked at for."""
        self._watched = [(index, place.is_carried) for index, place in watched]
        self._same: dict[tuple[str, str, str], int] = {}
        self._causes: dict[int, _Cause] = {}
        self._unexplained: dict[tuple[str, str, str], tuple[_Mistake, _Cause]] = {}
        self._affected: dict[tuple[Effect, str, str], AffectedCalls] = {}

    def add_same(
        self, models: Mapping[tuple[str, str], int], version: str, *, is_judged: bool
    ) -> None:
        """Count calls that are left alone, of which there is nothing else to say."""
        self._found.distinct += is_judged
        for (model, dialect), calls in models.items():
            key = model, dialect, version
            self._same[key] = self._same.get(key, 0) + calls

    def add(self, counted: Counted) -> None:
        """Count calls that are alike."""
        mistakes = [*_mistakes(counted, causes_of(self.changes, counted.answer))]
        mistakes += self._unseen_mistakes(counted.answer, counted.version)
        effect = self._effect(counted, mistakes)
        count = counted.count
        found = self._found
        found.distinct += counted.is_judged
        found.call_count += count
        found.effects[effect] += count
        found.versions[counted.version] += count
        if counted.answer.is_translated and counted.answer.outcome is Outcome.OK:
            found.translated += count
        is_affected = effect in (Effect.BREAKS, Effect.SILENT)
        for (model, dialect), calls in counted.models.items():
            found.models[model] += calls
            found.dialects[dialect] += calls
            if is_affected:
                found.affected_models[model] += calls
                found.affected_dialects[dialect] += calls
        if effect is Effect.MENDED:
            self._keep(effect, counted, [_MENDED])
        elif effect not in (Effect.SAME, Effect.STILL_REJECTED):
            self._keep(effect, counted, mistakes)
        if is_affected or effect is Effect.REPORTED:
            self._blame(effect, counted, mistakes)

    def evidence(self) -> ToolEvidence:
        """Return what was counted so far."""
        found = self._found
        for (model, dialect, version), calls in self._same.items():
            found.call_count += calls
            found.effects[Effect.SAME] += calls
            found.versions[version] += calls
            found.models[model] += calls
            found.dialects[dialect] += calls
        self._same.clear()
        found.affected = sorted(self._affected.values(), key=lambda one: -one.call_count)
        found.evidence = list(self._evidence()) if found.is_compared else []
        return found

    # -- one call ---------------------------------------------------------------------------------

    def _effect(self, counted: Counted, mistakes: Sequence[_Mistake]) -> Effect:
        answer = counted.answer
        if answer.outcome is not Outcome.OK:
            if counted.accepted is None:
                return Effect.UNSAID
            return Effect.BREAKS if counted.accepted else Effect.STILL_REJECTED
        if counted.accepted is False:
            return Effect.MENDED
        if {(error.type, error.path) for error in answer.errors} - counted.old_errors:
            return Effect.REPORTED
        if answer.is_translated:
            return Effect.SAME
        return Effect.SILENT if any(self._is_loud(one) for one in mistakes) else Effect.SAME

    def _is_loud(self, mistake: _Mistake) -> bool:
        """Whether a difference counts: that of an argument which is new and optional does not."""
        if mistake.cause is None:
            return True
        return self.changes[mistake.cause].on_payloads is not OnPayloads.SAFE

    def _unseen_mistakes(self, answer: Compared, version: str) -> Iterator[_Mistake]:
        """Return where a call means something else today though its payload does not show it."""
        if not answer.concerned or answer.outcome is not Outcome.OK or answer.is_translated:
            return
        for bit, (index, is_carried) in enumerate(self._watched):
            if answer.concerned >> bit & 1:
                change, kind = self.changes[index], "carried" if is_carried else "left_out"
                if self._of_versions and not self._of_versions.concerns(change, version):
                    continue
                path = _general(change.path)
                yield _Mistake(kind, path, change.said, change.old, change.new, "", index)

    # -- what is kept of it -----------------------------------------------------------------------

    def _keep(self, effect: Effect, counted: Counted, mistakes: Sequence[_Mistake]) -> None:
        for one in {(one.type, one.path): one for one in mistakes}.values():
            key = effect, one.type, one.path
            kept = self._affected.get(key)
            if kept is None:
                if len(self._affected) >= KINDS_MAX:
                    self._found.others += counted.count
                    return
                rule = _TRANSLATION if one.kind == "translation" else None
                rule = rule if one.cause is None else self.changes[one.cause].rule
                kept = AffectedCalls(effect, one.type, one.path, one.said, one.old, one.new, rule)
                self._affected[key] = kept
                kept.first = counted.first
            kept.call_count += counted.count
            for (model, _), calls in counted.models.items():
                kept.by_model[model] += calls

    def _blame(self, effect: Effect, counted: Counted, mistakes: Sequence[_Mistake]) -> None:
        loud = [one for one in mistakes if self._is_loud(one)]
        for index in {one.cause for one in loud if one.cause is not None}:
            self._causes.setdefault(index, _Cause()).add(effect, counted)
        unexplained = {(one.type, one.path): one for one in loud if one.cause is None}
        for (kind, path), one in unexplained.items():
            key = str(effect), kind, path
            if key in self._unexplained or len(self._unexplained) < KINDS_MAX:
                self._unexplained.setdefault(key, (one, _Cause()))[1].add(effect, counted)

    def _evidence(self) -> Iterator[Evidence]:
        for index, change in enumerate(self.changes):
            yield self._told(change, self._causes.get(index, _Cause()))
        for (effect, _, _), (mistake, cause) in self._unexplained.items():
            yield self._told(_unexplained(self._found.tool, Effect(effect), mistake), cause)

    def _told(self, change: SchemaChange, cause: _Cause) -> Evidence:
        calls = self._found.call_count
        return Evidence(
            change,
            calls,
            cause.breaks,
            cause.silent,
            calls - cause.breaks - cause.silent - cause.reported,
            shares(cause.models, self._found.models),
            cause.first,
            None,
            cause.reported,
        )


_TRANSLATION: Final = "TRANSLATION_BROKEN"
_MENDED = _Mistake("accepted", "", "", None, None, "", None)


def _mistakes(counted: Counted, causes: Sequence[int | None]) -> Iterator[_Mistake]:
    """Return every way in which a call is affected; none where it is left alone."""
    answer = counted.answer
    is_translations = answer.is_translated or answer.stage == "translate"
    if answer.errors:
        for error, cause in zip(answer.errors, causes, strict=True):
            if answer.outcome is Outcome.OK and (error.type, error.path) in counted.old_errors:
                continue  # it did not fit the old tool either, which ran it all the same
            path, kind = _general(error.path), "translation" if is_translations else kind_of(error)
            yield _Mistake(error.type, path, error.message, error.value, None, kind, cause)
    elif answer.outcome is not Outcome.OK:
        said, kind = answer.message or "", "translation" if is_translations else "other"
        yield _Mistake(str(answer.outcome), "", said, None, None, kind, causes[0])
    else:
        for change, cause in zip(answer.changes, causes, strict=True):
            path = _general(change.path)
            yield _Mistake(change.change, path, "", change.old, change.new, "type", cause)


def _general(path: str) -> str:
    try:
        return paths.general_path(path)
    except ValueError:
        return path


def _unexplained(tool: str, effect: Effect, mistake: _Mistake) -> SchemaChange:
    """Return what no difference of the schemas says, as a change of its own."""
    if effect is Effect.SILENT:
        rule, verdict, said = "COERCION_CHANGED", OnPayloads.SILENT, "is read otherwise"
    else:
        is_coercion = mistake.kind in ("type", "null")
        rule = "COERCION_CHANGED" if is_coercion else "VALIDATOR_CHANGED"
        rejected = "is rejected" if effect is Effect.BREAKS else "does not fit"
        verdict, said = OnPayloads.MAY_BREAK, f"{rejected}: {mistake.said.rstrip('.')}"
    said += "; no difference of the schemas says so"
    if mistake.kind == "translation" and effect is not Effect.SILENT:
        rule, verdict, said = _TRANSLATION, OnPayloads.BREAKS, f"is rejected: {mistake.said}"
    new = mistake.new if effect is Effect.SILENT else None
    return SchemaChange(rule, tool, mistake.path, verdict, OnModel.SAME, said, mistake.old, new)

"""Payloads for changes that no captured call shows: taken before, today rejected or read otherwise.

The search starts from captured payloads, else from the smallest one that fits, and edits the place
of the change alone: values at the edges of both schemas first, then what hypothesis draws. Both
sides are asked themselves. What is found is shrunk. Nothing of it is left to chance or to the
clock: the same change and the same captured calls give the same witness.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from replay.compatibility.changes import Evidence, OnPayloads, SchemaChange
from replay.evidence.attribution import causes_of, place_of, watched_places
from replay.evidence.edges import edge_values
from replay.evidence.old_side import OldSide, Read
from replay.evidence.places import put, without
from replay.evidence.shrinking import shrunk
from replay.evidence.subschemas import at_place, smallest
from replay.evidence.tool_evidence import ToolEvidence
from replay.records import JsonObject, JsonValue, Outcome, Selection
from replay.replayer.questions.asking import Asking, DescribedTool
from replay.replayer.questions.compared import Captured, Compared, Terms, Watched
from replay.store import Store

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_SEEDS_MAX: Final = 6
_LOOKED_AT_MAX: Final = 300
"""Captured calls that are looked at for seeds."""
_BATCH: Final = 200
_EXAMPLES_MAX: Final = 100
"""Payloads that hypothesis draws for one change, and as many with the place alone drawn."""


class Shows(IntEnum):
    """What a payload shows of a change."""

    NOTHING = 0
    IT = 1
    """It is rejected or read otherwise because of the change, and of others."""
    ALONE = 2
    """Because of this change only: what a reader wants to see."""


@dataclass(slots=True)
class Search:
    """What a search for witnesses of one tool needs."""

    tool: str
    changes: Sequence[SchemaChange]
    """All of the tool: a payload shows the one that explains what becomes of it."""
    asking: Asking
    """Today's tools."""
    side: OldSide
    today: DescribedTool
    seeds: list[JsonObject] = field(default_factory=list)
    """Captured payloads that the old version takes."""
    from_version: str | None = None
    """The version that its calls were written for: what a translation mends shows nothing."""

    @property
    def old_parameters(self) -> JsonObject:
        """The old schema of the arguments."""
        return self.side.parameters[self.tool]

    def shows(self, index: int, payloads: Sequence[JsonObject]) -> list[Shows]:
        """Return what each payload, which the old version must take, shows of this change today."""
        read = self.side.read(self.tool, payloads)
        taken = [pair for pair in zip(payloads, read, strict=True) if pair[1].accepted]
        compared = self.asking.compare(self._captured(payload, was) for payload, was in taken)
        shown = {
            id(payload): self._shown(index, one)
            for (payload, _), one in zip(taken, compared, strict=True)
        }
        return [shown.get(id(payload), Shows.NOTHING) for payload in payloads]

    def _captured(self, payload: JsonObject, was: Read) -> Captured:
        watched = tuple(place for _, place in self._watched())
        terms = Terms(self.tool, self.from_version, watched=watched)
        return Captured(terms, json.dumps(payload), was.payload, was.has_payload)

    def _shown(self, index: int, compared: Compared) -> Shows:
        if compared.outcome is Outcome.OK and compared.is_translated:
            return Shows.NOTHING
        causes = {*causes_of(self.changes, compared)}
        if compared.outcome is Outcome.OK:
            bits = enumerate(found for found, _ in self._watched())
            causes |= {found for bit, found in bits if compared.concerned >> bit & 1}
        if index not in causes:
            return Shows.NOTHING
        return Shows.ALONE if causes == {index} else Shows.IT

    def _watched(self) -> list[tuple[int, Watched]]:
        return watched_places(self.changes, is_given=self.today.is_given)


def witness_for(search: Search, index: int) -> JsonObject | None:
    """Return a smallest payload that shows the change of this index; None: none was found.

    Without hypothesis only the edges of both schemas are tried.
    """
    found, shows = _best(search, index, _edits(search, search.changes[index]))
    if found is None:
        found, shows = _drawn(search, index)
    if found is None:
        return None

    def holds(payloads: Sequence[JsonObject]) -> list[bool]:
        return [one >= shows for one in search.shows(index, payloads)]

    return shrunk(found, holds)


def _best(
    search: Search, index: int, payloads: Iterable[JsonObject]
) -> tuple[JsonObject | None, Shows]:
    """Return the first payload that shows the change alone, else the first that shows it."""
    waiting = iter(payloads)
    found, shows = None, Shows.NOTHING
    while batch := list(islice(waiting, _BATCH)):
        for payload, shown in zip(batch, search.shows(index, batch), strict=True):
            if shown > shows:
                found, shows = payload, shown
            if shown is Shows.ALONE:
                return found, shows
    return found, shows


def _bases(search: Search) -> list[JsonObject]:
    plain = smallest(search.old_parameters)
    return [*search.seeds, *([plain] if isinstance(plain, dict) else [])]


def _edits(search: Search, change: SchemaChange) -> Iterator[JsonObject]:
    """Return captured payloads with the place of the change edited."""
    bases = _bases(search)
    yield from bases
    place = place_of(change.path)
    if place is None:
        return
    old = search.old_parameters
    values = edge_values(
        at_place(old, place), at_place(search.today.parameters, place), search.old_parameters
    )
    places = [place] if place else []
    if isinstance(change.new, str) and "RENAME" in change.rule and place:
        places.append((*place[:-1], change.new))
    for where in places:
        for base in bases:
            if (less := without(base, where)) is not None:
                yield less
    for where in places:
        for value in values:
            for base in bases:
                if (edited := put(base, where, value, old)) is not None:
                    yield edited
    for base in bases:  # a name that neither schema knows
        if (edited := put(base, (*place, "unheard_of"), "a", old)) is not None:
            yield edited


def _drawn(search: Search, index: int) -> tuple[JsonObject | None, Shows]:
    """Return a payload that hypothesis draws; None: none, or it is not installed."""
    from replay.evidence.generating import NotInstalled, payloads_of, values_of

    old, place = search.old_parameters, place_of(search.changes[index].path)
    try:
        whole = payloads_of(old)
        parts = at_place(old, place) if place else []
        if place and parts and (bases := _bases(search)):
            drawn = _edited(bases, place, [values_of(part, old) for part in parts], old)
            found, shows = _best(search, index, _examples(drawn))
            if found is not None:
                return found, shows
        return _best(search, index, _examples(whole))
    except NotInstalled:
        return None, Shows.NOTHING


def _edited(
    bases: Sequence[JsonObject],
    place: tuple[str | int | None, ...],
    values: Sequence[SearchStrategy[Any]],
    old: JsonObject,
) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    return st.builds(
        lambda base, value: put(base, place, value, old), st.sampled_from(bases), st.one_of(*values)
    ).filter(lambda payload: payload is not None)


def _examples(strategy: SearchStrategy[Any]) -> list[JsonObject]:
    """Return what hypothesis draws, the same each time; nothing where it finds nothing to draw."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis.errors import HypothesisException

    drawn: list[JsonValue] = []

    @settings(
        max_examples=_EXAMPLES_MAX,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(payload: JsonValue) -> None:
        drawn.append(payload)

    try:
        draw()
    except HypothesisException:
        return []  # a schema that hardly any value fits, or that no strategy can be made of
    return [payload for payload in drawn if isinstance(payload, dict)]


def add_witnesses(
    store: Store,
    selection: Selection,
    found: Sequence[ToolEvidence],
    asking: Asking,
    side: OldSide,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    is_stopped: Callable[[], bool] | None = None,
) -> None:
    """Look for a witness of each change in ``found`` that no captured call shows, and put it there.

    Raises:
        WorkerError: a worker cannot be started any more.
    """
    wanted = [(one, index) for one in found for index in _unshown(one, asking, side)]
    searches: dict[str, Search] = {}
    for done, (one, index) in enumerate(wanted, start=1):
        if is_stopped is not None and is_stopped():
            return
        if one.tool not in searches:
            searches[one.tool] = _search(store, selection, one, asking, side)
        witness = witness_for(searches[one.tool], index)
        one.evidence[index] = replace(one.evidence[index], witness=witness)
        if on_progress is not None:
            on_progress(done, len(wanted))


def _unshown(one: ToolEvidence, asking: Asking, side: OldSide) -> list[int]:
    if one.tool not in side.parameters or asking.toolbox.find(one.tool) is None:
        return []
    return [index for index, each in enumerate(one.evidence) if _is_unshown(each)]


def _is_unshown(each: Evidence) -> bool:
    is_at_stake = each.change.on_payloads is not OnPayloads.SAFE
    return is_at_stake and not (each.breaks or each.silent or each.reported)


def _search(
    store: Store, selection: Selection, one: ToolEvidence, asking: Asking, side: OldSide
) -> Search:
    today = asking.toolbox.find(one.tool)
    assert today is not None
    search = Search(one.tool, [each.change for each in one.evidence], asking, side, today)
    if len(one.versions) == 1:
        search.from_version = next(iter(one.versions)) or None
    mine = selection.model_copy(update={"tools": [one.tool]})
    captured = islice(store.captured_calls(mine), _LOOKED_AT_MAX)
    payloads = {call.arguments: _object(call.arguments) for call in captured}
    given = [payload for payload in payloads.values() if payload is not None]
    read = side.read(one.tool, given)
    taken = [payload for payload, was in zip(given, read, strict=True) if was.accepted]
    search.seeds = sorted(taken, key=len, reverse=True)[:_SEEDS_MAX]
    return search


def _object(arguments: str) -> JsonObject | None:
    try:
        value = json.loads(arguments)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None

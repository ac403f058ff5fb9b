"""Which examples a database gives: two looks at every trace, the first of which keeps only names.

The first look finds what says the same, what belongs into one part, and how much there is of each
kind; the second makes the lines that are written. So memory holds some bytes for each example,
never the examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING, TypeAlias

from replay.records import JsonObject, Selection, Transcript
from replay.store.redaction import is_redacted
from replay.training.counts import NO_TOOL, Counts, PartCounts
from replay.training.decisions import Decision, decisions_of
from replay.training.formats import TRAINING_FORMATS, Context, Example
from replay.training.groups import Groups, divide
from replay.training.identity import beginning, prompt_digest, share
from replay.training.judging import Ruling, ruling_on
from replay.training.options import Keep, TrainingOptions
from replay.training.replayed import replayed_calls

if TYPE_CHECKING:
    from replay.store import Store

OnProgress: TypeAlias = Callable[[int, int], None]
_Judged: TypeAlias = list[tuple[Decision, Ruling]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is remembered of an example between the looks."""

    name: bytes
    trace_id: str
    tools: tuple[str, ...]
    model: str | None


class Collection:
    """The training data of a selection of traces, counted; its examples can be taken."""

    def __init__(
        self, store: Store, selection: Selection, format_name: str, options: TrainingOptions
    ) -> None:
        """Use `collect`."""
        self.store = store
        self.format_name = format_name
        self.options = options
        self.keep: Keep = options.keep or ("all" if format_name == "tuples" else "ok")
        self.counts = Counts(parts={name: PartCounts() for name in options.split})
        self._trace_ids = store.trace_ids(selection)
        self._replayed = replayed_calls(store, options.run_id)
        self._better: dict[bytes, list[JsonObject]] = {}
        self._part_of: dict[str, str] = {}
        self._chosen: set[bytes] = set()

    def look(self, on_progress: OnProgress | None = None) -> None:
        """Look at every trace and choose; ``on_progress`` gets traces done, and all."""
        if self.format_name == "dpo":
            self._find_better()
        groups, entries = Groups(), dict[bytes, _Entry]()
        for done, trace_id in enumerate(self._trace_ids, start=1):
            transcript = self.store.transcript(trace_id)
            self._look_at(transcript, groups, entries)
            if on_progress is not None:
                on_progress(done, len(self._trace_ids))
        found = groups.all()
        self.counts.group_count = len(found)
        self._part_of = divide(found, self.options.split, self.options.seed)
        self._chosen = self._balanced(list(entries.values()))

    def _look_at(
        self, transcript: Transcript, groups: Groups, entries: dict[bytes, _Entry]
    ) -> None:
        counts = self.counts
        threads = self._threads(transcript, counts.lost)
        counts.decision_count += sum(len(thread) for thread in threads)
        context = self._context(transcript)
        is_used = False
        for example in self._made(threads, context):
            entry = self._entry(example)
            is_used = True
            if entry.name in entries:
                counts.duplicate_count += 1
            else:
                entries[entry.name] = entry
        counts.left_out.update(context.left_out)
        counts.saw(transcript.trace.started_at, is_redacted(transcript.trace.attributes))
        if is_used:
            groups.add(transcript.trace.id, self._keys(transcript, threads))

    def _keys(self, transcript: Transcript, threads: list[_Judged]) -> list[bytes]:
        begun = [_beginning_of(thread) for thread in threads]
        label = transcript.trace.labels.get(self.options.group_label or "")
        named = [] if label is None else [b"label " + label.encode()]
        return [key for key in begun if key is not None] + named

    def _balanced(self, entries: list[_Entry]) -> set[bytes]:
        kinds: Counter[str] = Counter(kind for entry in entries for kind in self._kinds(entry))
        by_kind: dict[str, list[_Entry]] = {}
        for entry in entries:
            rarest = min(self._kinds(entry), key=lambda kind: (kinds[kind], kind))
            by_kind.setdefault(rarest, []).append(entry)
        if self.options.balance is None or not by_kind:
            return {entry.name for entry in entries}
        sizes = [len(members) for members in by_kind.values()]
        most = self.options.balance_max or median_low(sizes)
        chosen: set[bytes] = set()
        for members in by_kind.values():
            members.sort(key=lambda entry: share(self.options.seed, entry.name))
            chosen.update(entry.name for entry in members[:most])
        self.counts.thinned_count = len(entries) - len(chosen)
        return chosen

    def _kinds(self, entry: _Entry) -> tuple[str, ...]:
        if self.options.balance == "model":
            return (entry.model or "(unknown)",)
        return entry.tools or (NO_TOOL,)

    # -- making examples --------------------------------------------------------------------------

    def examples(self, on_progress: OnProgress | None = None) -> Iterator[tuple[str, Example]]:
        """Yield each chosen example with the name of its part, by trace, and count them."""
        waiting = set(self._chosen)
        for done, trace_id in enumerate(self._trace_ids, start=1):
            if trace_id in self._part_of:
                transcript = self.store.transcript(trace_id)
                threads = self._threads(transcript, Counter())
                for example in self._made(threads, self._context(transcript)):
                    name = self._entry(example).name
                    if name in waiting:
                        waiting.remove(name)
                        part = self._part_of[trace_id]
                        self.counts.parts[part].add(example)
                        yield part, example
            if on_progress is not None:
                on_progress(done, len(self._trace_ids))

    def _threads(self, transcript: Transcript, lost: Counter[str]) -> list[_Judged]:
        outcomes = self._replayed.outcomes
        return [
            [(decision, ruling_on(decision, self.keep, outcomes)) for decision in thread]
            for thread in decisions_of(transcript, lost)
        ]

    def _made(self, threads: list[_Judged], context: Context) -> Iterator[Example]:
        make = TRAINING_FORMATS[self.format_name]
        for thread in threads:
            yield from make(thread, context)

    def _context(self, transcript: Transcript) -> Context:
        return Context(better=self._better, translated=self._replayed.translated)

    def _entry(self, example: Example) -> _Entry:
        name = example.digest
        if not self.options.deduplicate:
            name += f" {example.trace_id} {example.step_number} {example.source}".encode()
        return _Entry(name, example.trace_id, example.tools, example.model)

    def _find_better(self) -> None:
        """Find good answers to prompts that were answered wrongly somewhere else."""
        wrong: set[bytes] = set()
        for decision, ruling in self._all_decisions():
            if ruling.is_wrong:
                wrong.add(prompt_digest(decision.prompt, decision.tools))
        for decision, ruling in self._all_decisions() if wrong else ():
            key = prompt_digest(decision.prompt, decision.tools)
            if ruling.reason is None and decision.output is not None and key in wrong:
                self._better.setdefault(key, []).append(decision.output)

    def _all_decisions(self) -> Iterator[tuple[Decision, Ruling]]:
        for trace_id in self._trace_ids:
            for thread in self._threads(self.store.transcript(trace_id), Counter()):
                yield from thread


def _beginning_of(thread: _Judged) -> bytes | None:
    """Return how a conversation begins: agents that greet first are told nothing before it."""
    begun = (beginning(decision.prompt) for decision, _ in thread)
    return next((one for one in begun if one is not None), None)


def collect(
    store: Store,
    selection: Selection,
    format_name: str,
    options: TrainingOptions,
    on_progress: OnProgress | None = None,
) -> Collection:
    """Return what the selected traces give as training data of one format.

    Raises:
        SelectionError: the options name a replay run that is not there.
    """
    collection = Collection(store, selection, format_name, options)
    collection.look(on_progress)
    return collection

"""A toolbox's translations looked at: their chains, and what each does to captured payloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from replay.records import JsonObject, JsonValue, Outcome
from replay.replayer.questions.asking import Asking, DescribedStep, DescribedToolbox
from replay.tools.translations import Chain, ToolVersion, Translations

BROKEN: Final = frozenset(("raises", "no_object", "invalid", "loses", "differs", "hangs"))
"""Findings that make a translation wrong; the others a person must judge."""


@dataclass(frozen=True, slots=True)
class CapturedPayload:
    """One distinct payload that was written for a version, or result that one gave."""

    payload: JsonValue
    call_count: int = 0
    """Calls that gave it; 0: it was made from the schema."""
    trace_id: str | None = None
    step_number: int | None = None
    """Its first call; None: there is none."""


@dataclass(slots=True)
class TranslationFinding:
    """One thing that is wrong with a chain, counted over its payloads."""

    kind: str
    """``raises``, ``no_object``, ``invalid``, ``loses``, ``differs`` (two runs do), ``hangs`` (or
    ends the process); ``impure`` (reads more than its payload), ``round_trip``, ``ambiguous``,
    ``leads_nowhere``, ``unseen`` (no payload to try)."""
    chain: str
    path: str = ""
    said: str = ""
    payload_count: int = 0
    call_count: int = 0
    example: CapturedPayload | None = None

    @property
    def is_broken(self) -> bool:
        """Whether the translation is wrong, whatever a person says."""
        return self.kind in BROKEN

    def told(self) -> JsonObject:
        """Return the finding as JSON."""
        first = self.example
        return {
            "kind": self.kind,
            "chain": self.chain,
            "path": self.path,
            "said": self.said,
            "is_broken": self.is_broken,
            "payload_count": self.payload_count,
            "call_count": self.call_count,
            "first_payload": first.payload if first else None,
            "first_trace": first.trace_id if first else None,
            "first_step": first.step_number if first else None,
        }


@dataclass(slots=True)
class CheckedChain:
    """One chain to a version that runs, and what was tried on it."""

    begin: ToolVersion
    chain: Chain
    has_way_back: bool
    of_results: bool = False
    """It translates results, not arguments."""
    payload_count: int = 0
    call_count: int = 0
    """Calls that gave these payloads."""
    generated_count: int = 0
    """Payloads that were made from the schema, as no call gave one."""
    findings: list[TranslationFinding] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The chain with its tool, as reports call it."""
        is_renamed = self.begin.tool != self.chain.end.tool
        name = str(self.chain) if is_renamed else f"{self.begin.tool} {self.chain}"
        return f"results of {name}" if self.of_results else name


def graph_of(steps: Sequence[DescribedStep]) -> Translations:
    """Return described steps as translations that know their chains and translate nothing."""
    graph = Translations()
    for step in steps:
        graph.add(step.tool, step.old, step.new, _nothing, to=step.to, drops=step.drops)
    return graph


def _nothing(value: JsonObject) -> JsonObject:
    return value


def chains_of(toolbox: DescribedToolbox) -> tuple[list[CheckedChain], list[TranslationFinding]]:
    """Return every chain that leads to a version that runs, and steps that lead to none.

    Those of arguments come first, then those of results.
    """
    chains, idle = _chains(toolbox, toolbox.translations, of_results=False)
    of_results, more_idle = _chains(toolbox, toolbox.result_translations, of_results=True)
    return chains + of_results, idle + more_idle


def _chains(
    toolbox: DescribedToolbox, steps: Sequence[DescribedStep], *, of_results: bool
) -> tuple[list[CheckedChain], list[TranslationFinding]]:
    graph = graph_of(steps)
    running = {ToolVersion(tool.name, tool.version) for tool in toolbox.tools if tool.runs}
    found = []
    used: set[tuple[ToolVersion, ToolVersion]] = set()
    for begin in dict.fromkeys(step.old for step in graph.steps()):
        if begin in running:
            continue
        chain = graph.first_chain(begin, running.__contains__)
        if chain is not None:
            back = graph.chain_between(chain.end, begin)
            found.append(CheckedChain(begin, chain, back is not None, of_results))
            for one in (chain, back) if back is not None else (chain,):
                used |= {(step.old, step.new) for step in one.steps}
    idle = [
        TranslationFinding(
            "leads_nowhere",
            f"{'results of ' if of_results else ''}{step.old} → {step.new}",
            said="no chain to or from a version that runs goes over this step",
        )
        for step in graph.steps()
        if (step.old, step.new) not in used
    ]
    return found, idle


def check_chains(
    asking: Asking,
    chains: Sequence[CheckedChain],
    payloads: Sequence[Sequence[CapturedPayload]],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Carry every payload along its chain in the worker; put what is found on the chains.

    ``payloads`` are those of each chain, in the order of the chains.

    Raises:
        WorkerError: no worker can be started any more.
    """
    total, done = sum(map(len, payloads)), 0
    for chain, captured in zip(chains, payloads, strict=True):
        if chain.chain.rival:
            chain.findings.append(_ambiguous(chain))
        if not captured:
            said = "no captured payload, and no schema of the old version to make one from"
            if chain.of_results:
                said = "no recorded result of the old version"
            chain.findings.append(TranslationFinding("unseen", chain.name, said=said))
        found: dict[tuple[str, str, str], TranslationFinding] = {}
        for one, answer in zip(captured, asking.carry(_items(chain, captured)), strict=True):
            done += 1
            _count(chain, one)
            for problem in _findings_in(answer):
                _add(found, chain.name, problem, one)
            if on_progress is not None:
                on_progress(done, total)
        chain.findings += found.values()


def _items(chain: CheckedChain, captured: Sequence[CapturedPayload]) -> Iterator[JsonObject]:
    for one in captured:
        yield {
            "begin": list(chain.begin),
            "end": list(chain.chain.end),
            "payload": one.payload,
            "round_trip": chain.has_way_back,
            "of_result": chain.of_results,
        }


def _findings_in(answer: JsonObject) -> list[JsonObject]:
    if "outcome" in answer:  # the worker ended over it, or did not come back
        slow = answer["outcome"] == Outcome.TIMEOUT
        said = "it does not come back" if slow else f"it ends its process: {answer['message']}"
        return [{"kind": "hangs", "path": "", "said": said}]
    found: list[JsonObject] = answer["findings"]
    return found


def _count(chain: CheckedChain, one: CapturedPayload) -> None:
    chain.payload_count += 1
    chain.call_count += one.call_count
    chain.generated_count += one.call_count == 0


def _add(
    found: dict[tuple[str, str, str], TranslationFinding],
    chain: str,
    said: JsonObject,
    one: CapturedPayload,
) -> None:
    words = "" if said["kind"] in ("loses", "round_trip") else said["said"]
    key = (said["kind"], said["path"], words)
    finding = found.get(key)
    if finding is None:
        finding = found[key] = TranslationFinding(
            said["kind"], chain, said["path"], said["said"], example=one
        )
    finding.payload_count += 1
    finding.call_count += one.call_count


def _ambiguous(chain: CheckedChain) -> TranslationFinding:
    rival = " → ".join(chain.chain.rival_words)
    said = f"{rival} is as short; the steps that were registered first are taken"
    return TranslationFinding("ambiguous", chain.name, said=said)

"""Reports of commands that run tools on true values, without what is hidden of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replay.contracts import ContractResult
    from replay.evidence import ToolEvidence
    from replay.fuzzing.found import Failure, FuzzReport
    from replay.hiding import HidingReader
    from replay.hiding.values import HiddenValues
    from replay.replayer.bisecting.bisection import Answer, Bisection
    from replay.replayer.questions.checking import TranslationFinding
    from replay.replayer.questions.drafts import Trial
    from replay.replayer.refreshing import RefreshedCall
    from replay.replayer.shaking.finding import Field
    from replay.replayer.verifying import SentRequest


@contextmanager
def hiding(database: Path, *, reveal: bool) -> Iterator[HidingReader | None]:
    """Give what knows the hidden values of a database; None: nothing in it is hidden."""
    from replay.cli.hidden import hide
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        yield hide(store, reveal=reveal)


def shown_fuzzing(report: FuzzReport, hides: HidingReader) -> FuzzReport:
    """Return what fuzzing found with hidden arguments hidden, in the cases and in their tests."""

    def shown(one: Failure) -> Failure:
        case = one.case
        values = _values(hides, case.captured.trace_id)
        arguments = hides.places.part(case.tool, "arguments", case.arguments, values)
        values.texts[case.arguments] = arguments
        test = one.test
        for spelling in (repr(case.arguments), repr(case.values)):
            test = test.replace(spelling, repr(arguments))
        return replace(
            one,
            breach=replace(one.breach, said=values.said(one.breach.said)),
            case=replace(case, arguments=arguments, said=values.said(case.said)),
            test=values.said(test),
        )

    return replace(report, failures=[shown(one) for one in report.failures])


def shown_evidence(found: Iterable[ToolEvidence], hides: HidingReader) -> list[ToolEvidence]:
    """Return what was counted with hidden values hidden, in examples and in witnesses."""

    def shown(one: ToolEvidence) -> ToolEvidence:
        affected = []
        for each in one.affected:
            trace_id = each.first[0] if each.first else None
            sides = {
                side: hides.given(one.tool, each.path, getattr(each, side), trace_id)
                for side in ("old", "new")
            }
            values = _values(hides, trace_id)
            affected.append(replace(each, **sides, said=values.text(each.said)))
        evidence = []
        for proof in one.evidence:
            values = _values(hides, proof.first[0] if proof.first else None)
            witness = hides.places.part(one.tool, "arguments", proof.witness, values)
            evidence.append(replace(proof, witness=witness))
        return replace(one, affected=affected, evidence=evidence)

    return [shown(one) for one in found]


def shown_fields(fields: Iterable[Field], hides: HidingReader) -> list[Field]:
    """Return fields that differ from run to run with both values hidden where they are to be."""

    def shown(one: Field) -> Field:
        sides = {
            side: hides.answered(one.tool, one.path, getattr(one, side), one.call_id)
            for side in ("first", "second")
        }
        return replace(one, **sides)

    return [shown(one) for one in fields]


def shown_contracts(results: Iterable[ContractResult], hides: HidingReader) -> list[ContractResult]:
    """Return promises with hidden values hidden in what is said of them."""

    def shown(one: ContractResult) -> ContractResult:
        values = _values(hides, one.trace_id)
        details = [values.text(line) for line in one.details]
        return replace(one, said=values.text(one.said), details=details)

    return [shown(one) for one in results]


def shown_trial(trial: Trial, tool: str, hides: HidingReader) -> Trial:
    """Return what became of captured payloads with hidden arguments hidden."""

    def shown(tried: Sequence[Any]) -> list[Any]:
        found = []
        for one in tried:
            values = _values(hides, None)
            payload = hides.places.part(tool, "arguments", one.payload, values)
            made = hides.places.part(tool, "arguments", one.translated, values)
            said = values.said(one.said)
            found.append(replace(one, payload=payload, translated=values.value(made), said=said))
        return found

    return replace(trial, left=shown(trial.left), broken=shown(trial.broken))


def shown_bisection(found: Bisection, hides: HidingReader) -> Bisection:
    """Return what a search found with hidden values hidden in both verdicts."""

    def shown(answer: Answer) -> Answer:
        verdicts, findings = hides.judged(answer.verdicts, answer.findings)
        return replace(answer, verdicts=verdicts, findings=findings)

    return replace(found, before=shown(found.before), after=shown(found.after))


def shown_requests(sent: Iterable[SentRequest], hides: HidingReader) -> list[SentRequest]:
    """Return requests with the hidden values of their traces hidden, and in what answers them."""
    found = []
    for one in sent:
        values = _values(hides, one.call.trace_id)
        changes = [values.value(change) for change in one.changes]
        failure = one.failure and values.text(one.failure)
        found.append(replace(one, line=values.text(one.line), changes=changes, failure=failure))
    return found


def shown_cassettes(calls: Iterable[RefreshedCall], hides: HidingReader) -> list[RefreshedCall]:
    """Return new cassettes with the hidden values of their traces hidden in what is told."""
    found = []
    for one in calls:
        values = _values(hides, one.call.trace_id)
        changes = [(values.text(line), values.value(change)) for line, change in one.changes]
        added, removed = (list(map(values.text, lines)) for lines in (one.added, one.removed))
        found.append(replace(one, added=added, removed=removed, changes=changes))
    return found


def shown_translations(
    findings: Iterable[TranslationFinding], tool: str, hides: HidingReader
) -> list[TranslationFinding]:
    """Return what is wrong with a chain from ``tool`` with hidden values hidden in its examples."""
    found = []
    for one in findings:
        values = _values(hides, one.example.trace_id if one.example else None)
        example = one.example
        if example is not None:
            payload = hides.places.part(tool, "arguments", example.payload, values)
            payload = hides.places.part(tool, "result", payload, values)
            example = replace(example, payload=values.value(payload))
        found.append(replace(one, example=example, said=values.said(one.said)))
    return found


def _values(hides: HidingReader, trace_id: str | None) -> HiddenValues:
    """Return the hidden values of a trace to add to; None: of no trace."""
    from replay.hiding.values import HiddenValues

    return HiddenValues() if trace_id is None else hides.values_of(trace_id).add(())

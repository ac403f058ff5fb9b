"""`replay origins`: where a value of a step came from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import hide, reveal_option
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.hiding.values import HiddenValues
    from replay.records import JsonValue, ModelCall, ToolCall, Transcript
    from replay.stepping.conditions import Condition
    from replay.verdicts.origins import Origin, Source


@click.command(
    short_help="Find where a value came from.",
    epilog=examples(
        "replay origins traces.db t660c71da6be --step 7 --path payload.order_id",
        "replay origins traces.db t660c71da6be --step 7 --path response --json",
    ),
)
@database_and("trace")
@click.option(
    "--step",
    "step_number",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    required=True,
    help="The step whose value it is.",
)
@click.option(
    "--path",
    "path",
    metavar="PATH",
    default="payload",
    show_default=True,
    help="The value: payload.order_id, response.items[0].price, outside[0].request.uri.",
)
@reveal_option
@json_option
def origins(
    database: Path, trace: str, step_number: int, path: str, reveal: bool, as_json: bool
) -> int:
    """Find the earlier parts of TRACE that carried a value, the first one first.

    Prompts, model outputs, payloads, outside calls and responses are looked through. `=` stands
    whole there; `~` within a text, or written otherwise: 1,234.50 for 1234.5, May 5 for 2024-05-05.
    Of a value that stands nowhere whole its parts are looked for.
    """
    from replay.cli.traces import step_of
    from replay.stepping.parsing import parse
    from replay.store import Store
    from replay.verdicts.origins import TooCommonError
    from replay.verdicts.origins import origins as places_of

    condition = parse(path)
    with Store.open(database, mode="r") as store:
        transcript = store.transcript(trace)
        step = step_of(transcript, step_number)
        value = _value(transcript, step, condition)
        hides = hide(store, reveal=reveal)
        shown = store.transcript(transcript.trace.id)
        values = None if hides is None else hides.values_of(transcript.trace.id)
    try:
        found = places_of(value, _sources(transcript, step, condition))
    except TooCommonError as error:
        raise SelectionError(f"{condition.text} of step {step_number}: {error}") from error
    if values is not None:
        value, found = _shown(_value(shown, step_of(shown, step_number), condition), found, values)
    if as_json:
        from dataclasses import asdict

        terminal.emit_json({"value": value, "places": [asdict(one) for one in found]})
    elif found:
        terminal.emit("\n".join(_lines(value, found, terminal.width())))
    else:
        terminal.say(
            "It is nowhere before this step: the model made it up, or it was computed, or is the "
            "tools' own."
        )
    return ExitCode.OK


def _shown(
    value: JsonValue, found: list[Origin], values: HiddenValues
) -> tuple[JsonValue, list[Origin]]:
    """Return a value and its places without what is hidden; of a hidden one the places alone.

    Where they are is found with the true value: it says no more than that both are the same.
    """
    from dataclasses import replace

    from replay.hiding import SIGN

    if SIGN in str(value):
        return value, [replace(one, excerpt=SIGN, found=SIGN) for one in found]
    return values.value(value), [
        replace(one, excerpt=values.text(one.excerpt, is_cut=True), found=values.text(one.found))
        for one in found
    ]


def _value(transcript: Transcript, step: ModelCall | ToolCall, condition: Condition) -> JsonValue:
    """Return what ``condition`` gives at a step.

    Raises:
        SelectionError: nothing.
    """
    from replay.stepping.facts import StepFacts

    facts = StepFacts(step, interactions=transcript.interactions.get(step.id))
    values = condition.values(facts)
    if values:
        return values[0] if len(values) == 1 else values
    name = next(iter(sorted(condition.names)), condition.text)
    held = facts.values_of(name)
    keys = list(held[0]) if held and isinstance(held[0], dict) else []
    raise SelectionError(
        f"Step {step.step_number} has no {condition.text}.",
        nearest=f"{name} has {', '.join(keys[:12])}." if keys else None,
        hint=None if keys else f"`replay show TRACE --step {step.step_number}` shows what it has.",
    )


def _sources(
    transcript: Transcript, step: ModelCall | ToolCall, condition: Condition
) -> Iterator[Source]:
    from replay.records import ModelCall
    from replay.verdicts.origin_sources import (
        PLACES_BEFORE,
        call_sources,
        step_sources,
        told_sources,
    )

    asked_by = step.id if isinstance(step, ModelCall) else step.model_call_id
    calls = (one for one in transcript.steps if isinstance(one, ModelCall) and one.id == asked_by)
    yield from told_sources(next(calls, None))
    for earlier in transcript.steps:
        if earlier.step_number < step.step_number:
            yield from step_sources(earlier, transcript.interactions.get(earlier.id, []))
    if isinstance(step, ModelCall):
        return
    place = next((name for name in ("response", "outside") if name in condition.names), "payload")
    place = "response" if "result" in condition.names else place
    own = PLACES_BEFORE[place]  # type: ignore[index]  # a place, by the lines above
    yield from call_sources(step, transcript.interactions.get(step.id, []), own)


def _lines(value: JsonValue, found: list[Origin], width: int) -> list[str]:
    from replay.report.change_lines import one_value
    from replay.report.ink import cut, plain

    lines = [cut(one_value(value), width)]
    for one in found:
        where = f"{one.step_number:>5}  {one.place:<8}  {plain(one.label)}"
        way = f"  {plain(one.path)}" if one.path else ""
        part = f" {plain(one.part)}:" if one.part else ""
        sign = "=" if one.is_exact else "~"
        lines.append(cut(f"{where}{way}", width))
        lines.append(cut(f"         {sign}{part} {plain(one.excerpt)}", width))
    return lines

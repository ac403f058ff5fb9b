"""`replay feedback`: what a reviewer says of a trace, or of one step of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option, read_words
from replay.cli.hidden import hide, reveal_option, shown
from replay.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay.records import Feedback, Transcript

_SCORES: Final = {"good": 1.0, "bad": 0.0}
_NAMED_MAX: Final = 5


def _read_score(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and value != value:  # NaN is in every range
        raise click.BadParameter("nan is not in the range 0<=x<=1.")
    return value


@click.command(
    short_help="Say what is good or bad about a trace or a step.",
    epilog=examples(
        "replay feedback traces.db t660c71da6be --rating good",
        "replay feedback traces.db t660c71da6be --step 3 --rating bad --note 'asked for the wrong "
        "city'",
        'replay feedback traces.db t660c71da6be --step 3 --correction \'{"city": "Paris"}\'',
        "replay feedback traces.db t660c71da6be --take-back last",
        "replay feedback traces.db t660c71da6be",
    ),
)
@database_and("trace")
@click.option(
    "--step",
    "step_number",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="About this step; without it, about the whole trace.",
)
@click.option("--rating", type=click.Choice(list(_SCORES)), help="Whether it is as it should be.")
@click.option(
    "--score",
    type=click.FloatRange(0, 1),
    metavar="NUMBER",
    callback=_read_score,
    help="How good it is, from 0 to 1.",
)
@click.option(
    "--label",
    metavar="WORD",
    callback=read_words,
    help="A word to find it by: wrong_tool, too_slow, ...",
)
@click.option("--note", metavar="TEXT", callback=read_words, help="What you have to say of it.")
@click.option(
    "--correction",
    metavar="JSON",
    help='What should have been called: its arguments, or {"tool": ..., "arguments": ...}; a JSON '
    "text is what should have been answered; @FILE reads it from a file.",
)
@click.option(
    "--unchecked",
    is_flag=True,
    help="Keep a correction that does not fit the schema which the model was shown.",
)
@click.option(
    "--take-back",
    metavar="ID",
    help="Take back what was said, a wrong key: its id, as --json tells it, or the beginning of "
    "it; `last` is the newest that you said of TRACE, or of its --step.",
)
@click.option("--by", metavar="NAME", help="Who says so. Default: your user name.")
@reveal_option
@json_option
def feedback(
    database: Path,
    trace: str,
    step_number: int | None,
    rating: str | None,
    score: float | None,
    label: str | None,
    note: str | None,
    correction: str | None,
    unchecked: bool,
    take_back: str | None,
    by: str | None,
    reveal: bool,
    as_json: bool,
) -> int:
    """Say what is good or bad about TRACE, or about one step of it; without an option, list it.

    Feedback is kept in the database beside what was recorded. `replay show` lists it, and exports
    carry it: records as they are, conversations under `human_feedback`. Saying it again adds to it;
    what is taken back is in no list, count or export any more, and the audit says that it was.
    """
    from replay.cli.approvals import user_name
    from replay.cli.corrections import read_correction
    from replay.cli.feedback_back import take_feedback_back
    from replay.cli.masked import in_a_child, masked, masking_for
    from replay.cli.traces import step_of
    from replay.config import load_config
    from replay.store import Store

    if take_back is not None:
        if any(one is not None for one in (rating, score, label, note, correction)):
            raise click.UsageError(
                "--take-back says nothing new: give it alone, or with --step, --by."
            )
        return take_feedback_back(
            database, trace, take_back, step_number, by or user_name(), as_json=as_json
        )
    if rating is not None and score is not None:
        raise click.UsageError("--rating is a score of its own: 1 or 0. Give one of the two.")
    given_any = (rating, score, label, note, correction)
    says_nothing = all(one is None for one in given_any)
    config = load_config()
    if not says_nothing and (code := in_a_child(config)) is not None:
        return code
    with Store.open(database, mode="r" if says_nothing else "w") as store:
        transcript = store.transcript(trace)
        step = None if step_number is None else step_of(transcript, step_number)
        if says_nothing:
            hide(store, reveal=reveal)
            transcript = store.transcript(trace)
            return _list(transcript, step_number, as_json=as_json)
        given = _feedback(
            transcript.trace.id,
            step_number=step_number,
            label=label or rating,
            score=score if rating is None else _SCORES[rating],
            text=note,
            correction=None
            if correction is None
            else read_correction(correction, step, transcript, unchecked=unchecked),
            annotator=by or user_name(),
        )
        given = masked(masking_for(store, config, transcript), given)
        store.append(given)
    if as_json:
        given = shown(database, given, reveal=reveal)
        terminal.emit_json(given.model_dump(mode="json"))
    else:
        where = f"step {step_number} of " if step_number else ""
        terminal.say(f"Kept for {where}trace {transcript.trace.id}.")
    return ExitCode.OK


def _feedback(trace_id: str, **said: Any) -> Feedback:
    import secrets

    from replay.records import Feedback
    from replay.store.times import now_text

    return Feedback(id=f"f{secrets.token_hex(8)}", trace_id=trace_id, created_at=now_text(), **said)


def _list(transcript: Transcript, step_number: int | None, *, as_json: bool) -> int:
    from replay.cli.transcripts import feedback_lines

    kept = [one for one in transcript.feedback if step_number in (None, one.step_number)]
    if as_json:
        terminal.emit_json([one.model_dump(mode="json") for one in kept])
    elif kept:
        terminal.emit("\n".join(feedback_lines(kept, width=terminal.width())))
    else:
        terminal.say(
            f"Nobody has said anything of trace {transcript.trace.id} yet. Say it with --rating "
            "good or bad, --note, --label or --correction."
        )
    return ExitCode.OK


def of_no_trace(unknown: Sequence[tuple[str, int]]) -> str:
    """Return what to know of feedback whose traces are not stored: ids, with how much of each."""
    total = sum(number for _, number in unknown)
    named = ", ".join(repr(one) for one, _ in unknown[:_NAMED_MAX])
    more = f" and {len(unknown) - _NAMED_MAX:,} more" if len(unknown) > _NAMED_MAX else ""
    return (
        f"Feedback on traces that are not stored (yet): {total:,}, on {named}{more}. It waits for "
        "them; where an id is wrong, `replay prune DATABASE --trace ID` removes it."
    )

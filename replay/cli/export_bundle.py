"""`replay export --to bundle`: some traces in one file that somebody else can replay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.records import Selection
    from replay.store import Store
    from replay.store.redaction import Redaction

SUFFIX = ".replay"


def export_bundle(
    database: Path,
    selection: Selection,
    output: Path | None,
    *,
    is_masked: bool,
    reveal: bool = False,
) -> None:
    """Write the bundle ``output`` and tell what is in it.

    Raises:
        click.UsageError: no file is named.
        ReplayError: no trace is selected, or more than a bundle can hold.
    """
    from replay.cli.masked import mask_hidden
    from replay.cli.progress import Progress
    from replay.cli.whole_file import whole_bytes
    from replay.config import load_config
    from replay.interchange.bundle_writing import BundleTooLarge, write_bundle
    from replay.store import Store

    if output is None:
        raise click.UsageError(f"A bundle is a file of bytes: say -o case{SUFFIX}.")
    with Store.open(database) as store:
        trace_ids = store.trace_ids(selection)
        if not trace_ids:
            raise ReplayError(
                f"No trace of '{database}' is selected: there is nothing to put into a bundle.",
                hint="`replay list` shows the traces; --trace ID names one.",
            )
        redaction = _redaction(store, database) if is_masked else None
        if not reveal:
            mask_hidden(store, load_config())
        with Progress("traces") as progress, whole_bytes(output) as file:
            try:
                report = write_bundle(store, trace_ids, file, redaction, progress.update)
            except BundleTooLarge as error:
                raise ReplayError(
                    f"The records of {len(trace_ids):,} traces are more than a bundle holds "
                    "(1 GiB).",
                    hint="Choose fewer: --trace, --tool, --outcome, --limit. For whole databases "
                    "copy the file, or write --to records.",
                ) from error
    from replay.report.ink import count

    said = [count(report.trace_count, "trace"), count(report.record_count, "record")]
    said += [count(report.verdict_count, "verdict")] if report.verdict_count else []
    terminal.say(f"Wrote {', '.join(said)} to {output}.")
    if report.is_masked:
        terminal.say(
            "  Secrets and personal data in it are placeholders. What has another form is not\n"
            "  found: look through it before you send it (it is a ZIP)."
        )
        if report.placeholder_count:
            held = f"{report.placeholder_count:,} of its {count(report.call_count, 'tool call')}"
            terminal.say(
                f"  {held} hold some. Tools that have such data of their own, as customers\n"
                "  in their code, answer these otherwise there, unless REPLAY_MASKING_KEY is yours."
            )
    else:
        terminal.say("  It is as stored: --no-mask left out the masking of personal data.")
    terminal.say(f"Whoever gets it: replay import case.db {output.name}")


def _redaction(store: Store, database: Path) -> Redaction:
    """Mask as recordings do, and personal data of all kinds; with the database's key, if any."""
    from cassettes.redaction import KeyUnusable, known_key
    from replay.config import load_config
    from replay.store.redaction import redaction_of
    from replay.tools.marks import recorded_marks

    config = load_config().mask.model_copy(update={"personal": True})
    try:
        key = known_key(database)
    except KeyUnusable as error:
        raise ReplayError(str(error)) from error
    return redaction_of(config, key, marks=recorded_marks(store.tool_schemas()))

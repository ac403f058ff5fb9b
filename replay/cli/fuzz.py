"""`replay fuzz`: captured payloads, changed on purpose, through today's tools."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import reveal_option
from replay.cli.hidden_reports import hiding, shown_fuzzing
from replay.cli.selection import selection_options
from replay.cli.tool_place import ToolPlace, tool_place_options
from replay.errors import ExitCode

if TYPE_CHECKING:
    from replay.fuzzing.found import FuzzReport
    from replay.records import Selection


@click.command(
    short_help="Run changed payloads through today's tools.",
    epilog=examples(
        "replay fuzz traces.db --tools shop.tools:toolbox",
        "replay fuzz traces.db --tools shop.tools:toolbox --tool refund --count 2000 --seed 7",
        "replay fuzz traces.db --tools shop.tools:toolbox --keep tests/fuzz-cases --again",
    ),
)
@database_and()
@tool_place_options
@click.option(
    "--count",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    metavar="CASES",
    help="How many cases for each tool.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="NUMBER",
    help="What all chance comes from: the same seed makes the same cases.",
)
@click.option(
    "--keep",
    metavar="DIRECTORY",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep what fails there as regression cases, one small file each.",
)
@click.option("--again", is_flag=True, help="Run the cases kept in --keep first.")
@selection_options
@reveal_option
@json_option
def fuzz(
    database: Path,
    selection: Selection,
    where: ToolPlace,
    count: int,
    seed: int,
    keep: Path | None,
    again: bool,
    reveal: bool,
    as_json: bool,
) -> int:
    """Change captured payloads of DATABASE, run them through today's tools, and tell what breaks.

    What the published schema forbids must not reach a tool; what it allows must end in an answer,
    a refusal, or an exception that the tool declares. Each case runs in a fresh world, frozen and
    closed. Nothing is stored; Ctrl-C keeps what was found.
    """
    from replay.cli.interruption import ctrl_c
    from replay.cli.progress import Progress
    from replay.cli.run import refuse_empty
    from replay.fuzzing.fuzzer import Fuzzer
    from replay.store import Store

    if again and keep is None:
        raise click.UsageError("Which cases again? Name their folder: --keep DIRECTORY.")
    began_s = time.monotonic()
    with Store.open(database, mode="r") as store:
        refuse_empty(store, database)
        with Progress("cases") as progress:
            fuzzer = Fuzzer(
                store,
                where.place(store),
                count=count,
                seed=seed,
                kept=keep if again else None,
                on_progress=lambda done, total, note: progress.update(
                    done, total, note=note or None
                ),
                **where.workers(),
            )
            with ctrl_c.calls(fuzzer.stop):
                report = fuzzer.run(selection)
    with hiding(database, reveal=reveal) as hides:
        _tell(report if hides is None else shown_fuzzing(report, hides), as_json=as_json)
    if keep is not None:
        _keep(report, keep)
    elapsed_s = max(time.monotonic() - began_s, 1e-9)
    rate = report.case_count / elapsed_s
    cases = "case" if report.case_count == 1 else "cases"
    terminal.say(f"{report.case_count:,} {cases} in {elapsed_s:.1f} s: {rate:,.0f}/s.")
    return _exit_code(report)


def _tell(report: FuzzReport, *, as_json: bool) -> None:
    from replay.report.fuzz_text import fuzz_json, fuzz_text
    from replay.report.ink import Ink

    if as_json:
        terminal.emit_json(fuzz_json(report))
    else:
        ink = Ink(colored=terminal.colours(sys.stdout))
        terminal.emit(fuzz_text(report, width=terminal.width(), ink=ink))


def _keep(report: FuzzReport, folder: Path) -> None:
    from replay.fuzzing.keeping import keep

    files = [keep(folder, one.breach, one.case) for one in report.failures]
    new = [file for file in files if file is not None]
    for file in new:
        terminal.say(f"Kept {file}")
    if not new:
        terminal.say(f"Nothing new to keep in {folder}.")


def _exit_code(report: FuzzReport) -> int:
    if report.is_interrupted:
        return ExitCode.INTERRUPTED
    if any(one.breach.law.is_breaking for one in report.failures):
        return ExitCode.BREAKING
    counts = report.tools.values()
    if counts and sum(one.not_run for one in counts) == report.case_count > 0:
        return ExitCode.COULD_NOT_RUN
    return ExitCode.NEEDS_A_PERSON if report.failures else ExitCode.OK

"""`replay run`: recorded calls through today's tools, with a progress line and an exit code."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.approvals import accept_all, approvals_option, say_stale, use_file
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.completing import complete_values
from replay.cli.early import workers_early
from replay.cli.hidden import hide, reveal_option
from replay.cli.reading_options import reading_options
from replay.cli.reports import (
    ReportFiles,
    ReportFormat,
    chosen_format,
    file_option,
    format_option,
    print_report,
    report_files,
    write_reports,
)
from replay.cli.selection import sampling_options, selection_options
from replay.cli.tools_options import (
    deadline_option,
    env_option,
    jobs_option,
    path_option,
    toolbox_named,
    tools_option,
)
from replay.errors import ExitCode, SelectionError
from replay.report.ink import count

if TYPE_CHECKING:
    from replay.config import Config
    from replay.records import ReplayRun, Selection
    from replay.replayer import Replayer
    from replay.replayer.questions.two_parsers import ParserName
    from replay.store import Store


@click.command(
    short_help="Replay recorded calls through today's tools.",
    epilog=examples(
        "replay run traces.db --tools shop.tools:toolbox",
        "replay run traces.db --tools shop.tools:toolbox --tool issue_refund --since 7d",
        "replay run traces.db --tools shop.tools:toolbox --baseline git:main",
        "replay run traces.db --tools shop.tools:toolbox --policy get_rates=live",
        "replay run traces.db --tools shop.tools:toolbox --parser both",
    ),
)
@workers_early
@database_and()
@tools_option
@click.option(
    "--baseline",
    metavar="MODULE:TOOLBOX|git:REF",
    help="The old tools, to tell causes apart: another toolbox, or today's in a git commit.",
)
@path_option
@click.option(
    "--baseline-path",
    "baseline_paths",
    multiple=True,
    metavar="DIRECTORY",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Look for the baseline's modules here first; after it in the working directory.",
)
@env_option
@click.option(
    "--baseline-env",
    "baseline_variables",
    multiple=True,
    metavar="NAME=VALUE",
    help="Hand this one to the baseline only, or with another value.",
)
@selection_options
@sampling_options
@jobs_option
@deadline_option
@click.option(
    "--isolation",
    type=click.Choice(["trace", "call", "process", "none"]),
    default="trace",
    show_default=True,
    help="What a trace has to itself: a fork, one for every call of it, a new process, or only its "
    "world.",
)
@click.option(
    "--strict",
    "isolation",
    flag_value="call",
    help="As --isolation call: only the world goes from one call to the next.",
)
@click.option(
    "--fast",
    "isolation",
    flag_value="none",
    help="As --isolation none: for tools that keep nothing between calls.",
)
@click.option(
    "--sandbox",
    type=click.Choice(["off", "auto", "bubblewrap", "kernel", "e2b"]),
    help="What workers run in: no network, files are only read, limits. `auto` takes the best "
    "that is here. Default: `sandbox` of [tool.replay], else off.",
)
@click.option(
    "--writable",
    multiple=True,
    metavar="DIRECTORY",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="With --sandbox: let the tools write in this folder.",
)
@click.option(
    "--max",
    "limits",
    multiple=True,
    metavar="NAME=VALUE",
    help="How much a worker may take: memory=4GiB, cpu=2min, processes=128, file=2GiB, "
    "open_files=4096, scratch=2GiB, import=5min; `off` is no limit.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="HOST:PORT|run:PROGRAM",
    help="Let the tools really reach this address, or start this program; they do neither "
    "otherwise.",
)
@click.option(
    "--loose",
    multiple=True,
    metavar="TOOL",
    help="Let this tool go on where a request of its differs: the recorded answer of the same "
    "method and path serves, and the difference is told.",
)
@reading_options
@click.option(
    "--show-output",
    is_flag=True,
    help="Show what the tools print, on stderr, each line after its tool's name.",
)
@click.option(
    "--resume",
    metavar="RUN",
    shell_complete=complete_values("other"),
    help="Go on with an interrupted replay run: its id, or `latest`.",
)
@click.option("--approve", is_flag=True, help="Accept everything this run finds as intended.")
@approvals_option
@file_option("--output", "Write the report there instead of stdout.")
@report_files
@format_option
@reveal_option
@json_option
def run(
    database: Path,
    selection: Selection,
    approve: bool,
    approvals_file: Path | None,
    resume: str | None,
    output: Path | None,
    files: ReportFiles,
    report_format: ReportFormat | None,
    reveal: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Run the recorded model outputs of DATABASE through today's tools, and judge each call.

    The outside world is frozen: what tools ask of it is answered from the recording. The replay
    run is stored beside the traces; `replay diff` shows it again. Ctrl-C keeps what is done.
    """
    from replay.cli.masked import in_a_child
    from replay.config import load_config
    from replay.store import Store

    if (code := in_a_child(load_config())) is not None:
        return code
    form = chosen_format(report_format, as_json=as_json)
    with Store.open(database, mode="w") as store:
        use_file(store, approvals_file)
        refuse_empty(store, database)
        if resume is None:
            _refuse_unfit(store, database, selection)
        ended = replayed(store, selection, resume=resume, **options)
        hide(store, reveal=reveal)  # from here on it is only shown
        if approve and ended.status == "finished":
            ended = accept_all(store, ended, note="replay run --approve")
        write_reports(store, ended, files=files, database=database)
        print_report(store, ended, database=database, output=output, form=form)
        say_stale(store, ended)
    if ended.status == "interrupted":
        terminal.say(_go_on(database, ended))
        return ExitCode.INTERRUPTED
    return ExitCode.COULD_NOT_RUN if ended.exit_code is None else ended.exit_code


def replayed(
    store: Store,
    selection: Selection,
    *,
    resume: str | None = None,
    parser: tuple[ParserName, ...] | None = None,
    **options: Any,
) -> ReplayRun:
    """Replay ``selection`` and return the run; ``options`` as `replayer_of` takes them."""
    from replay.cli.interruption import ctrl_c
    from replay.cli.progress import Progress

    replayer = replayer_of(store, parser=parser, **options)
    with Progress("traces") as progress, ctrl_c.calls(replayer.stop):
        ended = replayer.run(
            selection,
            resume=resume,
            on_progress=lambda now: progress.update(
                now.trace_done_count,
                now.trace_count,
                note=f"{count(now.call_count, 'call')}, {now.calls_per_second:,.0f}/s",
            ),
        )
        if parser is not None and len(parser) == 2 and ended.status == "finished":
            ended = _with_parsers_compared(store, replayer, ended, parser)
    return ended


def _with_parsers_compared(
    store: Store, replayer: Replayer, ended: ReplayRun, parsers: tuple[ParserName, ParserName]
) -> ReplayRun:
    from replay.records import Selection

    compared = replayer.compare_parsers(Selection.model_validate(ended.selection), parsers)
    coverage = {**ended.coverage, "parsers": compared.report()}
    ended = ended.model_copy(update={"coverage": coverage})
    store.append(ended)
    store.flush()
    return ended


def replayer_of(
    store: Store,
    *,
    toolbox: str | None,
    baseline: str | None = None,
    paths: Sequence[Path] = (),
    baseline_paths: Sequence[Path] = (),
    variables: Sequence[str] = (),
    baseline_variables: Sequence[str] = (),
    folder: Path | None = None,
    jobs: int | None = None,
    deadline_s: float | None = None,
    isolation: str = "trace",
    allow: Sequence[str] = (),
    loose: Sequence[str] = (),
    sandbox: str | None = None,
    writable: Sequence[Path] = (),
    limits: Sequence[str] = (),
    policies: Sequence[str] = (),
    versions: Sequence[str] = (),
    show_output: bool = False,
    parser: tuple[ParserName, ...] | None = None,
    config: Config | None = None,
) -> Replayer:
    """Return the replayer that these options describe; others come from ``[tool.replay]``.

    Raises:
        click.UsageError: no tools are named anywhere.
    """
    from replay.config import load_config
    from replay.replayer import Replayer
    from replay.replayer.environment import environment_of
    from replay.replayer.policies import Policies, read_policies
    from replay.replayer.sandbox.limits import limits_of
    from replay.replayer.written_for import read_versions
    from replay.verdicts import Rules

    config = config or load_config(folder)
    toolbox = toolbox_named(toolbox, config)
    return Replayer(
        store,
        toolbox=toolbox,
        paths=paths,
        folder=folder,
        baseline=baseline,
        baseline_paths=baseline_paths,
        environment=environment_of([*config.env, *variables]),
        baseline_environment=environment_of(baseline_variables),
        rules=Rules.from_config(config),
        jobs=jobs or config.jobs,
        deadline_ms=config.deadline_ms if deadline_s is None else max(1, round(deadline_s * 1000)),
        isolation=isolation,
        allow=[*config.allow, *allow],
        loose=[*config.loose, *loose],
        sandbox=sandbox or config.sandbox,
        limits=limits_of(limits, config.limits),
        writable=[*config.writable_paths, *writable],
        policies=Policies((read_policies(policies), config.policy)),
        on_output=_say_output if show_output else None,
        mask=config.mask,
        versions={**config.versions, **read_versions(versions)},
        parser=parser[-1] if parser else "",
    )


def _say_output(tool: str, text: str) -> None:
    for line in text.rstrip("\n").split("\n"):
        terminal.say(f"{tool}: {line}")


def refuse_empty(store: Store, database: Path) -> None:
    """Refuse a database without traces.

    Raises:
        SelectionError: it has none; the message says how to fill it.
    """
    if not store.counts().get("trace"):
        raise SelectionError(
            f"'{database}' holds no traces yet: there is nothing to replay.",
            hint="Record with `replay record -- python agent.py`, bring transcripts in with "
            "`replay import`, or see it work with `replay demo`.",
        )


def _refuse_unfit(store: Store, database: Path, selection: Selection) -> None:
    """Say at once, with the tools and models that there are, that no trace fits."""
    if store.traces(selection, limit=1):
        return
    from replay.cli.traces import nothing_found

    said, *known = nothing_found(store, database, selection).split("\n")
    raise SelectionError(said, hint="\n".join(known) or "`replay list` shows what there is.")


def _go_on(database: Path, ended: ReplayRun) -> str:
    words = ["replay", "run", str(database), "--tools", ended.toolbox]
    if ended.baseline is not None:
        words += ["--baseline", ended.baseline]
    command = shlex.join([*words, "--resume", ended.id])
    done = {0: "before the first trace was judged.", 1: "after 1 trace, which is kept."}.get(
        ended.trace_count, f"after {ended.trace_count:,} traces; they are judged and kept."
    )
    return f"Stopped {done} Go on with this, and the run's other options:\n  {command}"

"""`replay prune`: traces whose time is over go, and the file gets smaller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.progress import Progress
from replay.cli.selection import selection_options, selection_words
from replay.errors import ExitCode, StoreError
from replay.report import ink

if TYPE_CHECKING:
    from replay.config import KeepConfig
    from replay.records import Selection
    from replay.store.pruned import Pruned

_NAMED_MAX = 5


def read_size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the bytes of ``500MB``.

    Raises:
        click.BadParameter: it is no size.
    """
    from replay.records.lengths import size_bytes

    try:
        return None if value is None else size_bytes(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


@click.command(
    short_help="Remove traces whose time is over.",
    epilog=examples(
        "replay prune traces.db --dry-run",
        "replay prune traces.db",
        "replay prune traces.db --app shop --until 30d",
        "replay prune traces.db --size 2GB",
    ),
)
@selection_options
@click.option(
    "--size",
    "size_max",
    callback=read_size,
    metavar="SIZE",
    help="Then remove the oldest traces until the file has at most so much: 500MB, 2GiB.",
)
@click.option("--with-pinned", is_flag=True, help="Remove pinned regression cases, too.")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@json_option
@database_and()
def prune(
    database: Path,
    selection: Selection,
    size_max: int | None,
    with_pinned: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Remove traces from DATABASE: those whose time is over, or those that are selected.

    How long traces are kept says [tool.replay.keep], and each trace that was given a time of its
    own; with options that select, these alone say what goes. With a trace go its calls, cassettes,
    verdicts, feedback; texts that others share stay. Held traces are never removed, pinned ones
    only with --with-pinned. Recording goes on meanwhile. Ctrl-C stops between two steps: what is
    gone is gone whole, and the rest is as it was.
    """
    from replay.cli.audit import is_noted, said
    from replay.config import load_config
    from replay.store.pruning import prune

    keep = load_config().keep
    is_selected = bool(selection_words(selection))
    rules = _rules(keep)
    if size_max is None and not is_selected and keep.size is not None:
        from replay.records.lengths import size_bytes

        size_max = size_bytes(keep.size)
    with stopping() as pruned, Told() as told:
        done = prune(
            database,
            None if is_selected else rules,
            keep=rules,
            command="prune" if is_noted() else None,
            said=said(database),
            selection=selection if is_selected else None,
            size_max=size_max,
            with_pinned=with_pinned,
            dry_run=dry_run,
            tell=told.tell,
            into=pruned,
        )
    if as_json:
        terminal.emit_json(_json(done, dry_run=dry_run))
    else:
        terminal.emit(
            _text(
                database,
                done,
                dry_run=dry_run,
                with_pinned=with_pinned,
                is_selected=is_selected,
                size_max=size_max,
                no_rule=not is_selected and size_max is None and keep.says_nothing,
            )
        )
    return ExitCode.NEEDS_A_PERSON if done.size_bytes_over else ExitCode.OK


def _rules(keep: KeepConfig) -> Any:
    from replay.store.keep_rules import KeepRules

    return KeepRules(keep.default, keep.apps, keep.labels, keep.tools)


@contextmanager
def stopping() -> Iterator[Pruned]:
    """Give what is to hold what a removal removed, and say it when something ends the removal."""
    from replay.store.pruned import Pruned

    pruned = Pruned()
    try:
        yield pruned
    except (KeyboardInterrupt, StoreError):
        count = pruned.removed.trace_count
        if count:
            said = "1 trace is gone" if count == 1 else f"{count:,} traces are gone"
            terminal.say(f"{said}, whole. Run it again for the rest.")
        raise


class Told:
    """A progress line for each of several things that are counted one after the other."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *error: Any) -> None:
        if self._progress is not None:
            self._progress.__exit__(None, None, None)

    def tell(self, what: str, done: int, total: int) -> None:
        """Say how far it is."""
        if self._progress is None or self._progress.unit != what:
            self.__exit__()
            self._progress = Progress(what)
        self._progress.update(done, total)


def _json(done: Pruned, *, dry_run: bool) -> Any:
    from dataclasses import asdict

    return {**asdict(done), "dry_run": dry_run}


def _text(
    database: Path,
    done: Pruned,
    *,
    dry_run: bool,
    with_pinned: bool,
    is_selected: bool,
    size_max: int | None,
    no_rule: bool,
) -> str:
    count = sum(done.by_rule.values())
    verb = "would go" if dry_run else "removed"
    lines = []
    if not count:
        lines.append(f"{database}: {_nothing(done, is_selected=is_selected)}.")
    else:
        oldest, newest = (done.oldest or "")[:10], (done.newest or "")[:10]
        span = f", started {oldest} to {newest}" if oldest else ""
        lines.append(f"{database}: {count:,} {_traces(count)} {verb}{span}.")
        if list(done.by_rule) != ["selected"]:
            by_rule = sorted(done.by_rule.items(), key=lambda one: -one[1])
            lines += [f"  {rule}: {number:,}" for rule, number in by_rule]
    if count and not done.is_estimate:
        lines.append(went_along(done))
    lines += _spared(done, with_pinned=with_pinned, dry_run=dry_run)
    lines.append(_sizes(done, dry_run=dry_run))
    if size_max is not None and done.size_bytes_over:
        lines += _too_large(database, done, size_max, dry_run=dry_run, with_pinned=with_pinned)
    if no_rule and not count:
        lines += [
            "",
            "No rule says how long traces are kept. In pyproject.toml:",
            "  [tool.replay.keep]",
            '  default = "90d"',
            f"or name them: replay prune {terminal.typed(database)} --until 90d --dry-run",
        ]
    return "\n".join(lines)


def _nothing(done: Pruned, *, is_selected: bool) -> str:
    if not is_selected:
        return "no trace's time is over"
    if done.held or done.pinned or done.going_on:
        return "none of the selected traces may go"
    return "no trace was selected"


def _sizes(done: Pruned, *, dry_run: bool) -> str:
    before, after = f"{done.size_bytes_before:,} bytes", f"{done.size_bytes_after:,}"
    if not dry_run:
        return f"The file: {before} before, {after} after."
    if done.is_estimate:
        return f"The file: {before}, about {after} afterwards: it was not tried on a copy."
    return f"The file: {before}, {after} afterwards."


def _too_large(
    database: Path, done: Pruned, size_max: int, *, dry_run: bool, with_pinned: bool
) -> list[str]:
    """Return what to know of a file that is larger than it was to be."""
    is_ = "would still be" if dry_run else "is still"
    head = f"It {is_} {done.size_bytes_over:,} bytes above the {size_max:,} that were asked for."
    if done.can_go_on:
        return [f"{head} Others recorded meanwhile: run it again."]
    typed = terminal.typed(database)
    ways = [
        f"  {words:{len(typed) + 30}}  # {len(ids):,} {what}"
        for ids, words, what in (
            (done.held, f"replay release {typed} TRACE", "held"),
            (
                [] if with_pinned else done.pinned,
                f"replay prune {typed} --with-pinned",
                "pinned",
            ),
            (done.forever, f"replay prune {typed} --trace TRACE", "kept for ever"),
        )
        if ids
    ]
    if ways:
        return [head, "What is left may not go for that. What makes room:", *ways]
    return [
        head,
        "No trace is left that may go: there are those of the last ten minutes, replay runs, "
        "approvals and the tables themselves.",
    ]


def went_along(done: Pruned) -> str:
    """Return what went with removed traces, in a line."""
    removed = done.removed
    parts = [
        (removed.model_call_count, "model call", None),
        (removed.tool_call_count, "tool call", None),
        (removed.verdict_count, "verdict", None),
        (removed.feedback_count, "feedback", "feedback"),
        (removed.pin_count, "pin", None),
        (removed.finding_count, "finding", None),
        (removed.run_count, "replay run", None),
        (done.content_count, "text that nothing else needs", "texts that nothing else needs"),
    ]
    said = ", ".join(ink.count(number, one, more) for number, one, more in parts if number)
    return f"With them: {said or 'nothing'}."


def _spared(done: Pruned, *, with_pinned: bool, dry_run: bool) -> list[str]:
    lines = []
    if done.held:
        lines.append(f"Held, so kept (`replay holds`): {_named(done.held)}.")
    if done.pinned and not with_pinned:
        lines.append(
            f"Pinned, so kept (`replay pins`; --with-pinned removes them): {_named(done.pinned)}."
        )
    elif done.pinned:
        verb = "would go, too" if dry_run else "went, too"
        lines.append(f"Regression cases that {verb}: {_named(done.pinned)}.")
    if done.forever:
        lines.append(f"For ever, by their rule or own word, so kept: {_named(done.forever)}.")
    if done.going_on:
        lines.append(f"Still being recorded, so kept: {done.going_on:,} {_traces(done.going_on)}.")
    return lines


def _named(ids: list[str]) -> str:
    more = f" and {len(ids) - _NAMED_MAX:,} more" if len(ids) > _NAMED_MAX else ""
    return ", ".join(ids[:_NAMED_MAX]) + more


def _traces(count: int) -> str:
    return "trace" if count == 1 else "traces"

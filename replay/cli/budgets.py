"""`replay budgets`: what was promised of latencies, held against what was recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.stats_scope import scope_of, scope_options
from replay.errors import ExitCode, ReplayError

if TYPE_CHECKING:
    from replay.metrics.budgets import BudgetResult

TRACES_MAX = 500
"""`replay.metrics.what_if.TRACES_MAX`."""


def read_budgets(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Return bounds in ms by name and measure: ``search_flights:p95=800`` each.

    Raises:
        click.BadParameter: one is no budget.
    """
    found: dict[str, dict[str, float]] = {}
    for text in value:
        match = re.fullmatch(r"(.+):(p50|p95|p99|max)=(\d+(?:\.\d+)?)(ms|s)?", text)
        if match is None or float(match[3]) <= 0:
            raise click.BadParameter(
                f"{text!r} is no budget; write NAME:MEASURE=TIME, as search_flights:p95=800 (ms) "
                "or model:max=4s. Measures are p50, p95, p99 and max."
            )
        bound = float(match[3]) * (1000 if match[4] == "s" else 1)
        found.setdefault(match[1], {})[match[2]] = bound
    return found


@click.command(
    short_help="Hold latency budgets against recorded calls.",
    epilog=examples(
        "replay budgets traces.db",
        "replay budgets traces.db --budget search_flights:p95=800 --budget model:p95=4s --since 7d",
        "replay budgets traces.db --what-if",
    ),
)
@database_and()
@scope_options
@click.option(
    "--budget",
    "given",
    multiple=True,
    callback=read_budgets,
    metavar="NAME:MEASURE=TIME",
    help="A budget beside those of [tool.replay.budgets]: a tool (`*` globs), a component (model, "
    "marshal, validate, tool, network), TOOL:COMPONENT, or trace; p50, p95, p99 or max; ms, or 4s.",
)
@click.option(
    "--beyond-noise",
    is_flag=True,
    help="Break only where so few calls could not lie above the bound by chance.",
)
@click.option(
    "--what-if",
    is_flag=True,
    help="Also what running calls at once, and starting them early, would have saved.",
)
@click.option(
    "--traces",
    "traces_max",
    type=click.IntRange(min=1),
    default=TRACES_MAX,
    metavar="COUNT",
    help=f"With --what-if: look at so many traces, the newest. Default: {TRACES_MAX}.",
)
@json_option
def budgets(
    database: Path,
    wanted: dict[str, Any],
    given: dict[str, dict[str, float]],
    beyond_noise: bool,
    what_if: bool,
    traces_max: int,
    as_json: bool,
) -> int:
    """Hold the budgets of [tool.replay.budgets] against the calls of DATABASE.

    Ends with 1 where one is broken, and names the slowest steps; with 3 where there was nothing to
    measure for any of them, or for one that --budget gives: that one was not held.
    """
    from replay.metrics.budgets import check_budgets
    from replay.metrics.connection import reading
    from replay.metrics.what_if import read_what_if
    from replay.store import Store

    bounds = _merged(given)
    if not bounds and not what_if:
        raise ReplayError(
            "There is no budget to hold against anything.",
            hint="Write [tool.replay.budgets] into pyproject.toml (docs/budgets.md),\n"
            "give one with --budget search_flights:p95=800, or ask --what-if.",
        )
    with Store.open(database, mode="r") as store:
        store.group_calls()
        _refuse_unknown(given, sorted({row.tool for row in store.tools()}), database)
    with reading(database) as connection:
        scope = scope_of(connection, wanted)
        results = check_budgets(connection, bounds, scope)
        saved = read_what_if(connection, scope, traces_max=traces_max) if what_if else None
    broken = [one for one in results if _is_broken(one, beyond_noise=beyond_noise)]
    if as_json:
        from replay.cli.budgets_text import budgets_json

        terminal.emit_json(budgets_json(results, broken, saved))
    else:
        from replay.cli.budgets_text import budget_lines, what_if_lines

        width = terminal.width()
        lines = budget_lines(results, broken, width) if results else []
        if saved is not None:
            lines += [*([""] if lines else []), *what_if_lines(saved, width)]
        terminal.emit("\n".join(lines))
    if broken:
        return ExitCode.BREAKING
    unmeasured = _unmeasured(results, given)
    if unmeasured:
        terminal.say(
            f"Nothing was measured for {', '.join(unmeasured)}: no call with a duration is in what "
            "was looked at. `replay stats` shows what there is."
        )
        return ExitCode.COULD_NOT_RUN
    return ExitCode.OK


def _unmeasured(results: Sequence[BudgetResult], given: Mapping[str, object]) -> list[str]:
    """Return the budgets that held nothing where that is no success: all, or named ones.

    Others of the configuration may be of tools that only other databases have.
    """
    names = dict.fromkeys(one.name for one in results if one.value_ms is None)
    if all(one.value_ms is None for one in results):
        return list(names)
    return [name for name in names if name in given]


_NO_TOOLS = frozenset(("model", "marshal", "validate", "tool", "network", "trace"))


def _refuse_unknown(given: Mapping[str, object], tools: list[str], database: Path) -> None:
    """Refuse a budget of a tool that was never called: a typo in CI would hold for ever.

    Those of the configuration may be of tools that only other databases have.
    """
    from replay.tools.error_text import nearest_name

    for name in given:
        tool = name.partition(":")[0]
        if tool in _NO_TOOLS or tool in tools or any(sign in tool for sign in "*?["):
            continue
        raise ReplayError(
            f"No call of a tool {tool!r} was recorded in '{database}': --budget {name}.",
            nearest=nearest_name(tool, tools),
            hint="`replay stats` lists the tools; `*` stands for anything.",
        )


def _merged(given: Mapping[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return the budgets of the configuration, with those of the command line over them."""
    from replay.config import load_config

    found = {name: dict(budget.bounds) for name, budget in load_config().budgets.items()}
    for name, bounds in given.items():
        found.setdefault(name, {}).update(bounds)
    return found


def _is_broken(one: BudgetResult, *, beyond_noise: bool) -> bool:
    return one.is_beyond_noise if beyond_noise else one.is_broken

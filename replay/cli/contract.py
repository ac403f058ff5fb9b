"""`replay contract`: what tools promise, held against captured traffic."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import reveal_option
from replay.cli.hidden_reports import hiding, shown_contracts
from replay.cli.selection import selection_options
from replay.cli.tool_place import ToolPlace, tool_place_options
from replay.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay.contracts import ContractResult
    from replay.records import Selection
    from replay.store import Store

_KINDS = ["idempotent", "deterministic", "budget", "keeps", "result"]


@click.command(
    short_help="Check what tools promise against captured calls.",
    epilog=examples(
        "replay contract traces.db --tools shop.tools:toolbox",
        "replay contract traces.db --tools shop.tools:toolbox --check deterministic --limit 50",
        "replay contract traces.db --tools shop.tools:toolbox --infer",
    ),
)
@database_and()
@tool_place_options
@click.option(
    "--check",
    "kinds",
    multiple=True,
    type=click.Choice([kind for kind in _KINDS if kind != "budget"]),
    help="Check this of every tool, declared or not.",
)
@click.option(
    "--infer", is_flag=True, help="Propose contracts that the captured calls have kept so far."
)
@selection_options
@reveal_option
@json_option
def contract(
    database: Path,
    selection: Selection,
    where: ToolPlace,
    kinds: tuple[str, ...],
    infer: bool,
    reveal: bool,
    as_json: bool,
) -> int:
    """Hold what the tools declare (`contract=Contract(...)`) against the calls of DATABASE.

    Each call runs again in its frozen world: twice with one request id, under other conditions,
    watched by the clock. What later steps have read from a response must still be in it. Nothing
    is stored; Ctrl-C keeps what was found.
    """
    from replay.cli.interruption import ctrl_c
    from replay.cli.run import refuse_empty
    from replay.contracts.inferring import ALL_KINDS, proposals
    from replay.contracts.results import Kind
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        refuse_empty(store, database)
        also = ALL_KINDS if infer else frozenset(Kind(kind) for kind in kinds)
        results = _checked(store, selection, where, also)
    with hiding(database, reveal=reveal) as hides:
        results = results if hides is None else shown_contracts(results, hides)
    if infer:
        from replay.report.contract_text import proposals_json, proposals_text

        _tell(proposals(results), proposals_text, proposals_json, as_json=as_json)
        return _interrupted() if ctrl_c.was_pressed else ExitCode.OK
    if not results:
        terminal.say(
            "No tool of this toolbox declares a contract, by\n"
            "  @toolbox.tool(contract=Contract(...))\n"
            "--infer proposes some from the captured calls; --check KIND checks every tool."
        )
        return ExitCode.COULD_NOT_RUN
    from replay.report.contract_text import contracts_json, contracts_text

    _tell(results, contracts_text, contracts_json, as_json=as_json)
    return _interrupted() if ctrl_c.was_pressed else exit_code(results)


def _interrupted() -> ExitCode:
    terminal.say("Stopped by Ctrl-C: this is what was found until then.")
    return ExitCode.INTERRUPTED


def exit_code(results: Sequence[ContractResult]) -> ExitCode:
    """Return how contracts end a command: broken ones with 1, none judged with 3."""
    from replay.contracts import Status

    found = {one.status for one in results}
    if Status.BROKEN in found:
        return ExitCode.BREAKING
    return ExitCode.OK if Status.KEPT in found else ExitCode.COULD_NOT_RUN


def _checked(
    store: Store, selection: Selection, where: ToolPlace, also: Any
) -> list[ContractResult]:
    from replay.cli.progress import Progress
    from replay.contracts.checking import Workers, check_contracts

    with Progress("traces") as progress:
        return check_contracts(
            store,
            selection,
            where.place(store),
            also=also,
            workers=Workers(**where.workers()),
            on_progress=lambda done, total, note: progress.update(done, total, note=note),
            keep_interrupted=True,
        )


def _tell(found: Any, as_text: Any, as_plain: Any, *, as_json: bool) -> None:
    from replay.report.ink import Ink

    if as_json:
        terminal.emit_json(as_plain(found))
    else:
        ink = Ink(colored=terminal.colours(sys.stdout))
        terminal.emit(as_text(found, width=terminal.width(), ink=ink))

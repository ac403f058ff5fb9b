"""`--replay-by contract`: a test for each promise that a tool declares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from replay.contracts import ContractResult, Kind
from replay.contracts.checking import Workers, check_contracts
from replay.contracts.terms import terms_of
from replay.errors import ReplayError, ToolboxError
from replay.pytest_plugin.options import ReplayOptions
from replay.pytest_plugin.replaying import Replays
from replay.replayer.pool import Isolation
from replay.replayer.questions.asking import Asking
from replay.report.contract_text import promise_lines
from replay.report.ink import Ink

_WIDTH: Final = 100
_NOT_OF_CONTRACTS: Final = {
    "baseline": "--baseline",
    "baseline_paths": "--baseline-path",
    "baseline_variables": "--baseline-env",
    "policies": "--policy",
    "versions": "--version-of",
    "parser": "--parser",
}
"""Options of `replay run` that `replay contract` does not know."""


def refuse_unfit(options: ReplayOptions) -> None:
    """Refuse options that mean nothing where contracts are checked.

    Raises:
        ReplayError: one is given.
    """
    given = [said for name, said in _NOT_OF_CONTRACTS.items() if options.replaying.get(name)]
    given += ["--approvals"] if options.approvals_file is not None else []
    given += ["--isolation call"] if options.replaying.get("isolation") == "call" else []
    if given:
        raise ReplayError(
            f"{given[0]} has no meaning for contracts.",
            hint="--replay-by contract takes the options of `replay contract`.",
        )


class Promises:
    """What today's tools promise, and what became of it, tool by tool."""

    def __init__(self, replays: Replays, tools_of: Mapping[str, Collection[str]]) -> None:
        """``tools_of``: the tools that are called, by trace, in the selection."""
        self._replays = replays
        self._tools_of = tools_of
        self._found: dict[str, list[ContractResult]] = {}

    def declared(self) -> Iterator[tuple[str, Kind]]:
        """Yield each promise of the toolbox, or of the selected tools of it; no tool is run.

        Raises:
            SelectionError: a selected tool is not in the toolbox.
            ToolboxError: the toolbox cannot be loaded, or no tool of it promises anything.
            WorkerError: a worker cannot be started.
        """
        replayer = self._replays.replayer()
        place = replace(replayer.place, goes_out=False)
        with Asking(place) as asking:
            tools = asking.toolbox.running(self._replays.options.selection.tools)
        found = terms_of(tools)
        if not found:
            raise ToolboxError(
                "No tool of this toolbox declares a contract.",
                hint="@toolbox.tool(contract=Contract(...)) declares one; "
                "`replay contract --infer` proposes some.",
            )
        for terms in found:
            yield from ((terms.tool.name, kind) for kind in Kind if kind in terms.kinds)

    def result(self, tool: str, kind: Kind) -> ContractResult | None:
        """Return what became of one promise; None: no selected trace has a call of the tool.

        All promises of a tool are checked at once. Raises as `declared` does.
        """
        if tool not in self._found:
            self._found[tool] = self._checked(tool)
        return next((one for one in self._found[tool] if one.kind is kind), None)

    def _checked(self, tool: str) -> list[ContractResult]:
        trace_ids = [one for one, tools in self._tools_of.items() if tool in tools]
        if not trace_ids:
            return []
        selection = self._replays.options.selection.model_copy(update={"tools": [tool]})
        if selection.sample is not None or selection.limit is not None:  # not of each tool's traces
            chosen = {"sample": None, "limit": None, "trace_ids": trace_ids}
            selection = selection.model_copy(update=chosen)
        replayer = self._replays.replayer()
        return check_contracts(
            self._replays.store,
            selection,
            replace(replayer.place, goes_out=False),
            workers=Workers(
                jobs=replayer.jobs,
                deadline_s=replayer.deadline_ms / 1000,
                isolation=Isolation(replayer.isolation),
                sandbox=replayer.sandbox,
            ),
        )


def failure_text(result: ContractResult) -> str:
    """Return a broken promise as `replay contract` prints it."""
    return "\n".join(promise_lines(result, width=_WIDTH, ink=Ink()))

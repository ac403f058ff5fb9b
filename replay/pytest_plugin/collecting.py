"""The hooks of a test run that replays: which files are databases, and what is told of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from replay.errors import ReplayError
from replay.pytest_plugin.items import ReplayFile
from replay.pytest_plugin.options import read_options
from replay.pytest_plugin.replaying import Replays
from replay.records import Selection
from replay.report.sample_words import chosen_words

_SELECTION = "replay_selection"
_TOLD = "replay_told"


class ReplayPlugin:
    """Registered only where ``--replay`` names a database."""

    def __init__(self, config: pytest.Config) -> None:
        """Read the options; nothing is opened yet.

        Raises:
            pytest.UsageError: they cannot be read.
        """
        self.config = config
        here = config.invocation_params.dir
        options = read_options(config.getoption("replay_with"))
        options = options.with_tools(config.getoption("replay_tools"))
        worker_input = getattr(config, "workerinput", {})
        if _SELECTION in worker_input:  # "7d" ago is another moment in each process
            kept = Selection.model_validate_json(worker_input[_SELECTION])
            options = options.with_selection(kept)
        self.options = options
        self.by: str = config.getoption("replay_by")
        jobs = 1 if self.by == "trace" or worker_input else (os.cpu_count() or 1)
        named: list[str] = config.getoption("replay_databases")
        self.replays = {
            path: Replays(path, options, folder=here, jobs=jobs)
            for path in ((here / one).resolve() for one in named)
        }
        self._refuse_mistakes()
        self._told: list[str] = []
        _add_to_args(config, named)

    def _refuse_mistakes(self) -> None:
        try:
            for replays in self.replays.values():
                replays.refuse_no_tools()
            if self.by == "contract":
                from replay.pytest_plugin.promises import refuse_unfit

                refuse_unfit(self.options)
        except ReplayError as error:
            raise pytest.UsageError(str(error)) from error

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collect the databases that are named."""
        replays = self.replays.get(file_path.resolve())
        return None if replays is None else ReplayFile.of(parent, replays, self.by)

    @pytest.hookimpl(tryfirst=True)  # before the terminal's, which asks for the lines
    def pytest_collection_finish(self) -> None:
        """Say of what the traces are a sample, if they are one."""
        if self.options.selection.sample is None or hasattr(self.config, "workerinput"):
            return
        for path, replays in self.replays.items():
            self._told += [f"{path.name}: {words}" for words in _sample_of(replays)]

    def pytest_report_collectionfinish(self) -> list[str]:
        """Return the lines to show after the number of tests."""
        return self._told

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say it again at the end, where a green line could be taken for the whole."""
        if self._told:
            terminalreporter.section("replay", sep="-")
            for line in self._told:
                terminalreporter.line(line)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give a worker of pytest-xdist the selection with its moments."""
        node.workerinput[_SELECTION] = self.options.selection.model_dump_json()

    def pytest_sessionfinish(self) -> None:
        """End the workers; under pytest-xdist, tell what the controller did not see."""
        if self._told == [] and self.config.pluginmanager.hasplugin("dsession"):
            self.pytest_collection_finish()
        for replays in self.replays.values():
            replays.close()


def _sample_of(replays: Replays) -> list[str]:
    chosen = replays.store.chosen(replays.options.selection)
    return chosen_words(len(chosen.trace_ids), chosen.told)


def _add_to_args(config: pytest.Config, named: list[str]) -> None:
    """Have pytest collect the databases too; them alone, where nothing else is asked for.

    ``--replay`` in ``addopts`` adds them to what a bare ``pytest`` runs.
    """
    here = config.invocation_params.dir
    typed = [str(argument) for argument in config.invocation_params.args]
    is_typed = any(argument.startswith("--replay") for argument in typed)
    if is_typed and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []
    given = {(here / argument.split("::")[0]).resolve() for argument in config.args}
    config.args += [one for one in named if (here / one).resolve() not in given]

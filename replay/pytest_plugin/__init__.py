"""The pytest plugin: ``pytest --replay traces.db`` makes a test of every recorded trace.

This file is all that a test run loads which replays nothing: options, markers, one fixture. The
rest is loaded where there is something to replay.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from replay.pytest_plugin.fixture import ReplayRunner

_DATABASES = "replay_databases"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; ``--replay`` alone is left to pytest-replay where that is installed."""
    group = parser.getgroup("replay", "recorded tool calls through today's tools")
    taken = find_spec("pytest_replay") is not None
    group.addoption(
        *(["--replay-traces"] if taken else ["--replay", "--replay-traces"]),
        dest=_DATABASES,
        action="append",
        default=[],
        metavar="DATABASE",
        help="Replay the traces of this database, a test for each. May be given again.",
    )
    group.addoption(
        "--replay-tools",
        metavar="MODULE:TOOLBOX",
        help="Today's tools. Default: `tools` of [tool.replay].",
    )
    group.addoption(
        "--replay-by",
        choices=("trace", "tool", "contract"),
        default="trace",
        help="A test for each trace, for each tool with all of its calls, or for each promise that "
        "a tool declares.",
    )
    group.addoption(
        "--replay-with",
        metavar="OPTIONS",
        default="",
        help="Options of `replay run`: --replay-with='--sample 50 --stratify tool'.",
    )
    group.addoption(
        "--replay-lenient",
        action="store_true",
        help="Fail only what breaks: a change that a person must judge is xfailed.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers; load the rest where a database is given."""
    config.addinivalue_line("markers", "replay: replays recorded tool calls through today's tools")
    config.addinivalue_line(
        "markers", "replay_tool(name): replays calls of this tool: -m \"replay_tool(name='pay')\""
    )
    if config.getoption(_DATABASES):
        from replay.pytest_plugin.collecting import ReplayPlugin

        config.pluginmanager.register(ReplayPlugin(config), "replay.pytest_plugin.at_work")


@pytest.fixture(scope="session")
def replay_run(pytestconfig: pytest.Config) -> Iterator[ReplayRunner]:
    """Replay recorded traces in a test: ``replay_run("traces.db", trace="t660c").check()``."""
    from replay.pytest_plugin.fixture import ReplayRunner

    with ReplayRunner(pytestconfig) as runner:
        yield runner

"""The tests: one for each trace of a database, one for each tool, or one for each promise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from replay.errors import ReplayError
from replay.pytest_plugin.failing import (
    ReplayFailure,
    fail_where_open,
    verdict_words,
)
from replay.pytest_plugin.replaying import NothingReplayed, Replays, is_judged
from replay.records import Verdict

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr

    from replay.contracts import Kind
    from replay.pytest_plugin.promises import Promises

_NOT_IN_NAMES: Final = re.compile(r"\s|::|[^\x21-\U0010ffff]")


class ReplayFile(pytest.File):
    """A database: its selected traces are listed here, no tool is run."""

    replays: Replays
    by: str

    @classmethod
    def of(cls, parent: pytest.Collector, replays: Replays, by: str) -> ReplayFile:
        """Return the collector of one database."""
        made: ReplayFile = cls.from_parent(
            parent, path=replays.database, nodeid=_node_id(parent, replays.database)
        )
        made.replays, made.by = replays, by
        return made

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each trace, for each tool, or for each promise of a tool.

        Raises:
            CollectError: the database cannot be read, or nothing in it is selected; where tests
                are promises, also where the tools cannot be loaded or promise nothing.
        """
        make = {"tool": self._by_tool, "contract": self._by_contract}.get(self.by, self._by_trace)
        try:
            trace_ids = self.replays.store.trace_ids(self.replays.options.selection)
            if not trace_ids:
                raise self.CollectError(
                    f"No trace of '{self.path}' is selected: there is nothing to replay. "
                    "`replay list` shows what there is."
                )
            yield from make(trace_ids, self.replays.store.tools_by_trace(trace_ids))
        except ReplayError as error:
            raise self.CollectError(str(error)) from error

    def _by_trace(
        self, trace_ids: list[str], tools_of: Mapping[str, list[str]]
    ) -> Iterator[pytest.Item]:
        names = _names(trace_ids)
        for trace_id, name in zip(trace_ids, names, strict=True):
            item: TraceItem = TraceItem.from_parent(self, name=name)
            item.replays, item.trace_id = self.replays, trace_id
            _mark(item, tools_of.get(trace_id, []))
            yield item

    def _by_tool(
        self, trace_ids: list[str], tools_of: Mapping[str, list[str]]
    ) -> Iterator[pytest.Item]:
        traces_of: dict[str, list[str]] = {}
        for trace_id in trace_ids:
            for tool in tools_of.get(trace_id, []):
                traces_of.setdefault(tool, []).append(trace_id)
        tools = sorted(traces_of)
        for tool, name in zip(tools, _names(f"tool[{one}]" for one in tools), strict=True):
            item: ToolItem = ToolItem.from_parent(self, name=name)
            item.replays, item.tool, item.trace_ids = self.replays, tool, traces_of[tool]
            _mark(item, [tool])
            yield item

    def _by_contract(
        self, trace_ids: list[str], tools_of: Mapping[str, list[str]]
    ) -> Iterator[pytest.Item]:
        from replay.pytest_plugin.promises import Promises

        promises = Promises(self.replays, tools_of)
        for tool, kind in promises.declared():
            (name,) = _names([f"contract[{tool}-{kind}]"])
            item: PromiseItem = PromiseItem.from_parent(self, name=name)
            item.promises, item.tool, item.kind = promises, tool, kind
            _mark(item, [tool])
            yield item


class _ReplayItem(pytest.Item):
    """One test of any kind."""

    def repr_failure(self, excinfo: Any, style: Any = None) -> str | TerminalRepr:
        """Return the finding where it is one, never a traceback of ours."""
        if isinstance(excinfo.value, ReplayFailure | ReplayError | NothingReplayed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Return where the test is: the database has no lines."""
        return self.path, None, self.name


class _VerdictItem(_ReplayItem):
    """One whose calls get verdicts."""

    replays: Replays

    def _told(self, counts: Counter[Verdict]) -> None:
        self.user_properties.append(("replay_verdicts", verdict_words(counts)))
        if not is_judged(counts):
            pytest.skip(
                f"no call was judged: {verdict_words(counts)}" if counts else "it has no tool call"
            )


class TraceItem(_VerdictItem):
    """One trace, replayed whole."""

    trace_id: str

    def runtest(self) -> None:
        """Replay it; fail for what nobody has approved."""
        replayed = self.replays.trace(self.trace_id)
        self._told(Counter(one.verdict for one in replayed.verdicts))
        shown = self.replays.shown(replayed.verdicts, replayed.findings)
        fail_where_open(self, *shown, run_words=self.replays.run_words)


class ToolItem(_VerdictItem):
    """All calls of one tool; what came before them in their traces is replayed too."""

    tool: str
    trace_ids: list[str]

    def runtest(self) -> None:
        """Replay its traces, where no other test did; fail for what nobody has approved."""
        calls, findings = self.replays.tool(self.tool, self.trace_ids)
        self._told(calls.counts)
        shown = self.replays.shown(calls.verdicts, findings)
        fail_where_open(self, *shown, run_words=self.replays.run_words)


class PromiseItem(_ReplayItem):
    """One promise of one tool, held against all of its captured calls."""

    promises: Promises
    tool: str
    kind: Kind

    def runtest(self) -> None:
        """Check it, where no other test of its tool did; fail where it is broken."""
        from replay.contracts import Status
        from replay.pytest_plugin.promises import failure_text

        found = self.promises.result(self.tool, self.kind)
        if found is None:
            pytest.skip("no selected trace has a call of it")
        if found.status is Status.NOT_JUDGED:
            pytest.skip(found.title)
        if found.status is Status.BROKEN:
            raise ReplayFailure(failure_text(found))


def _node_id(parent: pytest.Collector, database: Path) -> str:
    """Return the database's path from pytest's root on; whole, where it is elsewhere.

    pytest would call all databases elsewhere by the empty name, and not find their tests again.
    """
    root = parent.config.rootpath
    inside = database.is_relative_to(root)
    return (database.relative_to(root) if inside else database).as_posix()


def _mark(item: pytest.Item, tools: list[str]) -> None:
    """Let ``-m replay``, ``-m "replay_tool(name='pay')"`` and ``-k pay`` find it."""
    item.add_marker(pytest.mark.replay)
    for tool in tools:
        item.add_marker(pytest.mark.replay_tool(name=tool))
    item.extra_keyword_matches.update(tools)


def _names(ids: Iterable[str]) -> list[str]:
    """Return test names, all different: ids without what cannot stand in one."""
    seen: Counter[str] = Counter()
    names = []
    for one in ids:
        name = _NOT_IN_NAMES.sub("_", one) or "_"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}~{seen[name]}")
    return names

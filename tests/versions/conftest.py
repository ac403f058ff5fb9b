"""Tools before and after a change, recorded by the old ones and replayed by the new ones.

Every case is real: the old toolbox is imported and recorded through a `Recorder`, the new one is
loaded by workers.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from replay import Recorder
from replay.records import CallVerdict, Finding, ReplayRun, ToolCall
from replay.replayer import Replayer
from replay.store import Store
from replay.tools import load_toolbox

HEAD = """
from typing import Any
from replay import Toolbox

toolbox = Toolbox("shop")
"""

Asked = tuple[str, dict[str, Any]]
"""A tool and the arguments that a model gave it."""


@dataclass
class Change:
    """One change of tools, in a folder of its own, and what was recorded before it."""

    folder: Path

    def write(self, name: str, source: str) -> None:
        """Write ``name``.py, with a toolbox made at its head."""
        (self.folder / f"{name}.py").write_text(HEAD + textwrap.dedent(source))

    def record(self, *traces: list[Asked], start: Any = None) -> None:
        """Record ``traces`` with the tools of ``old.py``; a call for each model output."""
        toolbox = load_toolbox("old:toolbox", folder=self.folder)
        with Recorder(self.folder / "traces.db") as recorder:
            for number, calls in enumerate(traces, start=1):
                trace = recorder.trace(id=f"t{number}", start=start)
                with trace, toolbox.session(start) as session:
                    for tool, arguments in calls:
                        session.dispatch_sync([{"name": tool, "args": arguments}])

    def replay(self, **options: Any) -> ReplayRun:
        """Replay everything through the tools of ``new.py``."""
        options = {"jobs": 1, "folder": self.folder, "toolbox": "new:toolbox", **options}
        with self.store() as store:
            return Replayer(store, **options).run()

    def store(self) -> Store:
        """Open the database."""
        return Store.open(self.folder / "traces.db", "w")

    def calls(self) -> list[ToolCall]:
        """Return the recorded calls, trace by trace."""
        with self.store() as store:
            steps = [step for t in store.trace_ids() for step in store.transcript(t).steps]
        return [step for step in steps if isinstance(step, ToolCall)]

    def verdicts(self, run: ReplayRun) -> list[CallVerdict]:
        """Return what a run says of each call, in order."""
        with self.store() as store:
            found = store.verdicts(run.id)
        return sorted(found, key=lambda one: (one.trace_id, one.step_number))

    def findings(self, run: ReplayRun) -> list[Finding]:
        """Return the findings of a run."""
        with self.store() as store:
            return store.findings(run.id)


def changed(folder: Path, old: str, new: str, *traces: list[Asked], start: Any = None) -> Change:
    """Write ``old.py`` and ``new.py`` into ``folder``, and record ``traces`` by the old."""
    written = Change(folder)
    written.write("old", old)
    written.write("new", new)
    sys.modules.pop("old", None)
    written.record(*traces, start=start)
    sys.modules.pop("old", None)
    return written


@pytest.fixture
def change(tmp_path: Path) -> Callable[..., Change]:
    """Return ``changed`` in this test's own folder."""
    return partial(changed, tmp_path)

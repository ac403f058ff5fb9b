"""Sets the demo up: a directory to explore, a database, and the conversations recorded into it."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from replay.errors import ReplayError

DATABASE = "traces.db"
COPIED = (
    "travel_v1.py",
    "travel_v2.py",
    "calendar_v1.py",
    "calendar_v2.py",
    "agents.py",
    "conversations.py",
)
"""The tutorial's files, for the user to read and to change."""

APPS = ("travel", "calendar")
_RECORDED = "recorded\n"


class DemoError(ReplayError):
    """The demo cannot be set up here."""


@dataclass(frozen=True)
class Stage:
    """The demo's directory. A marker in it says that it is one, so that nothing else is touched."""

    directory: Path

    @property
    def database(self) -> Path:
        """Where the conversations are recorded."""
        return self.directory / DATABASE

    @property
    def is_recorded(self) -> bool:
        """True when all conversations are in the database already."""
        return self._marker.exists() and self._marker.read_text() == _RECORDED

    @property
    def _marker(self) -> Path:
        return self.directory / ".replay-demo"

    def open(self, *, fresh: bool = False) -> None:
        """Make the directory, or accept an earlier demo's; ``fresh``: without what it recorded.

        Raises:
            DemoError: the directory holds other things.
        """
        if self._marker.exists():
            if fresh:
                self._remove(COPIED)
            if fresh or not self.is_recorded:
                self._remove([file.name for file in self.directory.glob(f"{DATABASE}*")])
                self._marker.write_text("")
            return
        if self.directory.exists() and any(self.directory.iterdir()):
            raise DemoError(
                f"'{self.directory}' is not empty, and no demo made it.",
                hint="Give the demo a directory of its own: `replay demo --directory NEW`.",
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        self._marker.write_text("")

    def copy_files(self) -> list[str]:
        """Put the tutorial's files there; return the names of those kept because they differ."""
        kept = []
        for name in COPIED:
            source, target = Path(__file__).with_name(name), self.directory / name
            if not target.exists():
                shutil.copyfile(source, target)
            elif target.read_bytes() != source.read_bytes():
                kept.append(name)
        return kept

    def record(self) -> int:
        """Hold the conversations against version 1 of the tools; return how many there were.

        Raises:
            DemoError: the clients that the agent and its tools use are not installed.
        """
        require_clients("openai", "httpx")
        from replay.demo import agents, calendar_v1, travel_v1
        from replay.demo.api_server import serve_travel_api
        from replay.demo.conversations import conversations
        from replay.demo.model_server import ModelServer

        toolboxes = {"travel": travel_v1.toolbox, "calendar": calendar_v1.toolbox}
        with serve_travel_api() as travel_api:
            talks = conversations(travel_api)
            with ModelServer({talk.question: talk.turns for talk in talks}) as model:
                for app, toolbox in toolboxes.items():
                    mine = [talk for talk in talks if talk.app == app]
                    agents.record(self.database, app, toolbox, mine, base_url=model.base_url)
        self._marker.write_text(_RECORDED)
        return len(talks)

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            file = self.directory / name
            shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)


def require_clients(*names: str) -> None:
    """Check that the packages ``names`` can be imported.

    Raises:
        DemoError: one cannot; the message says how to install it.
    """
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise DemoError(
            f"The demo's agent uses {' and '.join(names)}; not installed: {', '.join(missing)}.",
            hint="Install them with `pip install 'replay-sandbox[demo]'`.",
        )

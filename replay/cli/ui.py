"""`replay ui`: the terminal UI, which lives in the package `tui`.

Nothing here imports it by name: it is the layer above, and an installed replay carries it inside
(``replay/_apps/tui``), where it cannot shadow a `tui` of the user's own.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any, Final

import click

from replay.cli.arguments import default_database, examples
from replay.cli.completing import complete_words
from replay.errors import ReplayError

_DEMO: Final = Path("replay-demo", "traces.db")
"""Where `replay demo` records, unless it is told otherwise."""


class NoTerminalError(ReplayError):
    """The terminal UI was started where there is no terminal."""


@click.command(
    short_help="Step through traces in the terminal.",
    epilog=examples("replay ui", "replay ui traces.db", "replay ui traces.db t660c71da6be"),
)
@click.argument(
    "words",
    nargs=-1,
    metavar="[DATABASE] [TRACE]",
    shell_complete=complete_words(["trace"]),
)
@click.option(
    "--theme",
    type=click.Choice(["dark", "light"]),
    help="Colours; F2 changes them. Default: as last time, else dark.",
)
def ui(words: tuple[str, ...], theme: str | None) -> int:
    """Look at the traces of DATABASE: step by step, forwards and backwards, and what differs today.

    Without DATABASE: that of [tool.replay], else traces.db, else what `replay demo` recorded here.
    TRACE is the id, or its unique beginning, of the trace to open. Press ? for the keys.
    """
    if len(words) > 2:
        raise click.UsageError(f"Got an argument too many: {words[2]!r}.")
    database, trace = _database_and_trace(words)
    _refuse_without_terminal(database)
    if settings_mention(b"audit"):  # to read them all would cost a first paint
        from replay.cli.audit import note_in

        note_in(database, "ui", "read")
    is_found = database == _DEMO and not (words and Path(words[0]) == _DEMO)
    code: int = _load_app().run(database, trace, theme=theme, is_found=is_found)
    return code


def _database_and_trace(words: tuple[str, ...]) -> tuple[Path, str | None]:
    """Return what to open; the database need not exist: the first screen says what to do then."""
    if words and Path(words[0]).is_dir():
        from replay.store.database import refuse_foreign

        refuse_foreign(Path(words[0]))
    if len(words) == 2:
        return Path(words[0]), words[1]
    if words and (Path(words[0]).suffix in {".db", ".sqlite", ".sqlite3"} or "/" in words[0]):
        return Path(words[0]), None
    if words and Path(words[0]).is_file():
        return Path(words[0]), None
    try:
        database = default_database()
    except click.UsageError:
        if _DEMO.is_file():
            database = _DEMO
        elif words:
            raise
        else:
            database = Path("traces.db")
    return database, words[0] if words else None


def _refuse_without_terminal(database: Path) -> None:
    """Raise NoTerminalError in a pipe: escape codes would fill it, and no key ever come."""
    if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        return
    raise NoTerminalError(
        "`replay ui` needs a terminal for its screen and its keys, and this is none.",
        hint=f"For a pipe: `replay list {database}`, `replay show {database} TRACE`, "
        f"`replay diff {database}`.",
    )


def settings_mention(words: bytes) -> bool:
    """Return whether a pyproject.toml here or above has ``words`` in it."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        try:
            if words in (folder / "pyproject.toml").read_bytes():
                return True
        except OSError:
            continue  # not there, or not ours to read
    return False


def _load_app() -> Any:
    return load_ui("tui.app")


def load_ui(module: str) -> Any:
    """Return a module of the `tui` that belongs to this replay, whatever else is called tui.

    Raises:
        NoTerminalError: this installation has none.
    """
    package = Path(__file__).resolve().parent.parent
    places = [package / "_apps", package.parent]
    home = next((place for place in places if (place / "tui" / "app.py").is_file()), None)
    if home is None:
        raise NoTerminalError(
            "The terminal UI is missing from this installation of replay.",
            hint="Install it again: `pip install --force-reinstall replay-sandbox`.",
        )
    loaded = sys.modules.get("tui")
    if loaded is not None and not str(getattr(loaded, "__file__", "")).startswith(str(home)):
        for name in [one for one in sys.modules if one == "tui" or one.startswith("tui.")]:
            del sys.modules[name]
    if str(home) not in sys.path[:1]:
        sys.path.insert(0, str(home))
    return importlib.import_module(module)

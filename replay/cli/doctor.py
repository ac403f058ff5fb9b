"""`replay doctor`: what replay finds on this machine and in a database, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import click

from replay.cli import terminal
from replay.cli.arguments import examples, json_option
from replay.cli.lazy import LazyGroup, Place
from replay.errors import ExitCode, ReplayError

State = Literal["ok", "note", "broken"]

_CLIENTS = ("httpx", "httpx2", "requests", "urllib3", "aiohttp")
_SDKS = ("openai", "anthropic")


@dataclass(frozen=True)
class Finding:
    """One thing the doctor looked at."""

    name: str
    state: State
    text: str
    advice: str | None = None
    """What to do; None where there is nothing to do."""


class _WithDefault(LazyGroup):
    """A group in which what is no command is an argument of ``check``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``check`` first where no command stands there, and help is not asked for."""
        if not args or (args[0] not in self.places and args[0] not in ctx.help_option_names):
            args = ["check", *args]
        return super().parse_args(ctx, args)


_PLACES = {
    "check": Place("replay.cli.doctor", "check", "Check this machine and a database (default)."),
    "verify": Place(
        "replay.cli.doctor_shake", "verify", "Run calls again and name what is not deterministic."
    ),
    "explain": Place(
        "replay.cli.doctor_shake", "explain", "Label what the results of tools depend on."
    ),
}


@click.command(
    cls=_WithDefault,
    places=_PLACES,
    short_help="Check this machine and a database.",
    epilog=examples(
        "replay doctor",
        "replay doctor traces.db",
        "replay doctor verify traces.db --tools shop.tools:toolbox",
        "replay doctor explain traces.db --tools shop.tools:toolbox",
    ),
)
def doctor() -> None:
    """Say what is here, what is not deterministic, and what results depend on.

    Without a command it checks this machine, and a database that is named.
    """


@click.command(
    short_help="Check this machine and a database (default).",
    epilog=examples("replay doctor", "replay doctor check traces.db", "replay doctor --json"),
)
@click.argument("database", required=False, type=click.Path(path_type=Path))
@json_option
def check(database: Path | None, as_json: bool) -> int:
    """Say what replay finds here: Python, SQLite, clients, sandboxes, configuration, and DATABASE.

    Ends with 3 when something is broken, with what to do about it.
    """
    findings = [*_machine(), *_guards(), *_sandboxes(), *_clients(), _config()]
    if database is not None:
        findings += _database(database)
    if as_json:
        terminal.emit_json([asdict(finding) for finding in findings])
    else:
        terminal.emit("\n".join(_lines(findings, width=terminal.width())))
    broken = any(finding.state == "broken" for finding in findings)
    return ExitCode.COULD_NOT_RUN if broken else ExitCode.OK


def _machine() -> list[Finding]:
    import os
    import platform
    import sqlite3
    import sys

    from replay import __version__

    python = platform.python_version()
    supported = (3, 11) <= sys.version_info[:2] < (3, 14)
    return [
        Finding("replay", "ok", f"{__version__} in {Path(__file__).resolve().parent.parent}"),
        Finding(
            "python",
            "ok" if supported else "broken",
            f"{python} ({sys.executable})",
            None if supported else "replay runs on Python 3.11, 3.12 and 3.13.",
        ),
        _sqlite(sqlite3.sqlite_version),
        Finding("fork", "ok", "one fork per trace keeps traces apart")
        if hasattr(os, "fork")
        else Finding(
            "fork",
            "note",
            "this system has none",
            "Replays start a fresh worker per trace instead; they are slower, not different.",
        ),
        Finding("cores", "ok", f"{os.cpu_count()}"),
    ]


def _guards() -> list[Finding]:
    """What keeps replayed tools in, by trying to get out."""
    from cassettes.kernel.probe import probe

    held = {
        "python": "sockets of Python are refused",
        "program": "programs are refused",
        "c": "connections of C code are refused",
        "c program": "programs that C code starts are refused",
    }
    open_to = {
        "python": "a socket of Python connects",
        "program": "a program starts",
        "c": "C code (ctypes, pycurl, gRPC) can connect",
        "c program": "C code can start programs",
        "probe": "the guards",
    }
    found = probe()
    said = [words for name, words in held.items() if found.get(name) == ""]
    left: dict[str, list[str]] = {why: [] for why in found.values() if why}
    for name, why in found.items():
        if why:
            left[why].append(open_to[name])
    findings = [Finding("guard", "ok", "in a replay " + ", ".join(said))] if said else []
    is_worst = bool(found.get("python") or found.get("program"))
    for why, names in left.items():
        findings.append(
            Finding(
                "left open",
                "broken" if is_worst else "note",
                f"{', '.join(names)}: {why}",
                "Replay where docs/sandbox.md says that this is held, or without a network.",
            )
        )
    return findings


def _sandboxes() -> list[Finding]:
    """Which sandboxes hold here, by trying to write and to connect from inside each."""
    from replay.replayer.sandbox.probe import probe_sandboxes

    found = probe_sandboxes()
    here = [name for name, why_not in found.items() if not why_not]
    findings = []
    if here:
        said = f"{' and '.join(here)}: files are only read, no network, limits (--sandbox auto)"
        findings.append(Finding("sandbox", "ok", said))
    for name, why_not in found.items():
        if why_not:
            advice = "`apt install bubblewrap` brings it." if "no program" in why_not else None
            findings.append(Finding("no sandbox", "note", f"{name}: {why_not}", advice))
    if find_spec("e2b") is not None:
        said = "e2b: its SDK is here; not tried, for a machine there costs money"
        findings.append(Finding("elsewhere", "ok", said))
    return findings


def _sqlite(version: str) -> Finding:
    found = tuple(int(part) for part in version.split("."))
    if found >= (3, 38, 0):
        return Finding("sqlite", "ok", version)
    return Finding(
        "sqlite",
        "broken",
        f"{version}: the database's views need 3.38",
        "Use a Python with a newer SQLite, e.g. from python.org or uv.",
    )


def _clients() -> list[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str] = {}
    for name in (*_SDKS, *_CLIENTS):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    sdks = [f"{name} {found[name]}" for name in _SDKS if name in found]
    clients = [f"{name} {found[name]}" for name in _CLIENTS if name in found]
    return [
        Finding("model clients", "ok", ", ".join(sdks))
        if sdks
        else Finding(
            "model clients",
            "note",
            "none installed here",
            "Recording needs the environment your agent runs in; replaying does not.",
        ),
        Finding("http clients", "ok", ", ".join(clients) or "none installed; nothing to watch"),
    ]


def _config() -> Finding:
    from replay.config import load_config

    try:
        config = load_config()
    except ReplayError as error:
        return Finding("config", "broken", error.wanted, error.hint)
    if config.file is None:
        return Finding("config", "ok", "no [tool.replay] in a pyproject.toml here; the defaults")
    return Finding("config", "ok", f"{config.file}, {len(config.ignore)} ignore rules")


def _database(path: Path) -> list[Finding]:
    from replay.report.ink import count
    from replay.store import Store

    try:
        with Store.open(path, mode="r") as store:
            traces = store.counts().get("trace", 0)
            runs = len(store.runs())
            unknown = store.feedback_of_no_trace()
    except ReplayError as error:
        return [Finding("database", "broken", error.wanted, error.hint)]
    size = path.stat().st_size
    own = {path.name, f"{path.name}.masking-key"}
    spool = [file for file in path.parent.glob(f"{path.name}*") if file.name not in own]
    findings = [
        Finding(
            "database",
            "ok" if traces else "note",
            f"{path}: {count(traces, 'trace')}, {count(runs, 'replay run')}, {size:,} bytes",
            None if traces else "It is empty: `replay record -- python agent.py` fills it.",
        )
    ]
    if unknown:
        from replay.cli.feedback import of_no_trace

        findings.append(Finding("feedback", "note", of_no_trace(unknown)))
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        findings.append(
            Finding(
                "rights",
                "note",
                f"Others on this machine may use {path.name} (mode {mode:03o})",
                f"`chmod 600 {path}` makes it yours alone; its spools get the same.",
            )
        )
    if spool:
        names = ", ".join(sorted(file.name for file in spool))
        findings.append(
            Finding(
                "beside it",
                "note",
                names,
                "They belong to the database while programs use it; move them together.",
            )
        )
    return findings


def _lines(findings: list[Finding], *, width: int) -> list[str]:
    import textwrap

    marks = {"ok": "ok    ", "note": "note  ", "broken": "BROKEN"}
    size = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        head = f"{marks[finding.state]}  {finding.name:{size}}  "
        hang = " " * len(head)
        for text in (finding.text, finding.advice):
            if text:
                lines += textwrap.wrap(
                    text,
                    max(width, 60),
                    initial_indent=head,
                    subsequent_indent=hang,
                    break_long_words=False,  # paths are to be copied
                    break_on_hyphens=False,
                )
            head = hang
    return lines

"""`replay proxy`: record agents in any language, by standing between them and their models."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import examples, read_labels
from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.recorder.proxy import RecordingProxy

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _read_upstreams(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> dict[str, str]:
    """Read ``URL`` or ``PROVIDER=URL``, each."""
    found: dict[str, str] = {}
    for one in value:
        name, equals, url = one.partition("=")
        if not equals or "/" in name:
            name, url = "any", one
        if name not in ("any", "openai", "anthropic", "google"):
            raise click.BadParameter(f"{name!r} is not one of openai, anthropic, google.")
        if not url.startswith(("http://", "https://")):
            raise click.BadParameter(f"{url!r} is no address; give https://api.example.com.")
        found[name] = url
    return found


def _read_place(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, int]:
    """Read ``HOST:PORT`` or ``PORT``."""
    host, colon, port = value.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise click.BadParameter(f"{value!r} is no place to listen; give 127.0.0.1:8787, or 8787.")
    return (host.strip("[]") or "127.0.0.1") if colon else "127.0.0.1", int(port)


@click.command(
    short_help="Record agents in any language, by a proxy.",
    context_settings={"allow_interspersed_args": False},
    epilog=examples(
        "replay proxy --db traces.db",
        "replay proxy --db traces.db -- claude -p 'mend the tests'",
        "replay proxy --to http://localhost:11434 --listen 127.0.0.1:8787",
    ),
)
@click.option("--db", "database", type=click.Path(path_type=Path), help="Default: traces.db.")
@click.option(
    "--to",
    "upstreams",
    multiple=True,
    callback=_read_upstreams,
    metavar="[PROVIDER=]URL",
    help="Where requests go: all of them, or those of openai, anthropic or google. Default: the "
    "provider's own address, told by the path.",
)
@click.option(
    "--listen",
    "place",
    default="127.0.0.1:8787",
    show_default=True,
    callback=_read_place,
    metavar="[HOST:]PORT",
    help="Where agents find it; port 0 is a free one.",
)
@click.option("--app", help="The name of the application or agent.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    callback=read_labels,
    help="A word to find the traces by; may be given again.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def proxy(
    database: Path | None,
    upstreams: dict[str, str],
    place: tuple[str, int],
    app: str | None,
    labels: Mapping[str, str],
    command: tuple[str, ...],
) -> int:
    """Stand between an agent and its models, and record what passes.

    With a COMMAND: run it with OPENAI_BASE_URL, ANTHROPIC_BASE_URL and GOOGLE_GEMINI_BASE_URL set
    to the proxy, and end with its exit code. Without: until Ctrl-C. Requests and answers pass
    unchanged, streams as they come; keys pass and are never stored. Requests with one
    `x-replay-trace` header are one trace; without it the prompts tell what belongs together.
    """
    from replay.config import load_config
    from replay.recorder import Recorder
    from replay.recorder.proxy import UPSTREAMS, RecordingProxy

    config = load_config()
    if database is None:
        database = Path(config.database) if config.database else Path("traces.db")
    if place[0] not in _LOOPBACK:
        terminal.say(f"Whoever reaches {place[0]} can use the proxy, and its traces are kept here.")
    recorder = Recorder(database, app=app, labels=dict(labels), outside=False)
    try:
        with RecordingProxy(
            recorder, {**UPSTREAMS, **upstreams}, host=place[0], port=place[1]
        ) as running:
            code = _run(command, running) if command else _wait(running, database)
    finally:
        recorder.close()
    _tell(recorder.failures, running.count, database)
    return code


def _run(command: tuple[str, ...], running: RecordingProxy) -> int:
    variables = {
        "OPENAI_BASE_URL": f"{running.url}/v1",
        "ANTHROPIC_BASE_URL": running.url,
        "GOOGLE_GEMINI_BASE_URL": running.url,
    }
    try:
        child = subprocess.Popen(command, env={**os.environ, **variables})
    except OSError as error:
        raise ReplayError(
            f"{command[0]!r} cannot be started: {error.strerror}.",
            hint="Everything after `--` is the command, as in a shell.",
        ) from error
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the agent's
    try:
        code = child.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code


def _wait(running: RecordingProxy, database: Path) -> int:
    terminal.say(
        f"Recording into {database}. Point your agent here; Ctrl-C ends it.\n"
        f"  export OPENAI_BASE_URL={running.url}/v1\n"
        f"  export ANTHROPIC_BASE_URL={running.url}"
    )
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        while not stop.wait(3600):
            pass
    except KeyboardInterrupt:
        terminal.say("")
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _tell(failure_count: int, request_count: int, database: Path) -> None:
    from replay.report.ink import count

    terminal.say(
        f"{count(request_count, 'request')} passed. Next: replay list {terminal.typed(database)}"
    )
    if failure_count:
        terminal.say(
            f"{count(failure_count, 'time')} something could not be recorded: see the log."
        )

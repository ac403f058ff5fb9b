"""`replay record -- CMD`: run a program unchanged, and record the agents in it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import examples, read_labels
from replay.errors import ReplayError, StoreError

if TYPE_CHECKING:
    from replay.store import Store

_FORWARDED = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")


@click.command(
    short_help="Run a program and record its agent.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog=examples(
        "replay record -- python agent.py",
        "replay record --db support.db --app support --label build=17 -- uvicorn app:app",
    ),
)
@click.option("--db", "database", type=click.Path(path_type=Path), help="Default: traces.db.")
@click.option("--app", help="The name of the application or agent.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    callback=read_labels,
    help="A word to find the traces by; may be given again.",
)
@click.option("--keep-streams", is_flag=True, help="Keep the raw events of streamed answers.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def record(
    database: Path | None,
    app: str | None,
    labels: Mapping[str, str],
    keep_streams: bool,
    command: tuple[str, ...],
) -> int:
    """Run COMMAND as it is, and record the model calls of every Python process in it.

    Model calls are those of OpenAI, Anthropic, Google and Bedrock and of all who speak like them,
    to any host, through httpx, httpx2 or urllib3; what tools answered is read from the next prompt,
    and tools of a replay toolbox are recorded in full. What others ask by HTTP is kept with their
    turn: docs/recording.md. Ends with COMMAND's own exit code (128 + n when signal n killed it).

    Not seen: Pythons started with -I, -E or -S, and calls through other HTTP libraries.
    """
    from replay.config import load_config
    from replay.recorder.process import Orders, environment
    from replay.store import Store

    place = (database or _default_database()).absolute()
    orders = Orders(
        str(place),
        app=app,
        labels=dict(labels),
        keep_streams=keep_streams,
        mask=load_config().mask.model_dump(),
    )
    began_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with Store.open(place, "create") as store:
        before = store.counts()
    code = _run(command, environment(orders, os.environ))
    try:
        with Store.open(place, "w") as store:
            store.flush()
            after = store.counts()
            unseen = unseen_count(store, began_at)
    except StoreError as error:
        # The program has ended as it would have without us; its code is the answer.
        terminal.say(f"What was recorded cannot be counted now. {error}")
        return code
    terminal.say(_summary(before, after, place))
    if unseen:
        terminal.say(_unseen_words(unseen))
    return code


def _default_database() -> Path:
    from replay.config import load_config

    return load_config().database_path or Path("traces.db")


def _run(command: tuple[str, ...], environment: dict[str, str]) -> int:
    """Run ``command`` to its end and return its exit code.

    Raises:
        ReplayError: it cannot be started.
    """
    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise ReplayError(
            f"Cannot run {command[0]!r}: {error.strerror}.",
            hint="Give the command after `--`: `replay record -- python agent.py`.",
        ) from error
    with _forwarding(process):
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextlib.contextmanager
def _forwarding(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hand signals on to ``process`` and live until it ends, whatever it makes of them."""

    def forward(number: int, frame: Any) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    def interrupt(number: int, frame: Any) -> None:
        # Ctrl-C reaches everybody in the terminal's foreground group: the program has it already,
        # and a second one would cut its own cleaning up short.
        if not _is_foreground():
            forward(number, frame)

    handlers = {getattr(signal, name): forward for name in _FORWARDED if hasattr(signal, name)}
    handlers[signal.SIGINT] = interrupt
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_foreground() -> bool:
    try:
        terminal_file = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal_file) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal_file)


def _summary(before: Mapping[str, int], after: Mapping[str, int], place: Path) -> str:
    new = Counter(after)  # a kind that there is none of is not among the counts
    new.subtract(before)
    shown = _shown(place)
    if not new["model_call"] and not new["tool_call"]:
        return (
            f"No model call was seen; {shown} is as it was. Seen are calls to the APIs of OpenAI, "
            "Anthropic, Google and Bedrock, through httpx, httpx2 or urllib3: docs/middleware.md."
        )
    words = (("trace", "trace"), ("model_call", "model call"), ("tool_call", "tool call"))
    counted = ", ".join(f"{new[k]} {word}{'' if new[k] == 1 else 's'}" for k, word in words)
    return f"Recorded {counted} in {shown}. See them: replay list {shown}"


# Of the tables: the times that the views show are in no index. The signs are for affinity.
_UNSEEN = """
SELECT count(*) FROM trace_rows AS trace JOIN tool_call_rows AS call ON call.trace = +trace.key
WHERE trace.started_us >= ?
  AND json_extract(content_text(call.attributes), '$.outcome_from') = 'prompt'
  AND call.outcome = 'ok'
"""


def unseen_count(store: Store, since: str) -> int:
    """Return how many tool calls were recorded since then whose tools were not seen to run."""
    from replay.store.times import microseconds

    _, rows = store.query(_UNSEEN, (microseconds(since),))
    return int(rows[0][0])


def _unseen_words(count: int) -> str:
    is_one = count == 1
    calls = "1 tool call was" if is_one else f"{count:,} tool calls were"
    them, tools = ("it", "tool") if is_one else ("them", "tools")
    return (
        f"{calls} recorded without seeing the tool run: HTTP requests are kept by turn, not by "
        "call.\n"
        f"To see more of {them}, let a Toolbox run the {tools}, or mark {them} with "
        "`@recorder.tool`: docs/recording.md."
    )


def _shown(place: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(place.relative_to(Path.cwd()))
    return str(place)

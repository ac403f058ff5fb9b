"""`replay audit`, and noting in a database which commands read, exported or changed it."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.errors import ExitCode

if TYPE_CHECKING:
    from replay.store.audit import Act, Entry

_ACTS: Final[dict[str, Act]] = {
    "export": "exported",
    "cassettes export": "exported",
    "hold": "changed",
    "release": "changed",
    "pin": "changed",
    "unpin": "changed",
    "approve": "changed",
    "feedback": "changed",
    "mask": "changed",
    "cassettes refresh": "changed",
}
"""What commands do that are always noted; removals note themselves, where they happen."""
_CHANGES_BY: Final = {
    "mask": ("wants", ("apply",)),
    "feedback": ("rating score label note correction", ()),
}
"""Of commands that may only look: the options that make them change something; of one option, the
values that do."""
_SILENT: Final = (
    *("audit", "prune", "forget", "completion", "doctor"),
    *("db encrypt", "db decrypt", "db rekey"),  # which note themselves, in the file that is left
)
_SECRET_OPTIONS: Final = frozenset(
    f"--{name}"
    for name in (
        *("value", "note", "reason", "correction", "label", "by", "text", "where"),
        *("set", "arguments", "outside", "response", "header", "env", "watch"),
    )
)
"""What people say, and values to look for: where it is kept it is masked, here nobody looks."""
_QUOTED: Final = re.compile(r"'[^']*'")


@contextmanager
def noting(path: str, database: Path, options: Mapping[str, Any]) -> Iterator[None]:
    """Note the command that the block runs, if ``[tool.replay] audit`` says to note it.

    What shows something is noted before it shows it, what changes something when it is done.
    ``path``: as click names it, ``replay db query``; ``options``: what the command was given.
    """
    name = path.partition(" ")[2]
    act = _act(name, options)
    if act in ("read", "revealed"):
        note_in(database, name, act)
    yield
    if act not in (None, "read", "revealed"):
        note_in(database, name, act)


def _act(name: str, options: Mapping[str, Any]) -> Act | None:
    """Return what a command does; None: nothing that is noted."""
    if name in _SILENT:
        return None
    act = _ACTS.get(name) if _changes(name, options) else None
    return act or ("revealed" if options.get("reveal") else "read")


def is_noted() -> bool:
    """Say whether the settings want changes noted."""
    from replay.config import load_config

    return load_config().audit != "off"


def said(database: Path) -> str:
    """Return the command line of this process, without the values that it must not keep.

    What has the form of a secret or of personal data is masked, as recordings into ``database``
    are: a key in an address, a name in that of a file.
    """
    import secrets

    from cassettes.redaction import KeyUnusable, Redactor, known_key

    try:
        key = known_key(database)
    except KeyUnusable:
        key = None
    redactor = Redactor(key or secrets.token_bytes(32), personal=True, environment=False)
    return redactor.text(_said(sys.argv[1:]))


def note_in(database: Path, name: str, act: Act, words: str | None = None) -> None:
    """Note that the command ``name`` did this in a database, if the settings say to note it.

    ``words``: in which; None: as it was typed.
    """
    from replay.cli.settings_at_hand import has_settings

    if act == "read" and not has_settings():
        return  # what is read is noted only where somebody wants it
    from replay.cli.masked import is_child
    from replay.config import load_config

    wanted = load_config().audit
    if wanted == "off" or (act == "read" and wanted != "all"):
        return
    if is_child() or not database.is_file():
        return  # a child's parent notes it
    from replay.store.audit import note_act_in

    why = note_act_in(database, name, act, said(database) if words is None else words)
    if why is not None:
        terminal.say(f"Not noted in the audit of {database}: {why}.")


def _changes(name: str, options: Mapping[str, Any]) -> bool:
    names, values = _CHANGES_BY.get(name, ("", ()))
    given = [options.get(one) for one in names.split()]
    if values:
        return any(one in values for one in given)
    return not names or any(one not in (None, False, ()) for one in given)


def _said(words: list[str]) -> str:
    """Return a command line without the values that it must not keep."""
    shown = []
    hides_next = False
    for word in words:
        option, equals, _ = word.partition("=")
        is_secret = option in _SECRET_OPTIONS
        # SQL looks for values between quotes.
        kept = _QUOTED.sub("'…'", word)
        shown.append("…" if hides_next else f"{option}=…" if is_secret and equals else kept)
        hides_next = is_secret and not equals
    return " ".join(shown)


@click.command(
    short_help="List who read, exported or removed what.",
    epilog=examples("replay audit traces.db", "replay audit traces.db --json --limit 1000"),
)
@database_and()
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, metavar="COUNT", help="At most so many: 50."
)
@click.option(
    "--note-reveal",
    "by",
    metavar="COMMAND",
    help="List nothing: note that this command shows hidden values, as `replay ui` has it noted.",
)
@json_option
def audit(database: Path, limit: int, by: str | None, as_json: bool) -> int:
    """List what was done to DATABASE, the newest first: by whom, with which command, when.

    Exports, removals, changes and reveals of hidden values are noted; what is read only where
    `[tool.replay]` says `audit = "all"`. Whoever may write the file may change its rows, too.
    """
    from dataclasses import asdict

    from replay.store import Store

    if by is not None:  # the screen reads only: it has this noted
        note_in(database, by, "revealed", f"{by} {database}")
        return ExitCode.OK
    with Store.open(database, mode="r") as store:
        found = store.audit_entries(limit)
    if as_json:
        terminal.emit_json([asdict(one) for one in found])
        return ExitCode.OK
    if not found:
        terminal.say(
            f"Nothing was exported, revealed, removed or changed by hand in {database} yet."
        )
        return ExitCode.OK
    terminal.emit("\n".join(_lines(found, terminal.width())))
    return ExitCode.OK


def _lines(found: list[Entry], width: int) -> list[str]:
    """Return a table of what was done, told whole: over several lines where it is long."""
    from replay.cli.transcripts import moment

    users = [one.user or "" for one in found]
    of_user = max(len("USER"), *map(len, users))
    before = f"{{:19}}  {{:{of_user}}}  {{:8}}  "
    indent = len(before.format("", "", ""))
    lines = [before.format("WHEN (UTC)", "USER", "ACT") + "WHAT"]
    for one, user in zip(found, users, strict=True):
        what = one.what if one.command in one.what else f"{one.command}: {one.what}"
        told = textwrap.wrap(what, max(20, width - indent), break_on_hyphens=False)
        start = before.format(moment(one.at)[:19], user, one.act)
        lines += [start + told[0], *(" " * indent + line for line in told[1:])]
    return lines

"""`replay db encrypt`, `decrypt` and `rekey`."""

from __future__ import annotations

from pathlib import Path

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples
from replay.errors import ExitCode


@click.command(
    short_help="Encrypt a database, with its log and spools.",
    epilog=examples("REPLAY_DATABASE_KEY_FILE=~/.replay-key replay db encrypt traces.db"),
)
@database_and()
def encrypt(database: Path) -> int:
    """Encrypt DATABASE with SQLCipher, under the key that the environment gives.

    REPLAY_DATABASE_KEY is the key, REPLAY_DATABASE_KEY_FILE a file with it, or
    REPLAY_DATABASE_KEY_COMMAND a command that prints it: 64 hex digits, or 16 characters and more.
    Whoever records, replays or looks needs it from now on. Nobody else may have the file open now.
    """
    return _done("encrypt", database, "is encrypted. Keep the key: nobody reads it without.")


@click.command(
    short_help="Take the encryption off a database.",
    epilog=examples("REPLAY_DATABASE_KEY_FILE=~/.replay-key replay db decrypt traces.db"),
)
@database_and()
def decrypt(database: Path) -> int:
    """Write DATABASE in the clear again; the key is the environment's, as for `encrypt`."""
    return _done("decrypt", database, "is in the clear.")


@click.command(
    short_help="Give an encrypted database another key.",
    epilog=examples(
        "REPLAY_DATABASE_KEY_FILE=old REPLAY_DATABASE_NEW_KEY_FILE=new replay db rekey traces.db"
    ),
)
@database_and()
def rekey(database: Path) -> int:
    """Encrypt DATABASE with another key: REPLAY_DATABASE_NEW_KEY, or with _FILE or _COMMAND."""
    return _done("rekey", database, "has the new key. The old one opens it no longer.")


def _done(act: str, database: Path, said: str) -> int:
    from replay.store.encrypting import ACTS

    ACTS[act](database)
    terminal.say(f"{database} {said}")
    return ExitCode.OK

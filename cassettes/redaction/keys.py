"""The key of placeholders: where it lives, and how it comes into being.

Placeholders are only as good as their key is secret: with it, guesses can be tried. So it never
stands in what is recorded. It is the environment's (``REPLAY_MASKING_KEY``, to share one between
machines), or a file of the owner's alone beside what is recorded, made when it is first needed.
Lose it, and what was recorded still replays; new placeholders are then other ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

from cassettes.errors import CassetteError

VARIABLE: Final = "REPLAY_MASKING_KEY"
LENGTH_MIN: Final = 16
"""Characters that a key must have at least."""


class KeyUnusable(CassetteError):
    """A key cannot be read, cannot be made, or is too short to be one."""


def key_path(beside: str | os.PathLike[str]) -> Path:
    """Return where the key of a database (or another file) lies: ``traces.db.masking-key``."""
    place = Path(beside)
    return place.with_name(place.name + ".masking-key")


def key_beside(beside: str | os.PathLike[str]) -> bytes:
    """Return the environment's key, or that of the file ``beside``; it is made if missing.

    Raises:
        KeyUnusable: it is too short, or the file cannot be read or made.
    """
    return key_of_environment() or key_of_file(key_path(beside), make=True)


def known_key(beside: str | os.PathLike[str]) -> bytes | None:
    """Return the key as `key_beside` does, but make none; None: there is none.

    Raises:
        KeyUnusable: it is too short, or the file cannot be read.
    """
    given = key_of_environment()
    path = key_path(beside)
    return given or (key_of_file(path) if path.exists() else None)


def key_of_environment() -> bytes | None:
    """Return the key that ``REPLAY_MASKING_KEY`` holds; None when it is not set.

    Raises:
        KeyUnusable: it is too short.
    """
    given = os.environ.get(VARIABLE)
    return _key(given, f"The variable {VARIABLE}") if given else None


def key_of_file(path: Path, *, make: bool = False) -> bytes:
    """Return the key in the file ``path``; with ``make``, one is put there if it is missing.

    Raises:
        KeyUnusable: the file cannot be read or made, or its key is too short.
    """
    try:
        if make and not path.exists():
            _make(path)
        return _key(path.read_text("utf-8").strip(), f"The file '{path}'")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        act = "read" if path.exists() else "made"
        mend = "the file's rights" if path.exists() else "its folder or disk"
        raise KeyUnusable(
            f"The masking key '{path}' cannot be {act}: {why}. Mend {mend}, or set "
            f"{VARIABLE} to a text of {LENGTH_MIN} characters or more."
        ) from error


def fingerprint(key: bytes) -> str:
    """Return eight hex digits by which a key is told from others, and not guessed."""
    return hashlib.blake2b(key, digest_size=4, person=b"fingerprint").hexdigest()


def _key(given: str, where: str) -> bytes:
    if len(given) < LENGTH_MIN:
        raise KeyUnusable(
            f"{where} holds a masking key of {len(given)} characters; with fewer than "
            f"{LENGTH_MIN} the secrets could be guessed from their placeholders. `python -c "
            '"import secrets; print(secrets.token_hex(32))"` makes a good one.'
        )
    return hashlib.blake2b(given.encode(), digest_size=32, person=b"masking key").digest()


def _make(path: Path) -> None:
    """Put a fresh key there; of several processes that do, all go on with one and the same."""
    newborn = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    file = os.open(newborn, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with open(file, "w", encoding="utf-8") as written:
            written.write(secrets.token_hex(32) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(newborn, path)
    finally:
        newborn.unlink()

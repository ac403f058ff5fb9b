"""A world as a file, for carrying it from one worker of ours to another.

The baseline's worker writes the world as the old code left it; today's worker reads it and runs
one call on it. Pickle stays between processes that we started and that both run the user's own
code, so it lets nobody in who is not in already.
"""

from __future__ import annotations

import pickle
from hashlib import blake2b
from pathlib import Path
from typing import Any


class WorldNotPortable(Exception):
    """A world that cannot be carried to another process; the message says why."""


def write_world(world: object, path: Path) -> str:
    """Write ``world`` to ``path`` and return the digest of what was written.

    Raises:
        WorldNotPortable: the world holds something that cannot be pickled.
    """
    try:
        content = pickle.dumps(world, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise WorldNotPortable(
            f"The world cannot be carried to another process: {type(error).__name__}: {error}"
        ) from error
    path.write_bytes(content)
    return blake2b(content, digest_size=16).hexdigest()


def read_world(path: Path) -> Any:
    """Return the world that stands in ``path``.

    Raises:
        WorldNotPortable: today's code cannot take over a world that the old code made.
    """
    content = path.read_bytes()
    try:
        return pickle.loads(content)
    except Exception as error:
        raise WorldNotPortable(
            "Today's code cannot take over the world that the old code made: "
            f"{type(error).__name__}: {error}"
        ) from error

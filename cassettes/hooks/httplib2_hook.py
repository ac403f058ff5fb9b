"""httplib2: it stands on http.client, whose hook carries it; only its ``connect`` is its own.

It connects before it asks, which http.client does while it sends. Left to http.client, a refused
connection belongs to the request, and a replay opens none.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from cassettes.scope import current


def hook_httplib2(module: Any) -> None:
    """Hook the connections of ``httplib2``."""
    for name in ("HTTPConnectionWithTimeout", "HTTPSConnectionWithTimeout"):
        connection = getattr(module, name)
        connection.connect = _when_it_sends(connection.connect)


def _when_it_sends(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def connect(self: Any) -> None:
        scope = current.get()
        if scope is None or scope.cassette is None:
            original(self)

    return connect

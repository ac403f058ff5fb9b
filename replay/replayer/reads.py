"""What code held and read while it ran: where today's data are that nothing else shows.

A profile function sees what Python functions return and what their names stood for at the end;
an audit hook hears of files and SQLite databases. Both see more than is needed, in a rehearsal that
is thrown away.
"""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import threading
from collections.abc import Iterable, Iterator
from types import CodeType, FrameType, TracebackType
from typing import Any, Final
from urllib.parse import quote

_OBJECTS_MAX: Final = 500_000
_FILES_MAX: Final = 200
_FILE_BYTES_MAX: Final = 64 << 20
_LIBRARIES: Final = tuple(
    {f"{sysconfig.get_path(one)}{os.sep}" for one in ("stdlib", "purelib", "platlib")}
)
_NO_DATA: Final = (".py", ".pyc", ".so", ".pth")
_SYSTEM: Final = ("/proc/", "/dev/", "/sys/")
_SQLITE: Final = b"SQLite format 3\x00"
_PLAIN: Final = (int, float, bool, type(None))


class Reads:
    """Notes, while it is open, what this thread's functions held and what was opened."""

    def __init__(self) -> None:
        self._objects: dict[int, Any] = {}
        self._files: dict[str, None] = {}
        self._is_on = False
        self._thread = threading.get_ident()
        self._are_libraries: dict[CodeType, bool] = {}

    def __enter__(self) -> Reads:
        self._is_on = True
        sys.addaudithook(self._hear)
        sys.setprofile(self._see)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sys.setprofile(None)
        self._is_on = False

    def found(self) -> Iterable[Any]:
        """Yield what may hold data: objects, then the contents of files and databases."""
        yield from list(self._objects.values())
        for path in self._files:
            with contextlib.suppress(OSError):
                yield from _contents(path)

    def _see(self, frame: FrameType, event: str, value: Any) -> None:
        if event != "return" or len(self._objects) >= _OBJECTS_MAX:
            return
        if not self._is_library(frame.f_code):
            for one in (value, *frame.f_locals.values()):
                self._keep(one)
        elif frame.f_back is not None and not self._is_library(frame.f_back.f_code):
            self._keep(value)

    def _keep(self, value: Any) -> None:
        if type(value) not in _PLAIN:
            self._objects[id(value)] = value

    def _is_library(self, code: CodeType) -> bool:
        if code not in self._are_libraries:
            self._are_libraries[code] = code.co_filename.startswith(_LIBRARIES)
        return self._are_libraries[code]

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_on or event not in ("open", "sqlite3.connect"):
            return
        if threading.get_ident() != self._thread or len(self._files) >= _FILES_MAX:
            return
        try:
            path = os.fsdecode(arguments[0])
        except TypeError:  # a descriptor
            return
        if not path.endswith(_NO_DATA) and not path.startswith((*_LIBRARIES, *_SYSTEM)):
            self._files[path] = None


def _contents(path: str) -> Iterable[Any]:
    if not os.path.isfile(path) or os.path.getsize(path) > _FILE_BYTES_MAX:
        return
    with open(path, "rb") as file:
        content = file.read()
    if content.startswith(_SQLITE):
        import sqlite3

        uri = f"file:{quote(os.path.abspath(path))}?mode=ro"
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(uri, uri=True)) as connection,
        ):
            yield list(rows_of(connection))
    else:
        with contextlib.suppress(UnicodeDecodeError):
            yield content.decode()


def is_connection(one: Any) -> bool:
    """Whether ``one`` is a connection to a SQLite database."""
    module = sys.modules.get("sqlite3")
    return module is not None and isinstance(one, module.Connection)


def rows_of(connection: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of all tables of a SQLite database, as far as it can be read."""
    import sqlite3

    with contextlib.suppress(sqlite3.Error):
        # The driver's own: a hook of ours, or a subclass of the user's, may stand before it.
        cursor = sqlite3.Connection.cursor(connection)
        cursor.row_factory = None
        named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (name,) in cursor.execute(named).fetchall():
            with contextlib.suppress(sqlite3.Error):
                yield from cursor.execute('SELECT * FROM "{}"'.format(name.replace('"', '""')))

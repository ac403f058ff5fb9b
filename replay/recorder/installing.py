"""`replay.install()`: record every agent of this process, from now on, without a change to it.

What is not given is read from the environment, then from ``[tool.replay]``::

    REPLAY_DATABASE      where to; else the configured database, else traces.db
    REPLAY_APP           the name of the application
    REPLAY_LABELS        team=support,build=17
    REPLAY_KEEP_STREAMS  1: keep raw server-sent events
    REPLAY_RECORDING     off: record nothing
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from replay.errors import ReplayError
from replay.recorder.http_plane import MODULES
from replay.recorder.process import VARIABLE, recorder_by_orders
from replay.recorder.recorder import Recorder
from replay.recorder.urllib3_plane import MODULE

_OFF: Final = ("off", "0", "no", "false")
_lock = threading.RLock()
_installed: tuple[Recorder, Path | None] | None = None


def install(
    database: str | os.PathLike[str] | None = None,
    *,
    app: str | None = None,
    code_version: str | None = None,
    labels: Mapping[str, str] | None = None,
    keep_streams: bool | None = None,
    **options: Any,
) -> Recorder | None:
    """Record every model call of this process, and return the recorder that does; for good.

    Call it once, early. Again, it returns the same recorder. Under ``replay record`` that
    command's orders hold, whatever is given here. Clients that are imported later are seen too;
    model calls outside of ``recorder.trace()`` are put together into traces by their prompts.

    Args:
        database: A path; None: as the environment says.
        app: The name of the application or agent.
        code_version: The application's version; None leaves it out.
        labels: Words that every trace gets.
        keep_streams: Keep the raw server-sent events of streamed answers.
        options: More of `Recorder`: ``mask``, ``outside``, ``keep_draws``.

    Returns:
        The recorder; None where ``REPLAY_RECORDING`` is off.

    Raises:
        ReplayError: this process is recorded into another database already.
        ConfigError, StoreError: as `Recorder` does, for mistakes in setting it up.
    """
    global _installed
    with _lock:
        if _installed is not None:
            return _again(_installed, database)
        if os.environ.get("REPLAY_RECORDING", "").strip().lower() in _OFF:
            return None
        if VARIABLE in os.environ:
            _installed = recorder_by_orders(), None
        else:
            place = Path(database or os.environ.get("REPLAY_DATABASE") or _configured()).absolute()
            recorder = Recorder(
                place,
                app=app or os.environ.get("REPLAY_APP"),
                code_version=code_version,
                labels={**_labels(), **(labels or {})},
                keep_streams=_keeps_streams() if keep_streams is None else keep_streams,
                **options,
            )
            recorder.watch_turns()
            atexit.register(recorder.close)
            _installed = recorder, place
        watch_process(_installed[0])
        return _installed[0]


def watch_process(recorder: Recorder) -> None:
    """Watch every client of this process that `recorder` knows, also those imported later."""
    from cassettes.hooks.imports import when_imported

    for name in (*MODULES, MODULE):
        when_imported(name, recorder.watch_module)


def _again(
    installed: tuple[Recorder, Path | None], database: str | os.PathLike[str] | None
) -> Recorder:
    recorder, place = installed
    if database is not None and place is not None and Path(database).absolute() != place:
        raise ReplayError(
            f"replay.install() got the database {str(database)!r}, but this process is recorded "
            f"into {str(place)!r} already.",
            hint="Call it once in a process. For several databases, make a Recorder for each, and "
            "give it the clients that it is to watch: recorder.wrap(client).",
        )
    return recorder


def _configured() -> Path:
    from replay.config import load_config

    return load_config().database_path or Path("traces.db")


def _keeps_streams() -> bool:
    said = os.environ.get("REPLAY_KEEP_STREAMS", "").strip().lower()
    return bool(said) and said not in _OFF


def _labels() -> dict[str, str]:
    said = os.environ.get("REPLAY_LABELS", "")
    pairs = [pair.partition("=") for pair in said.split(",") if pair.strip()]
    wrong = next((name for name, sign, _ in pairs if not sign or not name.strip()), None)
    if wrong is not None:
        raise ReplayError(
            f"REPLAY_LABELS is {said!r}; {wrong!r} in it is no label.",
            hint="Write name=value, with commas between: REPLAY_LABELS=team=support,build=17",
        )
    return {name.strip(): value.strip() for name, _, value in pairs}

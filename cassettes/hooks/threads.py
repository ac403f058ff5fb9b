"""Carry the scope into threads and pools; asyncio carries it by itself.

Plain threads do not inherit context variables: a request made in one would be recorded nowhere,
and in a replay it would slip past the cassette.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cassettes.scope import current


def carry_scope_into_threads() -> None:
    """Hook ``Thread.start`` and ``ThreadPoolExecutor.submit``."""
    threading.Thread.start = _carrying_start(threading.Thread.start)  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = _carrying_submit(  # type: ignore[method-assign]
        ThreadPoolExecutor.submit
    )


def _carrying_start(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        scope = current.get()
        if scope is not None:
            run = self.run

            def run_in_scope() -> None:
                token = current.set(scope)
                try:
                    run()
                finally:
                    current.reset(token)
                    self.__dict__.pop("run", None)

            self.run = run_in_scope  # type: ignore[method-assign]
        original(self)

    return start


def _carrying_submit(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def submit(
        self: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        scope = current.get()
        if scope is None:
            return original(self, function, *args, **kwargs)

        def run_in_scope(*args: Any, **kwargs: Any) -> Any:
            token = current.set(scope)
            try:
                return function(*args, **kwargs)
            finally:
                current.reset(token)

        # The pool may start a worker now, which outlives this scope and serves others: it must
        # not inherit ours. Only the job does.
        token = current.set(None)
        try:
            return original(self, run_in_scope, *args, **kwargs)
        finally:
            current.reset(token)

    return submit

"""Hooks into HTTP clients, threads and draws: put in once per process, on their classes.

Nothing is swapped per cassette, nothing is ever taken out again, and no client is imported: a
hook is set when its client is, whether that was before ``install`` or comes later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from cassettes.hooks.imports import when_imported

__all__ = ["install"]

_lock = threading.Lock()
_installed = False


def install(*, world: bool = False) -> None:
    """Put the hooks in. Call it once per process, early; more calls are free.

    ``world=True`` also installs the frozen world (clock, sleep, randomness), for processes that
    replay. It must come before the code it is to hold is imported, and it never belongs into a
    process that serves users: every clock read there would cost a microsecond more.
    """
    global _installed
    with _lock:
        if not _installed:
            _installed = True
            _install_hooks()
        if world:
            from cassettes.world import install_world

            install_world()


def _install_hooks() -> None:
    from cassettes.hooks.draws_hook import install_draws
    from cassettes.hooks.threads import carry_scope_into_threads

    carry_scope_into_threads()
    install_draws()
    for name, hook in _HOOKS.items():
        when_imported(name, hook)


def _httpx(module: ModuleType) -> None:
    from cassettes.hooks.httpx_hook import hook_httpx

    hook_httpx(module)


def _urllib3(module: ModuleType) -> None:
    from cassettes.hooks.urllib3_hook import hook_urllib3

    hook_urllib3(module)


def _http_client(module: ModuleType) -> None:
    from cassettes.hooks.http_client_hook import hook_http_client

    hook_http_client(module)


def _aiohttp(module: ModuleType) -> None:
    from cassettes.hooks.aiohttp_hook import hook_aiohttp

    hook_aiohttp(module)


def _httplib2(module: ModuleType) -> None:
    from cassettes.hooks.httplib2_hook import hook_httplib2

    hook_httplib2(module)


def _tornado(module: ModuleType) -> None:
    from cassettes.hooks.tornado_hook import hook_tornado

    hook_tornado(module)


_HOOKS: dict[str, Callable[[Any], None]] = {
    "httpx": _httpx,
    "httpx2": _httpx,
    "urllib3.connectionpool": _urllib3,
    "http.client": _http_client,
    "aiohttp.client": _aiohttp,
    "httplib2": _httplib2,
    "tornado.simple_httpclient": _tornado,
}

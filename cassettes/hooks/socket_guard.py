"""The last line of a process that may not talk: no Python socket connects or sends.

An audit hook sees every connect, also through ``_socket``, asyncio and UDP. C code that makes its
own system calls does not pass here; that takes the kernel.
"""

from __future__ import annotations

import socket
import sys
import threading
from typing import Any, NoReturn

from cassettes.errors import EgressBlocked
from cassettes.interaction import Request
from cassettes.scope import current, is_allowed, is_closed, process

_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"})


def install_guard() -> None:
    """Add the audit hook. It stays for the life of the process and obeys its policy."""
    sys.addaudithook(_audit)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event in _EVENTS and is_closed() and not getattr(_looking_up, "now", False):
        _check(event, args)


def _block(what: str, address: str) -> NoReturn:
    scope = current.get()
    if scope is not None and scope.cassette is not None:
        # A result of the replay, whatever the tool does with the exception.
        scope.cassette.refuse(Request("CONNECT", f"socket://{address}"))
    elif scope is None:
        process.strays.append(f"CONNECT socket://{address}")
    raise EgressBlocked(what, address)


def _check(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host, port = args[0], args[1]
        if host is None or _is_numeric(host):
            return  # nothing is looked up; the connect that follows is judged
        host = host.decode("idna") if isinstance(host, bytes) else str(host)
        if not is_allowed(host, _number(port)):
            _block(f"socket.getaddrinfo({host!r})", host)
        _learn(host, _number(port))
        return
    sock, address = args[0], args[1]
    if address is None:
        return  # a connected socket; its connect was judged
    if isinstance(address, (str, bytes)):
        path = address.decode("utf-8", "replace") if isinstance(address, bytes) else address
        path = "@" + path[1:] if path.startswith("\0") else path  # abstract, as `ss` shows it
        if f"unix:{path}".lower() not in process.allowed:
            _block(event, f"unix:{path}")
        return
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        _block(event, repr(address))
    host, port = str(address[0]), int(address[1])
    if not is_allowed(host, port) and (host, port) not in _learned:
        _block(event, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


_looking_up = threading.local()

_learned: set[tuple[str, int]] = set()
"""Numeric addresses that allowed names stand for."""


def _learn(host: str, port: int | None) -> None:
    # Resolved here and now, unseen by our own audit hook, so that the connect is recognised.
    _looking_up.now = True
    try:
        for *_, address in socket.getaddrinfo(host, port):
            _learned.add((str(address[0]), int(address[1])))
    except OSError:
        return  # the caller is about to see the same error
    finally:
        _looking_up.now = False


def _is_numeric(host: Any) -> bool:
    text = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text.partition("%")[0])
        except OSError:
            continue
        return True
    return text == ""


def _number(port: Any) -> int | None:
    return (
        int(port) if isinstance(port, int) or (isinstance(port, str) and port.isdigit()) else None
    )

"""Addresses as the kernel writes them, and which of them a user's list lets through."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from pathlib import Path

_QUIET = ("/var/run/nscd/", "/run/nscd/", "/run/systemd/userdb/", "/var/lib/sss/", "/run/dbus/")
"""Where the C library asks for users and hosts of its own accord; it does without."""

Address = tuple[str, int | None]
"""Host and port, or ``unix:/path`` and None."""


def read_address(raw: bytes) -> Address | None:
    """Return the address in a ``sockaddr``; None for one that leads nowhere (AF_UNSPEC)."""
    if len(raw) < 2:
        return None
    (family,) = struct.unpack_from("=H", raw)
    if family == socket.AF_UNSPEC:
        return None
    if family == socket.AF_INET and len(raw) >= 8:
        return socket.inet_ntop(socket.AF_INET, raw[4:8]), struct.unpack_from(">H", raw, 2)[0]
    if family == socket.AF_INET6 and len(raw) >= 24:
        host = socket.inet_ntop(socket.AF_INET6, raw[8:24])
        return host.removeprefix("::ffff:"), struct.unpack_from(">H", raw, 2)[0]
    if family == socket.AF_UNIX:
        path = raw[2:]
        text = path[1:] if path[:1] == b"\0" else path.split(b"\0")[0]
        mark = "@" if path[:1] == b"\0" else ""
        return f"unix:{mark}{text.rstrip(bytes(1)).decode('utf-8', 'replace')}", None
    return f"family {family}", None


def shown(address: Address) -> str:
    """Return ``address`` as a person would allow it."""
    host, port = address
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_quiet(address: Address) -> bool:
    """Return whether nobody asked for this but the C library itself."""
    return address[0].removeprefix("unix:").startswith(_QUIET)


def allowed_addresses(allow: Iterable[str]) -> frozenset[str]:
    """Return what ``allow`` lets through, in numbers: names are looked up here and now.

    Where it has names, the machine's name servers are in it too.
    """
    found: set[str] = set()
    has_names = False
    for one in allow:
        if one.startswith(("run:", "write:")):
            continue
        if one.startswith("unix:"):
            found.add(one)
            continue
        host, port = _split(one)
        for number in _numbers(host):
            found.add(number if port is None else shown((number, port)))
        has_names = has_names or (not _is_number(host) and host != "localhost")
    if has_names:
        found |= {f"{server}:53" for server in _name_servers()}
    return frozenset(found)


def is_allowed(address: Address, allowed: frozenset[str]) -> bool:
    """Return whether ``address`` is one of ``allowed``, with its port or with any."""
    if address[1] is None:
        return address[0].lower() in allowed or address[0] in allowed
    return address[0] in allowed or shown(address) in allowed


def _split(one: str) -> tuple[str, int | None]:
    host, colon, port = one.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(port)
    return one.strip("[]"), None


def _is_number(host: str) -> bool:
    return any(_fits(family, host) for family in (socket.AF_INET, socket.AF_INET6))


def _fits(family: int, host: str) -> bool:
    try:
        socket.inet_pton(family, host)
    except OSError:
        return False
    return True


def _numbers(host: str) -> set[str]:
    if _is_number(host):
        return {host}
    try:
        return {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return set()  # it is not known now: the tool that asks for it hears the same


def _name_servers() -> list[str]:
    try:
        lines = Path("/etc/resolv.conf").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.split()[1] for line in lines if line.startswith("nameserver") and line.split()[1:]]

"""Where a request belongs: one ContextVar says which cassette (and clock) is in force.

Entering and leaving is one set and one reset, so any number of threads and tasks can each have a
cassette of their own. A request with no scope around it follows the process's policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from cassettes.errors import CassetteMiss, EgressBlocked, WorldNotInstalled
from cassettes.interaction import Interaction, Request
from cassettes.never import wait_for_good

if TYPE_CHECKING:
    from cassettes.cassette import Cassette
    from cassettes.world.clock import Clock
    from cassettes.world.entropy import Entropy


class Scope:
    """What holds inside one ``with freeze(...)``."""

    __slots__ = (
        *("cassette", "clock", "entropy", "imports", "is_replay", "silenced"),
        "__weakref__",  # who holds nothing else learns from it that nobody is in here any more
    )

    def __init__(
        self,
        cassette: Cassette | None,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
    ) -> None:
        """``cassette`` None: a client is at work below its own hook, lower hooks stay silent."""
        self.cassette = cassette
        self.clock = clock
        self.entropy = entropy
        self.imports = False
        """Whether a module is being imported: in a time and chance of its own."""
        self.is_replay = cassette is not None and not cassette.goes_out
        """Whether connections are refused; also where lower hooks are silenced."""
        self.silenced = self
        if cassette is not None:
            self.silenced = Scope(None, clock, entropy)
            self.silenced.is_replay = self.is_replay

    @contextmanager
    def below(self) -> Iterator[None]:
        """Silence the hooks of the layers under the client that is at work."""
        token = current.set(self.silenced)
        try:
            yield
        finally:
            current.reset(token)


current: ContextVar[Scope | None] = ContextVar("cassettes_scope", default=None)
"""The scope in force, or None. Hooks read it on every request."""


class _Outside:
    """The process's policy for requests outside any cassette."""

    __slots__ = ("allowed", "blocks", "guard_installed", "strays", "world_installed")

    def __init__(self) -> None:
        self.blocks = False
        self.allowed: frozenset[str] = frozenset()
        self.guard_installed = False
        self.strays: list[str] = []
        """What was refused outside any cassette, in one line each: a thread without its scope."""
        self.world_installed = False


process = _Outside()


def outside(policy: Literal["pass", "block"], *, allow: Iterable[str] = ()) -> None:
    """Say what a request outside any cassette does in this process.

    ``pass``: it goes out, unrecorded and untouched (an application that records). ``block``: it
    raises :class:`EgressBlocked`, and so does any other Python socket that connects (a replay).
    No program starts either. ``allow`` names what goes through even so, from inside cassettes
    too: ``host``, ``host:port``, ``unix:/path``, or ``run:program``.
    """
    if policy not in ("pass", "block"):
        raise ValueError(f'outside() takes "pass" or "block", not {policy!r}.')
    process.allowed = frozenset(address.lower() for address in allow)
    process.blocks = policy == "block"
    if process.blocks:
        _guard_process()


def _guard_process() -> None:
    if not process.guard_installed:
        from cassettes.hooks.file_watch import install_file_watch
        from cassettes.hooks.program_guard import install_program_guard
        from cassettes.hooks.socket_guard import install_guard

        process.guard_installed = True
        install_guard()
        install_program_guard()
        install_file_watch()


def is_closed() -> bool:
    """Whether the running code may not reach out: in a replay, or outside in a closed process."""
    scope = current.get()
    return process.blocks if scope is None else scope.is_replay


def is_allowed(host: str, port: int | None) -> bool:
    """Whether the user lets ``host:port`` through."""
    allowed = process.allowed
    if not allowed:
        return False
    host = host.lower()
    return any(one in allowed for one in (host, f"{host}:{port}", f"[{host}]:{port}"))


def address_of(uri: str) -> tuple[str, int | None]:
    """Return host and port that ``uri`` would connect to; None: it names no port."""
    from urllib.parse import urlsplit

    parts = urlsplit(uri)
    return parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def refuse_outside(method: str, uri: str) -> None:
    """Raise :class:`EgressBlocked` for a request outside any cassette, unless it is allowed."""
    host, port = address_of(uri)
    if not is_allowed(host, port):
        raise EgressBlocked(f"{method} {uri}", f"{host}:{port}" if port else host or uri)


def answer(scope: Scope, request: Request) -> Interaction | None:
    """Return the recorded interaction for ``request``; None when it may go out for real.

    On an appending cassette it is then recorded by whoever asked. Time passes until its end.

    Raises:
        CassetteMiss: It is not on the cassette; the miss is kept there as well.
        RecordedError: It was given up when it was recorded, and today it is waited for.
    """
    found = _find(scope, request)
    if found is not None and scope.clock is not None:
        scope.clock.reach(found.ended_ms)
    if found is not None and found.failure is not None and found.failure.is_cancellation:
        wait_for_good(found, scope.clock)
    return found


async def answer_in_time(
    scope: Scope, request: Request, *, head_only: bool = False
) -> Interaction | None:
    """Do as ``answer`` does, and let others on the event loop go on until the recorded end.

    ``head_only``: until the recorded response began; the caller waits for its body's end.
    """
    found = _find(scope, request)
    if found is not None and scope.clock is not None:
        await scope.clock.until(found.answered_at_ms if head_only else found.ended_ms)
    return found


def _find(scope: Scope, request: Request) -> Interaction | None:
    cassette = scope.cassette
    assert cassette is not None
    interaction = cassette.take(request)
    if interaction is None:
        if cassette.goes_out:
            return None  # the hook that asks records it
        if request.method != "CALL" and is_allowed(*address_of(request.uri)):
            cassette.let_through(request)
            return None
        raise CassetteMiss(cassette.miss(request), cassette.name)
    if interaction.response is not None and interaction.response.cut is not None:
        raise CassetteMiss(cassette.cannot_play(request, interaction), cassette.name)
    return interaction


class freeze:  # used as a verb
    """Hold the outside world still for the code inside: ``with freeze(cassette):``.

    Recording cassettes watch, replaying ones answer. ``at`` (UTC epoch seconds) starts the clock
    there, ``seed`` fixes every random draw; both need ``install(world=True)``. The scope follows
    the code into threads, pools and tasks started inside. A cassette is entered once.
    """

    __slots__ = ("_scope", "_token")

    def __init__(
        self, cassette: Cassette, at: float | None = None, seed: str | int | None = None
    ) -> None:
        clock = entropy = None
        if at is not None or seed is not None:
            if not process.world_installed:
                raise WorldNotInstalled
            from cassettes.world.clock import Clock
            from cassettes.world.entropy import Entropy

            clock = Clock(at) if at is not None else None
            cassette.at = at
            entropy = Entropy(str(seed), cassette) if seed is not None else None
        cassette.is_on_virtual_time = clock is not None and cassette.goes_out
        self._scope = Scope(cassette, clock, entropy)
        self._token: Token[Scope | None] | None = None

    def __enter__(self) -> Cassette:
        """Return the cassette."""
        scope = self._scope
        assert scope.cassette is not None
        scope.cassette.open()
        if scope.cassette.is_replay:
            _guard_process()
        if scope.clock is not None:
            scope.clock.start()
        self._token = current.set(scope)
        return scope.cassette

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the scope; responses still being read are kept as far as they were read."""
        if self._token is not None:
            if self._scope.clock is not None:
                self._scope.clock.settle()
            try:
                current.reset(self._token)
            except ValueError:
                # Left in another context than it was entered in, as async generators may be:
                # the variable was never set there.
                current.set(None)
            self._token = None
        if self._scope.cassette is not None:
            self._scope.cassette.close(gives_up=kind is not None)

"""The state that tools share within one trace: how it is made, and how it is taken down.

A factory is a function (or an async one, a generator with one ``yield``, or a context manager)
that takes the trace's recorded start, or nothing.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, get_args, get_origin

from typing_extensions import get_type_hints

from replay.errors import ToolboxError
from replay.records import JsonValue
from replay.tools.signature import caller_names

if TYPE_CHECKING:
    from replay.tools.toolbox import Toolbox


class WorldFactory:
    """The user's function that makes a world, with what its signature tells."""

    def __init__(self, function: Callable[..., Any], *, inject_as: str = "world") -> None:
        """``inject_as``: tools' parameters of this name get the world."""
        self.function = function
        self.inject_as = inject_as
        parameters = inspect.signature(function).parameters.values()
        self.takes_start = any(
            parameter.kind is not inspect.Parameter.VAR_KEYWORD for parameter in parameters
        )
        self.is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(
            inspect.unwrap(function)
        )
        self.world_type = _made_type(function)

    def begin(self, start: JsonValue) -> Any:
        """Call the user's function: a world, an awaitable, a generator or a context manager."""
        return self.function(start) if self.takes_start else self.function()


def _made_type(function: Callable[..., Any]) -> type | None:
    """The user's class that the factory says it makes; None for builtins such as ``dict``."""
    try:
        names = caller_names(function)
        made = get_type_hints(inspect.unwrap(function), localns=names).get("return")
    except Exception:  # noqa: BLE001 -- only a convenience: the parameter's name still works
        return None
    if inspect.isclass(function):
        made = function
    origin = get_origin(made)
    if (
        origin is not None
        and get_args(made)
        and getattr(origin, "__module__", "")
        in (
            "collections.abc",
            "contextlib",
        )
    ):
        made = get_args(made)[0]
    if isinstance(made, type) and made.__module__ != "builtins" and made is not Any:
        return made
    return None


_session: ContextVar[Session | None] = ContextVar("replay_session", default=None)


class Session:
    """One conversation with a toolbox: its world, made on entry and taken down on exit.

    Use it with ``with`` or ``async with``; inside, ``toolbox.dispatch`` finds its world.
    """

    def __init__(self, toolbox: Toolbox, start: JsonValue = None) -> None:
        """``start``: what the world is made from.

        A replay makes it again from what ``recorder.trace(start=...)`` was given.
        """
        self.toolbox = toolbox
        self.start = start
        self.world: Any = None
        self._closers = contextlib.ExitStack()
        self._async_closers: contextlib.AsyncExitStack | None = None
        self._outer: Session | None = None
        self._token: Token[Session | None] | None = None

    def __enter__(self) -> Session:
        factory = self.toolbox.world_factory
        if factory is not None:
            if factory.is_async:
                raise ToolboxError(
                    f"The world of toolbox {self.toolbox.name!r} is made by an async function.",
                    hint="Use `async with toolbox.session(...)`.",
                )
            self.world = self._opened(factory.begin(self.start))
        self._activate()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._deactivate()
        self._closers.__exit__(kind, error, traceback)

    async def __aenter__(self) -> Session:
        factory = self.toolbox.world_factory
        self._async_closers = contextlib.AsyncExitStack()
        if factory is not None:
            made = factory.begin(self.start)
            if inspect.isawaitable(made):
                made = await made
            if inspect.isasyncgen(made):
                made = _from_async_generator(made)
            if isinstance(made, contextlib._AsyncGeneratorContextManager):
                self.world = await self._async_closers.enter_async_context(made)
            else:
                self.world = self._opened(made)
        self._activate()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._deactivate()
        assert self._async_closers is not None
        try:
            self._closers.__exit__(kind, error, traceback)
        finally:
            await self._async_closers.__aexit__(kind, error, traceback)

    def _opened(self, made: Any) -> Any:
        """The world behind ``made``.

        Only what was made from a generator is entered: a database connection is a context manager
        too, but it *is* the world.
        """
        if inspect.isgenerator(made):
            made = contextlib.contextmanager(lambda: made)()
            return self._closers.enter_context(made)
        if isinstance(made, contextlib._GeneratorContextManager):
            return self._closers.enter_context(made)
        return made

    def _activate(self) -> None:
        self._outer = _session.get()
        self._token = _session.set(self)

    def _deactivate(self) -> None:
        if self._token is not None:
            try:
                _session.reset(self._token)
            except ValueError:  # closed in another context than it was opened in
                _session.set(self._outer)
            self._token = None

    async def dispatch(self, model_output: Any, **options: Any) -> list[dict[str, Any]]:
        """Run every call of ``model_output`` in this session's world: see ``Toolbox.dispatch``."""
        return await self.toolbox.dispatch(model_output, world=self.world, **options)

    def dispatch_sync(self, model_output: Any, **options: Any) -> list[dict[str, Any]]:
        """Run every call of ``model_output`` in this session's world, without an event loop."""
        return self.toolbox.dispatch_sync(model_output, world=self.world, **options)

    @classmethod
    def current(cls, toolbox: Toolbox) -> Session | None:
        """Return the innermost open session of ``toolbox`` in this context, or None."""
        session = _session.get()
        while session is not None and session.toolbox is not toolbox:
            session = session._outer
        return session


def _from_async_generator(generator: Any) -> contextlib.AbstractAsyncContextManager[Any]:
    return contextlib.asynccontextmanager(lambda: generator)()

"""``@external``: the boundary for everything that is not HTTP.

A function so marked is recorded as one interaction (its arguments, and what it returned or
raised) and answered from the cassette in replay. A write that is not on the cassette is never
executed in a replay, and neither is a read.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal, ParamSpec, TypeVar, cast, overload

import orjson

from cassettes.cassette import Cassette
from cassettes.errors import EgressBlocked
from cassettes.interaction import Interaction, Request, Response
from cassettes.never import until_given_up
from cassettes.scope import Scope, answer, answer_in_time, current, process
from cassettes.values import decode, encode

P = ParamSpec("P")
R = TypeVar("R")

Effect = Literal["read", "write"]


@overload
def external(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def external(
    *,
    name: str | None = None,
    key: Callable[..., Any] | None = None,
    effect: Effect = "read",
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def external(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    key: Callable[..., Any] | None = None,
    effect: Effect = "read",
) -> Any:
    """Mark a function as a question to the outside world.

    ``key`` gives from the arguments what a call is matched by, for arguments that have no JSON
    form (connections) or differ each time; default: all of them but ``self``. ``name`` is what it
    is called in recordings; default: its module and its own name. ``effect="write"`` says that the
    call changes something. Outside any cassette the function runs as if unmarked,
    except in a process that blocks, where it raises :class:`EgressBlocked`. Functions, coroutine
    functions, generators and async generators may be marked.
    """
    if effect not in ("read", "write"):
        raise ValueError(f'effect is "read" or "write", not {effect!r}.')

    def mark(marked: Callable[..., Any]) -> Callable[..., Any]:
        return _wrapped(_External(marked, name, key, effect))

    return mark if function is None else mark(function)


class _External:
    """One marked function."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str | None,
        key: Callable[..., Any] | None,
        effect: Effect,
    ) -> None:
        self.function = function
        self.name = name or f"{_module_name(function.__module__)}.{function.__qualname__}"
        self.effect = effect
        self._key = key
        parameters = list(inspect.signature(function).parameters)
        self._skips_first = bool(parameters) and parameters[0] in ("self", "cls")

    def request(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request:
        if self._key is not None:
            asked: Any = {"key": encode(self._key(*args, **kwargs))}
        else:
            asked = {"args": [encode(one) for one in args[self._skips_first :]]}
            if kwargs:
                asked["kwargs"] = encode(kwargs)
        headers = [("content-type", "application/json"), ("x-effect", self.effect)]
        return Request("CALL", f"external://{self.name}", headers, orjson.dumps(asked))

    def scope(self) -> Scope | None:
        """Return the scope that wants this call; None to run the function as it is."""
        scope = current.get()
        if scope is None:
            if process.blocks:
                raise EgressBlocked(f"CALL {self.name}", f"external:{self.name}")
            return None
        return None if scope.cassette is None else scope


def _module_name(name: str) -> str:
    """Return a module's name; that of the program's own is the one a replay imports it by."""
    if name != "__main__":
        return name
    main = sys.modules[name]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return str(spec.name).removesuffix(".__main__")
    file = getattr(main, "__file__", None)
    return name if file is None else os.path.splitext(os.path.basename(file))[0]


def _value(found: Interaction) -> Any:
    if found.failure is not None and found.response is None:
        raise found.failure.rebuild()
    assert found.response is not None
    return decode(orjson.loads(found.response.body))


def _returned(interaction: Interaction, value: Any, kind: str = "return") -> None:
    headers = [("content-type", "application/json")]
    body = orjson.dumps(encode(value))
    interaction.response = Response(200, kind, "", headers, body)


def _wrapped(marked: _External) -> Callable[..., Any]:
    function = marked.function
    if inspect.isasyncgenfunction(function):
        wrapper = _wrapped_async_generator(marked)
    elif inspect.iscoroutinefunction(function):
        wrapper = _wrapped_coroutine(marked)
    elif inspect.isgeneratorfunction(function):
        wrapper = _wrapped_generator(marked)
    else:
        wrapper = _wrapped_function(marked)
    return functools.update_wrapper(cast("Any", wrapper), function)


def _wrapped_function(marked: _External) -> Callable[..., Any]:
    function = marked.function

    def call(*args: Any, **kwargs: Any) -> Any:
        scope = marked.scope()
        if scope is None:
            return function(*args, **kwargs)
        cassette = _cassette(scope)
        request = marked.request(args, kwargs)
        if cassette.is_replay and (found := answer(scope, request)) is not None:
            return _value(found)
        interaction = cassette.begin(request, "external")
        token = current.set(scope.silenced)
        try:
            value = function(*args, **kwargs)
        except Exception as error:
            cassette.keep_failure(interaction, error)
            raise
        finally:
            current.reset(token)
        _returned(interaction, value)
        cassette.keep(interaction)
        return value

    return call


def _wrapped_coroutine(marked: _External) -> Callable[..., Any]:
    function = marked.function

    async def call(*args: Any, **kwargs: Any) -> Any:
        scope = marked.scope()
        if scope is None:
            return await function(*args, **kwargs)
        cassette = _cassette(scope)
        request = marked.request(args, kwargs)
        if cassette.is_replay:
            found = await answer_in_time(scope, request)
            if found is not None:
                if found.failure is not None and found.failure.is_cancellation:
                    await until_given_up(found)
                return _value(found)
        interaction = cassette.begin(request, "external")
        token = current.set(scope.silenced)
        try:
            value = await function(*args, **kwargs)
        except BaseException as error:  # a cancellation is part of what happened
            cassette.keep_failure(interaction, error)
            raise
        finally:
            current.reset(token)
        _returned(interaction, value)
        cassette.keep(interaction)
        return value

    return call


def _wrapped_generator(marked: _External) -> Callable[..., Any]:
    function = marked.function

    def call(*args: Any, **kwargs: Any) -> Any:
        scope = marked.scope()
        if scope is None:
            yield from function(*args, **kwargs)
            return
        cassette = _cassette(scope)
        request = marked.request(args, kwargs)
        if cassette.is_replay and (found := answer(scope, request)) is not None:
            yield from _items(found)
            return
        interaction = cassette.begin(request, "external")
        items: list[Any] = []
        try:
            for item in function(*args, **kwargs):
                items.append(item)
                yield item
        except Exception as error:
            _returned(interaction, items, "yield")
            cassette.keep_failure(interaction, error, "body")
            raise
        _returned(interaction, items, "yield")
        cassette.keep(interaction)

    return call


def _wrapped_async_generator(marked: _External) -> Callable[..., Any]:
    function = marked.function

    async def call(*args: Any, **kwargs: Any) -> Any:
        scope = marked.scope()
        if scope is None:
            async for item in function(*args, **kwargs):
                yield item
            return
        cassette = _cassette(scope)
        request = marked.request(args, kwargs)
        if cassette.is_replay:
            found = await answer_in_time(scope, request)
            if found is not None:
                for item in _items(found):
                    yield item
                return
        interaction = cassette.begin(request, "external")
        items: list[Any] = []
        try:
            async for item in function(*args, **kwargs):
                items.append(item)
                yield item
        except Exception as error:
            _returned(interaction, items, "yield")
            cassette.keep_failure(interaction, error, "body")
            raise
        _returned(interaction, items, "yield")
        cassette.keep(interaction)

    return call


def _items(found: Interaction) -> Iterator[Any]:
    """Yield the recorded items, then raise where the recording did."""
    yield from _value(found)
    if found.failure is not None:
        raise found.failure.rebuild()


def _cassette(scope: Scope) -> Cassette:
    cassette = scope.cassette
    assert cassette is not None
    return cassette

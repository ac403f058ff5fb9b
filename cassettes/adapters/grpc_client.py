"""gRPC: each unary call a question. Streams are not recorded, and refused in a replay.

The hook is where a call has ended and its state is known, so that results, ``with_call``, futures
and errors are made of it by gRPC itself.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

from cassettes.adapters.grpc_messages import (
    CLIENT,
    asked,
    metadata_of,
    pairs,
    response_form,
    response_of,
)
from cassettes.adapters.questions import answered, asking, cassette_of, refuse, said, told
from cassettes.cassette import Cassette
from cassettes.interaction import Interaction

_STREAMS = (
    "_UnaryStreamMultiCallable",
    "_SingleThreadedUnaryStreamMultiCallable",
    "_StreamUnaryMultiCallable",
    "_StreamStreamMultiCallable",
)


def adapt_grpc(module: Any) -> None:
    """Hook the calls of ``grpc._channel``, the module of all channels that do not await."""
    unary = module._UnaryUnaryMultiCallable
    unary._blocking = _blocking(module, unary._blocking)
    unary.future = _future(module, unary.future)
    for name in _STREAMS:
        kind = getattr(module, name, None)
        for method in ("__call__", "with_call", "future"):
            if kind is not None and method in vars(kind):
                setattr(kind, method, refused_in_replay(getattr(kind, method)))


def refused_in_replay(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``original``, refused in a replay: what a stream said is on no cassette."""

    @functools.wraps(original)
    def method(self: Any, *args: Any, **options: Any) -> Any:
        scope = asking(CLIENT)
        if scope is not None and scope.is_replay:
            name = self._method.decode() if isinstance(self._method, bytes) else self._method
            refuse(scope, CLIENT, f"{str(name).lstrip('/')}/stream")
        return original(self, *args, **options)

    return method


def _blocking(module: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def _blocking(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        scope = asking(CLIENT)
        if scope is None:
            return original(self, request, *args, **options)
        cassette = cassette_of(scope)
        question = asked(self._method, request, self._request_serializer)
        found = answered(scope, question)
        if found is not None:
            return _played_state(module, found, self._response_deserializer), None
        interaction = cassette.begin(question, CLIENT)
        copying = _Copying(self)
        try:
            with scope.below():
                state, call = original(copying.callable, request, *args, **options)
        except BaseException as error:
            cassette.keep_failure(interaction, error)
            raise
        _keep(cassette, interaction, state, copying)
        return state, call

    return _blocking


def _future(module: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def future(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        scope = asking(CLIENT)
        if scope is None:
            return original(self, request, *args, **options)
        cassette = cassette_of(scope)
        question = asked(self._method, request, self._request_serializer)
        found = answered(scope, question)
        if found is not None:
            state = _played_state(module, found, self._response_deserializer)
            return module._MultiThreadedRendezvous(state, None, None, None)
        interaction = cassette.begin(question, CLIENT)
        copying = _Copying(self)
        with scope.below():
            made = original(copying.callable, request, *args, **options)
        made.add_done_callback(lambda ended: _keep(cassette, interaction, ended._state, copying))
        return made

    return future


class _Copying:
    """One call's own callable, whose deserializer keeps the bytes it was given."""

    def __init__(self, callable_: Any) -> None:
        self.raw: bytes | None = None
        self.deserializer = callable_._response_deserializer
        self.callable = copy.copy(callable_)
        self.callable._response_deserializer = self._deserialize

    def _deserialize(self, raw: bytes) -> Any:
        self.raw = raw
        return raw if self.deserializer is None else self.deserializer(raw)


def _keep(cassette: Cassette, interaction: Interaction, state: Any, copying: _Copying) -> None:
    form = {
        "code": state.code.name,
        "details": _text(state.details),
        "debug": _text(state.debug_error_string),
        "initial_metadata": pairs(state.initial_metadata),
        "trailing_metadata": pairs(state.trailing_metadata),
        "response": response_form(copying.raw, copying.deserializer),
    }
    interaction.response = said(form, form["code"])
    cassette.keep(interaction)


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _played_state(module: Any, found: Interaction, deserializer: Any) -> Any:
    """Return the state that a recorded call ended in, with no call behind it."""
    form = told(found)
    code = module.grpc.StatusCode[form["code"]]
    state = module._RPCState(
        (),
        metadata_of(form["initial_metadata"]) or (),
        metadata_of(form["trailing_metadata"]) or (),
        code,
        form["details"],
    )
    state.debug_error_string = form["debug"]
    if code is module.grpc.StatusCode.OK:
        state.response = response_of(form["response"], deserializer)
    return state

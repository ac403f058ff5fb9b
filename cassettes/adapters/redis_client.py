"""redis: each command a question, and each pipeline one.

Hooks are on the classes, so clients and pipelines that are there already ask too. Connecting,
retrying and parsing stay redis's own, below the question.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, Final

from cassettes.adapters.questions import ask, ask_async, asking, question, refuse
from cassettes.external import Effect
from cassettes.interaction import Request
from cassettes.scope import Scope

CLIENT: Final = "redis"
_READS: Final = frozenset({"WATCH", "UNWATCH", "PING", "ECHO", "TIME", "SCAN", "KEYS"})
_TWO_WORDS: Final = frozenset(
    {"CONFIG", "CLIENT", "SCRIPT", "OBJECT", "XINFO", "MEMORY", "FUNCTION"}
)


def adapt_redis(module: Any) -> None:
    """Hook the classes of ``redis.client``."""
    client, pipeline = module.Redis, module.Pipeline
    client.execute_command = _command(client.execute_command)
    pipeline.immediate_execute_command = _watched(pipeline.immediate_execute_command)
    pipeline.execute = _pipeline(pipeline.execute)
    module.PubSub.execute_command = _unrecorded(module.PubSub.execute_command, "SUBSCRIBE")
    module.Monitor.__enter__ = _unrecorded(module.Monitor.__enter__, "MONITOR")


def adapt_redis_async(module: Any) -> None:
    """Hook the classes of ``redis.asyncio.client``."""
    client, pipeline = module.Redis, module.Pipeline
    client.execute_command = _command_async(client.execute_command)
    pipeline.immediate_execute_command = _watched_async(pipeline.immediate_execute_command)
    pipeline.execute = _pipeline_async(pipeline.execute)
    module.PubSub.execute_command = _unrecorded(module.PubSub.execute_command, "SUBSCRIBE")
    module.Monitor.__aenter__ = _unrecorded(module.Monitor.__aenter__, "MONITOR")


def _command(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def execute_command(self: Any, *args: Any, **options: Any) -> Any:
        scope = asking(CLIENT)
        if scope is None:
            return original(self, *args, **options)
        run = functools.partial(original, self, *args, **options)
        return ask(scope, CLIENT, _asked(args), run)

    return execute_command


def _command_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def execute_command(self: Any, *args: Any, **options: Any) -> Any:
        scope = asking(CLIENT)
        if scope is None:
            return await original(self, *args, **options)
        run = functools.partial(original, self, *args, **options)
        return await ask_async(scope, CLIENT, _asked(args), run)

    return execute_command


def _watched(original: Callable[..., Any]) -> Callable[..., Any]:
    """Hook what a pipeline asks at once, between ``WATCH`` and ``MULTI``."""

    @functools.wraps(original)
    def immediate_execute_command(self: Any, *args: Any, **options: Any) -> Any:
        scope = asking(CLIENT)
        if scope is None:
            return original(self, *args, **options)
        run = functools.partial(original, self, *args, **options)
        value = ask(scope, CLIENT, _asked(args), run)
        _note_watching(self, args)
        return value

    return immediate_execute_command


def _watched_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def immediate_execute_command(self: Any, *args: Any, **options: Any) -> Any:
        scope = asking(CLIENT)
        if scope is None:
            return await original(self, *args, **options)
        run = functools.partial(original, self, *args, **options)
        value = await ask_async(scope, CLIENT, _asked(args), run)
        _note_watching(self, args)
        return value

    return immediate_execute_command


def _note_watching(pipeline: Any, args: tuple[Any, ...]) -> None:
    """Keep what a pipeline knows of itself from the answers that it parses."""
    name = _word(args[0])
    if name == "WATCH":
        pipeline.watching = True
    elif name in pipeline.UNWATCH_COMMANDS:
        pipeline.watching = False


def _pipeline(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def execute(self: Any, *args: Any, **options: Any) -> Any:
        scope = _wanting(self)
        if scope is None:
            return original(self, *args, **options)
        request = _asked_at_once(self)
        try:
            return ask(scope, CLIENT, request, functools.partial(original, self, *args, **options))
        finally:
            if scope.is_replay:
                self.reset()

    return execute


def _pipeline_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def execute(self: Any, *args: Any, **options: Any) -> Any:
        scope = _wanting(self)
        if scope is None:
            return await original(self, *args, **options)
        request = _asked_at_once(self)
        try:
            return await ask_async(
                scope, CLIENT, request, functools.partial(original, self, *args, **options)
            )
        finally:
            if scope.is_replay:
                await self.reset()

    return execute


def _wanting(pipeline: Any) -> Scope | None:
    """Return the scope that wants an execution; an empty pipeline asks nothing."""
    return asking(CLIENT) if pipeline.command_stack or pipeline.watching else None


def _unrecorded(original: Callable[..., Any], what: str) -> Callable[..., Any]:
    """What waits for messages is no question: refused in a replay."""

    @functools.wraps(original)
    def method(self: Any, *args: Any, **options: Any) -> Any:
        scope = asking(CLIENT)
        if scope is not None and scope.is_replay:
            refuse(scope, CLIENT, what)
        return original(self, *args, **options)

    return method


def _asked(args: tuple[Any, ...]) -> Request:
    """Return the request of one command; ``CONFIG GET`` may come as one word or two."""
    name, rest = _word(args[0]), list(args[1:])
    if name in _TWO_WORDS and rest:
        name, rest = f"{name}/{_word(rest[0])}", rest[1:]
    return question(CLIENT, name, {"args": rest}, _effect([name]))


def _asked_at_once(pipeline: Any) -> Request:
    commands = [[_word(args[0]), *args[1:]] for args, *_ in map(_parts, pipeline.command_stack)]
    is_one = bool(
        pipeline.explicit_transaction
        or getattr(pipeline, "transaction", getattr(pipeline, "is_transaction", False)) is True
        or getattr(pipeline, "is_transaction", False)
    )
    name = "MULTI" if is_one else "PIPELINE"
    return question(
        CLIENT, name, {"commands": commands}, _effect(str(each[0]) for each in commands)
    )


def _parts(command: Any) -> Any:
    return command if isinstance(command, tuple) else (command.args,)


def _effect(names: Iterable[str]) -> Effect:
    from redis.commands import READ_COMMANDS

    return "read" if all(name in READ_COMMANDS or name in _READS for name in names) else "write"


def _word(name: Any) -> str:
    return (name.decode("latin-1") if isinstance(name, bytes) else str(name)).upper()

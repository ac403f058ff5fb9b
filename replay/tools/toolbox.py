"""The toolbox: how users show their tools, and everything that goes with running them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from replay.errors import ToolboxError
from replay.records import Actor, JsonObject, JsonValue, ToolSchema
from replay.tools.adopting import Adopting
from replay.tools.contract import Contract
from replay.tools.error_text import CallFailure, default_error_text, nearest_name
from replay.tools.marks import announce_tool
from replay.tools.observer import CallStart, current_trace_id
from replay.tools.routing import (
    Rollout,
    RolloutKey,
    Rollouts,
    RouteHook,
    refuse_unknown_versions,
    shown_tool,
)
from replay.tools.schemas import DIALECTS, check_name
from replay.tools.shadow import Shadows
from replay.tools.signature import FromWorld
from replay.tools.tool import ReplayAs, StoreAs, Tool, ToolOptions, Validation
from replay.tools.translations import ResultTranslation, Translation, Translations
from replay.tools.world import Session, WorldFactory

F = TypeVar("F", bound=Callable[..., Any])


class Toolbox(Adopting):
    """The tools of an agent, in one place: for the model, for production and for replay.

    ::

        toolbox = Toolbox("travel")

        @toolbox.tool
        def get_weather(city: str, unit: Literal["c", "f"] = "c") -> dict:
            "Current weather in a city."
            ...

        answer = client.chat.completions.create(tools=toolbox.schemas("openai"), ...)
        messages += toolbox.dispatch_sync(answer)
    """

    def __init__(self, name: str = "tools", *, strict: bool = True) -> None:
        """``strict``: whether arguments are validated in pydantic's strict mode for JSON."""
        self.name = name
        self.strict = strict
        self.translations = Translations()
        self.result_translations = Translations()
        self.world_factory: WorldFactory | None = None
        self.state_hook: Callable[[Any], Any] | None = None
        self.after_call_hook: Callable[[Any], Any] | None = None
        self.failure_hook: Callable[[Any], str | None] | None = None
        self.error_text_hook: Callable[[CallFailure], str] = default_error_text
        self.encode_hook: Callable[[Any], str] | None = None
        self.route_hook: RouteHook | None = None
        self.rollouts = Rollouts()
        self.shadows = Shadows()
        self._tools: dict[tuple[Actor, str], dict[str | None, Tool]] = {}

    def __repr__(self) -> str:
        return f"<Toolbox {self.name!r}: {len(self._tools)} tools>"

    # -- registration -------------------------------------------------------------------------

    @overload
    def tool(self, function: F, /) -> F: ...

    @overload
    def tool(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        version: str | None = None,
        schema: Mapping[str, Any] | None = None,
        timeout_ms: float | None = None,
        idempotent: bool = False,
        attempts_max: int = 1,
        retry_wait_ms: float = 100.0,
        actor: Actor = "assistant",
        strict: bool | None = None,
        validation: Validation | None = None,
        authorize: Callable[..., Any] | None = None,
        sanitize: Callable[..., Any] | None = None,
        replay: ReplayAs = "cassette",
        store: StoreAs = "all",
        raises: Iterable[type[BaseException]] = (),
        contract: Contract | None = None,
    ) -> Callable[[F], F]: ...

    def tool(self, *function: Any, **options: Any) -> Any:
        """Register the function below as a tool and leave it as it is. Options as in ``add``."""
        if function:
            self.add(function[0])
            return function[0]

        def register(decorated: F) -> F:
            self.add(decorated, **options)
            return decorated

        return register

    def add(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        version: str | None = None,
        schema: Mapping[str, Any] | None = None,
        timeout_ms: float | None = None,
        idempotent: bool = False,
        attempts_max: int = 1,
        retry_wait_ms: float = 100.0,
        actor: Actor = "assistant",
        strict: bool | None = None,
        validation: Validation | None = None,
        authorize: Callable[..., Any] | None = None,
        sanitize: Callable[..., Any] | None = None,
        replay: ReplayAs = "cassette",
        store: StoreAs = "all",
        raises: Iterable[type[BaseException]] = (),
        contract: Contract | None = None,
        method_of: FromWorld | None = None,
    ) -> Tool:
        """Register ``function`` as a tool.

        Without ``schema`` the function's annotations are the schema, and arguments that do not
        fit never reach it. With ``schema`` (an OpenAI, Anthropic or MCP definition, or a bare
        JSON Schema) arguments that do not fit are only reported: the function is called as
        Python would call it. ``validation="gate"`` or ``"report"`` overrides either.

        ``authorize(call)`` may raise ``Denied``, ``Throttled`` or ``Refused``, or return False;
        ``sanitize(arguments)`` returns the arguments that the tool gets. ``replay="recorded"``
        lets the recorded answers stand in replays, ``"refuse"`` has it not run there at all.
        ``store="shape"`` keeps what it is asked and answers off the disk: a recorder stores a
        hash and the shape.

        ``raises`` are the exceptions that its callers must expect; `replay fuzz` finds others.
        ``contract`` is what it promises them; `replay contract` checks it.

        The last registered version of a name is the one that runs, unless a ``route`` chooses.

        Raises:
            ToolboxError: the name and version are taken, or the options contradict each other.
        """
        options = ToolOptions(
            timeout_ms=timeout_ms,
            idempotent=idempotent,
            attempts_max=attempts_max,
            retry_wait_ms=retry_wait_ms,
            actor=actor,
            strict=self.strict if strict is None else strict,
            validation=validation or ("gate" if schema is None else "report"),
            authorize=authorize,
            sanitize=sanitize,
            replay=replay,
            store=store,
            raises=tuple(raises),
            contract=contract,
        )
        tool = Tool(
            function,
            terms=self,
            name=name,
            description=description,
            version=version,
            schema=schema,
            options=options,
            method_of=method_of,
        )
        versions = self._tools.setdefault((actor, tool.name), {})
        if version in versions:
            said = f" version {version!r}" if version else ""
            raise ToolboxError(
                f"Toolbox {self.name!r} has a tool {tool.name!r}{said} already.",
                hint="Give it another `name=`, or a `version=`.",
            )
        versions[version] = tool
        announce_tool(tool)
        return tool

    def add_methods(
        self,
        cls: type,
        *,
        from_world: str | Callable[[Any], Any] | None = None,
        names: Iterable[str] | None = None,
        select: Callable[[Callable[..., Any]], bool] | None = None,
        schemas: Mapping[str, Mapping[str, Any]] | None = None,
        prefix: str = "",
        **options: Any,
    ) -> list[Tool]:
        """Register the public methods of ``cls`` as tools that run on an object of the world.

        ``from_world`` finds the object: the world's attribute or key, a function of the world, or
        None when the world itself is the object. ``names`` or ``select(method)`` choose the
        methods; by default all that do not begin with an underscore, inherited ones included.
        ``schemas`` gives JSON definitions by method name. Other options as in ``add``.

        Raises:
            ToolboxError: a name of ``names`` is no method, or a tool cannot be registered.
        """
        found = {
            name: member
            for name, member in inspect.getmembers(cls, inspect.isroutine)
            if not name.startswith("_")
        }
        if names is not None:
            wanted = list(names)
            for name in wanted:
                if name not in found:
                    raise ToolboxError(
                        f"Class {cls.__name__} has no public method {name!r}.",
                        nearest=nearest_name(name, list(found)),
                    )
            found = {name: found[name] for name in wanted}
        return [
            self.add(
                member,
                name=prefix + name,
                schema=(schemas or {}).get(name),
                method_of=FromWorld(from_world),
                **options,
            )
            for name, member in found.items()
            if select is None or select(member)
        ]

    # -- hooks --------------------------------------------------------------------------------

    @overload
    def world(self, factory: F, /) -> F: ...

    @overload
    def world(self, *, inject_as: str = "world") -> Callable[[F], F]: ...

    def world(self, *factory: Any, inject_as: str = "world") -> Any:
        """Register what makes the world of a trace: ``factory(start)`` or ``factory()``.

        ``start`` is what the trace recorded as its start. The factory may be async, and may be a
        generator with one ``yield`` for taking the world down. A tool gets the world in its
        parameter called ``inject_as``, or annotated with the class that the factory returns, or
        with ``Annotated[..., FromWorld(...)]`` for a part of it. Schemas never show these.
        """

        def register(function: F) -> F:
            self.world_factory = WorldFactory(function, inject_as=inject_as)
            self._forget_signatures()
            return function

        return register(factory[0]) if factory else register

    def state(self, hook: F) -> F:
        """Register ``state(world) -> JSON``: what is compared after each call."""
        self.state_hook = hook
        return hook

    def after_call(self, hook: F) -> F:
        """Register ``after_call(world)``: run after each call whose tool returned.

        For toolkits that keep two parts of a world in step after every call. It may be async;
        what it raises is the call's failure. It runs before the state is looked at.
        """
        self.after_call_hook = hook
        return hook

    def failure(self, hook: F) -> F:
        """Register ``failure(result) -> str | None``: how a returned value says that it failed.

        It is asked about the response as the model got it: JSON where the text is JSON, else the
        text. So one rule reads live results and recorded responses alike.
        """
        self.failure_hook = hook
        return hook

    def error_text(self, hook: F) -> F:
        """Register ``error_text(failure: CallFailure) -> str``: what the model is told."""
        self.error_text_hook = hook
        return hook

    def encode(self, hook: F) -> F:
        """Register ``encode(result) -> str``: a result as the model sees it."""
        self.encode_hook = hook
        return hook

    def route(self, hook: F) -> F:
        """Register ``route(call: CallStart, versions) -> version | None``: which version parses.

        None leaves it to the rollouts, and without one to the last registered version. A route
        that raises, or chooses a version that does not exist, ends the call as ``failed``: the
        tool is not run.
        """
        self.route_hook = hook
        return hook

    def roll_out(
        self,
        tool: str,
        version: str,
        *,
        percent: float = 100.0,
        models: Iterable[str] = (),
        when: Callable[[CallStart], bool] | None = None,
        key: RolloutKey | None = None,
        otherwise: str | None = None,
    ) -> None:
        """Let ``version`` parse and run those calls of ``tool`` for which every condition holds.

        Args:
            tool: The tool's name.
            version: The version to roll out.
            percent: How many of the keys, from 0 to 100. The same key is always in or out.
            models: Names of the models whose calls it gets, ``*`` stands for anything.
            when: A condition of the call's own.
            key: What a percentage holds together; None, or where it returns None: the trace. A
                call without either is in no share but that of 100 percent.
            otherwise: The version of the other calls; None: the one registered before ``version``.

        Raises:
            ToolboxError: the percentage is none, or the version is rolled out already.
        """
        globs = (models,) if isinstance(models, str) else tuple(models)
        self.rollouts.add(Rollout(tool, version, percent, globs, when, key, otherwise))

    def shadow(self, tool: str, version: str, *, percent: float = 100.0) -> None:
        """Let ``version`` of ``tool`` parse the calls that another version runs, beside it.

        What it makes of the arguments is recorded with the call; nothing else changes, and where
        nobody records nothing is done. Its validators run, its function never does. ``percent``:
        how many of the calls.
        """
        self.shadows.add(tool, version, percent)

    def translate(
        self,
        tool: str,
        old: str | None,
        new: str | None,
        *,
        to: str | None = None,
        drops: Iterable[str] = (),
    ) -> Callable[[Translation], Translation]:
        """Register a function from arguments of version ``old`` to those of version ``new``.

        ``to``: the tool's new name, where it was renamed or became part of another. ``drops``:
        fields that the new arguments lack on purpose. None stands for a tool without versions;
        ``translate("book", None, None, to="reserve")`` makes ``book`` an alias.
        """

        def register(translation: Translation) -> Translation:
            self.translations.add(tool, old, new, translation, to=to, drops=_listed(drops))
            return translation

        return register

    def translate_result(
        self, tool: str, old: str | None, new: str | None, *, to: str | None = None
    ) -> Callable[[ResultTranslation], ResultTranslation]:
        """Register a function from a result of version ``old`` to one as ``new`` returns it.

        It gets the recorded response: JSON where the text is JSON, else the text. What it returns
        is what a replay compares today's answer with. Options as in ``translate``.
        """

        def register(translation: ResultTranslation) -> ResultTranslation:
            self.result_translations.add(tool, old, new, translation, to=to)
            return translation

        return register

    # -- what is in it ------------------------------------------------------------------------

    @property
    def world_type(self) -> type | None:
        """The class that the world factory says it returns, or None."""
        return self.world_factory.world_type if self.world_factory else None

    @property
    def world_name(self) -> str | None:
        """The parameter name that gets the world, or None without a factory."""
        return self.world_factory.inject_as if self.world_factory else None

    @property
    def world_takes_start(self) -> bool:
        """True when the world depends on the trace's start; False also without a factory."""
        return self.world_factory is not None and self.world_factory.takes_start

    @property
    def world_is_async(self) -> bool:
        """True when the world is made by an async function."""
        return self.world_factory is not None and self.world_factory.is_async

    def tools(self, actor: Actor | None = None) -> list[Tool]:
        """Return the tool that runs for each name, in order of registration; None: all actors."""
        return [
            next(reversed(versions.values()))
            for (of, _), versions in self._tools.items()
            if actor is None or of == actor
        ]

    def all_versions(self) -> list[Tool]:
        """Return every registered tool, older versions included."""
        return [tool for versions in self._tools.values() for tool in versions.values()]

    def names(self, actor: Actor = "assistant") -> list[str]:
        """Return the names that ``actor`` may call."""
        return [name for of, name in self._tools if of == actor]

    def find(self, name: str, actor: Actor = "assistant") -> Tool | None:
        """Return the tool that runs for ``name``, or None."""
        versions = self._tools.get((actor, name))
        return next(reversed(versions.values())) if versions else None

    def versions(self, name: str, actor: Actor = "assistant") -> dict[str | None, Tool]:
        """Return the versions of ``name``, in order of registration."""
        return dict(self._tools.get((actor, name), {}))

    def schemas(
        self,
        dialect: str = "openai",
        *,
        actor: Actor = "assistant",
        model: str | None = None,
        trace_id: str | None = None,
    ) -> list[JsonObject]:
        """Return the definitions to show a model, in a dialect of ``replay.tools.DIALECTS``.

        Of a tool that is rolled out it is the version that will parse the calls of ``model`` in
        the trace: that of ``trace_id``, or the one that is recorded here.

        Raises:
            ToolboxError: no such dialect, a tool that strict mode cannot express, or a name that
                OpenAI and Anthropic do not take (``mcp`` takes any).
        """
        if dialect not in DIALECTS:
            raise ToolboxError(
                f"There is no schema dialect {dialect!r}.",
                nearest=nearest_name(dialect, DIALECTS),
                hint=f"There are: {', '.join(DIALECTS)}.",
            )
        tools = self.tools(actor)
        if self.rollouts:
            trace_id = trace_id or current_trace_id()
            tools = [shown_tool(self, tool, model=model, trace_id=trace_id) for tool in tools]
        for tool in tools:
            check_name(tool.name, dialect)
        return [tool.definition(dialect) for tool in tools]

    def tool_schemas(self, dialect: str | None = None) -> list[ToolSchema]:
        """Return every version's schema as a record; None: the one that validates arguments."""
        return [
            tool.tool_schema if dialect is None else tool.schema_record(dialect)
            for tool in self.all_versions()
        ]

    def check(self) -> None:
        """Build what is otherwise built on first use, so that mistakes show now.

        Raises:
            ToolboxError: a tool's annotations cannot be resolved or described, or a version that
                is rolled out or shadows does not exist.
        """
        for tool in self.all_versions():
            tool.check()
        refuse_unknown_versions(self)

    def _forget_signatures(self) -> None:
        for tool in self.all_versions():
            tool.forget()

    # -- running ------------------------------------------------------------------------------

    def session(self, start: JsonValue = None) -> Session:
        """Return a conversation with a world of its own: ``with toolbox.session(start): ...``."""
        return Session(self, start)

    async def dispatch(
        self, model_output: Any, *, world: Any = None, actor: Actor = "assistant"
    ) -> list[JsonObject]:
        """Run every tool call of ``model_output`` at once; return the messages to send back.

        ``model_output`` is what an SDK gives: an OpenAI chat completion or message, a Responses
        response, an Anthropic message, their JSON, or a list of tool calls. The messages come in
        the same dialect and in the order of the calls. No call raises into the agent: what went
        wrong is told to the model. ``world``: by default that of the open session.

        Raises:
            ToolboxError: ``model_output`` is none of these, or a world is needed and none is open.
        """
        from replay.tools.dispatch import dispatch

        return await dispatch(self, model_output, world=world, actor=actor)

    def dispatch_sync(
        self, model_output: Any, *, world: Any = None, actor: Actor = "assistant"
    ) -> list[JsonObject]:
        """Do what ``dispatch`` does, from code without an event loop.

        Raises:
            ToolboxError: as ``dispatch``; or an event loop runs in this thread.
        """
        from replay.tools.dispatch import dispatch_sync

        return dispatch_sync(self, model_output, world=world, actor=actor)


def _listed(drops: Iterable[str]) -> Any:
    """Return ``drops`` to go through more than once; one text is left for ``add`` to refuse."""
    return drops if isinstance(drops, str) else tuple(drops)

"""The toolbox: how users show their tools, and everything that goes with running them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from replay.errors import ToolboxError
from replay.records import Actor, JsonObject, JsonValue, ToolSchema
from replay.tools.adopting import Adopting
from replay.tools.contract import Contract
from replay.tools.error_text import nearest_name
from replay.tools.hooks import Hooks
from replay.tools.marks import announce_tool
from replay.tools.observer import current_trace_id
from replay.tools.routing import refuse_unknown_versions, shown_tool
from replay.tools.schemas import DIALECTS, check_name
from replay.tools.signature import FromWorld
from replay.tools.tool import ReplayAs, StoreAs, Tool, ToolOptions, Validation
from replay.tools.world import Session

F = TypeVar("F", bound=Callable[..., Any])


class Toolbox(Hooks, Adopting):
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
        super().__init__()
        self._tools: dict[tuple[Actor, str], dict[str | None, Tool]] = {}

    def __repr__(self) -> str:
        return f"<Toolbox {self.name!r}: {len(self._tools)} tools>"

    # -- registration -------------------------------------------------------------------------

    @overload
    def tool(
        self,
        function: F,
        /,
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
    ) -> F: ...

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
        """Register a function, the one below or a given one, as it is. Options as in ``add``."""
        if function:
            self.add(function[0], **options)
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
        self._register(tool)
        return tool

    def _register(self, tool: Tool) -> None:
        versions = self._tools.setdefault((tool.options.actor, tool.name), {})
        if tool.version in versions:
            said = f" version {tool.version!r}" if tool.version else ""
            raise ToolboxError(
                f"Toolbox {self.name!r} has a tool {tool.name!r}{said} already.",
                hint="Give it another `name=`, or a `version=`.",
            )
        versions[tool.version] = tool
        announce_tool(tool)

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

    # -- what is in it ------------------------------------------------------------------------

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
        """Return the versions of ``name`` in order of registration; None: one without a version."""
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

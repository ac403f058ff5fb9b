"""A toolbox's hooks: what users register besides tools, and a toolbox asks at its moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

from replay.tools.error_text import CallFailure, default_error_text
from replay.tools.observer import CallStart
from replay.tools.routing import Rollout, RolloutKey, Rollouts, RouteHook
from replay.tools.shadow import Shadows
from replay.tools.tool import Tool
from replay.tools.translations import ResultTranslation, Translation, Translations
from replay.tools.world import WorldFactory

F = TypeVar("F", bound=Callable[..., Any])


class Hooks:
    """What goes with all tools of a `Toolbox`: its world, its rules, and its older versions."""

    all_versions: Callable[[], list[Tool]]

    def __init__(self) -> None:
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
            for tool in self.all_versions():
                tool.forget()  # what it gives them is no argument of theirs
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


def _listed(drops: Iterable[str]) -> Any:
    """Return ``drops`` to go through more than once; one text is left for ``add`` to refuse."""
    return drops if isinstance(drops, str) else tuple(drops)

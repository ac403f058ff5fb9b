"""Which version of a tool parses a call in production: new versions rolled out by rules.

A rule is a function of what the call says (its model, its trace, its arguments) and of nothing
else: asked again it chooses the same, in another process and in a replay too. No chance is drawn;
a percentage is a part of the range that hashes of a key fall into, so a higher one keeps everybody
in who was in before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

from replay.errors import ToolboxError
from replay.records import Actor
from replay.tools.error_text import nearest_name
from replay.tools.observer import CallStart

if TYPE_CHECKING:
    from replay.tools.tool import Tool
    from replay.tools.toolbox import Toolbox

RouteHook: TypeAlias = Callable[[CallStart, list[str]], str | None]
"""``route(call, versions) -> version``; None leaves it to the rollouts, and to the last version."""

RolloutKey: TypeAlias = Callable[[CallStart], str | None]
"""What a percentage holds together; None: the trace, and where none is known nobody is in."""


class RouteFailed(Exception):
    """A route raised, or chose a version that does not exist. The tool is not run.

    Another version might read the same arguments otherwise (cents for euros): none is guessed.
    """


@dataclass(frozen=True, slots=True)
class Rollout:
    """One version of a tool, for those of its calls that every condition holds for."""

    tool: str
    version: str
    percent: float = 100.0
    models: tuple[str, ...] = ()
    """Names of models, ``*`` stands for anything; empty: any, and where none is known."""
    when: Callable[[CallStart], bool] | None = None
    key: RolloutKey | None = None
    otherwise: str | None = None
    """The version of the others; None: the one registered before ``version``."""

    def takes(self, call: CallStart) -> bool:
        """Return whether ``call`` is parsed by this version."""
        if self.models and not any(fnmatchcase(call.model or "", glob) for glob in self.models):
            return False
        if self.percent < 100 and not self._is_in_share(call):
            return False
        return self.when is None or bool(self.when(call))

    @property
    def salt(self) -> str:
        """What makes this rollout's share another one than the next rollout's."""
        return f"{self.tool}\0{self.version}"

    def _is_in_share(self, call: CallStart) -> bool:
        """Whether the call's key is among those that are in; without a key none is."""
        given = None if self.key is None else self.key(call)
        key = call.trace_id if given is None else str(given)
        return key is not None and share_of(key, self.salt) < self.percent


def share_of(key: str, salt: str) -> float:
    """Return where ``key`` stands from 0 to 100, spread evenly; another ``salt``, another order."""
    text = f"{salt}\0{key}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest()) / 2**64 * 100


class Rollouts:
    """The rollouts of one toolbox, by tool, in order of registration."""

    def __init__(self) -> None:
        self._by_tool: dict[str, list[Rollout]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_tool)

    def of(self, tool: str) -> list[Rollout]:
        """Return the rollouts of ``tool``; none is an empty list."""
        return self._by_tool.get(tool, [])

    def all(self) -> list[Rollout]:
        """Return every rollout."""
        return [one for rollouts in self._by_tool.values() for one in rollouts]

    def add(self, rollout: Rollout) -> None:
        """Add one.

        Raises:
            ToolboxError: its percentage is none, or its version is rolled out already.
        """
        if not 0 <= rollout.percent <= 100:
            raise ToolboxError(
                f"{rollout.percent!r} percent of the calls of {rollout.tool!r} cannot be routed.",
                hint="Give a number from 0 to 100.",
            )
        rollouts = self._by_tool.setdefault(rollout.tool, [])
        if any(one.version == rollout.version for one in rollouts):
            raise ToolboxError(
                f"Version {rollout.version!r} of tool {rollout.tool!r} is rolled out twice.",
                hint="Put the conditions into one roll_out: all that it names must hold.",
            )
        rollouts.append(rollout)

    def chosen(self, call: CallStart, versions: list[str]) -> str | None:
        """Return the version that parses ``call``; None: there is no rollout of its tool."""
        rollouts = self._by_tool.get(call.tool)
        if not rollouts:
            return None
        for rollout in rollouts:
            if rollout.takes(call):
                return rollout.version
        return _other_version(rollouts[0], versions)


def _other_version(rollout: Rollout, versions: list[str]) -> str | None:
    if rollout.otherwise is not None:
        return rollout.otherwise
    if rollout.version not in versions:
        return rollout.version  # told as the version that does not exist
    place = versions.index(rollout.version)
    return versions[place - 1] if place else None


def shown_tool(toolbox: Toolbox, tool: Tool, *, model: str | None, trace_id: str | None) -> Tool:
    """Return the version of ``tool`` that a model is shown: the one that will parse its calls.

    Conditions (``when``) ask for a call, and there is none yet: their rollouts take nobody here.
    """
    rollouts = toolbox.rollouts.of(tool.name)
    if not rollouts or all(one.when is not None for one in rollouts):
        return tool
    actor = tool.options.actor
    versions = toolbox.versions(tool.name, actor)
    call = CallStart("", tool.name, "{}", toolbox.name, actor=actor, model=model, trace_id=trace_id)
    taking = (one.version for one in rollouts if one.when is None and one.takes(call))
    chosen = next(taking, None) or _other_version(rollouts[0], [one or "" for one in versions])
    return versions.get(chosen, tool)


def chosen_version(toolbox: Toolbox, call: CallStart, versions: list[str]) -> str | None:
    """Return the version that the toolbox's route or a rollout chooses; None: neither does.

    Raises:
        RouteFailed: the route, or a condition of a rollout, raised.
    """
    try:
        if toolbox.route_hook is not None:
            chosen = toolbox.route_hook(call, versions)
            if chosen is not None:
                return chosen
    except Exception as error:
        raise RouteFailed(
            f"The route of toolbox {toolbox.name!r} raised {type(error).__name__}: {error}"
        ) from error
    try:
        return toolbox.rollouts.chosen(call, versions)
    except Exception as error:
        raise RouteFailed(
            f"A rollout of {call.tool!r} raised {type(error).__name__}: {error}"
        ) from error


def no_such_version(tool: str, chosen: object, versions: Iterable[str | None]) -> RouteFailed:
    """Return the failure of a route that chose a version that is not there."""
    there = [version or "" for version in versions]
    nearest = nearest_name(chosen, there) if isinstance(chosen, str) else None
    meant = f" Nearest: {nearest!r}." if nearest else ""
    return RouteFailed(
        f"The route chose version {chosen!r} of {tool}, which does not exist.{meant} "
        f"There are: {', '.join(map(repr, there))}."
    )


def refuse_unknown_versions(toolbox: Toolbox) -> None:
    """Say of rollouts and shadows which of their tools and versions do not exist.

    Raises:
        ToolboxError: one does not.
    """
    for rollout in toolbox.rollouts.all():
        for version in filter(None, (rollout.version, rollout.otherwise)):
            _refuse_unknown(toolbox, rollout.tool, version, "rolls out")
    for tool, version in toolbox.shadows.all():
        _refuse_unknown(toolbox, tool, version, "shadows with")


def _refuse_unknown(toolbox: Toolbox, tool: str, version: str, act: str) -> None:
    actors: tuple[Actor, ...] = ("assistant", "user")
    found = [version for actor in actors for version in toolbox.versions(tool, actor)]
    if version in found:
        return
    there = [one or "" for one in found]
    if not there:
        names = [name for actor in actors for name in toolbox.names(actor)]
        raise ToolboxError(
            f"Toolbox {toolbox.name!r} {act} version {version!r} of {tool!r}, and has no such "
            "tool.",
            nearest=nearest_name(tool, names),
        )
    raise ToolboxError(
        f"Toolbox {toolbox.name!r} {act} version {version!r} of {tool!r}, which does not exist.",
        nearest=nearest_name(version, there),
        hint=f"There are: {', '.join(map(repr, there))}.",
    )

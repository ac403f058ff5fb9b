"""How each tool is replayed: from its cassettes, as recorded, live, or not at all.

What the command line says comes before ``[tool.replay.policy]``, and that before what the toolbox
says of its own tools. In each of them a tool's own name comes before a pattern, and of patterns
the last that fits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from replay.errors import ReplayError, SelectionError
from replay.records import Actor, JsonObject, Policy

Layer = Mapping[str, Policy]
"""Policies by the name of a tool, or by a pattern of names."""


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy of every tool of one replay run."""

    layers: tuple[Layer, ...] = ()
    """What the user says, the strongest first."""
    declared: Mapping[tuple[str, str], Policy] = field(default_factory=dict)
    """What the toolbox says, by actor and tool."""
    takes_world: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    """Whether a tool gets the world that the tools of a trace share, by actor and tool."""
    has_world: bool = False

    def of(self, tool: str, actor: Actor = "assistant") -> Policy:
        """Return how a call of ``tool`` is replayed."""
        for layer in self.layers:
            found = _found(layer, tool)
            if found is not None:
                return found
        return self.declared.get((actor, tool), Policy.CASSETTE)

    @property
    def goes_out(self) -> bool:
        """Whether a tool is live."""
        return any(Policy.LIVE in layer.values() for layer in self.layers)

    def words(self) -> dict[str, str]:
        """Return what the user says, by tool or pattern, for the record of a run."""
        return {name: str(layer[name]) for layer in reversed(self.layers) for name in layer}

    def may_change_world(self, tool: str, actor: Actor) -> bool:
        """Return whether a call of ``tool`` can leave something to the calls after it."""
        return self.has_world and self.takes_world.get((actor, tool), True)

    def of_toolbox(self, greeting: JsonObject) -> Policies:
        """Return these with what a worker says of its tools."""
        named = {(tool["actor"], tool["name"]): tool for tool in greeting["tools"]}
        return replace(
            self,
            declared={
                key: Policy(tool["replay"])
                for key, tool in named.items()
                if tool["replay"] != Policy.CASSETTE
            },
            takes_world={key: tool["takes_world"] for key, tool in named.items()},
            has_world=not greeting["stateless"],
        )

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Refuse a policy of the command line for a tool that is neither recorded nor here.

        Raises:
            SelectionError: it names the nearest one.
        """
        for name in self.layers[0] if self.layers else ():
            if not any(fnmatchcase(tool, name) for tool in known):
                raise SelectionError(
                    f"There is no tool {name!r}, neither in the toolbox nor in the recording: "
                    f"its policy {str(self.layers[0][name])!r} would hold for nothing.",
                    nearest=next(iter(get_close_matches(name, known, 1, cutoff=0.4)), None),
                    hint=f"There are: {', '.join(sorted(known)[:12])}.",
                )


def read_policies(words: Sequence[str]) -> dict[str, Policy]:
    """Return the policies that ``TOOL=POLICY`` words say.

    Raises:
        ReplayError: one says none, or has more than the tools that it names go out.
    """
    found: dict[str, Policy] = {}
    for word in words:
        name, equals, wanted = word.rpartition("=")
        if not equals or not name:
            raise ReplayError(
                f"{word!r} is no policy.", hint="Write it as TOOL=POLICY: `get_weather=live`."
            )
        if wanted not in list(Policy):
            raise ReplayError(
                f"{word!r} names the policy {wanted!r}, which there is not.",
                nearest=next(iter(get_close_matches(wanted, list(Policy), 1, cutoff=0.4)), None),
                hint=f"There are: {', '.join(Policy)}.",
            )
        if wanted == Policy.LIVE and is_pattern(name):
            raise ReplayError(
                f"{word!r} would let every tool that fits {name!r} reach the outside world.",
                hint="Name each tool that is to go out: --policy get_weather=live",
            )
        found.pop(name, None)  # said again, it stands last
        found[name] = Policy(wanted)
    return found


def is_pattern(name: str) -> bool:
    """Return whether ``name`` may stand for several tools."""
    return any(sign in name for sign in "*?[")


def _found(layer: Layer, tool: str) -> Policy | None:
    if tool in layer or not layer:
        return layer.get(tool)
    fitting = [policy for name, policy in layer.items() if fnmatchcase(tool, name)]
    return fitting[-1] if fitting else None

"""What providers do with a schema: take it, reject it, or rewrite it without saying so.

=====================  =========================================================================
``openai-strict``      rejects (400) what its strict mode cannot express
``openai``             takes nearly any schema, and enforces none of it
``anthropic``          takes it; with ``strict`` a grammar is made of it, and the SDK moves what
                       the grammar cannot express into the description
``mcp``                JSON Schema 2020-12; clients validate results against ``outputSchema``
=====================  =========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.compatibility.limits_anthropic import anthropic_limits
from replay.compatibility.limits_mcp import mcp_limits
from replay.compatibility.limits_openai import openai_limits, openai_strict_limits
from replay.compatibility.placing import Limit
from replay.records import JsonObject

Provider = Literal["openai", "openai-strict", "anthropic", "anthropic-strict", "mcp"]

PROVIDERS: Final[dict[str, tuple[str, Callable[[str, JsonObject], Iterator[Limit]]]]] = {
    "openai": ("OpenAI", openai_limits),
    "openai-strict": ("OpenAI's strict mode", openai_strict_limits),
    "anthropic": ("Anthropic", lambda name, schema: anthropic_limits(name, schema, strict=False)),
    "anthropic-strict": (
        "Anthropic with `strict`",
        lambda name, schema: anthropic_limits(name, schema, strict=True),
    ),
    "mcp": ("MCP", mcp_limits),
}
"""By name: how a sentence calls it, and the limits that a schema meets there."""

_OF_DIALECT: Final = {
    "openai": "openai",
    "openai-strict": "openai-strict",
    "openai-responses": "openai",
    "openai-responses-strict": "openai-strict",
    "anthropic": "anthropic",
    "mcp": "mcp",
}


@dataclass(frozen=True, slots=True)
class ProviderLimit:
    """One place where a provider does not take a schema as it is."""

    provider: str
    """A key of ``PROVIDERS``."""
    tool: str
    path: str
    effect: Literal["rejected", "rewritten"]
    said: str
    """What is not taken, as the end of "... it: "."""
    mend: str

    @property
    def sentence(self) -> str:
        """The limit in one sentence, without its place and its remedy."""
        return f"{PROVIDERS[self.provider][0]} {_DOES[self.effect]} it: {self.said}"

    def as_change(self) -> SchemaChange:
        """Return the limit as a change: the schema did not meet it before."""
        return SchemaChange(
            "LEAVES_PROVIDER_SUBSET",
            self.tool,
            self.path,
            OnPayloads.SAFE,
            OnModel.REFUSED,
            f"{self.sentence}. {self.mend}",
            None,
            self.provider,
        )


_DOES: Final = {"rejected": "rejects", "rewritten": "silently rewrites"}


def provider_of(dialect: str) -> str | None:
    """Return whose limits a dialect of ``replay.tools.schemas`` meets; None: nobody's."""
    return _OF_DIALECT.get(dialect)


def provider_limits(provider: str, tool: str, schema: JsonObject) -> list[ProviderLimit]:
    """Return what ``provider`` does not take of the schema that it would be sent for ``tool``.

    For ``openai-strict`` that is the schema in its strict form: optional properties are there null
    or required; see ``replay.tools.schemas.strict_form``.
    """
    look = PROVIDERS[provider][1]
    return [
        ProviderLimit(provider, tool, limit.path, limit.effect, limit.said, limit.mend)
        for limit in look(tool, schema)
    ]


def new_limits(
    provider: str, tool: str, old: JsonObject | None, new: JsonObject
) -> list[SchemaChange]:
    """Return the limits that ``new`` meets and ``old`` (None: there was none) did not."""
    known = (
        set()
        if old is None
        else {(limit.path, limit.said) for limit in provider_limits(provider, tool, old)}
    )
    return [
        limit.as_change()
        for limit in provider_limits(provider, tool, new)
        if (limit.path, limit.said) not in known
    ]

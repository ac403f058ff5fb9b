"""Tokens as the providers report them, in one form.

============================== ================== =====================================
reported by                    fresh input        from the cache
============================== ================== =====================================
OpenAI chat, and most others   in `prompt_tokens` `prompt_tokens_details.cached_tokens`
OpenAI Responses               in `input_tokens`  `input_tokens_details.cached_tokens`
Anthropic messages             `input_tokens`     `cache_read_input_tokens`, beside it
Bedrock Converse               `inputTokens`      `cacheReadInputTokens`, beside it
Gemini                         `promptTokenCount` `cachedContentTokenCount`, in it
============================== ================== =====================================

Gemini counts thoughts beside the answer (`thoughtsTokenCount`), and what its own tools put into the
prompt beside the prompt (`toolUsePromptTokenCount`): both are paid for, so both count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one model call, or several together, used."""

    input: int = 0
    """All tokens of the prompt, those from the cache and those written to it included."""
    output: int = 0
    cached: int = 0
    """Of the input: read from the provider's prompt cache."""
    cache_written: int = 0
    """Of the input: written to it, where the provider says so (Anthropic)."""

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.cache_written + other.cache_written,
        )


def tokens_of(usage: Any) -> Tokens | None:
    """Return what ``usage`` says; None: it counts no tokens."""
    if not isinstance(usage, dict):
        return None
    if "promptTokenCount" in usage:
        return _of_gemini(usage)
    fresh, output = _first(usage, INPUT), _first(usage, OUTPUT)
    if fresh is None and output is None:
        return None
    details = usage.get(DETAILS[0]) or usage.get(DETAILS[1])
    if isinstance(details, dict):
        return Tokens(fresh or 0, output or 0, _count(details.get("cached_tokens")))
    read, written = _first(usage, CACHED) or 0, _first(usage, CACHE_WRITTEN) or 0
    return Tokens((fresh or 0) + read + written, output or 0, read, written)


INPUT = ("prompt_tokens", "input_tokens", "inputTokens")
OUTPUT = ("completion_tokens", "output_tokens", "outputTokens")
CACHED = ("cache_read_input_tokens", "cacheReadInputTokens")
DETAILS = ("prompt_tokens_details", "input_tokens_details")
CACHE_WRITTEN = ("cache_creation_input_tokens", "cacheWriteInputTokens")


def _of_gemini(usage: dict[str, Any]) -> Tokens:
    prompt, by_tools, answer, thoughts, cached = (
        _count(usage.get(name))
        for name in (
            "promptTokenCount",
            "toolUsePromptTokenCount",
            "candidatesTokenCount",
            "thoughtsTokenCount",
            "cachedContentTokenCount",
        )
    )
    return Tokens(prompt + by_tools, answer + thoughts, cached)


def _first(usage: dict[str, Any], names: tuple[str, ...]) -> int | None:
    return next((_count(usage[name]) for name in names if usage.get(name) is not None), None)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0

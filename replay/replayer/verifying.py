"""Recorded requests sent to today's services: what would they answer now?

Each distinct request is sent once, from this process, without any tool; its answer is compared with
the newest recorded one. What may change something is never sent, unless its tool is named.
"""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from cassettes import Interaction, InteractionFormatError
from cassettes.placeholders import has_placeholder
from cassettes.resending import resend
from replay.records import Change, JsonObject, ToolCall
from replay.store.cassettes import StoredCassette
from replay.verdicts.exchanges import answer_changes

WRITE = "may change something"
EXTERNAL = "are no HTTP"
CUT = "were not kept whole"
UNREADABLE = "cannot be read as they are stored"


@dataclass(slots=True)
class SentRequest:
    """One distinct request, and what answered."""

    line: str
    """``GET https://api.example.com/orders/1``."""
    tools: dict[str, None]
    """The tools that sent it, in order."""
    call: ToolCall
    """The newest call that did."""
    times: int = 0
    """How often it is recorded."""
    changes: list[Change] = field(default_factory=list)
    """What answers otherwise now; empty: nothing."""
    failure: str | None = None
    """Why there is no answer; None: there is one."""
    is_masked: bool = False
    """Whether a part of it was masked when it was recorded."""


@dataclass(slots=True)
class Verification:
    """What became of all requests."""

    sent: list[SentRequest] = field(default_factory=list)
    """By their first recording."""
    not_sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Requests that were not sent, by tool and why."""


@dataclass(slots=True)
class _Recorded:
    sent: SentRequest
    newest: Interaction
    exchange: JsonObject


def verify(
    stored: Sequence[StoredCassette],
    *,
    writes_of: Collection[str] = (),
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 10.0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verification:
    """Send what ``stored`` asked when it was recorded, and say what answers otherwise.

    ``writes_of``: tools whose requests are sent although they may change something. ``headers``
    stand in the place of recorded ones.
    """
    found = Verification()
    distinct = _distinct(stored, frozenset(writes_of), found)
    for done, one in enumerate(distinct, start=1):
        _ask(one, headers, timeout_s)
        found.sent.append(one.sent)
        on_progress(done, len(distinct))
    return found


def _distinct(
    stored: Sequence[StoredCassette], writes_of: frozenset[str], found: Verification
) -> list[_Recorded]:
    by_key: dict[object, _Recorded] = {}
    for cassette in stored:
        tool = cassette.call.tool
        for record in cassette.interactions:
            try:
                interaction = Interaction.from_json(record.exchange)
            except InteractionFormatError:
                found.not_sent[tool, UNREADABLE] += 1
                continue
            why = _why_not_sent(interaction, is_named=tool in writes_of)
            if why is not None:
                found.not_sent[tool, why] += 1
                continue
            key = interaction.request.key()
            known = by_key.get(key)
            if known is None:
                sent = SentRequest(interaction.request.line, {}, cassette.call)
                known = by_key[key] = _Recorded(sent, interaction, record.exchange)
            # Later calls come later: the newest answer is the one to compare with.
            known.newest, known.exchange = interaction, record.exchange
            known.sent.call = cassette.call
            known.sent.tools[tool] = None
            known.sent.times += 1
            known.sent.is_masked = has_placeholder(interaction.request)
    return list(by_key.values())


def _why_not_sent(interaction: Interaction, *, is_named: bool) -> str | None:
    if interaction.protocol != "http":
        return EXTERNAL
    if interaction.request.is_write and not is_named:
        return WRITE
    return CUT if interaction.is_cut else None


def _ask(one: _Recorded, headers: Mapping[str, str] | None, timeout_s: float) -> None:
    request = one.newest.request
    try:
        response = resend(request, headers=headers, timeout_s=timeout_s)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if one.newest.response is None:  # it was so when it was recorded
            return
        one.sent.failure = f"{type(error).__name__}: {error}"
        return
    now = Interaction(request, response, via="http.client").to_json()
    one.sent.changes = answer_changes(one.exchange, now)

"""Which earlier turn a prompt grew out of.

A prompt repeats the conversation: the earlier prompt, the answer to it, then what is new. The
answer is the key (its first call's id, or its words); the earlier prompt, compared in full, is the
proof. Ids alone prove nothing: real providers repeat them inside one conversation.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any, Final, TypeAlias

from replay.recorder.calls import LiveTrace, Turn
from replay.recorder.wire import Question, answer_entries, asked_in, said_in

_KEYS_MAX: Final = 4096
_TURNS_PER_KEY_MAX: Final = 64
_BYTES_MAX: Final = 32 * 2**20

Key: TypeAlias = tuple[str, str, str]


class Lineage:
    """An index of turns by what they answered; the least recently used are forgotten."""

    def __init__(self) -> None:
        self._turns: OrderedDict[Key, deque[Turn]] = OrderedDict()
        self._holding: deque[Turn] = deque()
        self._bytes = 0

    def add(self, api: str, turn: Turn, conversation_id: str | None) -> None:
        """Remember ``turn`` as one that a later prompt may grow out of. Again: its answer grew."""
        entries = answer_entries(api, turn.output)
        key = next((k for k in map(_key(api), entries) if k is not None), None)
        if key is not None:
            self._put(key, turn)
        if turn.response_id is not None:
            self._put(("response", "", turn.response_id), turn)
        if conversation_id is not None:
            self._put(("conversation", "", conversation_id), turn)
        if not turn.is_held:
            turn.is_held = True
            self._hold(turn)

    def knows_response(self, response_id: str) -> bool:
        """Whether the turn that gave this response is remembered."""
        return ("response", "", response_id) in self._turns

    def parent_of(
        self, question: Question, near: Turn | None, trace: LiveTrace | None
    ) -> Turn | None:
        """Return the turn that ``question`` goes on from, or None when it starts anew.

        ``near``: the last turn of the asking task or thread; it wins among equal ones. ``trace``:
        only its turns count; None: only those of traces without a scope. What the server
        remembers (an earlier response, a conversation) may be of any trace.
        """
        if question.previous_response_id is not None:
            return self._named(("response", "", question.previous_response_id), near, trace)
        if question.conversation_id is not None:
            return self._named(("conversation", "", question.conversation_id), near, trace)
        if trace is not None and trace.step_count == 0:
            return None
        key_of = _key(question.api)
        for position in range(len(question.messages) - 1, -1, -1):
            key = key_of(question.messages[position])
            if key is None or key not in self._turns:
                continue
            turns = [t for t in self._turns[key] if _is_in(t, trace)]
            if (
                near is not None
                and near in turns
                and _has_prefix(near, question.messages, position)
            ):
                return near
            turn = _grown_from(question.messages, position, turns, is_id=key[0] == "id")
            if turn is not None:
                return turn
        return None

    def _named(self, key: Key, near: Turn | None, trace: LiveTrace | None) -> Turn | None:
        turns = self._turns.get(key)
        if not turns:
            return None
        if near is not None and near in turns:
            return near
        return next((t for t in reversed(turns) if _is_in(t, trace)), turns[-1])

    def _put(self, key: Key, turn: Turn) -> None:
        turns = self._turns.setdefault(key, deque(maxlen=_TURNS_PER_KEY_MAX))
        self._turns.move_to_end(key)
        if not turns or turns[-1] is not turn:
            turns.append(turn)
        if len(self._turns) > _KEYS_MAX:
            self._turns.popitem(last=False)

    def let_go(self, turn: Turn) -> None:
        """Free the prompt of a turn that a later prompt has grown out of."""
        if turn.messages is not None:
            turn.messages = turn.sent = None
            self._bytes -= turn.size_bytes

    def _hold(self, turn: Turn) -> None:
        self._holding.append(turn)
        self._bytes += turn.size_bytes
        while self._holding and (self._bytes > _BYTES_MAX or self._holding[0].messages is None):
            self.let_go(self._holding.popleft())


def _is_in(turn: Turn, trace: LiveTrace | None) -> bool:
    return turn.trace.is_stitched if trace is None else turn.trace is trace


def _key(api: str) -> Any:
    def key_of(entry: Any) -> Key | None:
        calls = asked_in(api, entry)
        if calls:
            if calls[0].provider_call_id is not None:
                return ("id", calls[0].provider_call_id, calls[0].tool)
            return ("call", calls[0].tool, calls[0].arguments)
        # The whole text proves no more than its length and ends do, and costs a hash.
        text = said_in(api, entry)
        return ("text", str(len(text)), text[:40] + text[-40:]) if text else None

    return key_of


def _grown_from(
    messages: list[Any], position: int, turns: list[Turn], *, is_id: bool
) -> Turn | None:
    """Return the newest of ``turns`` whose prompt ``messages`` begin with."""
    unproven = None
    for turn in reversed(turns):
        if _has_prefix(turn, messages, position):
            return turn
        if turn.messages is None and turn.message_count <= position:
            unproven = unproven or turn
    if unproven is not None:
        return unproven
    # The prompt was edited (a window that slides, a summary): an id used once still tells.
    return turns[0] if is_id and len(turns) == 1 else None


def _has_prefix(turn: Turn, messages: list[Any], position: int) -> bool:
    """Whether ``messages`` begin with the turn's prompt; system messages may have changed."""
    if turn.messages is None or turn.message_count > position:
        return False
    begin = messages[: turn.message_count]
    return turn.messages == begin or all(
        then == now
        or (_is_system(then) and _is_system(now))
        or _without_marks(then) == _without_marks(now)
        for then, now in zip(turn.messages, begin, strict=False)
    )


def _without_marks(message: Any) -> Any:
    """The message without where its cache ends: Anthropic's clients move that from turn to turn."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list):
        return message
    blocks = [
        {key: value for key, value in block.items() if key not in ("cache_control", "cachePoint")}
        if isinstance(block, dict)
        else block
        for block in content
    ]
    return {**message, "content": [block for block in blocks if block]}


def _is_system(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") in ("system", "developer")

"""Redaction as the store's masker: which parts of a record can hold secrets, and of what kind.

What one record teaches to be secret is replaced in all that are stored after it, and in those
stored with it: a tool call goes to the disk together with what it asked of the outside.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import orjson

from replay.errors import RecordError
from replay.records.base import JsonObject, JsonValue
from replay.records.quotes import cut_ends, cut_quotes
from replay.records.sensitive import Fit, ToolMarks, announced
from replay.store.field_rules import FieldRules, Mask
from replay.store.masking import STRUCTURAL
from replay.store.shape_only import ShapeOnly

if TYPE_CHECKING:
    from cassettes.redaction import Redactor
    from cassettes.redaction.sweep import Sweep
    from replay.config import MaskConfig

_log = logging.getLogger("replay.store")

ATTRIBUTE: Final = "redacted"
"""The attribute of a trace that was masked: true, or the kinds of personal data that were, too."""

_OPAQUE: Final = ('"base64":', '"$kind":"bytes"')
"""What a look at the JSON of an interaction does not see through."""

_LOOK_S: Final = 1.0
_MANY: Final = 8
"""Records from which on a look at each is quicker than to go through all of them."""

_PLAIN_KINDS: Final = ("tool_schema", "replay_run", "approval", "finding")
"""Records about tools and runs: names in them say nothing of values."""

_NAMING: Final = """
tool tool_version schema_hash state_hash provider_call_id provider api model response_model
request_mode previous_response_id response_id request_id finish_reason usage streamed status_code
bound_by actor stages protocol app code_version source verdict cause
"""
KEPT: Final = STRUCTURAL | frozenset(_NAMING.split())
"""Fields that name things, and must go on naming them."""


class Redaction:
    """A `replay.store.masking.Masking` made of a redactor."""

    def __init__(
        self,
        redactor: Redactor,
        *,
        paths: Iterable[str] = (),
        shape_only: Iterable[str] = (),
        marks: ToolMarks | None = None,
    ) -> None:
        """``paths``, ``shape_only``: as in `MaskConfig`.

        ``marks``: what tools say of their data, where that is not what this process's say.
        """
        self.redactor = redactor
        self._paths, self._shape_only_globs = tuple(paths), tuple(shape_only)
        self._given_marks = marks
        self._marks: ToolMarks | None = None
        self._rules = FieldRules()
        self._shape_only = ShapeOnly((), lambda: redactor.key)
        self.masks_dates = False
        """Whether dates go from what is stored that only may be what a marked one stands for."""
        self.on_failure: Callable[[str, Exception], None] = _no_one
        """Told when a value could not be masked, and so was left out."""
        self._looked_at_s = 0.0
        self._logged: set[str] = set()

    @property
    def key(self) -> bytes:
        """The key of the placeholders."""
        return self.redactor.key

    @property
    def version(self) -> int:
        """Grows when a value was learned."""
        return self.redactor.vault.version

    def concerns(self, encoded: str, kind: str) -> bool:
        """Whether the JSON of records of ``kind`` could hold a secret; False is certain."""
        if kind == "trace":
            self._look_at_environment()
        if kind == "interaction" and any(mark in encoded for mark in _OPAQUE):
            return True
        self._look_at_marks()
        if self._rules and self._rules.concern(encoded):
            return True
        if self._shape_only and self._shape_only.concern(encoded):
            return True
        return self.redactor.concerns(encoded)

    def _look_at_marks(self) -> None:
        """Tools may be registered after the recorder was made."""
        marks = self._given_marks or announced()
        if marks is not self._marks:
            self._marks = marks
            self._rules = FieldRules(self._paths, marks.rules)
            globs = (*self._shape_only_globs, *sorted(marks.shape_only))
            self._shape_only = ShapeOnly(globs, lambda: self.redactor.key)

    def _look_at_environment(self) -> None:
        """`load_dotenv()` may have come after the recorder; of many traces the first one looks."""
        now_s = time.monotonic()
        if now_s - self._looked_at_s > _LOOK_S:
            self._looked_at_s = now_s
            self.redactor.learn_environment()

    def masked(self, records: list[JsonObject]) -> list[JsonObject]:
        """Return records masked; what one teaches holds for all."""

        def redacted(sweep: Sweep) -> list[JsonObject]:
            if len(records) < _MANY:
                return [self._record(sweep, fields) for fields in records]
            return [
                self._record(sweep, fields) if self._concerns(fields) else fields
                for fields in records
            ]

        return self.redactor.together(records, redacted)

    def masked_messages(self, messages: JsonValue) -> JsonValue:
        """Return the messages of a prompt masked."""
        return self.redactor.together(messages, lambda sweep: sweep.value(self._said(messages)))

    def masked_tools(self, tools: JsonValue) -> JsonValue:
        """Return tool definitions masked: by form and learned, not by their properties' names."""
        return self.redactor.together(tools, lambda sweep: _texts(sweep, tools))

    @property
    def told(self) -> bool | list[str]:
        """What the attribute of a trace says that it masked."""
        return [kind.name for kind in self.redactor.rules.kinds] or True

    def seen(self, encoded: bytes) -> JsonValue:
        """Return the world's state whose JSON is ``encoded`` masked; None: it has no secrets."""
        if not self.redactor.concerns(encoded.decode("utf-8", "replace")):
            return None
        return self.redactor.json(json.loads(encoded))

    def hashed(self, digest: str) -> str:
        """Return the hash of a state that was seen masked: as it is."""
        return digest

    def _concerns(self, fields: JsonObject) -> bool:
        try:
            encoded = orjson.dumps(fields).decode()
        except TypeError:
            return True
        return self.concerns(encoded, fields["kind"])

    def _said(self, value: JsonValue) -> JsonValue:
        """Return what a model said or was told with what tools say of their data applied."""
        self._look_at_marks()
        if self._shape_only:
            value = self._shape_only.said(value)
        return self._rules.said(value, self._mask) if self._rules else value

    def _mask(self, value: JsonValue, kind: str | None, fit: Fit) -> JsonValue:
        """Return what stands for a value at a marked place; it is known from now on."""
        return self.redactor.sensitive(value, kind, fit)

    def at_marks(self, tool: str, arguments: JsonValue, act: Mask) -> JsonValue:
        """Return the arguments of a call with what ``act`` makes of the values at marked places."""
        self._look_at_marks()
        return self._rules.part(tool, "arguments", arguments, act)

    def marked_answer(self, replayed: JsonObject) -> JsonObject:
        """Return a replayed call with what is masked by its place, as in the recorded one."""
        self._look_at_marks()
        result = replayed.get("result")
        if not self._rules or not result or not self._rules.are_of_tool(result["tool"]):
            return replayed
        found = self._rules.applied({"kind": "tool_call", **result}, self._mask)
        del found["kind"]
        return {**replayed, "result": found}

    def _marked(self, fields: JsonObject) -> JsonObject:
        """Return a record with what is masked by its place, not by its form."""
        self._look_at_marks()
        if self._shape_only:
            fields = self._shape_only.record(fields)
        return self._rules.applied(fields, self._mask) if self._rules else fields

    def _record(self, sweep: Sweep, fields: JsonObject) -> JsonObject:
        """Return a record masked. What cannot be is left out, and the record says so."""
        from cassettes.redaction.exchanges import bare_exchange, exchange

        kind = fields["kind"]
        if kind in ("interaction", "attempt") and self._shape_only:
            bare = self._shape_only.record(fields)
            if bare is not fields:
                return bare
        raw = fields
        try:
            fields = self._marked(fields)
        except Exception as error:  # noqa: BLE001 -- as below
            return _bare(fields, self._why(error))
        if kind == "interaction":
            try:
                return {**fields, "exchange": exchange(sweep, fields["exchange"])}
            except Exception as error:  # noqa: BLE001 -- whatever it was: no secret may get past it
                return {**fields, "exchange": bare_exchange(fields["exchange"], self._why(error))}
        found: JsonObject = {}
        left_out: JsonObject = {}
        for name, value in fields.items():
            try:
                found[name] = _field(sweep, kind, name, value)
            except Exception as error:  # noqa: BLE001 -- as above
                left_out[name] = self._why(error)
                if name == "arguments":
                    found[name] = ""
        if kind == "tool_call" and not left_out:
            found |= self._requoted(sweep, raw, fields, found)
        if left_out:
            found["attributes"] = {**found.get("attributes", {}), "left_out": left_out}
        return found

    def _requoted(
        self, sweep: Sweep, raw: JsonObject, fields: JsonObject, found: JsonObject
    ) -> JsonObject:
        """Return what of a masked call quotes its arguments, cut: a part of a value has no form.

        The model is told the quote again, in prompts that are not here: it is learned.
        """
        before, after = ((one.get("error"), one.get("arguments")) for one in (raw, found))
        cuts = list(cut_quotes(before, after))
        if not cuts:
            return {}
        for end, stand_in in cut_ends(cuts):
            self.redactor.vault.learn(end, stand_in)
        return {
            name: _field(sweep, "tool_call", name, _exchanged(fields[name], cuts))
            for name in ("response", "result", "error")
            if name in fields
        }

    def _why(self, error: Exception) -> str:
        """Tell that a value is left out, and return why. What the error says may hold the value."""
        from cassettes.redaction.finding import FinderFailed

        said = str(error).rstrip(".") if isinstance(error, FinderFailed) else type(error).__name__
        why = f"it could not be masked: {said}"
        if why not in self._logged:  # once: a function that fails does so with every text
            self._logged.add(why)
            _log.warning("A value is left out, %s; others may be, for the same reason", why)
        self.on_failure("store a value", RecordError(f"It was left out: {why}."))
        return why


def redaction_of(
    config: MaskConfig,
    key: bytes | Callable[[], bytes] | None,
    *,
    marks: ToolMarks | None = None,
) -> Redaction:
    """Return the redaction that ``[tool.replay.mask]`` describes.

    ``marks``: what tools say of their data; None: what those of this process say.

    Raises:
        ConfigError: a function that it names cannot be imported.
    """
    from cassettes.redaction import Redactor
    from replay.store.finders import finders_of

    redactor = Redactor(
        key,
        names=config.names,
        patterns=config.patterns,
        allow=config.allow,
        environment=config.environment,
        personal=config.personal,
        finders=finders_of(config.functions),
    )
    return Redaction(redactor, paths=config.paths, shape_only=config.shape_only, marks=marks)


def redacted_answer(redaction: Redaction, replayed: JsonObject) -> JsonObject:
    """Return a replayed call masked as the recorded one was; the same when it has no secrets.

    ``replayed``: the fields of a `ReplayedCall`.
    """
    replayed = redaction.marked_answer(replayed)
    if not redaction.redactor.concerns_value(replayed):
        return replayed
    [found] = redaction.masked([{"kind": "call_verdict", "replayed": replayed}])
    answer: JsonObject = found["replayed"]
    return answer


def _field(sweep: Sweep, kind: str, name: str, value: JsonValue) -> JsonValue:
    if name in KEPT or (kind == "tool_call" and name == "outcome"):
        return value
    if kind == "replay_run" and name in ("branch", "options"):
        return _branch(sweep, name, value)
    if kind in _PLAIN_KINDS or name == "tools":
        return value if sweep.is_clean(value) else _remembered(sweep, value, _texts)
    if name == "messages" and type(value) is list:
        return [_remembered(sweep, one, _value) for one in value]
    if name == "draws":
        # A site may be called like a secret and is none. An id that proved to be one is replaced by
        # its placeholder, an id too, which a replay then draws.
        return {site: [sweep.value(one) for one in made] for site, made in value.items()}
    return sweep.value(value)


def _exchanged(value: JsonValue, pairs: list[tuple[str, str]]) -> JsonValue:
    """Return a value with texts in its texts exchanged."""
    if type(value) is str:
        for before, after in pairs:
            value = value.replace(before, after)
        return value
    if type(value) is dict:
        return {name: _exchanged(item, pairs) for name, item in value.items()}
    return [_exchanged(item, pairs) for item in value] if type(value) is list else value


def _branch(sweep: Sweep, name: str, value: JsonValue) -> JsonValue:
    """Return what a what-if run was edited to, and what came of it, masked as calls are."""
    if name == "branch" or type(value) is not dict or "what_if" not in value:
        return sweep.value(value) if name == "branch" else _texts(sweep, value)
    others = {key: _texts(sweep, item) for key, item in value.items() if key != "what_if"}
    return {**others, "what_if": sweep.value(value["what_if"])}


_NAMING_ONLY: Final = ("payload", "positional", "result", "response", "error", "output", "start")


def _bare(fields: JsonObject, why: str) -> JsonObject:
    """Return what names a record of which nothing else can be stored."""
    found = {name: value for name, value in fields.items() if name in KEPT}
    if "arguments" in fields:
        found["arguments"] = ""
    left_out = {name: why for name in _NAMING_ONLY if name in fields}
    return {**found, "attributes": {"left_out": {**left_out, "arguments": why}}}


def _no_one(act: str, error: Exception) -> None:
    del act, error


def _remembered(
    sweep: Sweep, value: JsonValue, redacted: Callable[[Sweep, JsonValue], JsonValue]
) -> JsonValue:
    """Return a value masked, once for all places where it stands in one pass."""
    try:
        encoded = redacted.__name__.encode() + orjson.dumps(value)
    except TypeError:  # integers beyond 64 bits, lone surrogates
        return redacted(sweep, value)
    if encoded not in sweep.memo:
        sweep.memo[encoded] = redacted(sweep, value)
    return sweep.memo[encoded]


def _value(sweep: Sweep, value: JsonValue) -> JsonValue:
    return sweep.value(value)


def _texts(sweep: Sweep, value: Any) -> Any:
    if type(value) is str:
        return sweep.plain(value, assigned=False)
    if type(value) is dict:
        return {
            sweep.plain(name, assigned=False): _texts(sweep, item) for name, item in value.items()
        }
    return [_texts(sweep, item) for item in value] if type(value) is list else value


def is_redacted(attributes: JsonObject) -> bool | list[str]:
    """Whether a trace with these attributes was masked; where personal data were, their kinds."""
    found: bool | list[str] = attributes.get(ATTRIBUTE, False)
    return found

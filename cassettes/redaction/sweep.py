"""One pass over one thing: every secret in it becomes its placeholder.

By name first (what a header, a field or a key says of its value), then by form (the patterns),
then what was learned. JSON stays JSON with the same keys and types, also where it stands inside a
text; a text keeps its spelling wherever it can.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus, unquote_plus

import orjson

from cassettes.placeholders import PLACEHOLDER, SHAPED
from cassettes.redaction.described import describes_a_value
from cassettes.redaction.finding import found_in
from cassettes.redaction.free_text import COOKIES, ELEMENT, INPUT, assigned, said
from cassettes.redaction.headers import basic_password, masked_header
from cassettes.redaction.names import HARMLESS, words_of
from cassettes.redaction.packed import opened_base64, opened_hex
from cassettes.redaction.patterns import Pattern
from cassettes.redaction.personal import Kind
from cassettes.redaction.respelled import respelled
from cassettes.redaction.shapes import is_placeholder
from cassettes.redaction.spelling import spelled_as
from cassettes.redaction.streams import Events
from cassettes.redaction.tokens import are_tokens, without_tokens
from cassettes.redaction.vault import Learned

if TYPE_CHECKING:
    from cassettes.redaction.redactor import Redactor

_SCHEME: Final = re.compile(
    r"((?:Bearer|Basic|Token|Digest|ApiKey|Api-Key|Key|Negotiate|Hawk|GenieKey|SSWS|JWT|OAuth"
    r"|DPoP|GoogleLogin|AWS4-HMAC-SHA256)\s+)(.+)",
    re.IGNORECASE | re.DOTALL,
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.,+\-Z ]*)?")
_QUOTED: Final = re.compile(r"(?<![^=\s\"'<>(,;])[^\s&;=\"'<>%]*%[0-9A-Fa-f]{2}[^\s&;=\"'<>]*")
_INTEGER_MIN: Final = 100
"""Numbers below it are counts, not codes."""

_NUMBER_MIN: Final = 10**13
"""Numbers below it are looked at where their name says what they are."""

_MANY: Final = 4
"""Items from which on a look at all of them is quicker than to go through them."""

_DEPTH_MAX: Final = 4
"""How many JSON texts inside JSON texts are opened."""


class Sweep:
    """One pass, with the learned values that stand in the thing it goes over."""

    def __init__(self, redactor: Redactor, learned: list[Learned]) -> None:
        self._redactor = redactor
        self._rules = redactor.rules
        self._learned = learned
        self._depth = 0
        self.memo: dict[bytes, Any] = {}
        """Values that this pass has redacted, by their JSON: prompts repeat each other."""

    # Values

    def value(self, value: Any, *, secret: bool = False) -> Any:
        """Return a JSON value redacted; ``secret``: every text in it is."""
        if type(value) is str:
            return self.named(value) if secret and not _DATE.fullmatch(value) else self.text(value)
        if type(value) is dict:
            return self._object(value, secret=secret)
        if type(value) is list:
            return self._list(value, secret=secret)
        if type(value) is int and self._rules.kinds:
            return self._number(value)
        return value

    def under(self, name: str, value: Any) -> Any:
        """Return the JSON value called ``name`` redacted."""
        kind = self._rules.kind_named(name)
        if kind is not None and type(value) in (str, int) and kind.is_named(str(value)):
            return self._personal(kind, value)
        if kind is not None and type(value) is list:
            return [self.under(name, item) for item in value]
        if not self._rules.names.is_secret(name):
            return self.value(value)
        if type(value) is str:
            return self.called(name, value)
        if type(value) is int:
            return self._integer(value)
        if type(value) is list:
            return [self.under(name, item) for item in value]
        if type(value) is dict:
            is_whole = self._rules.names.is_secret_object(name) and not describes_a_value(value)
            return self._object(value, secret=is_whole)
        return value

    def _object(self, value: dict[str, Any], *, secret: bool) -> dict[str, Any]:
        if "$kind" in value:
            return self._tagged(value)
        if len(value) >= _MANY and not secret and self.is_clean(value):
            return value
        found: dict[str, Any] = {}
        for name, item in value.items():
            if secret and words_of(name)[-1:] != ("type",) and not self._rules.is_allowed(name):
                found[self._key(name)] = self.value(item, secret=True)
            elif name == "token" and "logprob" in value:
                found[name] = item  # a piece of a model's words
            else:
                found[self._key(name)] = self.under(name, item)
        label = value.get("name", value.get("key"))
        if type(label) is str and "value" in value and self._rules.names.is_secret(label):
            found["value"] = self.under(label, value["value"])
        return found

    def _tagged(self, value: dict[str, Any]) -> dict[str, Any]:
        """What `cassettes.values` wrote: bytes are opened, other kinds keep their form."""
        inner = value.get("value")
        if value["$kind"] == "bytes" and type(inner) is str:
            try:
                plain = base64.b64decode(inner, validate=True)
            except (ValueError, binascii.Error):
                return {**value, "value": self.text(inner)}
            clean = self.bytes(plain)
            return value if clean == plain else {**value, "value": base64.b64encode(clean).decode()}
        return {**value, "value": self.value(inner)}

    def _key(self, name: str) -> str:
        """A key may be a secret itself; names that say so are not."""
        if len(name) < 8 or not (self._learned or self._rules.looks_secret(name)):
            return name
        return self.plain(name, assigned=False)

    def _list(self, value: list[Any], *, secret: bool) -> list[Any]:
        if len(value) >= _MANY and not secret and self.is_clean(value):
            return value
        if value and all(type(one) is list and len(one) == 2 for one in value):
            return [self._pair(*one) for one in value]  # headers, rows of a form
        if are_tokens(value):
            value = self._tokens(value)
        return [
            self.named(item)
            if index and type(item) is str and self._is_flag(value[index - 1], item)
            else self.value(item, secret=secret)
            for index, item in enumerate(value)
        ]

    def _tokens(self, value: list[Any]) -> list[Any]:
        """Return a model's words, piece by piece, without the pieces of what is redacted."""
        whole = "".join(one["token"] for one in value)
        clean = self.text(whole)
        return value if clean == whole else without_tokens(value, whole, clean)

    def _is_flag(self, before: Any, item: str) -> bool:
        """Whether ``item`` is what an option in a command line asks for: ``--password``, this."""
        if type(before) is not str or not before.startswith("--") or "=" in before:
            return False
        return not item.startswith("-") and self._rules.names.is_secret(before.lstrip("-"))

    def _pair(self, name: Any, value: Any) -> list[Any]:
        is_place = type(name) is str and name[:1] == "/"  # in JSON, and so no name of a value
        if type(name) is str and type(value) is str and not is_place:
            return [self.value(name), self.called(name, value)]
        return [self.value(name), self.value(value)]

    def _integer(self, value: int) -> int:
        if abs(value) < _INTEGER_MIN:
            return value
        masked = int(self._hold(str(abs(value))))
        return masked if value > 0 else -masked

    def _number(self, value: int) -> int:
        """A number that is a card's, or another thing that is made of digits."""
        if value < _NUMBER_MIN:
            return value
        for found in found_in(str(value), self._rules.kinds, ()):
            if found.kind is not None and found.end - found.start == len(str(value)):
                masked: int = self._personal(found.kind, value)
                return masked
        return value

    def _personal(self, kind: Kind, value: Any) -> Any:
        """Return what stands for a value that is of ``kind``: a number for a number."""
        text = str(value)
        if kind.is_stand_in(text):
            return value
        masked = kind.masked(self._redactor.key, text)
        if type(value) is int:
            if masked[:1] == "0":
                return self._integer(value)
            self._learn(text, masked)
            return int(masked)
        self._learn(text, masked)
        return masked

    # Texts

    def called(self, name: str, value: str) -> str:
        """Return the text called ``name`` redacted."""
        kind = self._rules.kind_named(name)
        if kind is not None and kind.is_named(value):
            masked: str = self._personal(kind, value)
            return masked
        return (
            self.named(value) if self._rules.names.is_secret_text(name, value) else self.text(value)
        )

    def named(self, value: str) -> str:
        """Return what stands for a value whose name says that it is secret."""
        if not value.strip() or value.lower() in HARMLESS or is_placeholder(value):
            return value
        scheme = _SCHEME.fullmatch(value)
        if scheme is not None:
            self._learn_pair(scheme[1], scheme[2])
            return scheme[1] + self.named(scheme[2])
        if value[0] in "{[":
            nested = self._nested(value, secret=True)
            if nested is not None:
                return nested
        for pattern in self._rules.patterns:
            found = pattern.form.fullmatch(value) if pattern.finds_in(value) else None
            if found is not None and "secret" in pattern.form.groupindex:
                kept = self._kept_around(value, found.span("secret"))
                self._learn(value, kept)
                return kept
        return self._hold(value)

    def text(self, text: str) -> str:
        """Return a text redacted; one that is JSON as JSON."""
        if len(text) < 3 or not self._may_hold(text):
            return text
        if text[0] in "{[" and text.rstrip()[-1:] in ("}", "]"):
            nested = self._nested(text)
            if nested is not None:
                return nested
        if "\n" in text and "{" in text:
            return self._lines(Events(text).masked(self._apart, self._whole_in))
        return self.plain(text)

    def bytes(self, body: bytes) -> bytes:
        """Return bytes redacted that may be text in part."""
        readable = body.decode("utf-8", "replace")
        learned = self._redactor.vault.found_in(readable)
        if not learned and not self._rules.may_hold(readable):
            return body
        inside = Sweep(self._redactor, learned)
        text = inside.text(body.decode("utf-8", "surrogateescape"))
        return text.encode("utf-8", "surrogateescape")

    def plain(self, text: str, *, assigned: bool = True) -> str:
        """Return a text redacted that has no form of its own."""
        rules = self._rules
        if rules.may_be_respelled(text):
            text = respelled(text, self._inside)
        if rules.has_secret_form(text):
            for pattern in rules.patterns:
                if pattern.finds_in(text):
                    text = self._sub(pattern, text)
        if assigned and rules.names_stand_in(text):
            text = self._assigned(text)
            if "</" in text:
                text = ELEMENT.sub(self._valued, text)
            if "value=" in text:
                text = INPUT.sub(self._valued, text)
        if rules.is_personal:
            if rules.may_be_packed(text):
                text = opened_hex(opened_base64(text, self._inside), self._inside)
            if "%" in text:
                text = _QUOTED.sub(self._unquoted, text)
            text = self._without_personal(text)
        return self._replaced(text)

    def _without_personal(self, text: str) -> str:
        """Return a text with the personal data in it replaced."""
        parts: list[str] = []
        done = 0
        kinds = self._rules.kinds_in(text)
        if not kinds and not self._rules.finders:
            return text
        for found in found_in(text, kinds, self._rules.finders):
            if found.end <= done:
                continue
            start, end = max(found.start, done), found.end
            value = text[start:end]
            if found.kind is not None and start == found.start:
                masked = found.kind.masked(self._redactor.key, value)
            elif PLACEHOLDER.search(value):
                masked = value
            elif (known := self._known_around(text, start, end, done)) is not None:
                start, end, masked = known
            else:
                masked = self._hold(value)
            parts += (text[done:start], masked)
            done = end
        return "".join(parts) + text[done:] if parts else text

    def _known_around(
        self, text: str, start: int, end: int, done: int
    ) -> tuple[int, int, str] | None:
        """Return where a learned value stands that what a function found is a part of, masked.

        A surname in a street that is masked as a whole: the rest of it would stay. None: in none.
        """
        for spelling, value in self._learned:
            size = len(spelling)
            if size > end - start:
                at = text.find(spelling, max(done, end - size), start + size)
                if at != -1:
                    masked = self._redactor.vault.stand_in(value) or self.named(value)
                    return at, at + size, masked
        return None

    def _unquoted(self, found: re.Match[str]) -> str:
        """A field of a URL in a text, in which a value is spelled with percent signs."""
        plain = unquote_plus(found[0])
        clean = self._inside(plain)
        return found[0] if clean == plain else quote(clean, safe="")

    def _inside(self, text: str) -> str:
        """Return a text redacted that was packed in another."""
        if self._depth >= _DEPTH_MAX:
            return text
        self._depth += 1
        try:
            return self._apart(text)
        finally:
            self._depth -= 1

    def _whole_in(self, text: str) -> list[tuple[int, int]]:
        """Return where placeholders stand in a text that was redacted."""
        spans = [found.span() for found in SHAPED.finditer(text)]
        found = found_in(text, self._rules.kinds, ()) if self._rules.kinds else ()
        return spans + [(one.start, one.end) for one in found]

    def _apart(self, text: str) -> str:
        """Return a text redacted that nobody has looked at yet: learned values may be in it."""
        inside = Sweep(self._redactor, self._redactor.vault.found_in(text))
        inside._depth = self._depth
        return inside.text(text)

    def uri(self, uri: str) -> str:
        """Return a URI redacted: its query and fragment by name, all of it by form and learned."""
        if not self._may_hold(uri) and "?" not in uri and "#" not in uri:
            return uri
        base, mark, query = uri.partition("?")
        query, hash_mark, fragment = query.partition("#")
        if not mark:
            base, hash_mark, fragment = base.partition("#")
        if ";" in base:
            base = self._assigned(base)  # ;jsessionid=...
        found = base + mark + self.fields(query)
        found += hash_mark + (self.fields(fragment) if "=" in fragment else fragment)
        return self.plain(found, assigned=not mark)

    def fields(self, query: str) -> str:
        """Return the fields of a query or a form redacted, in their order and spelling."""
        return re.sub(r"([^&;=]+)=([^&;]*)", self._field, query)

    def field(self, name: str, value: str) -> str:
        """Return the value of one field of a form redacted."""
        kind = self._rules.kind_named(name)
        if kind is not None and kind.is_named(value):
            masked: str = self._personal(kind, value)
            return masked
        is_secret = self._rules.names.is_secret_field(name, value)
        return self.named(value) if is_secret else self.text(value)

    def _field(self, found: re.Match[str]) -> str:
        value = unquote_plus(found[2])
        masked = self.field(unquote_plus(found[1]), value)
        return found[0] if masked == value else f"{found[1]}={quote_plus(masked)}"

    # Inside

    def _may_hold(self, text: str) -> bool:
        return self._rules.may_hold(text) or any(one in text for one, _ in self._learned)

    def is_clean(self, value: Any) -> bool:
        """Whether one look at all of ``value`` is enough: quicker than to go through it."""
        try:
            encoded = orjson.dumps(value)
        except TypeError:
            return False
        return b'"$kind"' not in encoded and not self._may_hold(encoded.decode())

    def _nested(self, text: str, *, secret: bool = False) -> str | None:
        """Return JSON in a text redacted, in its spelling; None when it is none."""
        if self._depth >= _DEPTH_MAX:
            return None
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            return None
        self._depth += 1
        try:
            redacted = self.value(parsed, secret=secret)
        finally:
            self._depth -= 1
        return text if redacted == parsed else spelled_as(text, parsed, redacted)

    def _lines(self, text: str) -> str:
        """Server-sent events, JSON Lines, logs: each line that is JSON as JSON."""
        lines = text.split("\n")
        for index, line in enumerate(lines):
            start = line.find("{")
            if start >= 0 and line.rstrip().endswith("}") and self._may_hold(line):
                nested = self._nested(line[start:].rstrip())
                if nested is not None:
                    rest = line[len(line.rstrip()) :]
                    lines[index] = line[:start] + nested + rest
        return self.plain("\n".join(lines))

    def _sub(self, pattern: Pattern, text: str) -> str:
        def replaced(found: re.Match[str]) -> str:
            whole = found[0]
            secret = found["secret"] if "secret" in pattern.form.groupindex else whole
            if not secret or PLACEHOLDER.search(secret):
                return whole
            if secret is whole:
                return self._hold(whole, learns=pattern.is_learned)
            start = found.start("secret") - found.start()
            kept = self._kept_around(whole, (start, start + len(secret)))
            if " " not in whole and "/" not in whole:
                self._learn(whole, kept)
            return kept

        return pattern.form.sub(replaced, text)

    def _kept_around(self, whole: str, span: tuple[int, int]) -> str:
        """Return ``whole`` with only the secret in it replaced."""
        start, end = span
        return whole[:start] + self._hold(whole[start:end]) + whole[end:]

    def _assigned(self, text: str) -> str:
        """Return a text with what is assigned to secret names in it redacted."""
        for found in (assigned, said) if " " in text else (assigned,):
            parts: list[str] = []
            done = 0
            for name, start, end in found(text, self._rules.names):
                parts += (text[done:start], self._spoken(name, text[start:end]))
                done = end
            text = "".join(parts) + text[done:] if parts else text
        return text

    def _spoken(self, name: str, value: str) -> str:
        lower = name.lower()
        kind = self._rules.kind_named(name)
        if kind is not None and kind.is_named(value):
            masked: str = self._personal(kind, value)
            return masked
        return self.header(lower, value) if lower in COOKIES else self.named(value)

    def _valued(self, found: re.Match[str]) -> str:
        name = found["name"].rpartition(":")[2]
        if not self._rules.names.is_secret_text(name, found["value"]):
            return found[0]
        start, end = found.start("value") - found.start(), found.end("value") - found.start()
        return found[0][:start] + self.named(found["value"]) + found[0][end:]

    # Headers

    def header(self, name: str, value: str) -> str:
        """Return the value of the header called ``name`` (in lower case) redacted."""
        return masked_header(self, self._rules, name, value)

    def _learn_pair(self, scheme: str, encoded: str) -> None:
        """The password in Basic credentials is secret in the open, too."""
        if password := basic_password(scheme, encoded):
            self._hold(password)

    # Placeholders

    def _hold(self, value: str, *, learns: bool = True) -> str:
        stand_in = self._redactor.placeholder(value)
        if learns and stand_in != value:
            self._learn(value, stand_in)
        return stand_in

    def _learn(self, value: str, stand_in: str) -> None:
        self._redactor.vault.learn(value, stand_in)

    def _replaced(self, text: str) -> str:
        for spelling, value in self._learned:
            if spelling in text:
                text = text.replace(
                    spelling, self._redactor.vault.stand_in(value) or self.named(value)
                )
        return text

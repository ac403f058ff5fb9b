"""The redactor: what an application holds to keep secrets off the disk.

Useful alone::

    redactor = Redactor(key_beside("cassettes.yaml"))
    recording = Cassette("order 17")
    with freeze(recording):
        place_order(17)
    kept = redactor.interactions(recording.interactions)     # these may be stored
    replay = Cassette("order 17", "replay", kept, redactor=redactor)
"""

from __future__ import annotations

import copy
import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

import orjson

from cassettes.interaction import Interaction, Request
from cassettes.placeholders import PLACEHOLDER
from cassettes.redaction import exchanges
from cassettes.redaction.finding import Finder, found_in
from cassettes.redaction.prefilter import is_readable
from cassettes.redaction.rules import Rules
from cassettes.redaction.sensitive import Fit, Sensitives
from cassettes.redaction.shapes import placeholder
from cassettes.redaction.sweep import Sweep
from cassettes.redaction.vault import Vault

T = TypeVar("T")

_FOLDERS: Final = frozenset(("PWD", "OLDPWD"))
"""Variables of the shell whose names look like a password's."""

_USERINFO: Final = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")


class Redactor:
    """Replaces secrets by placeholders, keyed so that equality survives. Threads may share one.

    What is secret: values under secret names, values that look it, and from then on each of them
    wherever else it stands. ``redact(redact(x)) == redact(x)``, whatever ``x``.
    """

    def __init__(
        self,
        key: bytes | Callable[[], bytes] | None = None,
        *,
        names: Iterable[str] = (),
        patterns: Iterable[str] = (),
        allow: Iterable[str] = (),
        environment: bool | Mapping[str, str] = True,
        personal: bool | Iterable[str] = False,
        finders: Iterable[Finder] = (),
    ) -> None:
        """Make a redactor.

        Args:
            key: What placeholders are made with, or what gives it when the first one is made;
                None: a fresh one, so that they are equal within this process only.
            names: More names whose values are secret, in any spelling, with ``*``.
            patterns: More values that are secret: regular expressions (a group called ``secret``
                says which part of a match is), or kinds of personal data.
            allow: Names that are none.
            environment: Learn the values of secret-named environment variables; or the variables.
            personal: Mask personal data too: True for all kinds, or which (`KINDS`).
            finders: Functions that find more: each takes a text and gives back where something
                starts and ends in it, and what it is.

        Raises:
            PatternError: a pattern is no regular expression, or there is no such kind.
        """
        self._key = secrets.token_bytes(32) if key is None else key
        self.rules: Final = Rules(names, patterns, allow, personal=personal, finders=finders)
        self.vault: Final = Vault()
        self._environment = environment
        self._seen_variables: dict[str, str] = {}
        self._recognised: set[str] = set()
        self.learn_environment()

    @property
    def key(self) -> bytes:
        """The key of the placeholders."""
        if callable(self._key):
            self._key = self._key()
        return self._key

    # Learning

    def learn(self, value: str) -> None:
        """Treat ``value`` as secret wherever it stands from now on, unless it is a mere word."""
        self.vault.learn(value, None)

    def learn_environment(self) -> None:
        """Learn the environment's secrets; those set since are learned when called again."""
        if self._environment is not False:
            self.learn_variables(os.environ if self._environment is True else self._environment)

    def learn_variables(self, variables: Mapping[str, str]) -> None:
        """Learn the values of those ``variables`` whose names say that they are secret."""
        for name, value in list(variables.items()):
            if self._seen_variables.get(name) == value or name in _FOLDERS:
                continue
            self._seen_variables[name] = value
            if self.rules.names.is_secret(name):
                self.vault.learn(value, None, puts_away=False)
            for password in _USERINFO.findall(value):
                self.vault.learn(password, None, puts_away=False)
        self.vault.settle()

    def holds_placeholders(self, text: str) -> bool:
        """Whether something in ``text`` stands for what is masked."""
        if PLACEHOLDER.search(text):
            return True
        return any(
            kind.is_stand_in(text[start:end])
            for kind in self.rules.kinds_in(text)
            for start, end in kind.spans(text)
        )

    def recognise(self, recorded: Any) -> None:
        """Take what is secret today, and stands openly in ``recorded`` (JSON), for placeholders.

        For a replay of what was masked by other rules, or another key: of its placeholders, digits
        are the only ones without a mark.
        """
        text = _json_text(recorded)
        if self.rules.names_stand_in(text):
            self._recognise(recorded)
        if self.rules.finders or self.rules.has_secret_form(text):
            try:
                self._recognise_forms(recorded)
            except Exception:  # noqa: BLE001 -- a function of the user's: masking tells of it
                return

    def _recognise_forms(self, value: Any) -> None:
        if type(value) is str:
            self._recognised.update(self.rules.secrets_in(value))
        elif type(value) in (dict, list):
            for item in value.values() if type(value) is dict else value:
                self._recognise_forms(item)

    def _recognise(self, value: Any) -> None:
        if type(value) is dict:
            for name, item in value.items():
                if type(item) in (int, str) and self.rules.names.is_secret(name):
                    self._recognised.add(str(item))
                else:
                    self._recognise(item)
        elif type(value) is list:
            for item in value:
                self._recognise(item)
        elif type(value) is str and value[:1] in ("{", "[") and self.rules.names_stand_in(value):
            try:
                self._recognise(orjson.loads(value))
            except orjson.JSONDecodeError:
                return

    def with_vault(self, vault: Vault) -> Redactor:
        """Return one of the same key, rules and variables that learns into ``vault`` instead."""
        made = copy.copy(self)
        made.__dict__["vault"] = vault
        made._seen_variables = {}
        made.learn_variables(self._seen_variables)
        return made

    # Redacting

    def concerns(self, text: str) -> bool:
        """Whether anything in ``text``, which may be JSON, could have to be redacted.

        False is certain; True is worth a look. 10 KB take some 8 us.
        """
        if not text.isascii() and not is_readable(text):
            return True
        return self.rules.finds_any(text) or self.vault.holds_any(text)

    def concerns_value(self, value: Any) -> bool:
        """Whether anything in a JSON value could have to be redacted."""
        return self.concerns(_json_text(value))

    def text(self, text: str) -> str:
        """Return ``text`` redacted; JSON in it stays JSON."""
        return self._swept(text, text, lambda sweep: sweep.text(text))

    def json(self, value: Any) -> Any:
        """Return a JSON value redacted, with the same keys and types."""
        return self._swept(_json_text(value), value, lambda sweep: sweep.value(value))

    def request(self, request: Request) -> Request:
        """Return ``request`` redacted, the very same one when there is nothing to redact."""
        text = _request_text(request)
        if not self.concerns(text) and "?" not in request.uri:
            return request
        form = Interaction(request).to_json()

        def redacted(sweep: Sweep) -> Request:
            found = {**form, "request": exchanges.request(sweep, form["request"])}
            return Interaction.from_json(found).request

        return self._again_if_taught(text, redacted)

    def may_name_secrets(self, request: Request) -> bool:
        """Whether a field of ``request`` may have a secret name."""
        return self.rules.names_stand_in(f"{request.uri} {request.body.decode('utf-8', 'replace')}")

    def exchange(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON form of an interaction redacted."""
        return self.exchanges([form])[0]

    def exchanges(self, forms: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return JSON forms of interactions redacted; what one teaches holds for all."""
        whole = [dict(form) for form in forms]
        return self._again_if_taught(
            _json_text(whole), lambda sweep: [exchanges.exchange(sweep, form) for form in whole]
        )

    def interactions(self, interactions: Iterable[Interaction]) -> list[Interaction]:
        """Return interactions redacted; those that were recorded stay as they are."""
        forms = self.exchanges(one.to_json() for one in interactions)
        return [Interaction.from_json(form) for form in forms]

    def together(self, values: T, redacted: Callable[[Sweep], T]) -> T:
        """Return what ``redacted`` makes of ``values`` (JSON); what one teaches holds for all."""
        return self._again_if_taught(_json_text(values), redacted)

    def kinds_in(self, before: Any, after: Any) -> Iterator[tuple[str, str]]:
        """Yield what kind of values were replaced between two forms of one JSON value, and each.

        ``secret`` where no form tells; a text within which others were replaced counts once where
        none of them can be told from the rest.
        """
        text, new = (one if type(one) is str else json.dumps(one) for one in (before, after))
        found = [
            (one.label, text[one.start : one.end])
            for one in found_in(text, self.rules.kinds, self.rules.finders)
            if text[one.start : one.end] not in new
        ]
        yield from found
        if not found and text != new:
            yield "secret", _replaced_part(text, new)

    def placeholder(self, value: str) -> str:
        """Return what stands for ``value``: the same for the same value and key."""
        return value if value in self._recognised else placeholder(self.key, value)

    def sensitive(self, value: Any, kind: str | None, fit: Fit) -> Any:
        """Return what stands for a JSON value that is masked whatever it is; learn its texts."""
        found = Sensitives(self.key, self.placeholder).value(value, kind, fit)
        self._learn_all(value, found)
        return found

    def _learn_all(self, value: Any, found: Any) -> None:
        if type(value) is dict:
            for name, item in value.items():
                self._learn_all(item, found[name])
        elif type(value) is list:
            for item, masked in zip(value, found, strict=True):
                self._learn_all(item, masked)
        elif type(value) in (str, int) and value != found and type(value) is type(found):
            self.vault.learn(str(value), str(found), is_marked=True)

    def _sweep(self, text: str) -> Sweep:
        return Sweep(self, self.vault.found_in(text))

    def _swept(self, text: str, value: T, redacted: Callable[[Sweep], T]) -> T:
        return self._again_if_taught(text, redacted) if self.concerns(text) else value

    def _again_if_taught(self, text: str, redacted: Callable[[Sweep], T]) -> T:
        """Redact, and once more from the start with what that taught: it may stand further up."""
        before = self.vault.version
        found = redacted(self._sweep(text))
        return found if self.vault.version == before else redacted(self._sweep(text))


def _replaced_part(before: str, after: str) -> str:
    """Return what of ``before`` is not in ``after``, without what both begin and end with."""
    start = _common(before, after)
    rest = min(len(before), len(after)) - start
    end = _common(before[::-1][:rest], after[::-1][:rest])
    return before[start : len(before) - end] or before


def _common(one: str, other: str) -> int:
    """Return with how many letters both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _json_text(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # integers beyond 64 bits, lone surrogates
        return json.dumps(value)


def _request_text(request: Request) -> str:
    headers = "".join(f'"{name}":"{value}"\n' for name, value in request.headers)
    return f"{request.uri}\n{headers}{request.body.decode('utf-8', 'replace')}"

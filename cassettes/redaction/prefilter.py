"""One quick look at text: can anything in it be a secret?

Most records hold none, and reading every value of each to learn that would cost more than storing
them. So the whole JSON is searched at once for what a secret's name or form must contain. The
search is that of the Rust regex crate, which pydantic_core carries: 10 KB in 6 us, where Python's
own ``re`` takes 1.6 ms. Without pydantic_core everything is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

Finds = Callable[[str], bool]
"""Whether a text holds one of the things that were asked for."""

# Each group is one search. Few and literal alternatives are searched with vector instructions;
# one class too many in a group and it takes ten times as long (benchmarks/redacting.py).
_NAMES = (
    # stems without their first letter: `password`, `Password`, `userPassword`
    r"assw|assphrase|asscode|ecret|redential|ookie|ignature|ssertion|earer|csrf|xsrf|CSRF|XSRF"
    r"|ASSW|ECRET|REDENTIAL|OOKIE|IGNATURE|EARER|uthoriz|UTHORIZ|oken[^s]|OKEN[^S]|SESSID|-key ",
    r"(?:key|Key|KEY)s?(?:\\*[\"'>=:]| [=:])",
    r"(?:pi|PI|pp|ess|ret|ate)[-_ ]?[kK]ey |(?:PI|PP|ESS|RET|ATE)[-_ ]?KEY ",
    r"uth[-_ ]?[cC]ode|ession[-_ ]?[iI][dD]|ESSION[-_ ]?ID|ecurity[-_ ]?[cC]ode"
    r"|ication[-_ ]?[cC]ode|ard[-_ ]?[nN]umber|ebhook[-_ ]?[uU][rR][lL]|nection[-_ ]?[sS]tring"
    r"|ne[-_ ][tT]ime|very[-_ ]?[cC]odes|ackup[-_ ]?[cC]odes"
    r"|code=|ticket=|nonce=",
    r"(?:pwd|pw|pin|PIN|otp|cvv|cvc|cvv2|ssn|sid|sig|pass|jwt|auth|session)"
    r"(?:\\*[\"=:]| (?:is|was|[=:]) )"
    r"|(?:Pwd|Pin|Otp|Sid|Sig|Pass|Auth|Session|PWD|PIN|OTP|SID|SSN|JWT|CVV|AUTH)\\*[\"=:]",
)
_VALUES = (
    r"eyJ|sk-[A-Za-z0-9]|[spr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|xapp-"
    r"|A[KS]IA[A-Z0-9]{16}|AIza|ya29\.|npm_|pypi-|hf_|gsk_|/bot|:AA|-----BEGIN"
    r"|://[^/ :@\"'<>\\]*:[^/ @\"'<>\\]+@|hooks\.slack|api/webhooks"
    r"|SG\.[A-Za-z0-9_-]{16}",
)
BRIEF_CHARS: Final = 16_384
_STREAMS = r"data: ?\{|\}\\*\n\{|\}\\+n\{"
"""Events, of which several may hold a value in pieces."""


@cache
def name_searches() -> tuple[Finds, ...]:
    """Return what together finds anything that a built-in secret name must contain."""
    return tuple(map(_search, _NAMES))


@cache
def brief_search() -> Finds:
    """Return what finds anything that the searches above and below find, in one pass.

    For texts of up to `BRIEF_CHARS`: with long ones they are faster, with short ones it is, the
    more so for who searches once in a while, and fetches every search from memory anew.
    """
    return _search("|".join(f"(?:{one})" for one in (*_NAMES, *_value_forms())))


@cache
def value_searches() -> tuple[Finds, ...]:
    """Return what together finds anything that a built-in secret value must contain."""
    return tuple(map(_search, _value_forms()))


def _value_forms() -> tuple[str, ...]:
    from cassettes.redaction import vendors

    return (*_VALUES, *vendors.searches(), _STREAMS)


def any_in(names: Iterable[str], patterns: Iterable[str]) -> Finds | None:
    """Return what finds the user's own names and patterns; None: nothing to look for."""
    parts = [*patterns]
    parts += ["(?i:" + _loosely(name) + ")" for name in names]
    return _search("|".join(f"(?:{part})" for part in parts)) if parts else None


def literals_in(values: Iterable[str]) -> Finds:
    """Return what finds any of ``values``, however many they are."""
    return _search("|".join(map(literal, values)))


def is_readable(text: str) -> bool:
    """Whether a search can read ``text``: bytes that are no UTF-8 stand in it as surrogates."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def readable(text: str) -> str:
    """Return ``text`` as a search can read it."""
    return text if is_readable(text) else text.encode("utf-8", "replace").decode()


def search(form: str) -> Finds:
    """Return what finds an expression in a text."""
    return _search(form)


def _loosely(name: str) -> str:
    """A name in any spelling: with dashes, underscores, or as one word."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    return "[-_ ]?".join(words) or "."


def literal(value: str) -> str:
    """Escape by hand: ``re.escape`` writes what Rust does not read (a slash before a space)."""
    return re.sub(r"[\\.+*?()|\[\]{}^$#&\-~]", lambda found: "\\" + found[0], value)


@cache
def _search(form: str) -> Finds:
    try:
        from pydantic_core import SchemaError, SchemaValidator, core_schema
    except ImportError:
        return lambda text: True
    try:
        schema = core_schema.str_schema(pattern=form, regex_engine="rust-regex")
        found: Finds = SchemaValidator(schema).isinstance_python
    except SchemaError:  # look-around, back references: Python's own
        pattern = re.compile(form)
        return lambda text: pattern.search(text) is not None
    return found

"""Personal values and secrets, planted in every place that a trace can hold them; and what only
looks so. Everything is drawn from a seed: two runs plant the same.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

FIRST = [
    "anna",
    "bob",
    "carla",
    "dmitri",
    "elena",
    "farid",
    "grace",
    "hugo",
    "ines",
    "jonas",
    "kira",
    "liam",
    "maya",
    "nils",
    "olga",
    "pedro",
]
LAST = [
    "smith",
    "keller",
    "rossi",
    "ivanov",
    "garcia",
    "haddad",
    "okafor",
    "dubois",
    "silva",
    "berg",
    "novak",
    "murphy",
    "tanaka",
]
HOSTS = [
    "gmail.com",
    "outlook.com",
    "web.de",
    "laposte.net",
    "corp-mail.co.uk",
    "uni-bonn.de",
    "proton.me",
    "acme.io",
]


STEPS = 100
"""Of one trace."""


@dataclass(frozen=True)
class Planted:
    """One text with one value in it."""

    kind: str
    """The class of the value; for what only looks so, the class it could be taken for."""
    value: str
    place: str
    text: str
    is_personal: bool = True
    looks: str = ""
    """Of what only looks so: what it is."""

    def stands_in(self, masked: str) -> bool:
        """Whether the value can still be read in a masked text."""
        spellings = {self.value, quote(self.value), quote_plus(self.value)}
        spellings.add(json.dumps(self.value)[1:-1])
        if any(one in masked for one in spellings):
            return True
        return any(self.value in one for one in opened(masked))


def opened(text: str) -> Iterator[str]:
    """Yield what stands in a text packed or in pieces."""
    for word in text.replace('"', " ").replace("\\", " ").split():
        word = word.removeprefix("data:text/plain;base64,")
        if len(word) >= 16:
            with contextlib.suppress(ValueError):
                yield base64.b64decode(word, validate=True).decode()
    pieces = []
    for line in text.split("\n"):
        if line.startswith("data: {"):
            try:
                pieces.append(json.loads(line[6:])["choices"][0]["delta"]["content"])
            except (ValueError, KeyError, IndexError):
                continue
    yield "".join(pieces)


class Values:
    """Draws values of each kind."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.environment: dict[str, str] = {}

    def digits(self, count: int) -> str:
        return "".join(self.random.choices(string.digits, k=count))

    def letters(self, count: int, of: str = string.ascii_letters + string.digits) -> str:
        return "".join(self.random.choices(of, k=count))

    def email(self) -> str:
        draw = self.random
        first, last = draw.choice(FIRST), draw.choice(LAST)
        local = draw.choice(
            [
                f"{first}.{last}",
                f"{first}{draw.randrange(99)}",
                f"{first[0]}_{last}",
                f"{first}+{last}",
            ]
        )
        local = local.title() if draw.random() < 0.1 else local
        return f"{local}{draw.randrange(1000)}@{draw.choice(HOSTS)}"

    def phone(self) -> str:
        draw = self.random
        area, exchange, line = (
            f"{draw.randrange(2, 9)}{draw.randrange(2, 9)}{draw.randrange(2, 10)}",
            f"{draw.randrange(2, 10)}{draw.randrange(2, 9)}{draw.randrange(10)}",
            self.digits(4),
        )
        return draw.choice(
            [
                f"({area}) {exchange}-{line}",
                f"{area}-{exchange}-{line}",
                f"{area}.{exchange}.{line}",
                f"+1 {area} {exchange} {line}",
                f"+1{area}{exchange}{line}",
                f"+44 7{self.digits(3)} {self.digits(6)}",
                f"+49 30 {draw.randrange(2, 10)}{self.digits(6)}",
                f"+49 30 {draw.randrange(2, 10)}{self.digits(8)}",
                f"+49 (0)89 {draw.randrange(2, 10)}{self.digits(6)}",
                f"+33 6 {self.digits(2)} {self.digits(2)} {self.digits(2)} {self.digits(2)}",
                f"+91 9{self.digits(4)} {self.digits(5)}",
                f"+55 11 9{self.digits(4)}-{self.digits(4)}",
                f"0049 171 {draw.randrange(2, 10)}{self.digits(6)}",
            ]
        )

    def card(self) -> str:
        draw = self.random
        prefix, size = draw.choice(
            [("4", 16), ("4", 16), ("52", 16), ("2345", 16), ("37", 15), ("6011", 16), ("3530", 16)]
        )
        body = prefix + self.digits(size - len(prefix) - 1)
        number = body + _luhn_digit(body)
        if size == 15:
            return draw.choice([number, f"{number[:4]} {number[4:10]} {number[10:]}"])
        four = [number[at : at + 4] for at in range(0, 16, 4)]
        return draw.choice([number, " ".join(four), "-".join(four)])

    def iban(self) -> str:
        draw = self.random
        country, bban = draw.choice(
            [
                ("DE", self.digits(18)),
                ("GB", self.letters(4, string.ascii_uppercase) + self.digits(14)),
                ("FR", self.digits(23)),
                ("NL", self.letters(4, string.ascii_uppercase) + self.digits(10)),
                ("ES", self.digits(20)),
                ("BE", draw.choice("123456789") + self.digits(11)),
                ("CH", self.digits(17)),
                ("NO", draw.choice("123456789") + self.digits(10)),
            ]
        )
        check = 98 - int("".join(str(int(one, 36)) for one in f"{bban}{country}00")) % 97
        whole = f"{country}{check:02}{bban}"
        return draw.choice([whole, " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))])

    def ssn(self) -> str:
        draw = self.random
        if draw.random() < 0.25:
            return f"{draw.choice('ABCEHJKL')}{draw.choice('ABCEHJKL')} {self.digits(2)} {self.digits(2)} {self.digits(2)} {draw.choice('ABCD')}"
        area = draw.choice([n for n in range(1, 900) if n != 666])
        return f"{area:03}-{draw.randrange(1, 100):02}-{draw.randrange(1, 10000):04}"

    def ip(self) -> str:
        draw = self.random
        if draw.random() < 0.25:
            return f"2a0{draw.randrange(1, 8)}:{draw.randrange(4096, 65536):x}:{draw.randrange(4096, 65536):x}::{draw.randrange(4096, 65536):x}"
        return f"{draw.choice([23, 34, 52, 81, 93, 142, 185, 203])}.{draw.randrange(20, 250)}.{draw.randrange(20, 250)}.{draw.randrange(1, 255)}"

    def jwt(self) -> str:
        parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": self.letters(12), "exp": 1795200000}]
        packed = [
            base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts
        ]
        return ".".join([*packed, self.letters(43)])

    def vendor_key(self) -> str:
        return self.random.choice(
            [
                "sk-proj-" + self.letters(40),
                "ghp_" + self.letters(36),
                "AKIA" + self.letters(16, string.ascii_uppercase + string.digits),
                f"xoxb-{self.digits(12)}-{self.letters(24)}",
                "glpat-" + self.letters(20),
                "AIza" + self.letters(35),
                "sk_live_" + self.letters(24),
            ]
        )

    def environment_secret(self) -> str:
        """One of sixty values that variables of the application hold."""
        if len(self.environment) < 60:
            self.environment[f"SERVICE_{len(self.environment)}_TOKEN"] = f"tk{self.letters(14)}7z"
        return self.random.choice(list(self.environment.values()))

    def look_alikes(self) -> Iterator[tuple[str, str, str]]:
        """Yield what it is, the class it could be taken for, and one of them, for ever."""
        draw = self.random
        while True:
            yield "order number", "phone", f"ORD-{self.digits(4)}-{self.digits(6)}"
            yield "order number", "card", "8" + self.digits(15)
            yield "no Luhn", "card", _fails_luhn("4" + self.digits(15))
            yield (
                "ISO time",
                "phone",
                f"2026-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}T{draw.randrange(24):02}:{draw.randrange(60):02}:{draw.randrange(60):02}+0{draw.randrange(1, 10)}:00",
            )
            yield "epoch ms", "phone", "17" + self.digits(11)
            yield "epoch us", "card", "17" + self.digits(14)
            yield "epoch s", "phone", "17" + self.digits(8)
            yield "sha1", "vendor_key", self.letters(40, string.hexdigits.lower()[:16])
            yield "sha256", "jwt", self.letters(64, string.hexdigits.lower()[:16])
            yield (
                "version",
                "ip",
                f"v{draw.randrange(30)}.{draw.randrange(30)}.{draw.randrange(30)}.{draw.randrange(30)}",
            )
            yield (
                "version",
                "ip",
                f"Chrome/{draw.randrange(90, 140)}.0.{draw.randrange(1000, 7000)}.{draw.randrange(10, 250)}",
            )
            yield (
                "version",
                "ip",
                f"version {draw.randrange(1, 30)}.{draw.randrange(30)}.{draw.randrange(30)}.{draw.randrange(30)}",
            )
            yield "private address", "ip", f"192.168.{draw.randrange(256)}.{draw.randrange(1, 255)}"
            yield "float", "phone", f"{draw.random() * 1000:.9f}"
            yield "float", "card", f"{draw.random():.16f}"
            yield (
                "coordinates",
                "phone",
                f"+{draw.randrange(30, 60)}.{self.digits(7)},-{draw.randrange(10, 99)}.{self.digits(7)}",
            )
            yield "uuid", "ssn", _uuid(self)
            yield (
                "flight number",
                "ssn",
                f"{draw.choice(['LH', 'BA', 'UA', 'AF'])}{draw.randrange(100, 9999)}",
            )
            yield "barcode", "card", "40" + self.digits(11)
            yield "isbn", "phone", f"978-3-{self.digits(2)}-{self.digits(6)}-{self.digits(1)}"
            yield "part number", "ssn", f"{self.digits(4)}-{self.digits(3)}-{self.digits(2)}"
            yield "file name", "email", f"logo-{draw.randrange(999)}@2x.png"
            yield "repository", "email", f"git@github.com:acme/app-{draw.randrange(999)}.git"
            yield (
                "package",
                "email",
                f"left-pad@{draw.randrange(9)}.{draw.randrange(9)}.{draw.randrange(9)}",
            )
            yield "country and digits", "iban", f"DE{self.digits(6)}"
            yield "wrong checksum", "iban", f"DE00{self.digits(18)}"
            yield (
                "MAC address",
                "ip",
                ":".join(self.letters(2, "0123456789abcdef") for _ in range(6)),
            )
            yield (
                "amount",
                "phone",
                f"{draw.randrange(100, 999)},{self.digits(3)},{self.digits(3)}.{self.digits(2)}",
            )


def _luhn_digit(body: str) -> str:
    total = 0
    for at, one in enumerate(reversed(body)):
        number = int(one) * (2 if at % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def _fails_luhn(number: str) -> str:
    right = _luhn_digit(number[:-1])
    return number[:-1] + str((int(right) + 1 + int(number[-1]) % 8) % 10)


def _uuid(values: Values) -> str:
    hexes = values.letters(32, "0123456789abcdef")
    return f"{hexes[:8]}-{hexes[8:12]}-4{hexes[13:16]}-9{hexes[17:20]}-{hexes[20:]}"


def _said(value: str, values: Values) -> str:
    before = values.random.choice(
        ["Please note", "For the booking use", "He wrote", "It is", "See"]
    )
    return f"{before} {value} and then go on with the next step."


def _in_pieces(value: str, values: Values) -> str:
    """Server-sent events whose borders go through the middle of the value."""
    text = _said(value, values)
    at = text.index(value) + max(1, len(value) // 2)
    cuts = [0, at - max(1, len(value) // 3), at, len(text)]
    pieces = [text[left:right] for left, right in itertools.pairwise(cuts)]
    events = [{"id": "c1", "choices": [{"index": 0, "delta": {"content": one}}]} for one in pieces]
    return "".join(f"data: {json.dumps(one)}\n\n" for one in events) + "data: [DONE]\n\n"


Place = Callable[[str, Values], str]
PLACES: dict[str, Place] = {
    "words": _said,
    "JSON": lambda value, v: json.dumps({"note": _said(value, v), "id": 7}),
    "JSON in JSON": lambda value, v: json.dumps({"body": json.dumps({"rows": [{"note": value}]})}),
    "list": lambda value, v: json.dumps(["a", value, "b"]),
    "key": lambda value, v: json.dumps({value: {"seen": True}}),
    "schema": lambda value, v: json.dumps(
        {
            "type": "object",
            "properties": {"to": {"type": "string", "description": f"Such as {value}."}},
        }
    ),
    "error": lambda value, v: f"LookupError: no customer with {value} was found",
    "traceback": lambda value, v: (
        f'Traceback (most recent call last):\n  File "app.py", line 7, in find\n    raise LookupError(who)\nLookupError: {value}'
    ),
    "header": lambda value, v: json.dumps({"headers": {"X-Forwarded-For-Customer": [value]}}),
    "URL": lambda value, v: f"https://api.acme.io/find?page=2&who={quote(value, safe='')}&lang=en",
    "base64": lambda value, v: base64.b64encode(f"note: {_said(value, v)}".encode()).decode(),
    "pieces": _in_pieces,
    "log": lambda value, v: f"2026-11-25T10:00:00Z INFO handled request who={value} took=12ms",
    "XML": lambda value, v: f"<customer><contact>{value}</contact><n>1</n></customer>",
}


def planted(count: int, seed: int = 1) -> tuple[list[Planted], dict[str, str]]:
    """Return ``count`` planted values, and the environment that some of them are of."""
    values = Values(seed)
    draws: dict[str, Callable[[], str]] = {
        "email": values.email,
        "phone": values.phone,
        "card": values.card,
        "iban": values.iban,
        "ssn": values.ssn,
        "ip": values.ip,
        "jwt": values.jwt,
        "vendor_key": values.vendor_key,
        "environment": values.environment_secret,
    }
    found = []
    names, places = list(draws), list(PLACES)
    for number in range(count):
        kind, place = names[number % len(names)], places[(number // len(names)) % len(places)]
        value = draws[kind]()
        found.append(Planted(kind, value, place, PLACES[place](value, values)))
    return found, values.environment


def look_alikes(count: int, seed: int = 2) -> list[Planted]:
    """Return ``count`` values that only look personal."""
    values = Values(seed)
    drawn = values.look_alikes()
    found = []
    names = ("words", "JSON", "list", "error", "log")
    for number in range(count):
        looks, kind, value = next(drawn)
        place = names[number % len(names)]
        text = PLACES[place](value, values)
        found.append(Planted(kind, value, place, text, is_personal=False, looks=looks))
    return found


def as_lines(items: list[Planted]) -> Iterator[str]:
    """Yield the texts as JSON lines, for a masker in another process."""
    for one in items:
        yield json.dumps(one.text)


def records(items: list[Planted]) -> Iterator[dict[str, Any]]:
    """Yield the records of a trace that hold the texts, each in the field that is its place."""
    at = "2026-11-20T10:00:00.000000Z"
    for number, one in enumerate(items):
        trace_id = f"t{number // STEPS}"
        if number % STEPS == 0:
            asked: dict[str, Any] = {}
            yield {"kind": "trace", "id": trace_id, "started_at": at}
        step = {"trace_id": trace_id, "step_number": number % STEPS + 1, "started_at": at}
        if one.place in ("words", "pieces", "schema"):
            tools = (
                [
                    {
                        "type": "function",
                        "function": {"name": "find", "parameters": json.loads(one.text)},
                    }
                ]
                if one.place == "schema"
                else []
            )
            call: dict[str, Any] = {
                "kind": "model_call",
                "id": f"m{number}",
                "api": "chat.completions",
                **step,
            }
            said = one.text if one.place == "words" else "go on"
            call |= {"messages": [{"role": "user", "content": said}], "tools": tools}
            call |= {"stream": one.text} if one.place == "pieces" else {}
            call["output"] = {"role": "assistant", "content": f"Done: {said}"}
            asked = {"model_call_id": call["id"]}
            yield call
            continue
        yield _tool_call(number, one, step | asked)
        if one.place in ("header", "URL", "XML"):
            yield _interaction(number, one, at)


def _tool_call(number: int, one: Planted, step: dict[str, Any]) -> dict[str, Any]:
    call = {"kind": "tool_call", "id": f"c{number}", "tool": "find", "arguments": "{}", **step}
    if one.place in ("error", "traceback"):
        error = {"type": "LookupError", "message": one.text, "traceback": one.text}
        return {**call, "outcome": "crashed", "error": error}
    if one.place in ("JSON", "JSON in JSON", "key"):
        return {**call, "arguments": one.text, "payload": json.loads(one.text), "outcome": "ok"}
    return {**call, "result": {"text": one.text}, "response": one.text, "outcome": "ok"}


def _interaction(number: int, one: Planted, at: str) -> dict[str, Any]:
    from cassettes import Interaction, Request, Response

    uri = one.text if one.place == "URL" else "https://api.acme.io/find"
    sent = [("X-Customer", one.value)] if one.place == "header" else []
    body = one.text.encode() if one.place == "XML" else b"{}"
    exchange = Interaction(
        Request("GET", uri, sent),
        Response(200, "OK", headers=[("Content-Type", "text/xml")], body=body),
    )
    return {
        "kind": "interaction",
        "id": f"i{number}",
        "tool_call_id": f"c{number}",
        "interaction_index": 0,
        "exchange": exchange.to_json(),
    }

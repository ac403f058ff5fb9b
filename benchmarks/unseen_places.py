"""Where the values of the second corpus stand, and how one that is spelled otherwise is read."""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import json
import quopri
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote, unquote, unquote_plus

Place = Callable[[str, random.Random], str]


def _sentence(value: str, chance: random.Random) -> str:
    return chance.choice(
        [
            f"Sure, I noted {value}.",
            f"({value})",
            f"It was “{value}”, I think.",
            f"- customer: {value}\n- status: open",
            f"Ist {value} richtig?",
            f"| id | value |\n|---|---|\n| 7 | {value} |",
        ]
    )


def _chunks(text: str, chance: random.Random) -> list[str]:
    pieces = []
    while text:
        size = chance.randrange(1, 6)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def _openai_arguments(value: str, chance: random.Random) -> str:
    arguments = json.dumps({"note": value, "n": 1})
    events = [
        {
            "choices": [
                {
                    "index": 0,
                    "delta": {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]},
                }
            ]
        }
        for piece in _chunks(arguments, chance)
    ]
    return "".join(f"data: {json.dumps(one)}\n\n" for one in events) + "data: [DONE]\n\n"


def _anthropic_text(value: str, chance: random.Random) -> str:
    kind = "content_block_delta"
    lines = []
    for piece in _chunks(f"It is {value}, I think.", chance):
        delta = {"type": "text_delta", "text": piece}
        data = json.dumps({"type": kind, "index": 0, "delta": delta})
        lines.append(f"event: {kind}\ndata: {data}\n\n")
    return "".join(lines)


def _responses_text(value: str, chance: random.Random) -> str:
    kind = "response.output_text.delta"
    lines = []
    for piece in _chunks(f"It is {value}, I think.", chance):
        data = json.dumps({"type": kind, "item_id": "m1", "output_index": 0, "delta": piece})
        lines.append(f"event: {kind}\ndata: {data}\n\n")
    return "".join(lines)


def _escaped(value: str) -> str:
    return "".join(f"\\u{ord(one):04x}" if ord(one) < 0x10000 else one for one in value)


def _wide(value: str) -> str:
    return "".join(
        chr(ord(one) + 0xFEE0) if one.isdigit() and one.isascii() else one for one in value
    )


PLACES: Final[dict[str, Place]] = {
    "sentence": _sentence,
    "JSON": lambda value, c: json.dumps({"rows": [{"text": _sentence(value, c)}]}),
    "JSON three deep": lambda value, c: json.dumps({"a": json.dumps({"b": json.dumps([value])})}),
    "JSON, unicode escapes": lambda value, c: '{"note": "' + _escaped(f"see {value} now") + '"}',
    "key": lambda value, c: json.dumps({"seen": {value: 3}}),
    "schema's example": lambda value, c: json.dumps({"type": "string", "examples": [value, "x"]}),
    "error": lambda value, c: f"ValueError: could not use '{value}': rejected (code 17)",
    "repr": lambda value, c: repr({"detail": [value], "n": None}),
    "percent": lambda value, c: "https://a.example/q?x=1&v=" + quote(value, safe="") + "&y=2",
    "percent, all": lambda value, c: "v=" + "".join(f"%{one:02X}" for one in value.encode()),
    "HTML": lambda value, c: f"<td class=v>{html.escape(value)}</td>",
    "HTML entities": lambda value, c: "<p>" + "".join(f"&#{ord(one)};" for one in value) + "</p>",
    "base64": lambda value, c: base64.b64encode(f"it is {value}.".encode()).decode(),
    "base64, for URLs": lambda value, c: base64.urlsafe_b64encode(
        f"~~? it is {value}.".encode()
    ).decode(),
    "base64 in JSON": lambda value, c: json.dumps(
        {"data": base64.b64encode(json.dumps({"note": value}).encode()).decode()}
    ),
    "CSV": lambda value, c: f'id,contact,n\n1,"{value}",4\n',
    "YAML": lambda value, c: f"customer:\n  contact: {value}\n  n: 1\n",
    "log": lambda value, c: f"[2026-11-25 10:00:00,123] INFO app: contact={value};n=3",
    "SQL": lambda value, c: f"SELECT * FROM t WHERE contact = '{value}' LIMIT 1",
    "chunks, OpenAI's arguments": _openai_arguments,
    "chunks, Anthropic": _anthropic_text,
    "chunks, Responses": _responses_text,
    "full-width digits": lambda value, c: f"番号は {_wide(value)} です",
    "quoted-printable": lambda value, c: quopri.encodestring(
        f"Grüße von = {value} =".encode()
    ).decode(),
}

NAMED: Final[dict[str, Callable[[str, str], str]]] = {
    ".env": lambda name, value: f"# settings\n{name}={value}\nDEBUG=1\n",
    "export": lambda name, value: f'export {name}="{value}" && ./run',
    "JSON": lambda name, value: json.dumps({"config": {name: value, "region": "eu"}}),
    "JSON in JSON": lambda name, value: json.dumps({"body": json.dumps({name: value})}),
    "YAML": lambda name, value: f"env:\n  {name}: {value}\n  region: eu\n",
    "Python": lambda name, value: f"{name} = '{value}'\nclient = Client({name})",
    "repr": lambda name, value: repr({name: value, "region": "eu"}),
    "header": lambda name, value: f"{name.replace('_', '-')}: {value}\r\nAccept: */*\r\n",
    "URL": lambda name, value: f"https://a.example/v1/x?{name}={quote(value, safe='')}&n=1",
    "option": lambda name, value: f"tool --{name.replace('_', '-').lower()} {value} --verbose",
    "XML": lambda name, value: f"<{name}>{html.escape(value)}</{name}>",
    "properties": lambda name, value: f"{name} : {value}\nother : 1",
    "HCL": lambda name, value: f'variable "x" {{\n  {name} = "{value}"\n}}',
    "words": lambda name, value: f"The {name.replace('_', ' ')} is {value}, keep it.",
}


def stands(value: str, masked: str) -> bool:
    """Whether the value can still be read in a masked text, by whoever undoes any one spelling."""
    wanted = {value, unicodedata.normalize("NFKC", value)}
    seen, latest = {masked}, {masked}
    for _ in range(_DEPTH):
        if any(one in text for text in latest for one in wanted):
            return True
        latest = {other for text in latest for other in _readings(text)} - seen
        seen |= latest
    return any(one in text for text in latest for one in wanted)


def _readings(text: str) -> Iterator[str]:
    """Yield what a text says by any one spelling."""
    if "&" in text:
        yield html.unescape(text)
    if "%" in text:
        yield unquote(text)
        yield unquote_plus(text)
    if not text.isascii():
        yield unicodedata.normalize("NFKC", text)
    if "\\" in text:
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
        yield text.replace('\\"', '"').replace("\\\\", "\\")
    yield _joined(text)
    yield from _unpacked(text)
    if "=" in text:
        with contextlib.suppress(ValueError):
            yield quopri.decodestring(text.encode()).decode()


def _unpacked(text: str) -> Iterator[str]:
    for word in re.findall(r"[A-Za-z0-9+/_-]{12,}={0,2}", text):
        with contextlib.suppress(ValueError, binascii.Error):
            padded = word.rstrip("=") + "=" * (-len(word.rstrip("=")) % 4)
            yield base64.b64decode(padded.translate(_TO_PLAIN)).decode()


def _joined(text: str) -> str:
    found = re.findall(r'"(?:text|delta|arguments|content)": ("(?:[^"\\]|\\.)*")', text)
    try:
        return "".join(map(json.loads, found))
    except ValueError:  # a masker put what is no JSON between
        return "".join(one[1:-1] for one in found)


_DEPTH: Final = 3
_TO_PLAIN: Final = str.maketrans("-_", "+/")

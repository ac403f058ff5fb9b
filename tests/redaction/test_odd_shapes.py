"""Personal data in shapes that a form passes by: odd spellings, pieces, names of many, keys."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from cassettes.redaction import Redactor
from replay.store.redaction import Redaction

EMAIL = "zoe.quill@firma-xyz.org"
PHONE = "+49 170 5558213"
CARD = "4012 8888 8888 1881"


def redactor() -> Redactor:
    return Redactor(b"k" * 32, environment=False, personal=True)


def coded(value: str, form: str) -> str:
    return "".join(form.format(ord(one)) for one in value)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (EMAIL.encode().hex(), b"r4330167e7b57r@example.com".hex()),
        (f"u={EMAIL.replace('@', '%2540')}", "u=<>%2540example.com"),
        (f"say {coded(EMAIL, chr(92) + 'x{:02x}')}", "say <>"),
        (f"say {EMAIL[:5]}\u200b{EMAIL[5:]} now", "say <> now"),
        (f"say {EMAIL[:5]}\u00ad{EMAIL[5:]} now", "say <> now"),
        (json.dumps({"to": f"{CARD[:6]}\u200b{CARD[6:]}"}), '{"to": "4000 0096 2799 1881"}'),
        ("&#43;49 170 5558213 it is", "+49 000 2803077 it is"),
        ("\\u002B49 170 5558213 it is", "+49 000 2803077 it is"),
        (f"/scans/{CARD}.pdf", "/scans/4000 0096 2799 1881.pdf"),
        ("ana.pop@posta.md", "<>"),
        ("juan@empresa.com.py", "<>"),
    ],
)
def test_a_value_that_is_spelled_oddly_is_masked(text: str, clean: str) -> None:
    masked = redactor().text(text)

    assert masked != text
    assert (masked == clean) or ("<>" in clean and masked.startswith(clean.partition("<>")[0]))
    assert "firma-xyz" not in masked
    assert redactor().text(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "d41d8cd98f00b204e9800998ecf8427e 3f2a5b6c7d4e5f6a2b3c4d5e6f7a2b3c4d5e6f70",
        "notes@2x.md logo@2x.png setup@v2.py",
        "soft\u00adhyphens in words\u200b are none",
        "\\x41\\x42 is AB, &#43;1 is a vote",
    ],
)
def test_what_is_only_spelled_oddly_stays(text: str) -> None:
    assert redactor().text(text) == text


def test_numbers_in_a_list_are_of_the_kind_that_its_name_says() -> None:
    assert redactor().json({"phone_numbers": [4155550132]}) != {"phone_numbers": [4155550132]}
    assert redactor().json({"counts": [4155550132]}) == {"counts": [4155550132]}


def test_a_value_in_the_pieces_that_a_model_tells_probabilities_of_is_masked() -> None:
    pieces = ["Mail", " zo", "e.qu", "ill", "@fir", "ma-xyz", ".org", " now"]
    tokens: list[Any] = [
        {"token": one, "logprob": -0.5, "bytes": [*one.encode()], "top_logprobs": [{"token": one}]}
        for one in pieces
    ]

    masked = redactor().json({"logprobs": {"content": tokens}})["logprobs"]["content"]

    assert [one["logprob"] for one in masked] == [-0.5] * 8
    assert [one["token"] for one in masked if one["token"] != "*"] == ["Mail", " now"]
    assert masked[2] == {"token": "*", "logprob": -0.5, "bytes": None, "top_logprobs": []}


def test_a_property_that_is_called_like_a_person_is_masked_with_what_names_it() -> None:
    schema = {"properties": {EMAIL: {"type": "string"}}, "required": [EMAIL]}
    tools: Any = [{"name": "tell", "input_schema": schema}]

    [masked] = Redaction(redactor()).masked_tools(tools)  # type: ignore[misc, union-attr]

    [name] = masked["input_schema"]["properties"]  # type: ignore[index, call-overload]
    assert name.endswith("@example.com")
    assert masked["input_schema"]["required"] == [name]  # type: ignore[index, call-overload]


def test_bytes_of_a_cassette_are_opened_and_stay_bytes() -> None:
    def packed(value: str) -> dict[str, Any]:
        return {"$kind": "bytes", "value": base64.b64encode(value.encode()).decode()}

    masked = redactor().json(packed(f"to {EMAIL}"))

    assert masked["$kind"] == "bytes"
    assert base64.b64decode(masked["value"]).decode() == redactor().text(f"to {EMAIL}")
    assert redactor().json(packed("to nobody")) == packed("to nobody")
    assert EMAIL not in str(redactor().json({"$kind": "bytes", "value": f"no base64: {EMAIL}"}))

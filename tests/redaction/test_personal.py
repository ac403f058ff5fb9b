"""Personal data: what is found, what is not, and what stands for it."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.planted import PLACES, Values, look_alikes, opened, planted
from cassettes.redaction import PatternError, Redactor
from cassettes.redaction.personal import KINDS
from cassettes.redaction.personal.card import is_card


def redactor(**options: object) -> Redactor:
    return Redactor(b"k" * 32, environment=False, personal=True, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def ours() -> Redactor:
    return redactor()


def test_of_planted_values_none_is_left_and_nothing_is_masked_twice() -> None:
    values, environment = planted(1260)
    masker = Redactor(b"k" * 32, environment=environment, personal=True)

    masked = [masker.text(one.text) for one in values]

    left = [
        (one.kind, one.place)
        for one, text in zip(values, masked, strict=True)
        if one.stands_in(text)
    ]
    assert left == []
    assert [masker.text(text) for text in masked] == masked


def test_what_only_looks_personal_stays_as_it_is(ours: Redactor) -> None:
    changed = [
        (one.looks, one.value) for one in look_alikes(560) if not one.stands_in(ours.text(one.text))
    ]

    assert changed == []


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("ann.lee@gmail.com", r"r[0-9a-f]{12}r@example\.com"),
        ("ANN.LEE@GMAIL.COM", r"R[0-9A-F]{12}R@EXAMPLE\.COM"),
        ("(415) 555-0132", r"\([2-9]90\) 9\d{2}-\d{4}"),
        ("+49 (0)30 1234567", r"\+49 \(0\)00 0\d{6}"),
        ("+447911123456", r"\+44000\d{7}"),
        ("4111 1111 1111 1111", r"4000 009\d \d{4} 1111"),
        ("378282246310005", r"3700009\d{4}0005"),
        ("GB29 NWBK 6016 1331 9268 19", r"GB\d\d XXXX 0\d{3} \d{4} \d{4} \d\d"),
        ("123-45-6789", r"9\d\d-[0-4]\d-\d{4}"),
        ("AB 12 34 56 C", r"QQ \d\d \d\d \d\d C"),
        ("93.184.216.34", r"2[45]\d\.\d+\.\d+\.\d+"),
        ("2a00:1450:4001:81b::200e", r"2001:db8:[0-9a-f:]+"),
    ],
)
def test_what_stands_for_a_value_has_its_shape(ours: Redactor, value: str, shape: str) -> None:
    masked = ours.text(f"It is {value} now.")

    assert re.fullmatch(f"It is {shape} now.", masked)


def test_card_numbers_pass_luhn_and_ibans_their_checksum(ours: Redactor) -> None:
    values = Values(7)
    cards, ibans = [values.card() for _ in range(60)], [values.iban() for _ in range(60)]

    masked_cards, masked_ibans = ([ours.text(one) for one in some] for some in (cards, ibans))

    assert all(is_card(one) for one in masked_cards)
    assert all(KINDS["iban"].is_whole(one) for one in masked_ibans)
    for old, new in zip(cards + ibans, masked_cards + masked_ibans, strict=True):
        assert (len(old), re.sub("[0-9A-Z]", "", old)) == (len(new), re.sub("[0-9A-Z]", "", new))
    assert [one[-4:] for one in masked_cards] == [one[-4:] for one in cards]


@pytest.mark.parametrize(
    ("spellings"),
    [
        ["Ann.Lee@gmail.com", "ann.lee@gmail.com"],
        ["4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111"],
    ],
)
def test_spellings_of_one_value_have_one_placeholder(ours: Redactor, spellings: list[str]) -> None:
    masked = {re.sub("[ -]", "", ours.text(one)).lower() for one in spellings}

    assert len(masked) == 1


@pytest.mark.parametrize(
    "write", ["({}) {}-{}", "{}-{}-{}", "+1 {} {} {}", "+1{}{}{}", "1-{}-{}-{}"]
)
def test_a_tool_that_normalizes_numbers_comes_to_the_same(ours: Redactor, write: str) -> None:
    masked = ours.text(write.format("415", "555", "0132"))

    assert re.sub(r"\D", "", masked)[-10:] == re.sub(r"\D", "", ours.text("415-555-0132"))


def test_numbers_stay_numbers_and_names_say_what_bare_digits_are(ours: Redactor) -> None:
    given_ = {
        "card": 4111111111111111,
        "order": 4111111111111112,
        "phone": 4155550132,
        "mobileNumber": "0301234567",
        "count": 4155550132,
        "headphone_price": 1234567,
    }

    found = ours.json(given_)

    assert (type(found["card"]), is_card(str(found["card"])), found["card"] % 10000) == (
        int,
        True,
        1111,
    )
    assert found["order"] == given_["order"]
    assert re.fullmatch("[2-9]909[0-9]{6}", str(found["phone"]))
    assert re.fullmatch("0000[0-9]{6}", found["mobileNumber"])
    assert (found["count"], found["headphone_price"]) == (4155550132, 1234567)


def test_keys_nested_json_base64_and_urls_are_looked_into(ours: Redactor) -> None:
    email = "ann.lee@gmail.com"
    masked = ours.text(email)
    packed = base64.b64encode(f"write to {email}, please".encode()).decode()

    found = ours.json(
        {
            email: 1,
            "nested": json.dumps({"deeper": json.dumps([email])}),
            "packed": packed,
            "url": f"https://x.io/a?who={quote('Ann <' + email + '>', safe='')}&n=1",
            "path": f"/users/{email}/orders",
        }
    )

    assert found["path"] == f"/users/{masked}/orders"
    assert found[masked] == 1
    assert json.loads(json.loads(found["nested"])["deeper"]) == [masked]
    assert base64.b64decode(found["packed"]).decode() == f"write to {masked}, please"
    assert found["url"] == f"https://x.io/a?who={quote('Ann <' + masked + '>', safe='')}&n=1"


def test_a_value_in_pieces_of_a_stream_is_masked_and_the_pieces_say_the_same(
    ours: Redactor,
) -> None:
    stream = PLACES["pieces"]("ann.lee@gmail.com", Values(1))

    masked = ours.text(stream)

    events = [json.loads(line[6:]) for line in masked.split("\n") if line.startswith("data: {")]
    said = "".join(event["choices"][0]["delta"]["content"] for event in events)
    assert ours.text("ann.lee@gmail.com") in said
    assert said.endswith(" and then go on with the next step.")
    assert masked.endswith("data: [DONE]\n\n")


def test_secrets_in_pieces_are_masked_without_personal_data() -> None:
    masker = Redactor(b"k" * 32, environment=False)
    stream = PLACES["pieces"]("sk-proj-abcdefghijklmnopqrstuvwx", Values(1))

    assert "mnop" not in masker.text(stream)


@given(st.ip_addresses(v=4))
def test_only_addresses_that_are_somebodys_are_masked(address: ipaddress.IPv4Address) -> None:
    masked = redactor(patterns=[]).text(f"from {address}")

    is_one = address.is_global and len(str(address)) > 7
    assert (masked != f"from {address}") == is_one


def test_personal_data_are_left_where_nobody_asked() -> None:
    said = "ann.lee@gmail.com, 4111 1111 1111 1111, 93.184.216.34"

    assert Redactor(b"k" * 32, environment=False).text(said) == said


def test_kinds_can_be_chosen() -> None:
    masker = Redactor(b"k" * 32, environment=False, personal=["card"])

    masked = masker.text("ann.lee@gmail.com 4111 1111 1111 1111")

    assert masked.startswith("ann.lee@gmail.com 4000 009")


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(PatternError, match="There is no kind 'emails' of personal data, only iban"):
        Redactor(personal=["emails"])


def test_a_function_of_ones_own_finds_more_and_what_it_breaks_is_not_stored() -> None:
    def names(text: str) -> list[tuple[int, int, str]]:
        return [(found.start(), found.end(), "name") for found in re.finditer("Ann Lee", text)]

    masked = redactor(finders=[names]).json({"a": "hello Ann Lee!", "b": "or Ann Lee"})

    assert masked["a"].startswith("hello R")
    assert masked["a"][6:20] == masked["b"][3:17]


def test_the_environments_secrets_are_known_however_many_others_are_learned() -> None:
    masker = Redactor(b"k" * 32, environment={"API_TOKEN": "tk-of-the-service-77"})

    for number in range(2000):
        masker.json({"password": f"another-secret-{number}"})

    assert "tk-of-the-service-77" not in masker.text("with tk-of-the-service-77")


def test_the_working_folder_is_no_password() -> None:
    masker = Redactor(b"k" * 32, environment={"PWD": "/srv/application"})

    assert masker.text("in /srv/application/x.py") == "in /srv/application/x.py"


def test_presidio_finds_people_where_it_is_installed() -> None:
    pytest.importorskip("presidio_analyzer")
    from cassettes.redaction.presidio import people

    masked = redactor(finders=[people]).text("Yesterday Angela Merkel met John Smith in Berlin.")

    assert re.fullmatch("Yesterday R[0-9a-f]{12}R met R.{12}R in R.{12}R.", masked)


@pytest.mark.parametrize(
    "text",
    [
        "Basic is Ym9iQHdlYi5kZQ== here",
        '{"id": "Ym9iQHdlYi5kZQ=="}',
        "Ym9iQHdlYi5kZQ==",
        "write to %62ob%40web.de, please",
        "(%62%6f%62%40web.de)",
    ],
)
def test_a_short_value_that_is_packed_or_quoted_letter_by_letter_is_found(text: str) -> None:
    redactor = Redactor(b"k" * 32, environment=False, personal=True)

    masked = redactor.text(text)

    assert masked != text
    assert redactor.text(masked) == masked
    assert "bob@web.de" not in unquote(masked)
    assert "bob@web.de" not in "".join(opened(masked))


@pytest.mark.parametrize("text", ["tool_choices=auto", "abcdefghijkl== x", "100%25 of %41ll"])
def test_what_only_looks_packed_or_quoted_stays(text: str) -> None:
    assert Redactor(b"k" * 32, environment=False, personal=True).text(text) == text

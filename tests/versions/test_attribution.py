"""The table of causes: one tool for each way in which tools change between versions.

`old.py` is recorded, `new.py` replayed: alone, and beside `old.py` as its baseline.
"""

from __future__ import annotations

import pytest

from replay.records import CallVerdict, Cause, Verdict
from tests.versions.conftest import Asked, Change, changed

OLD = """
from typing import Annotated
from cassettes import external
from pydantic import AfterValidator

@external(name="rates", effect="read")
def rates(currency: str) -> float:
    return {"eur": 1.0, "usd": 1.1}[currency]

@toolbox.tool
def code(city: str) -> str:
    return f"sunny in {city}"

@toolbox.tool
def default(city: str, unit: str = "c") -> str:
    return f"{city}: 20 {unit}"

@toolbox.tool
def default_and_code(city: str, unit: str = "c") -> str:
    return f"{city}: 20 {unit}"

@toolbox.tool
def default_of_no_matter(city: str, unit: str = "c") -> str:
    return f"sunny in {city}"

@toolbox.tool
def required(city: str) -> str:
    return city

@toolbox.tool
def widened(count: int) -> str:
    return "many"

@toolbox.tool
def normalised(day: str) -> str:
    return f"on {day}"

@toolbox.tool
def removed(city: str) -> str:
    return city

@toolbox.tool
def validator_raises(city: str) -> str:
    return city

@toolbox.tool
def route_raises(city: str) -> str:
    return city

@toolbox.tool
def asks_by_default(currency: str = "eur") -> str:
    return f"{rates(currency)}"

@toolbox.tool
def asks_by_code(currency: str = "eur") -> str:
    return f"{rates(currency)}"

@toolbox.tool(version="1")
def older_and_read(city: str) -> str:
    return city

@toolbox.tool(version="1")
def older_and_rejected(city: str) -> str:
    return city

def versioned(function):
    return toolbox.tool(version="1")(function)

@versioned
def renamed(city: str) -> str:
    return f"sunny in {city}"

@versioned
def renamed_and_code(city: str) -> str:
    return f"sunny in {city}"

@versioned
def loses(city: str, street: str) -> str:
    return f"{street}, {city}"

@versioned
def loses_unnoticed(city: str, street: str) -> str:
    return city

@versioned
def forgets_a_default(city: str, unit: str = "c") -> str:
    return f"{city}: 20 {unit}"

@versioned
def raises(city: str) -> str:
    return city

@versioned
def makes_unfit(city: str) -> str:
    return city

@versioned
def never_fitted(city: str) -> str:
    return city

@versioned
def still_here_and_loses(euros: float) -> str:
    return f"{euros * 100:.0f} cents"

@versioned
def still_here_and_code(euros: float) -> str:
    return f"{euros * 100:.0f} cents"

@versioned
def still_here_and_shared_code(euros: float) -> str:
    return f"{euros * 100:.0f} cents"

@versioned
def asks_translated(currency: str) -> str:
    return f"{rates(currency)}"
"""
NEW = """
from typing import Annotated
from cassettes import external
from pydantic import AfterValidator

@external(name="rates", effect="read")
def rates(currency: str) -> float:
    raise AssertionError("never asked in a replay")

@toolbox.tool
def code(city: str) -> str:
    return f"cloudy in {city}"

@toolbox.tool
def default(city: str, unit: str = "f") -> str:
    return f"{city}: 20 {unit}"

@toolbox.tool
def default_and_code(city: str, unit: str = "f") -> str:
    return f"{city}: 21 {unit}"

@toolbox.tool
def default_of_no_matter(city: str, unit: str = "f") -> str:
    return f"cloudy in {city}"

@toolbox.tool
def required(city: str, country: str) -> str:
    return city

@toolbox.tool
def widened(count: int | str) -> str:
    return "many"

@toolbox.tool
def normalised(day: Annotated[str, AfterValidator(str.upper)]) -> str:
    return f"on {day}"

def _unlucky(city: str) -> str:
    raise RuntimeError("no such city")

@toolbox.tool
def validator_raises(city: Annotated[str, AfterValidator(_unlucky)]) -> str:
    return city

@toolbox.tool
def route_raises(city: str) -> str:
    return city

@toolbox.route
def version_of(call, versions):
    return {}["flag"] if call.tool == "route_raises" else None

@toolbox.tool
def asks_by_default(currency: str = "usd") -> str:
    return f"{rates(currency)}"

@toolbox.tool
def asks_by_code(currency: str = "eur") -> str:
    return f"{rates('usd')}"

@toolbox.tool(version="2")
def older_and_read(city: str, country: str = "") -> str:
    return city

@toolbox.tool(version="2")
def older_and_rejected(city: str, country: str) -> str:
    return city

def versioned(function):
    return toolbox.tool(version="2")(function)

@versioned
def renamed(town: str) -> str:
    return f"sunny in {town}"

@versioned
def renamed_and_code(town: str) -> str:
    return f"cloudy in {town}"

for name in ("renamed", "renamed_and_code"):
    toolbox.translate(name, "1", "2")(lambda old: {"town": old["city"]})

@versioned
def loses(town: str, street: str = "unknown") -> str:
    return f"{street}, {town}"

@versioned
def loses_unnoticed(town: str, street: str = "unknown") -> str:
    return town

for name in ("loses", "loses_unnoticed"):
    toolbox.translate(name, "1", "2")(lambda old: {"town": old["city"]})

@versioned
def forgets_a_default(town: str, unit: str = "f") -> str:
    return f"{town}: 20 {unit}"

toolbox.translate("forgets_a_default", "1", "2")(lambda old: {"town": old["city"]})

@versioned
def raises(town: str) -> str:
    return town

toolbox.translate("raises", "1", "2")(lambda old: {"town": old["place"]})

@versioned
def makes_unfit(town: int) -> str:
    return str(town)

toolbox.translate("makes_unfit", "1", "2")(lambda old: {"town": old["city"]})

@versioned
def never_fitted(town: str) -> str:
    return town

toolbox.translate("never_fitted", "1", "2")(lambda old: {"town": old["city"]})

def _still_here(name, words="cents", old_words="cents"):
    def old(euros: float) -> str:
        return f"{euros * 100:.0f} {old_words}"

    def new(cents: int) -> str:
        return f"{cents} {words}"

    toolbox.add(old, name=name, version="1")
    toolbox.add(new, name=name, version="2")

_still_here("still_here_and_loses")
toolbox.translate("still_here_and_loses", "1", "2")(lambda old: {"cents": int(old["euros"])})
_still_here("still_here_and_code", words="c")
toolbox.translate("still_here_and_code", "1", "2")(lambda old: {"cents": int(old["euros"])})
_still_here("still_here_and_shared_code", words="ct", old_words="ct")
toolbox.translate("still_here_and_shared_code", "1", "2")(lambda old: {"cents": 7})

@versioned
def asks_translated(in_currency: str) -> str:
    return f"{rates(in_currency)}"

toolbox.translate("asks_translated", "1", "2")(lambda old: {"in_currency": "usd"})
"""

PARIS = {"city": "Paris"}
CASES: list[tuple[str, dict[str, object], Verdict, Cause | None]] = [
    # the code
    ("code", PARIS, Verdict.RESPONSE_CHANGED, Cause.CODE),
    ("asks_by_code", {}, Verdict.INTERACTIONS_CHANGED, Cause.CODE),
    ("route_raises", PARIS, Verdict.NOW_FAILING, Cause.CODE),
    # the schema
    ("default", PARIS, Verdict.RESPONSE_CHANGED, Cause.SCHEMA),
    ("default_and_code", PARIS, Verdict.RESPONSE_CHANGED, Cause.CODE),
    ("default_of_no_matter", PARIS, Verdict.RESPONSE_CHANGED, Cause.CODE),
    ("required", PARIS, Verdict.NOW_REJECTED, Cause.SCHEMA),
    ("widened", {"count": "7"}, Verdict.NOW_ACCEPTED, Cause.SCHEMA),
    ("normalised", {"day": "may 1"}, Verdict.RESPONSE_CHANGED, Cause.SCHEMA),
    ("removed", PARIS, Verdict.NOW_REJECTED, Cause.SCHEMA),
    ("validator_raises", PARIS, Verdict.NOW_FAILING, Cause.SCHEMA),
    ("asks_by_default", {}, Verdict.INTERACTIONS_CHANGED, Cause.SCHEMA),
    ("older_and_read", PARIS, Verdict.SAME, None),
    ("older_and_rejected", PARIS, Verdict.NOW_REJECTED, Cause.SCHEMA),
    # the translation
    ("renamed", PARIS, Verdict.SAME, None),
    ("renamed_and_code", PARIS, Verdict.RESPONSE_CHANGED, Cause.CODE),
    ("loses", {**PARIS, "street": "Rue A"}, Verdict.RESPONSE_CHANGED, Cause.TRANSLATION),
    ("loses_unnoticed", {**PARIS, "street": "Rue A"}, Verdict.PAYLOAD_CHANGED, Cause.TRANSLATION),
    ("forgets_a_default", PARIS, Verdict.RESPONSE_CHANGED, Cause.TRANSLATION),
    ("raises", PARIS, Verdict.NOW_REJECTED, Cause.TRANSLATION),
    ("makes_unfit", PARIS, Verdict.NOW_REJECTED, Cause.TRANSLATION),
    ("never_fitted", {"place": "Paris"}, Verdict.EQUIVALENT, None),
    ("still_here_and_loses", {"euros": 12.5}, Verdict.RESPONSE_CHANGED, Cause.TRANSLATION),
    ("still_here_and_code", {"euros": 12.0}, Verdict.RESPONSE_CHANGED, Cause.CODE),
    ("still_here_and_shared_code", {"euros": 12.5}, Verdict.RESPONSE_CHANGED, Cause.CODE),
    ("asks_translated", {"currency": "eur"}, Verdict.INTERACTIONS_CHANGED, Cause.TRANSLATION),
]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Change:
    traces: list[list[Asked]] = [[(tool, arguments)] for tool, arguments, _, _ in CASES]
    return changed(tmp_path_factory.mktemp("causes"), OLD, NEW, *traces)


@pytest.fixture(scope="module", params=[None, "old:toolbox"], ids=["alone", "baseline"])
def judged(tools: Change, request: pytest.FixtureRequest) -> dict[str, CallVerdict]:
    run = tools.replay(baseline=request.param)
    return {verdict.tool: verdict for verdict in tools.verdicts(run)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "verdict", "cause"), [(tool, verdict, cause) for tool, _, verdict, cause in CASES]
)
def test_every_difference_is_told_by_what_makes_it(
    judged: dict[str, CallVerdict], tool: str, verdict: Verdict, cause: Cause | None
) -> None:
    found = judged[tool]

    assert (found.verdict, found.cause) == (verdict, cause), found.model_dump_json(indent=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "said"),
    [
        ("default", 'Read otherwise: `unit` ("c" → "f").'),
        ("loses", 'The translation 1 → 2 does not carry over `street` ("Rue A" → "unknown").'),
        ("asks_translated", 'The translation 1 → 2 does not carry over `currency` ("eur").'),
        ("forgets_a_default", 'The translation 1 → 2 does not carry over `unit` ("c" → "f").'),
    ],
)
def test_what_was_read_otherwise_is_said(
    judged: dict[str, CallVerdict], tool: str, said: str
) -> None:
    assert judged[tool].note == said

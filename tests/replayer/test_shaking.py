"""Tools that depend on one thing each are labelled with it, and what no replay holds is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cassettes.kernel.filter import this_machine
from replay.replayer.environment import place_of
from replay.replayer.shaking.finding import NATIVE, Verification, explain, verify
from replay.replayer.shaking.running import Shaker
from replay.report.ink import Ink
from replay.report.shaken_text import causes_of, explanation_text, verification_text
from replay.store import Store

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(
    this_machine() is None, reason="addresses are held, and C's clock is called so, on Linux"
)

DEPENDS_ON = {
    "add": [],
    "address": ["addresses"],
    "beside": ["working directory"],
    "here_and_now": ["timezone"],
    "home": ["environment"],
    "new_order": ["entropy"],
    "real_time": [NATIVE],
    "roll": ["entropy"],
    "stamp": ["clock"],
    "tags": ["hash order"],
    "took": ["clock"],
}


@pytest.fixture
def shaker(store: Store, record: Any) -> Any:
    """Return a shaker over one recorded call of each tool."""

    def make(*tools: str) -> Shaker:
        for tool in tools:
            record(tool, [(tool, {}, "?")])
        transcripts = [store.transcript(tool, prompts=False) for tool in tools]
        place = place_of("shaky_tools:toolbox", folder=HERE)
        return Shaker(place, transcripts, jobs=1, deadline_s=20.0)

    return make


def test_what_could_not_be_run_is_not_called_the_same() -> None:
    found = Verification(1, 1, 6, frozenset(), "The world could not be made", [], [])

    told = verification_text(found, width=80, ink=Ink(colored=False))

    assert "Every replay gives the same" not in told
    assert "1 call could not be run: The world could not be made" in told


@pytest.mark.slow
def test_every_tool_is_labelled_with_what_it_depends_on(shaker: Any) -> None:
    found = explain(shaker(*DEPENDS_ON))

    assert found.labels == DEPENDS_ON
    (order,) = (one for one in found.fields if one.tool == "new_order")
    assert (order.path, order.sites) == (
        "order.id",
        ["shaky_tools.py:29 in new_order (entropy)"],
    )
    page = explanation_text(found, width=100, ink=Ink()).splitlines()
    assert "new_order     entropy" in page
    assert "add           nothing but its arguments" in page
    assert "stamp: at depends on: clock" in page


@pytest.mark.slow
def test_what_no_replay_holds_is_named_with_both_values(shaker: Any) -> None:
    found = verify(shaker("add", "new_order", "stamp", "real_time", "address"))

    address, unstable = found.unstable
    assert "with other addresses" in address.conditions  # another worker may have others too
    assert causes_of(address) == ["addresses"]
    assert address.sites == ["depends on the address of an object (shaky_tools.py:64)"]
    assert (unstable.tool, unstable.path) == ("real_time", "at.ns")
    assert unstable.first != unstable.second
    assert [(one.tool, one.path, one.sites) for one in found.held] == [
        ("new_order", "order.id", ["shaky_tools.py:29 in new_order (entropy)"]),
        ("stamp", "at", ["shaky_tools.py:39 in stamp (clock)"]),
    ]
    page = verification_text(found, width=100, ink=Ink()).splitlines()
    assert page[0] == "5 calls of 5 traces, each run 6 times"
    assert "✗ real_time: at.ns is not deterministic" in page
    assert f"    first   {unstable.first}" in page
    assert f"    second  {unstable.second}" in page
    assert "  new_order: order.id: shaky_tools.py:29 in new_order (entropy)" in page

"""A failing replay test prints no hidden value: its words end in the logs of a CI server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hiding.desk import TODAY, make_desk, planted_in

pytest_plugins = ["pytester"]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_failing_test_hides_what_is_hidden(pytester: pytest.Pytester) -> None:
    make_desk(Path(pytester.path))

    def printed(*options: str) -> str:
        words = ["-p", "replay.pytest_plugin", "--replay", "traces.db"]
        result = pytester.runpytest_inprocess(*words, *options)
        assert result.ret == 1
        return str(result.stdout)

    text = printed()

    assert "takes nothing fragile" in text
    assert planted_in(text) == []
    assert TODAY in printed("--replay-with=--reveal")

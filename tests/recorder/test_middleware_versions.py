"""What a middleware says to a package that is missing, too old, or newer than it knows."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from replay.recorder.middleware import versions
from replay.recorder.middleware.versions import SUPPORTED, UnsupportedVersion, require


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages, ahead of all others."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(versions.SUPPORTED, "a-framework", ("1.4", "2"))  # type: ignore[misc]
    return tmp_path


def install(folder: Path, version: str) -> None:
    place = folder / f"a_framework-{version}.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Name: a-framework\nVersion: {version}\n")


def test_a_missing_package_is_told_with_what_to_do(installed: Path) -> None:
    with pytest.raises(ImportError) as told:
        require("a-framework")

    assert isinstance(told.value, UnsupportedVersion)
    assert "needs a-framework 1.4 or newer, and there is none" in str(told.value)
    assert "pip install -U 'a-framework>=1.4'" in str(told.value)


def test_a_version_that_is_too_old_is_told_with_what_to_do(installed: Path) -> None:
    install(installed, "1.3.9")

    with pytest.raises(UnsupportedVersion) as told:
        require("a-framework")

    assert "1.3.9 is installed, and has not the hooks" in str(told.value)
    assert "replay.install() and @recorder.tool work with every version" in str(told.value)


@pytest.mark.parametrize("version", ["1.4", "1.10.2", "2.0.0b1"])
def test_supported_versions_pass_in_silence(
    installed: Path, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    install(installed, version)

    assert require("a-framework") == version
    assert caplog.records == []


def test_a_newer_major_version_is_warned_of(
    installed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install(installed, "3.0.1")

    with caplog.at_level(logging.WARNING, "replay"):
        assert require("a-framework") == "3.0.1"

    assert "was made for its versions up to 2; 3.0.1 is installed" in caplog.text


def test_the_page_names_every_package_and_its_lowest_version() -> None:
    page = (Path(__file__).parents[2] / "docs" / "middleware.md").read_text("utf-8")
    named = {"openai", "anthropic", "openai-agents", "mcp", "litellm", "google-genai"}

    for package in named:
        assert f"| [{package}](" in page
        assert f" | {SUPPORTED[package][0]} to " in page or f" | {SUPPORTED[package][1]} | " in page

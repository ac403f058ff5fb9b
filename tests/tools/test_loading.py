from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.errors import ToolboxError
from replay.tools import load_toolbox

TOOLS = """
from replay.tools import Toolbox
from helper_beside import GREETING

toolbox = Toolbox("shop")

@toolbox.tool
def greet(name: str) -> str:
    return GREETING + name
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A user's folder; modules and path are as before afterwards."""
    modules, path = set(sys.modules), list(sys.path)
    (tmp_path / "helper_beside.py").write_text('GREETING = "Hello "\n')
    (tmp_path / "shop_tools.py").write_text(TOOLS)
    package = tmp_path / "shop_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "tools.py").write_text(TOOLS)
    yield tmp_path
    for name in set(sys.modules) - modules:
        del sys.modules[name]
    sys.path[:] = path


@pytest.mark.parametrize(
    "reference",
    [
        "shop_tools:toolbox",
        "shop_package.tools:toolbox",
        "shop_tools.py:toolbox",
        "shop_package/tools.py:toolbox",
        "shop_tools",
        "./shop_tools.py",
    ],
)
def test_a_toolbox_is_found_by_module_and_by_file(project: Path, reference: str) -> None:
    if reference == "shop_package/tools.py:toolbox":
        (project / "shop_package" / "helper_beside.py").write_text('GREETING = "Hi "\n')

    assert load_toolbox(reference, folder=project).names() == ["greet"]


def test_a_file_is_found_from_the_working_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)

    assert load_toolbox("shop_tools.py:toolbox").name == "shop"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("shop_tols:toolbox", "There is no module 'shop_tols'"),
        ("shop_tols:toolbox", "Nearest: shop_tools"),
        ("shop_package.tool:toolbox", "Nearest: tools"),
        ("nowhere.tools:toolbox", "There is no module 'nowhere'"),
        ("shop_tool.py:toolbox", "There is no file 'shop_tool.py'.\nNearest: shop_tools.py"),
        ("shop_tools:tolbox", "Module 'shop_tools' has no 'tolbox'.\nNearest: toolbox"),
        ("shop_tools:GREETING", "'shop_tools:GREETING' is of type str, not a Toolbox"),
        ("helper_beside", "'helper_beside' holds no toolboxes"),
        (":toolbox", "':toolbox' names no toolbox"),
    ],
)
def test_what_is_missing_is_named_with_the_nearest(
    project: Path, reference: str, said: str
) -> None:
    with pytest.raises(ToolboxError) as caught:
        load_toolbox(reference, folder=project)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import not_installed_anywhere", "No module named 'not_installed_anywhere'"),
        ("def broken(:\n    pass", "SyntaxError"),
        ("def deep():\n    raise RuntimeError('no key')\ndeep()", "RuntimeError: no key"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
@pytest.mark.parametrize("reference", ["mine:toolbox", "mine.py:toolbox"])
def test_an_import_that_fails_shows_its_own_last_frames(
    project: Path, source: str, said: str, reference: str
) -> None:
    (project / "mine.py").write_text(source)

    with pytest.raises(ToolboxError) as caught:
        load_toolbox(reference, folder=project)

    assert "could not be imported" in str(caught.value)
    assert said in str(caught.value)
    assert "importlib" not in str(caught.value)
    if "deep" in source:
        assert f'File "{project / "mine.py"}", line 2, in deep' in str(caught.value)


def test_mistakes_in_tools_show_when_the_toolbox_is_loaded(project: Path) -> None:
    (project / "mine.py").write_text(
        TOOLS + "\n@toolbox.tool\ndef odd(value: type(open)) -> None: ...\n"
    )

    with pytest.raises(ToolboxError, match="Tool 'odd' cannot be described"):
        load_toolbox("mine:toolbox", folder=project)


def test_the_tools_layer_imports_nothing_heavy() -> None:
    heavy = ["click", "rich", "textual", "deepdiff", "sqlite_utils", "vcr", "openai", "asyncio.run"]
    program = f"import replay.tools, sys; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"

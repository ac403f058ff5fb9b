"""The wheel, as a user gets it: built, put beside her own code, and run without our test tools."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built once."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site-packages with the wheel and its run-time requirements, and nothing else."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for name in requirements("replay-sandbox"):
        link_distribution(name, folder)
    return folder


def requirements(name: str, seen: set[str] | None = None) -> set[str]:
    """Return the distributions that ``name`` needs at run time, and that those need."""
    seen = set() if seen is None else seen
    for line in importlib.metadata.requires(name) or []:
        requirement = Requirement(line)
        needed = canonical(requirement.name)
        for extra in requirement.extras | {""}:
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                if needed not in seen:
                    seen.add(needed)
                    requirements(needed, seen)
                seen |= extra_requirements(needed, extra)
    return seen


def extra_requirements(name: str, extra: str) -> set[str]:
    """Return what ``name[extra]`` needs more than ``name``, one level deep."""
    if not extra:
        return set()
    found = [Requirement(line) for line in importlib.metadata.requires(name) or []]
    return {
        canonical(one.name)
        for one in found
        if one.marker is not None
        and one.marker.evaluate({"extra": extra})
        and not one.marker.evaluate({"extra": ""})
    }


def canonical(name: str) -> str:
    """Return a distribution's name in its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


def link_distribution(name: str, folder: Path) -> None:
    """Show what ``name`` installed in ``folder``: its packages, modules and metadata."""
    distribution = importlib.metadata.distribution(name)
    tops = {file.parts[0] for file in distribution.files or [] if file.parts[0] != ".."}
    for top in tops - {"__pycache__"}:
        source = Path(str(distribution.locate_file(top)))
        if source.exists() and not (folder / top).exists():
            (folder / top).symlink_to(source)


def run_in(site: Path, arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with ``site`` as its only packages, in ``cwd``."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(cwd), str(site)])}
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_carries_replay_and_cassettes_and_hides_its_tui(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        points = next(name for name in names if name.endswith(".dist-info/entry_points.txt"))
        entry_points = archive.read(points).decode()

    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"replay", "cassettes"}
    assert "replay/_apps/tui/__init__.py" in names
    assert "replay/py.typed" in names
    assert "replay.pytest_plugin = replay.pytest_plugin" in entry_points
    assert "cassettes/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any("__pycache__" in name or name.startswith("tests/") for name in names)


def test_the_wheel_runs_without_the_test_tools(site: Path, tmp_path: Path) -> None:
    ran = run_in(site, ["-m", "replay.cli.main", "doctor"], tmp_path)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not (site / "pytest").exists()


@pytest.mark.slow
def test_every_module_of_the_wheel_imports_without_the_test_tools(
    site: Path, tmp_path: Path
) -> None:
    program = """
import importlib, pkgutil, sys
import cassettes, replay
failed = []
for package in (replay, cassettes):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name.startswith("replay._apps") or module.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            failed.append(f"{module.name}: {error.name}")
print("\\n".join(failed))
"""
    ran = run_in(site, ["-c", program], tmp_path)

    assert ran.returncode == 0, ran.stderr
    # The demo's own tools and agent use two clients, which `replay-sandbox[demo]` brings; who loads
    # the pytest plugin has pytest; a middleware says which framework it is for.
    expected = ("replay.demo.", "replay.pytest_plugin: pytest", "replay.recorder.middleware.")
    assert [line for line in ran.stdout.splitlines() if not line.startswith(expected)] == []


def test_a_users_own_tui_package_stays_hers(site: Path, tmp_path: Path) -> None:
    """A top-level `tui` in site-packages once hid the `tui/` of an editable project."""
    (tmp_path / "tui").mkdir()
    (tmp_path / "tui" / "__init__.py").write_text("OWNER = 'the user'\n")
    path = os.pathsep.join([str(site), str(tmp_path)])  # site-packages first: the bad order
    program = "import replay, tui; print(tui.OWNER)"
    ran = subprocess.run(
        [sys.executable, "-S", "-P", "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.stdout, ran.stderr) == ("the user\n", "")

"""The tests of every SDK and framework, with its lowest and its newest supported version.

::

    python tests/frameworks/run.py                       # all: minutes, and gigabytes from PyPI
    python tests/frameworks/run.py openai mcp --venvs ~/.cache/replay-frameworks

It ends with a table of what each of them showed: ``yes``, ``NO``, or ``-`` where it has no such
thing (docs/middleware.md says why not).

One environment for each, because no environment holds the newest of all of them (litellm wants an
openai that others no longer take). Environments in ``--venvs`` are kept, and taken again as they
are. Ends with 1 where one fails.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
TOOLS = ["pytest", "hypothesis", "requests"]

TRUTH = "test_stored_facts_equal_the_truth"
SHOWN = {
    "parallel": (f"{TRUTH}[parallel]", "test_calls_at_once"),
    "streamed": ("test_a_streamed_run", "test_converse_stream"),
    "tool error": (f"{TRUTH}[tool_error]", f"{TRUTH}_and"),
    "invalid": (f"{TRUTH}[invalid_arguments]", f"{TRUTH}_and"),
    "unknown": (f"{TRUTH}[unknown_tool]", f"{TRUTH}_and"),
    "429": (f"{TRUTH}[rate_limited]",),
    "529": (f"{TRUTH}[overloaded]",),
    "same bytes": ("test_requests_are_the_same", f"{TRUTH}_and"),
    "same schemas": ("test_the_schemas_it_derives", "test_calls_at_once"),
    "20 agents": ("test_twenty_",),
}
"""What each is to show, by the beginnings of the tests that show it."""


@dataclass(frozen=True)
class Environment:
    """One environment, and the tests that it is for."""

    name: str
    which: str
    packages: tuple[str, ...]
    tests: str


def _both(
    name: str, lowest: tuple[str, ...], newest: tuple[str, ...], tests: str
) -> list[Environment]:
    return [
        Environment(name, "lowest", lowest, tests),
        Environment(name, "newest", newest, tests),
    ]


ENVIRONMENTS = [
    *_both("openai", ("openai==2.20.0",), ("openai",), "test_openai.py"),
    *_both("anthropic", ("anthropic==1.0.0",), ("anthropic",), "test_anthropic.py"),
    *_both(
        "openai-agents",
        ("openai-agents==0.20.0", "openai<3"),
        ("openai-agents",),
        "test_openai_agents.py",
    ),
    *_both(
        "langchain",
        (
            "langchain==1.0.0",
            "langgraph==1.0.0",
            "langgraph-prebuilt==1.0.2",  # the first whose ToolNode takes hooks
            "langchain-openai<1.1",
            "openai<3",
        ),
        ("langchain", "langgraph", "langchain-openai"),
        "test_langchain.py",
    ),
    *_both(
        "pydantic-ai",
        # Later ones of anthropic no longer take what this one sends.
        ("pydantic-ai-slim[openai,anthropic]==2.0.0", "anthropic<1"),
        ("pydantic-ai-slim[openai,anthropic]",),
        "test_pydantic_ai.py",
    ),
    *_both("mcp", ("mcp==2.0.0", "openai"), ("mcp", "openai"), "test_mcp.py"),
    *_both("google-genai", ("google-genai==2.0.0",), ("google-genai",), "test_google_genai.py"),
    *_both(
        "litellm",
        ("litellm==1.75.0", "openai<3", "tenacity"),
        ("litellm", "tenacity"),
        "test_litellm.py",
    ),
    *_both(
        "asgi",
        ("fastapi==0.110.0", "uvicorn", "httpx"),
        ("fastapi", "uvicorn", "httpx"),
        "test_asgi.py",
    ),
    Environment("bedrock", "newest", ("boto3",), "test_bedrock.py"),
]


def made(environment: Environment, folder: Path) -> Path:
    """Return the Python of an environment, made where it is not there yet."""
    key = hashlib.sha256(" ".join(environment.packages).encode()).hexdigest()[:12]
    place = folder / f"{environment.name}-{environment.which}-{key}"
    python = place / "bin" / "python"
    if (place / "complete").exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    command = [str(python), "-m", "pip", "install", "-q", "-e", str(ROOT)]
    subprocess.run([*command, *TOOLS, *environment.packages], check=True)
    (place / "complete").touch()
    return python


def tried(environment: Environment, folder: Path) -> list[str] | None:
    """Run the tests of one environment, say how it went; return its line of the table, or None."""
    began = time.perf_counter()
    label = f"{environment.name} ({environment.which})"
    try:
        python = made(environment, folder)
    except subprocess.CalledProcessError as error:
        print(f"{label}: its environment could not be made: {error}", flush=True)
        return None
    versions = subprocess.run(
        [str(python), "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True
    ).stdout.split()
    named = {package.partition("=")[0].partition("[")[0] for package in environment.packages}
    found = ", ".join(v.replace("==", " ") for v in versions if v.partition("==")[0] in named)
    options = ["-p", "no:cacheprovider", "-q", "-m", "slow or not slow"]
    if environment.name == "litellm":  # it leaves a loop open, found when the tests are over
        options += ["-W", "ignore::pytest.PytestUnraisableExceptionWarning"]
    if environment.which == "lowest":  # what it calls may be on its way out by now
        options += ["-W", "ignore::DeprecationWarning", "-W", "ignore::PendingDeprecationWarning"]
    report = folder / f"{environment.name}-{environment.which}.xml"
    options.append(f"--junitxml={report}")
    ran = subprocess.run(
        [str(python), "-m", "pytest", *options, str(HERE / environment.tests)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        print(ran.stdout[-6000:], ran.stderr[-2000:], sep="\n")
    lines = ran.stdout.strip().splitlines() or [""]
    took = time.perf_counter() - began
    print(f"{label}: {lines[-1]} [{found}] ({took:.0f} s)", flush=True)
    return [found.partition(",")[0], *shown(report)] if ran.returncode == 0 else None


def shown(report: Path) -> list[str]:
    """Return, for each thing to show, whether the tests of a JUnit report show it."""
    cases = ElementTree.parse(report).getroot().iter("testcase")
    ends: dict[str, set[str]] = {name: set() for name in SHOWN}
    for case in cases:
        for name, tests in SHOWN.items():
            if case.get("name", "").startswith(tests):
                kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
                ends[name] |= kinds or {"passed"}
    return [
        "NO" if end & {"failure", "error"} else "yes" if "passed" in end else "-"
        for end in ends.values()
    ]


def main() -> int:
    names = sorted({environment.name for environment in ENVIRONMENTS})
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; all")
    parser.add_argument("--venvs", type=Path, help="keep the environments here")
    parser.add_argument("--which", choices=["lowest", "newest"], help="both")
    arguments = parser.parse_args()
    wrong = set(arguments.names) - set(names)
    if wrong:
        parser.error(f"there is no {', '.join(sorted(wrong))}; there are {', '.join(names)}")
    wanted = [
        environment
        for environment in ENVIRONMENTS
        if (not arguments.names or environment.name in arguments.names)
        and arguments.which in (None, environment.which)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.venvs or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        lines = [line for one in wanted if (line := tried(one, folder)) is not None]
    print(f"\n{'':24}" + "".join(f"{name:>13}" for name in SHOWN))
    for name, *cells in lines:
        print(f"{name:24}" + "".join(f"{cell:>13}" for cell in cells))
    failed = len(wanted) - len(lines)
    print(f"{len(lines)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

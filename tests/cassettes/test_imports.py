"""Hooks find clients whenever they are imported, and import none themselves."""

from __future__ import annotations

import subprocess
import sys

import pytest


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_and_installing_imports_no_client():
    out = _run(
        "import sys, cassettes; cassettes.install()\n"
        "heavy = {'httpx', 'httpx2', 'requests', 'urllib3', 'aiohttp', 'vcr', 'pydantic', 'yaml',"
        " 'click', 'rich', 'asyncio', 'time_machine'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )

    assert out == "[]\n"


@pytest.mark.parametrize("client", ["httpx", "requests", "urllib.request", "aiohttp", "httpx2"])
def test_a_client_imported_after_install_is_hooked(client):
    ask = {
        "aiohttp": "import asyncio\n"
        "async def ask(url):\n"
        "    async with aiohttp.ClientSession() as s:\n"
        "        await s.get(url)\n"
        "get = lambda url: asyncio.run(ask(url))",
        "urllib.request": "get = urllib.request.urlopen",
    }.get(client, f"get = {client}.get")
    out = _run(
        "import cassettes; cassettes.install()\n"
        f"import {client}\n{ask}\n"
        "with cassettes.freeze(cassettes.Cassette('t', 'replay')):\n"
        "    try: get('http://localhost:9/x')\n"
        "    except cassettes.CassetteMiss as miss: print(miss.miss.line)"
    )

    assert out == "GET http://localhost:9/x\n"


_SLOW = """
import sys, pathlib, tempfile
folder = pathlib.Path(tempfile.mkdtemp()); sys.path.insert(0, str(folder))
def write(name, text):
    (folder / f"{name}.py").write_text(text)
from cassettes.hooks.imports import when_imported
"""


def test_everybody_who_waits_for_a_module_is_told_once():
    out = _run(
        _SLOW + "write('late', 'X = 1')\n"
        "told = []\n"
        "when_imported('late', lambda m: told.append(('one', m.X)))\n"
        "when_imported('late', lambda m: told.append(('two', m.X)))\n"
        "import late\n"
        "when_imported('late', lambda m: told.append(('three', m.X)))\n"
        "print(told)"
    )

    assert out == "[('one', 1), ('two', 1), ('three', 1)]\n"


def test_a_module_in_the_middle_of_its_import_is_hooked_when_it_is_complete():
    out = _run(
        _SLOW + "write('half', 'import inner; AFTER = 1')\n"
        "write('inner', '''\n"
        "from cassettes.hooks.imports import when_imported\n"
        "told = []\n"
        "when_imported('half', lambda m: told.append(hasattr(m, 'AFTER')))\n"
        "''')\n"
        "import half, inner\n"
        "print(inner.told, type(half.__spec__).__name__)"
    )

    assert out == "[True] ModuleSpec\n"


def test_an_import_that_fails_half_way_is_hooked_when_it_is_tried_again():
    out = _run(
        _SLOW + "write('half', 'import inner; inner.fail(); AFTER = 1')\n"
        "write('inner', '''\n"
        "from cassettes.hooks.imports import when_imported\n"
        "told, fails = [], [1]\n"
        "when_imported('half', lambda m: told.append(hasattr(m, 'AFTER')))\n"
        "def fail():\n"
        "    if fails: fails.pop(); raise ImportError('not yet')\n"
        "''')\n"
        "try: import half\n"
        "except ImportError: pass\n"
        "import half, inner\n"
        "print(inner.told)"
    )

    assert out == "[True]\n"


def test_a_hook_that_fails_is_a_warning_and_the_others_still_run():
    out = _run(
        _SLOW + "import warnings\n"
        "write('late', 'X = 1')\n"
        "told = []\n"
        "when_imported('late', lambda m: 1 / 0)\n"
        "when_imported('late', lambda m: told.append(m.X))\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    import late\n"
        "print(told, 'ZeroDivisionError' in str(caught[0].message))"
    )

    assert out == "[1] True\n"


def test_another_tools_finder_that_asks_all_the_others_may_come_before_or_after():
    out = _run(
        _SLOW + "write('late', 'X = 1')\n"
        "class Other:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name != 'late': return None\n"
        "        for finder in sys.meta_path:\n"
        "            if finder is self: continue\n"
        "            spec = finder.find_spec(name, path, target)\n"
        "            if spec is not None:\n"
        "                execute = spec.loader.exec_module\n"
        "                def run(m): execute(m); told.append('other')\n"
        "                spec.loader.exec_module = run\n"
        "                return spec\n"
        "told = []\n"
        "sys.meta_path.insert(0, Other())\n"
        "when_imported('late', lambda m: told.append('ours'))\n"
        "import late; del sys.modules['late']\n"
        "sys.meta_path.insert(0, sys.meta_path.pop(1))\n"
        "when_imported('late', lambda m: told.append('ours'))\n"
        "import late\n"
        "print(sorted(told))"
    )

    assert out == "['other', 'other', 'ours', 'ours']\n"


def test_threads_that_import_and_install_at_once_all_end_up_hooked():
    out = _run(
        _SLOW + "import threading\n"
        "told = []\n"
        "for number in range(50):\n"
        "    write(f'm{number}', 'X = sum(range(2000))')\n"
        "def load(number): __import__(f'm{number}')\n"
        "def wait(number): when_imported(f'm{number}', lambda m: told.append(m.X))\n"
        "threads = [threading.Thread(target=act, args=(n,))\n"
        "           for n in range(50) for act in (load, wait)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "print(told == [1999000] * 50)"
    )

    assert out == "True\n"


def test_installing_while_httpx_is_being_imported_hooks_it():
    out = _run(
        "import sys, cassettes\n"
        "class Meddler:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'httpx._models': cassettes.install()\n"
        "sys.meta_path.insert(0, Meddler())\n"
        "import httpx\n"
        "with cassettes.freeze(cassettes.Cassette('t', 'replay')):\n"
        "    try: httpx.get('http://localhost:9/x')\n"
        "    except cassettes.CassetteMiss as miss: print(miss.miss.line)"
    )

    assert out == "GET http://localhost:9/x\n"

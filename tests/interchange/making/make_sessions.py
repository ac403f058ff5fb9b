"""Make ``fixtures/gemini-cli``, ``opencode``, ``cline``: sessions of command-line agents.

    python make_sessions.py gemini-cli|opencode|cline PATH_TO_THE_PROGRAM FOLDER

The agent gets the travel tools through MCP and a model on loopback; the tools' server records
natively.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import gemini_server
from collector import json_lines
from make_cli import environment
from travel import SCRIPT, TRAVEL, without_this_machine

from replay.demo.model_server import Call, ModelServer, Prompt, Turn

HERE = Path(__file__).parent


def main(name: str, program: str, folder: Path) -> None:
    """Run the agent once, and keep its session."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder.resolve() / "native.db"
    server = [sys.executable, str(HERE / "travel_mcp.py"), str(database)]
    run = {"gemini-cli": run_gemini, "opencode": run_opencode, "cline": run_cline}[name]
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        (home / "work").mkdir()
        file, text = run(program, home, server)
        text = text.replace(place, "/home/user").replace(place[1:], "home/user")
        (folder / file).write_text(text, "utf-8")
    replay = Path(sys.executable).with_name("replay")
    subprocess.run([replay, "export", database, "-o", folder / "native.jsonl"], check=True)
    for stale in folder.glob("native.db*"):
        stale.unlink()
    without_this_machine(folder)


def run_gemini(program: str, home: Path, server: list[str]) -> tuple[str, str]:
    """Run Gemini CLI; its session's log, without the list of folders that it begins with."""
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
        "mcpServers": {
            "travel": {
                "command": server[0],
                "args": [*server[1:], "structured"],
                "trust": True,
                "timeout": 90_000,
            }
        },
    }
    _write(home / ".gemini" / "settings.json", settings)
    with gemini_server.serving() as address:
        given = {"GOOGLE_GEMINI_BASE_URL": address, "GEMINI_API_KEY": "none"}
        given["GEMINI_CLI_TRUST_WORKSPACE"] = "true"
        _run([program, "--yolo", "-m", "gemini-2.5-flash", "-p", TRAVEL], home, given)
    (log,) = (home / ".gemini" / "tmp").rglob("session-*.jsonl")
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    for line in lines:
        for message in (line.get("$set") or {}).get("messages") or []:
            message["content"] = [{"text": "<session_context>\n</session_context>"}]
    return "session.jsonl", json_lines(lines)


def run_opencode(program: str, home: Path, server: list[str]) -> tuple[str, str]:
    """Run OpenCode; what its ``export`` gives of the session."""
    with ModelServer(by_its_answers) as model:
        provider = {
            "npm": "@ai-sdk/openai-compatible",
            "name": "local",
            "options": {"baseURL": model.base_url, "apiKey": "none"},
            "models": {"gpt-5": {"name": "gpt-5", "tool_call": True}},
        }
        tools = {"type": "local", "command": server, "enabled": True, "timeout": 90_000}
        settings = {"provider": {"local": provider}, "model": "local/gpt-5", "share": "disabled"}
        _write(home / "work" / "opencode.json", {**settings, "mcp": {"travel": tools}})
        given = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}
        _run([program, "run", "--auto", TRAVEL], home, given)
        found = _run([program, "session", "list", "--format", "json"], home, given)
        session = json.loads(found)[0]["id"]
        return "session.json", _run([program, "export", session], home, given)


def run_cline(program: str, home: Path, server: list[str]) -> tuple[str, str]:
    """Run Cline; its session's messages, without its own system prompt."""
    data = home / ".cline" / "data"
    tools = {"command": server[0], "args": server[1:], "timeout": 60}
    _write(data / "settings" / "cline_mcp_settings.json", {"mcpServers": {"travel": tools}})
    with ModelServer(by_its_answers) as model:
        key = ["-p", "openai", "-k", "none", "-b", model.base_url, "-m", "gpt-5"]
        _run([program, "auth", *key], home, {})
        _run([program, "--json", "-P", "openai", "-m", "gpt-5", TRAVEL], home, {})
    _end_its_daemon(data)
    (log,) = (data / "sessions").rglob("*.messages.json")
    session = json.loads(log.read_text("utf-8"))
    session["system_prompt"] = "You are an agent."
    return "session.messages.json", json.dumps(session, indent=1) + "\n"


def _end_its_daemon(data: Path) -> None:
    """Cline leaves a process behind, which says its number in a file."""
    for lock in (data / "locks").rglob("*.json"):
        pid = json.loads(lock.read_text("utf-8")).get("pid")
        if isinstance(pid, int):
            os.kill(pid, signal.SIGTERM)


def by_its_answers(prompt: Prompt) -> Any:
    """The turn of the script that the prompt's answers have come to, in the names shown."""
    names = [(tool.get("function") or tool).get("name", "") for tool in prompt.tools]
    shown = {name.split("travel_")[-1].lstrip("_"): name for name in names}
    if "get_weather" not in shown:
        return "Travel"  # something else is asked: a title
    told = sum(message.get("role") == "tool" for message in prompt.messages)
    seen = 0
    for turn in SCRIPT["Paris"]:
        if seen >= told or isinstance(turn, str):
            parts = [turn] if isinstance(turn, str) else turn
            return Turn([_renamed(part, shown) for part in parts])
        seen += sum(isinstance(part, Call) for part in turn)
    return "Done."


def _renamed(part: str | Call, shown: dict[str, str]) -> str | Call:
    return part if isinstance(part, str) else Call(shown[part.tool], part.arguments, id=part.id)


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), "utf-8")


def _run(command: list[str], home: Path, given: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=home / "work",
        env=environment(home, **given),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    print(command[1:3], done.returncode, done.stdout[-300:], done.stderr[-300:])
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))

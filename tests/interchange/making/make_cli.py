"""Make ``fixtures/claude-code``, ``codex``: session logs of command-line agents.

    python make_cli.py claude-code|codex PATH_TO_THE_PROGRAM FOLDER

The agent gets the travel tools through MCP and a model on loopback; the tools' server records
natively.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from collector import json_lines
from messages_server import serving
from travel import SCRIPT, TRAVEL, without_this_machine

from replay.demo import model_server
from replay.demo.model_server import Call, ModelServer, Prompt, Turn

HERE = Path(__file__).parent


def main(name: str, program: str, folder: Path) -> None:
    """Run the agent once, and keep its session's log."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder.resolve() / "native.db"
    server = [sys.executable, str(HERE / "travel_mcp.py"), str(database)]
    with tempfile.TemporaryDirectory() as home:
        run = {"claude-code": run_claude, "codex": run_codex}[name]
        log = run(program, Path(home), server)
        text = log.read_text("utf-8").replace(home, "/home/user")
        lines = [shortened(json.loads(line)) for line in text.splitlines()]
        (folder / "session.jsonl").write_text(json_lines(lines), "utf-8")
    replay = Path(sys.executable).with_name("replay")
    subprocess.run([replay, "export", database, "-o", folder / "native.jsonl"], check=True)
    for stale in folder.glob("native.db*"):
        stale.unlink()
    without_this_machine(folder)


def shortened(line: dict[str, Any]) -> dict[str, Any]:
    """Take the program's own long texts out of a line of its log."""
    if line["type"] == "attachment":
        return {**line, "attachment": {"type": line["attachment"]["type"]}}
    payload = line.get("payload") or {}
    if line["type"] == "world_state":
        return {**line, "payload": {"full": True, "state": {}}}
    if "base_instructions" in payload:
        payload = {**payload, "base_instructions": {"text": "You are an agent."}}
    if payload.get("role") == "developer":
        payload = {**payload, "content": [{"type": "input_text", "text": "Be careful."}]}
    return {**line, "payload": payload} if payload else line


def environment(home: Path, **more: str) -> dict[str, str]:
    """What the agent gets: a home of its own, and nothing of this session's."""
    return {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "dumb", **more}


def run_claude(program: str, home: Path, server: list[str]) -> Path:
    """Run Claude Code without a screen; return its session's log."""
    work = home / "work"
    work.mkdir()
    config = home / "mcp.json"
    entry = {"command": server[0], "args": server[1:]}
    config.write_text(json.dumps({"mcpServers": {"travel": entry}}), "utf-8")
    with serving() as address:
        command = [program, "-p", TRAVEL, "--mcp-config", str(config), "--strict-mcp-config"]
        command += ["--allowedTools", "mcp__travel__get_weather,mcp__travel__search_flights"]
        command += ["--model", "claude-sonnet-4-5", "--output-format", "json"]
        given = environment(
            home,
            ANTHROPIC_BASE_URL=address,
            ANTHROPIC_API_KEY="none",
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
            DISABLE_AUTOUPDATER="1",
            ENABLE_TOOL_SEARCH="false",
            MCP_CONNECTION_NONBLOCKING="0",
            MCP_TIMEOUT="30000",
        )
        done = subprocess.run(
            command, cwd=work, env=given, capture_output=True, text=True, timeout=90, check=False
        )
        print(done.stdout[-600:], done.stderr[-600:])
    logs = sorted((home / ".claude" / "projects").rglob("*.jsonl"), key=lambda p: p.stat().st_size)
    return logs[-1]


def run_codex(program: str, home: Path, server: list[str]) -> Path:
    """Run Codex without a screen; return its session's log."""
    work = home / "work"
    work.mkdir()
    model_server._Answer = _InItsNamespace
    with ModelServer(by_its_count) as model:
        config = home / ".codex" / "config.toml"
        config.parent.mkdir()
        config.write_text(
            'model = "gpt-5"\nmodel_provider = "local"\n'
            'approval_policy = "never"\nsandbox_mode = "danger-full-access"\n'
            f'[model_providers.local]\nname = "local"\nbase_url = "{model.base_url}"\n'
            'wire_api = "responses"\nenv_key = "LOCAL_KEY"\n'
            f"[mcp_servers.travel]\nrequired = true\ncommand = {json.dumps(server[0])}\n"
            f"args = {json.dumps(server[1:])}\n",
            "utf-8",
        )
        command = [program, "exec", "--skip-git-repo-check", TRAVEL]
        done = subprocess.run(
            command,
            cwd=work,
            env=environment(home, LOCAL_KEY="none"),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        print(done.stdout[-800:], done.stderr[-800:])
    (log,) = (home / ".codex" / "sessions").rglob("*.jsonl")
    return log


def by_its_count(prompt: Prompt) -> Any:
    """The turn of the script that the prompt's answers have come to."""
    told = sum(m.get("type") == "function_call_output" for m in prompt.messages)
    seen = 0
    for turn in SCRIPT["Paris"]:
        if seen >= told or isinstance(turn, str):
            return Turn([turn] if isinstance(turn, str) else turn)
        seen += sum(isinstance(part, Call) for part in turn)
    return "Done."


class _InItsNamespace(model_server._Answer):
    """Codex shows the tools of a server in a namespace, which a call has to name."""

    def items(self) -> list[dict[str, Any]]:
        return [
            {**item, "namespace": "mcp__travel"} if item["type"] == "function_call" else item
            for item in super().items()
        ]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))

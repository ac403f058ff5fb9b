"""A step as something to paste elsewhere: curl, a pytest test, a `replay` command."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cassettes.placeholders import PLACEHOLDER
from replay.errors import SelectionError
from replay.records import Interaction, JsonObject, ModelCall, ToolCall

_NOT_SENT: Final = frozenset(
    ("host", "content-length", "accept-encoding", "connection", "transfer-encoding")
)
"""curl says these itself."""

_MODEL_PLACES: Final = {
    "chat.completions": ("https://api.openai.com/v1/chat/completions", "OPENAI_API_KEY"),
    "responses": ("https://api.openai.com/v1/responses", "OPENAI_API_KEY"),
    "messages": ("https://api.anthropic.com/v1/messages", "ANTHROPIC_API_KEY"),
}
"""Where providers take such a call, and the variable that their clients read a key from."""


def curl_of(interaction: Interaction) -> str:
    """Return what a tool asked outside as a curl command.

    Secrets were never stored: where placeholders stand in it, a comment says so.

    Raises:
        SelectionError: it was no HTTP request, or only the head of its body was kept.
    """
    request = interaction.exchange.get("request") or {}
    uri = str(request.get("uri", ""))
    if interaction.protocol != "http" or not uri.startswith(("http://", "https://")):
        raise SelectionError(
            f"{request.get('method', '?')} {uri} is no HTTP request: curl cannot ask it."
        )
    words = ["curl", "--compressed", "-X", str(request.get("method", "GET")), uri]
    headers: Mapping[str, Sequence[str]] = request.get("headers") or {}
    for name, values in headers.items():
        if name.lower() not in _NOT_SENT:
            words += [word for value in values for word in ("-H", f"{name}: {value}")]
    body = request.get("body")
    if isinstance(body, dict):
        words += _body_words(body, uri)
    return _with_note(_on_lines(words))


def _body_words(body: JsonObject, uri: str) -> list[str]:
    if body.get("cut") is not None or "base64" in body:
        raise SelectionError(
            f"The body of the request to {uri} is not text, or only its head was kept: there is no "
            "curl command of it."
        )
    if "json" in body:
        spaced = body.get("spelling") == "spaced"
        separators = (", ", ": ") if spaced else (",", ":")
        text = json.dumps(body["json"], ensure_ascii=spaced, separators=separators)
        return ["--data-raw", text]
    return ["--data-raw", str(body.get("text", ""))]


def curl_of_model_call(call: ModelCall) -> str:
    """Return a model call as a curl command to its provider, with the key from the environment.

    Raises:
        SelectionError: nobody knows how such a call is sent: it was imported.
    """
    place = _MODEL_PLACES.get(call.api)
    if place is None:
        raise SelectionError(f"A model call of {call.api!r} cannot be sent by curl.")
    address, key = place
    anthropic = call.api == "messages"
    said: JsonObject = {"model": call.model, **call.parameters}
    said["input" if call.api == "responses" else "messages"] = call.messages
    if call.tools:
        said["tools"] = call.tools
    if anthropic:
        _take_system_out(said)
        said.setdefault("max_tokens", 1024)
    sent = ["-H", "content-type: application/json"]
    sent += ["-H", "anthropic-version: 2023-06-01"] if anthropic else []
    text = _on_lines(["curl", address, *sent, "--data-raw", json.dumps(said, ensure_ascii=False)])
    header = f'"x-api-key: ${key}"' if anthropic else f'"authorization: Bearer ${key}"'
    head, rest = text.split("\n", 1)
    words = "# The provider's own address; the key is not recorded: it comes from your environment."
    return _with_note(f"{words}\n{head}\n  -H {header} \\\n{rest}")


def _take_system_out(said: JsonObject) -> None:
    """Put what Anthropic takes beside the messages there, where the recording has it among them."""
    messages = said["messages"]
    system = [one for one in messages if isinstance(one, dict) and one.get("role") == "system"]
    if system:
        said["messages"] = [one for one in messages if one not in system]
        said["system"] = (
            system[0].get("content")
            if len(system) == 1
            else [{"type": "text", "text": str(one.get("content"))} for one in system]
        )


def pytest_of(call: ToolCall, *, database: str, options: Sequence[str] = ()) -> str:
    """Return a test that today's tools answer a call as they did when it was recorded.

    It runs as it is pasted, where replay is installed: ``replay_run`` is the pytest plugin's, and
    brings the recorded world, clock and outside with it. ``options`` as for `replay run`; the tools
    of ``[tool.replay]`` where they name none.
    """
    name = re.sub(r"\W+", "_", f"{call.tool}_step_{call.step_number}_{call.trace_id}").strip("_")
    trace, tool = json.dumps(call.trace_id), json.dumps(call.tool)
    more = f", options={json.dumps(shlex.join(options))}" if options else ""
    return "\n".join(
        [
            f"def test_{name.lower()}(replay_run):",
            f'    """Step {call.step_number}: today\'s tools answer as was recorded."""',
            f"    replayed = replay_run({json.dumps(database)}, trace={trace}{more})",
            "    (call,) = [",
            f"        one for one in replayed.verdicts if one.step_number == {call.step_number}",
            "    ]",
            "",
            f"    assert call.tool == {tool}",
            '    assert call.approved or call.verdict in ("same", "equivalent"), call.changes',
            "",
        ]
    )


def command_of(verb: str, *, database: str, trace_id: str, step_number: int) -> str:
    """Return the `replay` command that shows or debugs a step."""
    return shlex.join(["replay", verb, database, trace_id, "--step", str(step_number)])


def request_ids(call: ToolCall | ModelCall) -> dict[str, str]:
    """Return the ids by which logs elsewhere know a step, each with whose it is."""
    if isinstance(call, ToolCall):
        found = {
            "replay's request id": call.attributes.get("request_id") or call.id,
            "the provider's call id": call.provider_call_id,
        }
    else:
        found = {
            "the provider's request id": call.request_id,
            "the provider's response id": call.response_id,
        }
    return {name: str(value) for name, value in found.items() if value}


def _on_lines(words: list[str]) -> str:
    """Return a command with each option on a line of its own."""
    lines: list[list[str]] = [[]]
    for word in words:
        if word.startswith(("-H", "--data")) and lines[-1]:
            lines.append([])
        lines[-1].append(word)
    return " \\\n  ".join(shlex.join(line) for line in lines)


def _with_note(text: str) -> str:
    count = len(set(PLACEHOLDER.findall(text)))
    if not count:
        return text
    what = "1 value is a placeholder" if count == 1 else f"{count} values are placeholders"
    return f"# {what}: secrets were not recorded. Put yours in their place.\n{text}"


def json_of(step: ToolCall | ModelCall) -> str:
    """Return a step as JSON, as `replay show --json` prints it."""
    value: Any = step.model_dump(mode="json")
    return json.dumps(value, indent=2, ensure_ascii=False)

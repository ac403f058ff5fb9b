"""Sessions of Qwen Code, goose and Continue, and exchanges with Google's generateContent.

The forms were read off the programs' own sources and tests; the sessions are made up.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

PARIS = {"city": "Paris"}


def qwen(number: int, kind: str, parts: list[Any] | None, **more: Any) -> dict[str, Any]:
    role = "model" if kind == "assistant" else "user"
    line: dict[str, Any] = {
        "uuid": f"q{number}",
        "parentUuid": f"q{number - 1}" if number > 1 else None,
        "sessionId": "s1",
        "timestamp": f"2026-11-20T10:00:{number:02}.000Z",
        "type": kind,
        "cwd": "/shop",
        "version": "0.14.0",
    }
    return line | ({} if parts is None else {"message": {"role": role, "parts": parts}}) | more


def qwen_asks(number: int, call_id: str, city: str = "Paris", **more: Any) -> dict[str, Any]:
    asked = {"id": call_id, "name": "mcp__travel__get_weather", "args": {"city": city}}
    usage = {"promptTokenCount": 90, "candidatesTokenCount": 7}
    parts = [{"text": "Let me look.", "thought": True}, {"functionCall": asked}]
    about = {"model": "qwen3-coder-plus", "usageMetadata": usage, **more}
    return qwen(number, "assistant", parts, **about)


def qwen_tells(number: int, call_id: str, response: Any, **result: Any) -> dict[str, Any]:
    told = {"id": call_id, "name": "mcp__travel__get_weather", "response": response}
    about = {"callId": call_id, "status": "success", **result}
    return qwen(number, "tool_result", [{"functionResponse": told}], toolCallResult=about)


def qwen_session() -> list[dict[str, Any]]:
    return [
        qwen(1, "user", [{"text": "How warm is it?"}]),
        qwen(2, "system", None, subtype="ui_telemetry", systemPayload={"uiEvent": {}}),
        qwen_asks(3, "c1"),
        qwen_tells(4, "c1", {"output": "18 degrees"}),
        qwen(5, "assistant", [{"text": "Warm."}], model="qwen3-coder-plus"),
    ]


def goose_message(number: int, role: str, *content: Any, **more: Any) -> dict[str, Any]:
    created = 1_795_664_760 + number
    return {"id": f"msg_{number}", "role": role, "created": created, "content": [*content], **more}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def goose_asks(call_id: str, name: str = "travel__get_weather") -> dict[str, Any]:
    value = {"name": name, "arguments": PARIS}
    return {"type": "toolRequest", "id": call_id, "toolCall": {"status": "success", "value": value}}


def goose_tells(call_id: str, value: Any) -> dict[str, Any]:
    result = {"status": "success", "value": value}
    return {"type": "toolResponse", "id": call_id, "toolResult": result}


def goose_messages() -> list[dict[str, Any]]:
    seen_by_people = {**text("a table"), "annotations": {"audience": ["user"]}}
    thinking = {"type": "thinking", "thinking": "Look.", "signature": "x"}
    failed = {"type": "toolResponse", "id": "c2", "toolResult": {"status": "error", "error": "no"}}
    content = [text("18 degrees"), seen_by_people]
    return [
        goose_message(1, "user", text("How warm is it?")),
        goose_message(2, "assistant", thinking, goose_asks("c1"), goose_asks("c2")),
        goose_message(3, "user", goose_tells("c1", {"content": content, "isError": False}), failed),
        goose_message(4, "assistant", text("Warm.")),
    ]


GOOSE = {
    "id": "20261126_1",
    "working_dir": "/shop",
    "name": "The weather",
    "created_at": "2026-11-26T03:46:00Z",
    "provider_name": "anthropic",
}


def goose_export(path: Path) -> None:
    config = {"model_name": "claude-sonnet-4-5"}
    session = {**GOOSE, "model_config": config, "conversation": goose_messages()}
    path.write_text(json.dumps(session, indent=2))


def goose_lines(path: Path) -> None:
    """As versions of 2025 wrote it: who the session is, then its messages; answers as lists."""
    about = {"working_dir": "/shop", "description": "The weather", "message_count": 4}
    messages = goose_messages()
    messages[2]["content"][0]["toolResult"]["value"] = [text("18 degrees")]
    path.write_text("\n".join(map(json.dumps, [about, *messages])))


def goose_database(path: Path) -> None:
    """The tables as goose's schema 7 has them."""
    database = sqlite3.connect(path)
    database.executescript(
        """
        CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TIMESTAMP);
        CREATE TABLE sessions (
            id TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', description TEXT DEFAULT '',
            user_set_name BOOLEAN DEFAULT FALSE, session_type TEXT NOT NULL DEFAULT 'user',
            working_dir TEXT NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
            updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, extension_data TEXT DEFAULT '{}',
            provider_name TEXT, model_config_json TEXT);
        CREATE TABLE messages (
            id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT, session_id TEXT NOT NULL,
            role TEXT NOT NULL, content_json TEXT NOT NULL, created_timestamp INTEGER NOT NULL,
            timestamp TIMESTAMP, tokens INTEGER, metadata_json TEXT);
        """
    )
    config = '{"model_name": "claude-sonnet-4-5"}'
    row = (*GOOSE.values(), config)
    names = f"({', '.join(GOOSE)}, model_config_json)"
    database.execute(f"INSERT INTO sessions {names} VALUES (?, ?, ?, ?, ?, ?)", row)
    for one in goose_messages():
        said = (one["id"], GOOSE["id"], one["role"], json.dumps(one["content"]), one["created"])
        database.execute(
            "INSERT INTO messages (message_id, session_id, role, content_json, created_timestamp) "
            "VALUES (?, ?, ?, ?, ?)",
            said,
        )
    database.commit()
    database.close()


def continue_session() -> dict[str, Any]:
    def state(call_id: str, status: str, **more: Any) -> dict[str, Any]:
        function = {"name": "travel_get_weather", "arguments": '{"city": "Paris"}'}
        call = {"id": call_id, "type": "function", "function": function}
        tool = {"type": "function", "function": function, "originalFunctionName": "get_weather"}
        return {
            "toolCallId": call_id,
            "toolCall": call,
            "status": status,
            "parsedArgs": PARIS,
            "tool": tool,
            **more,
        }

    output = [{"name": "a", "description": "", "content": one} for one in ("18", "degrees")]
    states = [
        state("c1", "done", output=output),
        state("c2", "canceled"),
        state("c3", "errored"),
        state("c4", "generated"),
    ]
    usage = {"promptTokens": 90, "completionTokens": 7, "promptTokensDetails": {"cachedTokens": 9}}
    asked = {
        "role": "assistant",
        "content": "",
        "toolCalls": [one["toolCall"] for one in states],
        "usage": usage,
    }
    attached = {"content": "# Cities", "name": "cities.md", "description": "", "id": {}}
    history = [
        {"message": {"role": "user", "content": "How warm is it?"}, "contextItems": [attached]},
        {"message": {"role": "thinking", "content": "Look."}, "contextItems": []},
        {"message": asked, "contextItems": [], "toolCallStates": states},
        {"message": {"role": "assistant", "content": "Warm."}, "contextItems": []},
    ]
    return {
        "sessionId": "5f0c",
        "title": "The weather",
        "workspaceDirectory": "/shop",
        "history": history,
        "chatModelTitle": "Claude Sonnet",
    }


def listed() -> dict[str, Any]:
    session = continue_session()
    names = ("sessionId", "title", "workspaceDirectory")
    return {name: session[name] for name in names} | {"dateCreated": "1795664760000"}


def google(*contents: Any) -> dict[str, Any]:
    declared = {"name": "get_weather", "parameters": {"type": "object"}}
    return {
        "contents": list(contents),
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "tools": [{"functionDeclarations": [declared]}],
        "generationConfig": {"temperature": 0.2},
    }


def candidate(*parts: Any, **more: Any) -> dict[str, Any]:
    content = {"role": "model", "parts": list(parts)}
    said = {"content": content, "index": 0, **more}
    return {"candidates": [said], "modelVersion": "gemini-2.5-flash-001"}


ASKED = {"role": "user", "parts": [{"text": "How warm is it?"}]}
CALL = {"functionCall": {"name": "get_weather", "args": PARIS}}
TOLD = {"functionResponse": {"name": "get_weather", "response": {"output": "18 degrees"}}}
GOING_ON = (ASKED, {"role": "model", "parts": [CALL]}, {"role": "user", "parts": [TOLD]})
STREAM = [candidate({"text": "Wa"}), candidate({"text": "rm."}, finishReason="STOP")]
URL = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"


def of_a_proxy() -> list[Any]:
    def one(body: Any, answer: Any) -> dict[str, Any]:
        return {"request": {"url": URL, "body": body}, "response": {"body": answer}}

    return [one(google(ASKED), candidate(CALL)), one(google(*GOING_ON), candidate({"text": "Ok"}))]


def of_a_gateway() -> list[Any]:
    def one(body: Any, answer: Any) -> dict[str, Any]:
        texts = {"request_body": json.dumps(body), "response_body": json.dumps(answer)}
        return {**texts, "request_path": URL, "request_created_at": "2026-11-26T03:46:00Z"}

    return [one(google(ASKED), candidate(CALL)), one(google(*GOING_ON), STREAM)]


def of_vertex() -> list[Any]:
    def one(body: Any, answer: Any) -> dict[str, Any]:
        model = "publishers/google/models/gemini-2.5-flash"
        about = {"logging_time": "2026-11-26 03:46:00 UTC", "request_id": "1", "model": model}
        return {**about, "full_request": body, "full_response": answer}

    return [one(google(ASKED), candidate(CALL)), one(google(*GOING_ON), STREAM)]

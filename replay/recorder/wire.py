"""What model calls look like on the wire, read the same way whatever the API.

======================== ==================================== =========================
``chat.completions``      OpenAI, and all who speak like it    ``wire_openai.py``
``responses``             OpenAI                               ``wire_openai.py``
``messages``              Anthropic; also on Bedrock, Vertex   ``wire_messages.py``
``generate_content``      Google                               ``wire_generate.py``
``converse``              Bedrock                              ``wire_converse.py``
======================== ==================================== =========================

Requests and answers are told by their path and shape, whatever host serves them. Reading never
changes a value: messages, tools and outputs are kept as they were sent.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from replay.recorder.sent import Sent, read_sent
from replay.recorder.wire_converse import CONVERSE_FORMAT
from replay.recorder.wire_generate import GENERATE_FORMAT
from replay.recorder.wire_messages import MESSAGES_FORMAT
from replay.recorder.wire_openai import CHAT_FORMAT, RESPONSES_FORMAT
from replay.recorder.wire_values import (
    CHAT,
    CONVERSE,
    GENERATE,
    MESSAGES,
    RESPONSES,
    AskedCall,
    Question,
    Reply,
    Told,
    WireFormat,
    content_text,
    parse_json,
    read_failure,
)
from replay.records import CallError, JsonObject, JsonValue

__all__ = [
    "CHAT",
    "CONVERSE",
    "GENERATE",
    "MESSAGES",
    "RESPONSES",
    "AskedCall",
    "Question",
    "Reply",
    "Told",
    "answer_entries",
    "api_of",
    "asked_in",
    "content_text",
    "format_of",
    "parse_json",
    "provider_of",
    "read_failure",
    "read_question",
    "read_reply",
    "said_in",
    "told_in",
]

_FORMATS: Final = {
    CHAT: CHAT_FORMAT,
    RESPONSES: RESPONSES_FORMAT,
    MESSAGES: MESSAGES_FORMAT,
    GENERATE: GENERATE_FORMAT,
    CONVERSE: CONVERSE_FORMAT,
}
_KEYS: Final = {CHAT: "messages", RESPONSES: "input", GENERATE: "contents"}
_ENDINGS: Final = (
    ("/chat/completions", CHAT),
    ("/responses", RESPONSES),
    ("/messages", MESSAGES),
    (":rawPredict", MESSAGES),
    (":streamRawPredict", MESSAGES),
    (":generateContent", GENERATE),
    (":streamGenerateContent", GENERATE),
    ("/converse", CONVERSE),
    ("/converse-stream", CONVERSE),
    ("/invoke", MESSAGES),
    ("/invoke-with-response-stream", MESSAGES),
)
_ONLY_UNDER_MODEL: Final = (
    "/converse",
    "/converse-stream",
    "/invoke",
    "/invoke-with-response-stream",
)
_MODEL: Final = re.compile(r"/models?/([^/:]+(?::\d+)?)(?:[:/][A-Za-z-]+)$")
_HOSTS: Final = (
    ("api.openai.com", "openai"),
    ("openai.azure.com", "azure.ai.openai"),
    ("services.ai.azure.com", "azure.ai.openai"),
    ("api.anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("api.mistral.ai", "mistral_ai"),
    ("api.groq.com", "groq"),
    ("api.deepseek.com", "deepseek"),
    ("api.x.ai", "x_ai"),
    ("api.perplexity.ai", "perplexity"),
)


def format_of(api: str) -> WireFormat:
    """Return how ``api`` is read.

    Raises:
        KeyError: it is not one of the APIs above.
    """
    return _FORMATS[api]


def api_of(path: str) -> str | None:
    """Return which API a URL path belongs to, or None when it is no model call."""
    path = path.rstrip("/")
    for ending, api in _ENDINGS:
        if path.endswith(ending):
            return api if ending not in _ONLY_UNDER_MODEL or "/model/" in path else None
    return None


@lru_cache(maxsize=32)
def provider_of(url: str) -> str | None:
    """Return the provider by its host, in OpenTelemetry's words; None for hosts we do not know."""
    host = urlsplit(url).hostname or ""
    for known, provider in _HOSTS:
        if host == known or host.endswith((f".{known}", f"-{known}")):
            return provider
    is_bedrock = host.startswith("bedrock-runtime") and host.endswith(
        (".amazonaws.com", ".amazonaws.com.cn")
    )
    return "aws.bedrock" if is_bedrock else None


def read_question(
    api: str, content: bytes, before: Sent | None = None, *, path: str = ""
) -> Question | None:
    """Return the request, or None when its body is not one of that API.

    ``before``: an earlier request that this one may go on from; it saves reading that again.
    ``path``: of its URL, for APIs whose model is named there.
    """
    sent = read_sent(api, content, before)
    if sent is not None:
        body = dict(sent.rest.fields)
        messages: Any = sent.messages
    else:
        try:
            body = parse_json(content)
        except ValueError:
            return None
        if not isinstance(body, dict):
            return None
        key = _KEYS.get(api, "messages")
        messages = body.pop(key) if isinstance(body.get(key), list) else None
    question = format_of(api).question(body, messages)
    if question is None:
        return None
    question.sent = sent
    if question.model is None and (named := _MODEL.search(path)):
        question.model = unquote(named[1])
    if path.endswith(("-stream", ":streamGenerateContent", ":streamRawPredict")):
        question.streamed = True
    return question


def read_reply(api: str, body: JsonValue) -> Reply:
    """Return what a successful answer's body says."""
    if not isinstance(body, dict):
        return Reply(error=CallError(type="UnreadableAnswer", message="the body is no JSON object"))
    return format_of(api).reply(body)


def asked_in(api: str, entry: Any) -> list[AskedCall]:
    """Return the tool calls that one entry of a prompt repeats from an earlier answer."""
    return format_of(api).asked(entry) if isinstance(entry, dict) else []


def told_in(api: str, entry: Any) -> list[Told]:
    """Return what one entry of a prompt tells the model about its calls, in order."""
    return format_of(api).told(entry) if isinstance(entry, dict) else []


def said_in(api: str, entry: Any) -> str:
    """Return the words of an entry that repeats an answer without calls; empty for all others."""
    return format_of(api).said(entry) if isinstance(entry, dict) else ""


def answer_entries(api: str, output: JsonValue) -> list[JsonObject]:
    """Return a model output as the entries by which later prompts repeat it."""
    return format_of(api).entries(output) if output is not None else []

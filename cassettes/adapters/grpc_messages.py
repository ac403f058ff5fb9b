"""gRPC messages and statuses as a cassette holds them.

A protobuf message is kept as its JSON form where that gives the same message again: it can be read
and compared field by field, and what masks secrets finds them. Everything else is kept as bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from cassettes.adapters.questions import question
from cassettes.interaction import Request

CLIENT = "grpc"

_Deserializer = Callable[[bytes], Any] | None


def asked(method: Any, message: Any, serializer: Callable[[Any], bytes] | None) -> Request:
    """Return the request of one call. That it changes nothing, no call says: it is a write."""
    name = (method.decode() if isinstance(method, bytes) else str(method)).lstrip("/")
    form = _json_form(message)
    if form is not None:
        return question(CLIENT, name, {"message": form}, "write")
    try:
        sent = message if serializer is None else serializer(message)
    except Exception:  # noqa: BLE001 - the client is about to say so itself
        sent = message
    return question(CLIENT, name, {"message": sent}, "write")


def response_form(raw: bytes | None, deserializer: _Deserializer) -> Any:
    """Return the form of the bytes that came back."""
    kind = _message_kind(deserializer)
    if raw is not None and kind is not None:
        form = _json_form(kind.FromString(raw))
        if form is not None:
            return {"json": form}
    return {"bytes": raw}


def response_of(form: Any, deserializer: _Deserializer) -> Any:
    """Return the response that ``form`` describes, as the client is given it."""
    kind = _message_kind(deserializer)
    if "json" in form and kind is not None:
        from google.protobuf.json_format import ParseDict

        return ParseDict(form["json"], kind())
    raw = form.get("bytes")
    return raw if deserializer is None or raw is None else deserializer(raw)


def pairs(metadata: Iterable[Any] | None) -> Any:
    """Return metadata as a list of names and values."""
    return None if metadata is None else [[name, value] for name, value in metadata]


def metadata_of(form: Any) -> tuple[tuple[str, Any], ...] | None:
    """Return metadata as gRPC has it; None where there is none."""
    return None if form is None else tuple((name, value) for name, value in form)


def _message_kind(deserializer: _Deserializer) -> Any:
    """Return the class of messages that ``deserializer`` makes, where it is protobuf's."""
    kind = getattr(deserializer, "__self__", None)
    return kind if isinstance(kind, type) and hasattr(kind, "DESCRIPTOR") else None


def _json_form(message: Any) -> Any:
    if not hasattr(type(message), "DESCRIPTOR") or "google.protobuf" not in sys.modules:
        return None
    from google.protobuf.json_format import MessageToDict, ParseDict

    try:
        form = MessageToDict(message, preserving_proto_field_name=True)
        back = ParseDict(form, type(message)())
        same = back.SerializeToString(deterministic=True)
        return form if same == message.SerializeToString(deterministic=True) else None
    except Exception:  # noqa: BLE001 - a message that has no JSON form is kept as its bytes
        return None

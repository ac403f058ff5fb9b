"""A response that an older version gave, as today's version would have given it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from replay.records import JsonValue
from replay.tools.encoding import NotJson, as_json, response_text
from replay.tools.resolve import moved_to
from replay.tools.toolbox import Toolbox
from replay.tools.translations import ToolVersion, TranslationFailed


@dataclass(frozen=True, slots=True)
class OlderResponse:
    """A recorded response after translation."""

    response: str | None
    """None: it could not be translated, and ``note`` says why."""
    note: str


def translated_response(
    toolbox: Toolbox,
    tool: str,
    version: str | None,
    response: str | None,
    *,
    ran: ToolVersion | None = None,
) -> OlderResponse | None:
    """Return a response of ``version`` of ``tool`` as ``ran`` would give it.

    ``ran`` None: the version that would run. None comes back where there is nothing to translate:
    no translation of results leads from the one to the other.
    """
    if not toolbox.result_translations or response is None:
        return None
    version = version or None
    end = ran or moved_to(toolbox, tool, version)
    if end is None or end == (tool, version):
        return None
    chain = toolbox.result_translations.chain_between(ToolVersion(tool, version), end)
    if chain is None:
        return None
    try:
        made = _encoded(toolbox, chain.result(value_of(response)))
    except TranslationFailed as error:
        return _not_translated(str(error).removeprefix("The translation "))
    except Exception as error:  # noqa: BLE001 -- the toolbox's encode raised over it
        return _not_translated(f"{type(error).__name__}: {error}")
    return OlderResponse(made, f"Recorded response translated: {chain}.")


def _not_translated(why: str) -> OlderResponse:
    return OlderResponse(None, f"The recorded response was not translated: {why.rstrip('.')}.")


def value_of(response: str) -> JsonValue:
    """Return what a translation of results gets: JSON where the text is JSON, else the text."""
    if response[:1] in '{["-0123456789tfn':
        try:
            return json.loads(response)
        except (ValueError, RecursionError):
            return response
    return response


def _encoded(toolbox: Toolbox, made: JsonValue) -> str:
    if isinstance(made, str) or toolbox.encode_hook is None:
        return response_text(as_json(made))
    encoded = toolbox.encode_hook(made)
    if not isinstance(encoded, str):
        raise NotJson(f"The toolbox's encode returned {type(encoded).__name__}, not a text.")
    return encoded

"""The worker's side of looking at translations: one payload along one chain, looked at closely.

It is carried twice, under another clock, other draws and another environment the second time: what
differs then is not the payload's doing. Then each value of it is changed, and left out: where the
new payload stays the same both times, the value is lost on the way.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, cast

import cassettes
from cassettes.world.code import IMPORT_EPOCH_S
from replay.records import JsonObject, JsonValue
from replay.replayer.shaking.observing import CLOCK, sources_of, users_line
from replay.tools.encoding import NotJson, as_json
from replay.tools.observer import CallStart
from replay.tools.outcome import CallProgress
from replay.tools.toolbox import Toolbox
from replay.tools.translations import Chain, ToolVersion, TranslationFailed, copied
from replay.tools.validate import InvalidArguments, validated_arguments
from replay.verdicts.canonical import same_value
from replay.verdicts.carrying import is_dropped
from replay.verdicts.paths import PathPart, general_path, leaves, written

_LATER_S: Final = 400.5 * 86_400
"""Another day of the week, another month, another half of the day."""
_LEAVES_MAX: Final = 60
_NAME: Final = "translation"

_Leaf = tuple[PathPart, ...]


def carried_result(toolbox: Toolbox, asked: JsonObject) -> JsonObject:
    """Return what a chain makes of a recorded result, and what is wrong with the chain."""
    begin, end = (ToolVersion(*asked[name]) for name in ("begin", "end"))
    chain = toolbox.result_translations.chain_between(begin, end)
    if chain is None:
        return {"findings": [], "made": None}
    first, why = _made(chain.result, asked["payload"], seed="one", at=IMPORT_EPOCH_S)
    findings = _noticed()
    if why is not None:
        return {"findings": [*findings, why], "made": None}
    second, _ = _made(chain.result, asked["payload"], seed="two", at=IMPORT_EPOCH_S + _LATER_S)
    _noticed()  # the first run has told
    if not same_value(first, second):
        said = "two runs over the same result give another one"
        findings.append(_finding("differs", "", said))
    return {"findings": findings, "made": first}


def carried(toolbox: Toolbox, asked: JsonObject) -> JsonObject:
    """Return what a chain makes of a payload, and everything that is wrong with it.

    ``begin`` and ``end`` are (tool, version); ``payload`` was written for the first. ``round_trip``
    asks for the way back, too.
    """
    begin, end = (ToolVersion(*asked[name]) for name in ("begin", "end"))
    chain = toolbox.translations.chain_between(begin, end)
    if chain is None:
        return {"findings": [], "made": None}
    payload = asked["payload"]
    first, why = _carried(chain, payload, seed="one", at=IMPORT_EPOCH_S)
    findings = _noticed()
    if first is None:
        return {"findings": [*findings, cast("JsonObject", why)], "made": None}
    second, _ = _carried(chain, payload, seed="two", at=IMPORT_EPOCH_S + _LATER_S)
    _noticed()  # the first run has told
    if second is None or not same_value(first, second):
        said = "two runs over the same payload give other arguments"
        return {"findings": [*findings, _finding("differs", "", said)], "made": first}
    findings += _invalid(toolbox, end, first)
    findings += _lost(chain, payload, first)
    if asked.get("round_trip"):
        findings += _round_trip(toolbox, chain, payload, first)
    _noticed()
    return {"findings": findings, "made": first}


def _carried(
    chain: Chain, payload: JsonObject, *, seed: str, at: float
) -> tuple[JsonObject | None, JsonObject | None]:
    """Return the new payload as JSON; or None, and why there is none."""
    made, why = _made(chain.arguments, payload, seed=seed, at=at)
    return (None, why) if why is not None else (cast("JsonObject", made), None)


def _made(
    carry: Callable[[Any], JsonValue], value: JsonValue, *, seed: str, at: float
) -> tuple[JsonValue, JsonObject | None]:
    """Return what is made of ``value``, as JSON, and why nothing is; None: something is."""
    with _held(seed=seed, at=at):
        return _tried(carry, value)


@contextmanager
def _held(*, seed: str, at: float) -> Iterator[None]:
    """Hold clock, draws and environment."""
    nothing = cassettes.Cassette(_NAME, mode="replay")
    with cassettes.freeze(nothing, at=at, seed=seed), _other_environment(seed):
        yield


def _tried(
    carry: Callable[[Any], JsonValue], value: JsonValue
) -> tuple[JsonValue, JsonObject | None]:
    try:
        return as_json(carry(value)), None
    except TranslationFailed as error:
        kind = "raises" if error.__cause__ is not None else "no_object"
        return None, _finding(kind, "", str(error))
    except NotJson as error:
        return None, _finding("no_object", "", f"what it returns is no JSON: {error}")


def _finding(kind: str, path: str, said: str) -> JsonObject:
    return {"kind": kind, "path": path, "said": said}


def _noticed() -> list[JsonObject]:
    """Return what the run that was just made read beside its payload."""
    found = [
        _finding("impure", "", f"{_READS[one['kind'] == CLOCK]} in {one['where']}")
        for one in sources_of(_NAME)
    ]
    found += [
        _finding("impure", "", f"reads the environment variable {name} in {where}")
        for name, where in sorted(_environment_reads.items())
    ]
    _environment_reads.clear()
    return found


_READS: Final = {True: "reads the clock", False: "draws at random"}
_environment_reads: dict[str, str] = {}


class _Noticing(dict[Any, Any]):
    """The process's environment, that knows who reads it; the values can be others."""

    def __init__(self, variables: dict[Any, Any], *, is_other: bool) -> None:
        super().__init__(variables)
        self._is_other = is_other

    def __getitem__(self, key: Any) -> Any:
        where = users_line(sys._getframe(1))
        if where is None:
            return super().__getitem__(key)
        name = key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
        _environment_reads.setdefault(name, where)
        value = super().__getitem__(key)
        return value + (b"x" if isinstance(value, bytes) else "x") if self._is_other else value


@contextmanager
def _other_environment(seed: str) -> Iterator[None]:
    """Notice who reads the environment; give other values than its own in the second run."""
    environment: Any = os.environ
    real = environment._data
    environment._data = _Noticing(real, is_other=seed == "two")
    try:
        yield
    finally:
        environment._data = real


def _invalid(toolbox: Toolbox, end: ToolVersion, made: JsonObject) -> list[JsonObject]:
    tool = next((one for one in _versions(toolbox, end.tool) if one.version == end.version), None)
    if tool is None:
        return []
    start = CallStart(request_id="question", tool=end.tool, arguments="{}")
    progress = CallProgress(start)
    try:
        validated_arguments(tool, start, copied(made), progress, is_raw=False)
        errors = progress.schema_errors
    except InvalidArguments as error:
        errors = error.errors
    except Exception as error:  # noqa: BLE001 -- a validator of the user's raised: a finding, too
        return [_finding("invalid", "", f"{type(error).__name__}: {error}")]
    return [
        _finding("invalid", written(list(one.get("loc", ()))), str(one.get("msg", "does not fit")))
        for one in errors
    ]


def _versions(toolbox: Toolbox, name: str) -> list[Any]:
    return [tool for tool in toolbox.all_versions() if tool.name == name]


def _lost(chain: Chain, payload: JsonObject, made: JsonObject) -> list[JsonObject]:
    """Return the values that the new payload does not depend on, and no step declares dropped."""
    found: dict[str, JsonObject] = {}
    with _held(seed="one", at=IMPORT_EPOCH_S):
        for leaf, value in islice(leaves(payload), _LEAVES_MAX):
            path = general_path(written(leaf))
            if path in found or not leaf or is_dropped(written(leaf), chain.drops):
                continue
            if value is not None and not _depends(chain, payload, leaf, value, made):
                said = f"{_short(value)} has no effect on what is made"
                found[path] = _finding("loses", path, said)
    return list(found.values())


def _depends(
    chain: Chain, payload: JsonObject, leaf: _Leaf, value: JsonValue, made: JsonObject
) -> bool:
    """Whether another value there, or none, makes other arguments, or is refused."""
    for changed in (_changed(payload, leaf, _other(value)), _without(payload, leaf)):
        other, why = _tried(chain.arguments, changed)
        if why is not None or not same_value(other, made):
            return True
    return False


def _at(payload: JsonValue, leaf: _Leaf) -> JsonValue:
    for part in leaf:
        payload = payload[part]
    return payload


def _changed(payload: JsonObject, leaf: _Leaf, value: JsonValue) -> JsonObject:
    changed: JsonObject = copied(payload)
    home = _at(changed, leaf[:-1])
    home[leaf[-1]] = value
    return changed


def _without(payload: JsonObject, leaf: _Leaf) -> JsonObject:
    changed: JsonObject = copied(payload)
    home = _at(changed, leaf[:-1])
    del home[leaf[-1]]
    return changed


def _other(value: JsonValue) -> JsonValue:
    """Return a value of the same type that is another one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "1"
    return {"other": 1} if isinstance(value, dict) else [1]


def _round_trip(
    toolbox: Toolbox, chain: Chain, payload: JsonObject, made: JsonObject
) -> list[JsonObject]:
    """Return where a payload does not come back as it went; what is declared dropped may stay."""
    back = toolbox.translations.chain_between(chain.end, chain.steps[0].old)
    if back is None:
        return []
    again, why = _carried(back, made, seed="one", at=IMPORT_EPOCH_S)
    if again is None:
        return [_finding("round_trip", "", f"the way back: {why['said'] if why else ''}")]
    if same_value(again, payload):
        return []
    from replay.verdicts.diffing import diff_values

    found = []
    for one in diff_values(payload, again)[:_LEAVES_MAX]:
        path = general_path(one.path)
        if not is_dropped(one.path, (*chain.drops, *back.drops)):
            said = f"comes back {_came_back(one.change, one.replayed)}"
            found.append(_finding("round_trip", path, said))
    return found


def _came_back(change: str, value: JsonValue) -> str:
    if change == "removed":
        return "without it"
    return "with it" if change == "added" else f"as {_short(value)}"


def _short(value: JsonValue) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"

"""Fields that are new, and fields that are gone: defaults, constants, drops, and questions."""

from __future__ import annotations

from collections.abc import Sequence

from replay.compatibility.suggesting.edits import Edit, Here, question, shown, text
from replay.compatibility.suggesting.fields import NOTHING, Field
from replay.compatibility.suggesting.modes import choices_of, mode_of
from replay.compatibility.suggesting.renames import Pair
from replay.records import JsonValue


def filled(here: Here, new: Field, *, tools: tuple[str, str], is_strict: bool) -> Edit | None:
    """Return what an added field is for old calls; None: it may be left out.

    ``tools``: the old tool and the new one. ``is_strict``: the new schema wants every field named,
    as OpenAI's strict mode does, where null says that a model left one out.
    """
    if not new.is_required:
        return None
    path, item = here.at(new.name), here.item(new.name)
    default = f"{here.variable}.setdefault({text(new.name)}, {{}})"
    if new.default is not NOTHING and new.takes(new.default):
        code = [default.format(text(new.default))]
        return Edit("default", path, f"{shown(new.default)}, the schema's own default", code)
    if new.choices is not None and len(new.choices) == 1 and not new.is_nullable:
        only = text(new.choices[0])
        return Edit(
            "constant",
            path,
            f"{shown(new.choices[0])}, the only value it takes",
            [f"{item} = {only}"],
        )
    if is_strict and new.is_nullable:
        code = [default.format("None")]
        return Edit("default", path, "null, as strict schemas say that nothing was given", code)
    mode = mode_of(new, *tools) if not here.path else None
    if mode is not None and mode.is_sure:
        constant = [f"{item} = {text(mode.value)}"]
        return Edit("constant", path, f"{shown(mode.value)}: {mode.why}", constant)
    if mode is not None:
        said = f"it is required; {shown(mode.value)} is {mode.why}, which does not make it certain"
        hint = [f"{item} = {text(mode.value)}"]
        return _missing(here, new, said, hint)
    choices = choices_of(new)
    listed = f" (one of {', '.join(choices[:8])})" if choices else ""
    return _missing(here, new, f"it is required{listed}, and nothing says what it was", [])


def _missing(here: Here, new: Field, said: str, hint: list[str]) -> Edit:
    when = f"{text(new.name)} not in {here.variable}"
    return question("missing", here.at(new.name), said, when=when, hint=hint)


def kept_default(here: Here, old: Field, new: Field) -> Edit | None:
    """Return the old default, written out where the new one is another; None: no need to.

    Where the new schema names none, it is taken to be what it was: nothing says otherwise.
    """
    before, now = old.default, new.default
    if old.is_required or before is NOTHING or _equal(before, now):
        return None
    if now is NOTHING and not new.is_required:
        return None
    path, when = here.at(new.name), f"{text(new.name)} not in {here.variable}"
    if not new.takes(before):
        said = f"left out it meant {shown(before)}, which the new version does not take"
        return question("default", path, said, when=when)
    code = [f"{here.variable}.setdefault({text(new.name)}, {text(before)})"]
    return Edit("default", path, f"{shown(before)} when left out, as it was", code)


def gone(
    here: Here,
    old: Field,
    candidates: Sequence[Pair],
    values: Sequence[JsonValue],
    captured_count: int,
) -> Edit:
    """Return what becomes of a field that the new schema has not: a drop, or a question.

    What no call ever said is dropped, and the draft refuses a call that says it: nobody here knows
    what that would mean without it.
    """
    path, has = here.at(old.name), here.has(old.name)
    pop = f"{here.variable}.pop({text(old.name)}, None)"
    if candidates:
        best = candidates[0]
        named = ", or ".join(
            f"{pair.new.name} ({pair.confidence:.2f}: {pair.why})" for pair in candidates[:3]
        )
        rename = f"{here.item(best.new.name)} = {here.variable}.pop({text(old.name)})"
        return question(
            "rename",
            path,
            f"it is gone; it may have become {named}",
            when=has,
            confidence=best.confidence,
            hint=[rename],
        )
    telling = sum(value is not None and not _equal(value, old.default) for value in values)
    if old.is_required:
        said = "it is gone, every old call gave it, and nothing takes its place"
    elif telling:
        given = "1 captured payload sets" if telling == 1 else f"{telling} captured payloads set"
        said = f"it is gone, and {given} it; nothing takes its place"
    elif not captured_count:
        said = "it is gone, and no captured payload shows whether calls set it"
    else:
        of = (
            "the only captured payload does not set it"
            if captured_count == 1
            else (f"none of {captured_count} captured payloads sets it")
        )
        said = f"the new version does not take it, and {of}; one that does is refused"
        refused = question(
            "drop", path, "it is gone, and this call sets it", when=f"{pop} is not None"
        )
        return Edit("drop", path, said, refused.code, drops=(path,))
    drop = f"drops=[{text(path)}] in the decorator, and {pop}"
    return question("drop", path, said, when=has, hint=[drop])


def _equal(one: JsonValue, other: JsonValue) -> bool:
    return one is other or (type(one) is type(other) and one == other)

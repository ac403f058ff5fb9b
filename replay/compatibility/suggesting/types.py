"""Values of another type that mean the same: only what loses nothing is written without asking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from replay.compatibility.suggesting.edits import Edit, Here, question, text
from replay.compatibility.suggesting.fields import Field, kind_of
from replay.records import JsonValue

_SCALARS: Final = frozenset(("string", "integer", "number", "boolean"))
_NUMBERS: Final = frozenset(("integer", "number"))

_DATE_FORMS: Final = (
    "%d %b %Y",
    "%d %B %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
)


def retyped(here: Here, old: Field, new: Field, values: Sequence[JsonValue]) -> list[Edit]:
    """Return the edits that make a value of ``old`` one of ``new``'s type; none where it is one."""
    edits = _without_null(here, old, new, values)
    given = [value for value in values if value is not None]
    if new.form in ("date", "date-time") and old.form != new.form and "string" in old.kinds:
        return edits + _as_iso(here, new, given)
    if not new.kinds or (old.kinds and old.kinds <= new.kinds):
        return edits + _other_items(here, old, new)
    return [*edits, _converted(here, old, new, given)]


def _other_items(here: Here, old: Field, new: Field) -> list[Edit]:
    """Return what to ask of a list whose elements are of another type, or other choices, now."""
    before, after = old.items, new.items
    if old.kinds != {"array"} or before is None or after is None or not after.kinds:
        return []
    gone = [
        one for one in before.choices or [] if after.choices is not None and not after.takes(one)
    ]
    is_listed = after.choices is not None and before.choices is None
    if before.kinds <= after.kinds and before.kinds and not gone and not is_listed:
        return []
    said = f"its elements go from {_named(before)} to {_named(after)}, and nothing says how"
    if before.kinds <= after.kinds and before.kinds:
        said = "not every element that it took is one of its choices now"
    return [
        question("convert", here.at(new.name), said, when=f"{here.variable}.get({text(new.name)})")
    ]


def _without_null(here: Here, old: Field, new: Field, values: Sequence[JsonValue]) -> list[Edit]:
    """Leave out a null that said no more than leaving it out: null was what absence meant."""
    if not old.is_nullable or new.is_nullable or not old.kinds:
        return []
    path, item = here.at(new.name), here.item(new.name)
    when = f"{here.has(new.name)} and {item} is None"
    meant_nothing = not old.is_required and old.schema.get("default", None) is None
    if meant_nothing and not new.is_required:
        code = [f"if {when}:", f"    del {item}"]
        return [Edit("convert", path, "null is left out, as absence meant the same", code)]
    asked = question("convert", path, "it may be null no longer", when=when)
    return [asked]


def _converted(here: Here, old: Field, new: Field, values: Sequence[JsonValue]) -> Edit:
    path, item = here.at(new.name), here.item(new.name)
    found = (
        _wrapped(item, old, new, values)
        or _unwrapped(item, old, new, values)
        or _as_text(item, old, new)
        or _as_whole_number(item, old, new, values)
        or _as_number(item, old, new, values)
        or _as_truth(item, old, new, values)
    )
    types = f"{_named(old)} to {_named(new)}"
    if found is None:
        return question(
            "convert",
            path,
            f"its type goes from {types}, and nothing says how",
            when=here.has(new.name) if _is_apart(old, new) else _when_unfit(here, new),
        )
    said, (when, lines), needs_values = found
    if needs_values and not values:
        return question(
            "convert",
            path,
            f"its type goes from {types}, and no captured value shows that it can be read so",
            when=here.has(new.name),
            hint=lines,
        )
    condition = f"{here.has(new.name)} and {when}"
    code = [f"if {condition}:", *(f"    {line}" for line in lines)]
    return Edit("convert", path, f"{types}: {said}", code)


_Found = tuple[str, tuple[str, list[str]], bool]
"""What is done; when, and by which lines; whether captured values must show that it is right."""


def _wrapped(item: str, old: Field, new: Field, values: Sequence[JsonValue]) -> _Found | None:
    inside = new.items
    if new.kinds != {"array"} or inside is None or not old.kinds or not old.kinds <= _SCALARS:
        return None
    if inside.kinds and not old.kinds <= inside.kinds:
        return None
    many = any(isinstance(one, str) and "," in one for one in values)
    if many or "comma" in old.description.lower() or "separated" in old.description.lower():
        return None
    return "one value becomes a list of one", (_not(item, "list"), [f"{item} = [{item}]"]), False


def _unwrapped(item: str, old: Field, new: Field, values: Sequence[JsonValue]) -> _Found | None:
    inside = old.items
    if old.kinds != {"array"} or not new.kinds <= _SCALARS or inside is None or not inside.kinds:
        return None
    if not inside.kinds <= new.kinds or any(
        len(one) != 1 for one in values if isinstance(one, list)
    ):
        return None
    lines = [
        f"if len({item}) != 1:",
        '    raise ValueError("TODO a list of more or less than one has no place.")',
        f"{item} = {item}[0]",
    ]
    return "a list of one becomes its element", (_is(item, "list"), lines), True


def _as_text(item: str, old: Field, new: Field) -> _Found | None:
    if new.kinds != {"string"} or not old.kinds or not old.kinds <= {"integer"}:
        return None
    return "a whole number is written out", (_is(item, "int"), [f"{item} = str({item})"]), False


def _as_whole_number(
    item: str, old: Field, new: Field, values: Sequence[JsonValue]
) -> _Found | None:
    if "integer" not in new.kinds or new.kinds - _NUMBERS:
        return None
    if old.kinds == {"integer", "number"} and new.kinds == {"integer"}:
        lines = [
            f"if {item} != int({item}):",
            '    raise ValueError("TODO a number with a fraction has no place.")',
            f"{item} = int({item})",
        ]
        return "a whole number stays one", (_is(item, "float"), lines), False
    if old.kinds != {"string"} or not all(_is_whole(value) for value in values):
        return None
    lines = [
        f"if str(int({item})) != {item}:",
        '    raise ValueError("TODO this text is no plain number.")',
        f"{item} = int({item})",
    ]
    return "its text is read as a number", (_is(item, "str"), lines), True


def _as_number(item: str, old: Field, new: Field, values: Sequence[JsonValue]) -> _Found | None:
    if old.kinds != {"string"} or "number" not in new.kinds or new.kinds - _NUMBERS:
        return None
    if not all(_is_number(value) for value in values):
        return None
    return (
        "its text is read as a number",
        (
            _is(item, "str"),
            [f"{item} = float({item}) if set({item}) & set('.eE') else int({item})"],
        ),
        True,
    )


def _as_truth(item: str, old: Field, new: Field, values: Sequence[JsonValue]) -> _Found | None:
    if old.kinds != {"string"} or new.kinds != {"boolean"}:
        return None
    if not all(value in ("true", "false") for value in values):
        return None
    read = f'{item} = {{"true": True, "false": False}}[{item}]'
    return "its text is read as true or false", (_is(item, "str"), [read]), True


def _as_iso(here: Here, new: Field, values: Sequence[JsonValue]) -> list[Edit]:
    """Return the edits that write a date as ISO 8601; none where all captured ones are."""
    path, item = here.at(new.name), here.item(new.name)
    texts = [value for value in values if isinstance(value, str)]
    read = "date" if new.form == "date" else "datetime"
    if texts and all(_is_iso(value, new.form or "") for value in texts):
        code = [
            f"if {here.has(new.name)}:",
            f"    {read}.fromisoformat({item})  # refuses any other",
        ]
        return [Edit("convert", path, "every captured value is ISO 8601 as it stands", code)]
    forms = [form for form in _DATE_FORMS if all(_fits(value, form) for value in texts)]
    if texts and len(forms) == 1 and new.form == "date":
        read = f"datetime.strptime({item}, {text(forms[0])}).date().isoformat()"
        code = [f"if {here.has(new.name)}:", f"    {item} = {read}"]
        said = f"a date written as {forms[0]} becomes ISO 8601"
        return [Edit("convert", path, said, code)]
    why = "no captured value shows how it was written"
    if texts:
        why = "the captured values are written in several ways"
        if len(forms) > 1:
            why = f"the captured values can be read in several ways ({', '.join(forms)})"
        elif len(forms) == 1:
            why = "the captured values are dates, and a time of day is wanted"
    said = f"it must be ISO 8601 ({new.form}) now, and {why}"
    return [question("convert", path, said, when=here.has(new.name))]


def _is_iso(value: str, form: str) -> bool:
    try:
        if form == "date":
            return date.fromisoformat(value).isoformat() == value
        return len(value) > 10 and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def _fits(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)  # noqa: DTZ007 -- a date has no time zone
    except ValueError:
        return False
    return True


def _is_whole(value: JsonValue) -> bool:
    return isinstance(value, str) and value.lstrip("-").isdecimal() and str(int(value)) == value


def _is_number(value: JsonValue) -> bool:
    if not isinstance(value, str) or not value or set(value) - set("0123456789.-+eE"):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return not (value.lstrip("-").startswith("0") and value.lstrip("-")[1:2].isdecimal())


def _is(item: str, python: str) -> str:
    return f"isinstance({item}, {python})"


def _not(item: str, python: str) -> str:
    return f"not isinstance({item}, {python})"


def _is_apart(old: Field, new: Field) -> bool:
    return bool(old.kinds) and not (old.kinds & new.kinds)


def _when_unfit(here: Here, new: Field) -> str:
    python = {
        "string": "str",
        "integer": "int",
        "number": "float",
        "boolean": "bool",
        "array": "list",
        "object": "dict",
    }
    names = sorted({python[kind] for kind in new.kinds if kind in python})
    return f"{here.has(new.name)} and not isinstance({here.item(new.name)}, ({', '.join(names)},))"


def _named(field: Field) -> str:
    kinds = field.kinds - {"integer"} if "number" in field.kinds else field.kinds
    return " or ".join(sorted(kinds)) if kinds else "anything"


__all__ = ["kind_of", "retyped"]

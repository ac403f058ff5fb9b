"""Rules for values: types, null, listed values, limits."""

from __future__ import annotations

from replay.compatibility.rule import (
    BREAKS,
    CHANGED,
    MAY_BREAK,
    OR_TRANSLATE,
    SAFE,
    SILENT,
    TRANSLATE,
    Rule,
)

TYPES = [
    Rule("TYPE_WIDENED", "types", "It takes more types.", (SAFE,), CHANGED, ""),
    Rule(
        "TYPE_NARROWED",
        "types",
        "It takes only some of the types that it took.",
        (MAY_BREAK,),
        CHANGED,
        TRANSLATE,
    ),
    Rule(
        "TYPE_CHANGED",
        "types",
        "It takes none of the types that it took (but null, where both take that).",
        (BREAKS, MAY_BREAK),
        CHANGED,
        TRANSLATE,
    ),
    Rule(
        "TYPE_COERCED",
        "types",
        'Another type, which pydantic\'s lax mode makes of the old one: "3" for 3.',
        (MAY_BREAK, SILENT),
        CHANGED,
        TRANSLATE,
    ),
    Rule("NULL_ADDED", "types", "It may be null.", (SAFE,), CHANGED, ""),
    Rule(
        "NULL_REMOVED",
        "types",
        "It may not be null. Payloads from strict mode carry null wherever a value is left out; a "
        "toolbox reads null for an optional argument as left out.",
        (MAY_BREAK, BREAKS, SILENT),
        CHANGED,
        f"Keep null (`X | None`) and read it as the default, {OR_TRANSLATE}",
    ),
    Rule(
        "NOTHING_ALLOWED",
        "types",
        "It takes no value at all.",
        (BREAKS, MAY_BREAK),
        CHANGED,
        TRANSLATE,
    ),
    Rule("VALUE_ALLOWED", "types", "It took no value, and does now.", (SAFE,), CHANGED, ""),
    Rule(
        "REFERENCE_BROKEN",
        "types",
        "A `$ref` leads nowhere, or round in a circle: nothing can be validated.",
        (BREAKS, MAY_BREAK),
        CHANGED,
        "Put the definition into `$defs` of the schema.",
    ),
    Rule(
        "REFERENCE_MENDED",
        "types",
        "A `$ref` that led nowhere leads somewhere: nobody knows what the old schema took.",
        (MAY_BREAK,),
        CHANGED,
        "See what captured payloads carry.",
    ),
    Rule(
        "TOO_LARGE_TO_COMPARE",
        "types",
        "The schemas are deeper, or larger, than is compared.",
        (MAY_BREAK,),
        CHANGED,
        "See what captured payloads carry.",
    ),
]

ENUMS = [
    Rule(
        "ENUM_ADDED",
        "enums",
        "Only listed values are taken, where any was.",
        (MAY_BREAK,),
        CHANGED,
        f"List every value that captured payloads have, {OR_TRANSLATE}",
    ),
    Rule("ENUM_DROPPED", "enums", "Values are no longer listed.", (SAFE,), CHANGED, ""),
    Rule("ENUM_VALUE_ADDED", "enums", "A value is listed too.", (SAFE,), CHANGED, ""),
    Rule(
        "ENUM_VALUE_REMOVED",
        "enums",
        "A listed value is no longer taken; it breaks where none is left.",
        (MAY_BREAK, BREAKS),
        CHANGED,
        f"Keep the value and map it, {OR_TRANSLATE}",
    ),
    Rule(
        "CONST_CHANGED",
        "enums",
        "The only value is another.",
        (BREAKS, MAY_BREAK),
        CHANGED,
        TRANSLATE,
    ),
    Rule(
        "ENUM_ORDER_CHANGED",
        "enums",
        "The values are listed in another order.",
        (SAFE,),
        CHANGED,
        "",
    ),
]


def _limit(name: str, what: str) -> list[Rule]:
    tightened, loosened = (
        Rule(
            f"{name}_TIGHTENED",
            "bounds",
            f"{what} are tighter; it breaks where no old value is within them.",
            (MAY_BREAK, BREAKS),
            CHANGED,
            f"Keep the old limit, {OR_TRANSLATE}",
        ),
        Rule(f"{name}_LOOSENED", "bounds", f"{what} are wider.", (SAFE,), CHANGED, ""),
    )
    return [tightened, loosened]


BOUNDS = [
    *_limit("NUMBER_LIMIT", "The limits of a number"),
    *_limit("LENGTH_LIMIT", "The limits of a text's length"),
    *_limit("COUNT_LIMIT", "The limits of a list's or an object's size"),
    Rule(
        "MULTIPLE_TIGHTENED",
        "bounds",
        "A number must be a multiple of another one.",
        (MAY_BREAK,),
        CHANGED,
        TRANSLATE,
    ),
    Rule(
        "MULTIPLE_LOOSENED",
        "bounds",
        "A number need be a multiple of less, or of nothing.",
        (SAFE,),
        CHANGED,
        "",
    ),
    Rule(
        "PATTERN_ADDED",
        "bounds",
        "A text must match a pattern.",
        (MAY_BREAK,),
        CHANGED,
        TRANSLATE,
    ),
    Rule(
        "PATTERN_CHANGED",
        "bounds",
        "A text must match another pattern; whether it takes what the old one took is not known.",
        (MAY_BREAK,),
        CHANGED,
        "See what captured payloads carry.",
    ),
    Rule(
        "PATTERN_LOOSENED",
        "bounds",
        "A text must match a pattern that takes all that the old one took.",
        (SAFE,),
        CHANGED,
        "",
    ),
    Rule("PATTERN_REMOVED", "bounds", "A text need match nothing.", (SAFE,), CHANGED, ""),
    Rule(
        "FORMAT_ADDED",
        "bounds",
        "A text must be of a format. Validators of JSON Schema do not look at it: safe there.",
        (MAY_BREAK, SAFE),
        CHANGED,
        TRANSLATE,
    ),
    Rule(
        "FORMAT_CHANGED",
        "bounds",
        "A text must be of another format.",
        (MAY_BREAK, SAFE),
        CHANGED,
        TRANSLATE,
    ),
    Rule("FORMAT_REMOVED", "bounds", "A text need be of no format.", (SAFE,), CHANGED, ""),
    Rule(
        "UNIQUE_ITEMS_ADDED",
        "bounds",
        "The items of a list must differ.",
        (MAY_BREAK,),
        CHANGED,
        "Drop repeated items in the tool instead.",
    ),
    Rule(
        "UNIQUE_ITEMS_REMOVED",
        "bounds",
        "The items of a list may repeat.",
        (SAFE,),
        CHANGED,
        "",
    ),
]

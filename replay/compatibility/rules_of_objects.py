"""Rules for objects and unions: properties, what is not named, variants, defaults, words."""

from __future__ import annotations

from replay.compatibility.rule import (
    BREAKS,
    CHANGED,
    LOOK,
    MAY_BREAK,
    OR_TRANSLATE,
    SAFE,
    SILENT,
    TRANSLATE,
    Rule,
)

PRESENCE = [
    Rule(
        "REQUIRED_PROPERTY_ADDED",
        "presence",
        "A property that was not there is required.",
        (BREAKS, MAY_BREAK),
        CHANGED,
        f"Give it a default, {OR_TRANSLATE}",
    ),
    Rule(
        "OPTIONAL_PROPERTY_ADDED",
        "presence",
        "A property may be given that was rejected before.",
        (SAFE,),
        CHANGED,
        "",
    ),
    Rule(
        "OPTIONAL_PROPERTY_ADDED_TO_OPEN",
        "presence",
        "A property has a shape now that could have any before: old payloads may carry its name.",
        (MAY_BREAK, SILENT, SAFE, BREAKS),
        CHANGED,
        "Close the schema (`extra='forbid'`) from the start; see what captured payloads carry.",
    ),
    Rule(
        "OPTIONAL_BECAME_REQUIRED",
        "presence",
        "A property that could be left out no longer can; from strict mode it is always there.",
        (MAY_BREAK, SAFE),
        CHANGED,
        f"Keep the default, {OR_TRANSLATE}",
    ),
    Rule(
        "REQUIRED_BECAME_OPTIONAL",
        "presence",
        "A property may be left out.",
        (SAFE,),
        CHANGED,
        "",
    ),
    Rule(
        "PROPERTY_REMOVED_FROM_CLOSED",
        "presence",
        "A property is gone from a schema that rejects what it does not name.",
        (MAY_BREAK, BREAKS),
        CHANGED,
        f"Keep it and ignore it, {OR_TRANSLATE}",
    ),
    Rule(
        "PROPERTY_REMOVED_FROM_OPEN",
        "presence",
        "A property is gone from a schema that takes any: its value is ignored without a word.",
        (SILENT,),
        CHANGED,
        f"Say where its value goes now. {TRANSLATE}",
    ),
    Rule(
        "RENAME_SUSPECTED",
        "presence",
        "A property is gone and one like it is new; the verdict is the worse of both.",
        (BREAKS, MAY_BREAK, SILENT),
        CHANGED,
        "Take both names (`validation_alias=AliasChoices(...)`), " + OR_TRANSLATE,
    ),
]

UNIONS = [
    Rule(
        "UNION_VARIANT_ADDED",
        "unions",
        "A union has one more variant; silent where an open object may be taken for it.",
        (SAFE, SILENT),
        CHANGED,
        "Tell the variants apart by a constant (`Field(discriminator=...)`).",
    ),
    Rule(
        "UNION_VARIANT_REMOVED",
        "unions",
        "A variant of a union is gone; it breaks where it was the only one.",
        (MAY_BREAK, BREAKS),
        CHANGED,
        TRANSLATE,
    ),
    Rule(
        "UNION_ORDER_CHANGED",
        "unions",
        "The variants stand in another order; silent where several may fit.",
        (SILENT, SAFE),
        CHANGED,
        "Tell the variants apart by a constant (`Field(discriminator=...)`).",
    ),
    Rule(
        "UNION_MAY_OVERLAP",
        "unions",
        "`oneOf` takes what fits exactly one variant, and its variants may overlap.",
        (MAY_BREAK,),
        CHANGED,
        "Say `anyOf`, or tell the variants apart by a constant.",
    ),
    Rule(
        "DISCRIMINATOR_ADDED",
        "unions",
        "The variants are told apart by a property: payloads without it are rejected.",
        (MAY_BREAK,),
        CHANGED,
        TRANSLATE,
    ),
    Rule(
        "DISCRIMINATOR_CHANGED",
        "unions",
        "The variants are told apart by another property.",
        (MAY_BREAK,),
        CHANGED,
        TRANSLATE,
    ),
    Rule(
        "DISCRIMINATOR_REMOVED",
        "unions",
        "The variants are told apart by what fits.",
        (SAFE,),
        CHANGED,
        "",
    ),
]

OPENNESS = [
    Rule(
        "CLOSED",
        "openness",
        "Properties that are not named are rejected (`extra='forbid'`).",
        (MAY_BREAK,),
        CHANGED,
        "Name what captured payloads carry, or leave it open.",
    ),
    Rule(
        "OPENED",
        "openness",
        "Properties that are not named are taken.",
        (SAFE,),
        CHANGED,
        "",
    ),
    Rule(
        "RESTRICTION_ADDED",
        "openness",
        "A keyword restricts it that is read only as a whole: `not`, `if`, `contains`, "
        "`dependentRequired`, `patternProperties`...",
        (MAY_BREAK,),
        CHANGED,
        "See what captured payloads carry.",
    ),
    Rule(
        "RESTRICTION_CHANGED",
        "openness",
        "Such a keyword says something else.",
        (MAY_BREAK,),
        CHANGED,
        "See what captured payloads carry.",
    ),
    Rule("RESTRICTION_REMOVED", "openness", "Such a keyword is gone.", (SAFE,), CHANGED, ""),
]

_DEFAULT_MEND = "Keep the old default under the old version, or write it into old payloads."
DEFAULTS = [
    Rule(
        "DEFAULT_CHANGED",
        "defaults",
        "What is left out means something else. From strict mode nothing is left out: safe there.",
        (SILENT, SAFE),
        CHANGED,
        _DEFAULT_MEND,
    ),
    Rule(
        "DEFAULT_ADDED",
        "defaults",
        "What is left out has a meaning now, and had none that was said (or null).",
        (SILENT, SAFE),
        CHANGED,
        "Check that the tool meant it before as well.",
    ),
    Rule(
        "DEFAULT_REMOVED",
        "defaults",
        "What is left out has no meaning any more that is said.",
        (SILENT, SAFE),
        CHANGED,
        _DEFAULT_MEND,
    ),
]


def _words(name: str, what: str, mend: str = LOOK) -> Rule:
    return Rule(name, "words", what, (SAFE,), CHANGED, mend)


WORDS = [
    _words("DESCRIPTION_CHANGED", "It is described in other words."),
    _words("TITLE_CHANGED", "It has another title.", ""),
    _words("EXAMPLES_CHANGED", "Its examples are others."),
    _words("DEPRECATION_CHANGED", "It is said to be deprecated, or no longer."),
    _words(
        "PROPERTY_ORDER_CHANGED",
        "Properties stand in another order, in which models write them.",
    ),
]

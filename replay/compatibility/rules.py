"""The closed list of rules: every name that a change of a schema can have.

``docs/compatibility.md`` is made of this list; a test keeps both equal. A verdict says what a rule
gives by itself; where two are named, the words of the finding say which, and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from replay.compatibility.changes import OnModel, OnPayloads

_SAFE, _SILENT = OnPayloads.SAFE, OnPayloads.SILENT
_MAY_BREAK, _BREAKS = OnPayloads.MAY_BREAK, OnPayloads.BREAKS
_SAME, _CHANGED, _REFUSED = OnModel.SAME, OnModel.CHANGED, OnModel.REFUSED


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of change."""

    name: str
    family: str
    means: str
    """In one sentence."""
    on_payloads: tuple[OnPayloads, ...]
    """What it can do to captured payloads, the usual first."""
    on_model: OnModel
    mend: str
    """What to do where it is not meant; empty: nothing to mend."""


_TRANSLATE = "Add a translation from the old version (`@toolbox.translate`)."
_OR_TRANSLATE = "or add a translation from the old version (`@toolbox.translate`)."
_LOOK = "Nothing for old payloads; look at how models call the tool now."

_TOOL = [
    Rule("TOOL_ADDED", "tool", "A tool that was not there.", (_SAFE,), _CHANGED, ""),
    Rule(
        "TOOL_REMOVED",
        "tool",
        "A tool is gone; calls of it end as `unknown_tool`.",
        (_BREAKS,),
        _CHANGED,
        "Keep the tool until no traffic asks for it, or route its name to another.",
    ),
    Rule(
        "TOOL_RENAMED",
        "tool",
        "A tool is gone, and a new one takes nearly the same.",
        (_BREAKS,),
        _CHANGED,
        "Register the function under its old name as well, and route it.",
    ),
    Rule(
        "NAMESPACE_CHANGED",
        "tool",
        "A tool has another prefix: `github.search` for `search`.",
        (_BREAKS,),
        _CHANGED,
        "Register the function under its old name as well, and route it.",
    ),
    Rule(
        "TOOL_DESCRIPTION_CHANGED",
        "tool",
        "The tool is described to models in other words.",
        (_SAFE,),
        _CHANGED,
        _LOOK,
    ),
    Rule(
        "TOOL_ORDER_CHANGED",
        "tool",
        "The tools are shown in another order; a provider's cache of the prompt starts anew.",
        (_SAFE,),
        _CHANGED,
        "Register the tools in their old order, if the prompt's cache matters.",
    ),
    Rule(
        "TOOL_ANNOTATIONS_CHANGED",
        "tool",
        "What is said of the tool beside its schema (MCP's annotations, title) is another.",
        (_SAFE,),
        _CHANGED,
        "",
    ),
    Rule(
        "STRICT_CHANGED",
        "tool",
        "The tool is shown in OpenAI's strict mode now, or no longer.",
        (_SAFE,),
        _CHANGED,
        "Out of strict mode models may leave arguments out, and add others.",
    ),
    Rule(
        "COERCION_REMOVED",
        "tool",
        'pydantic\'s strict mode is on: "3" is no longer taken for 3.',
        (_MAY_BREAK,),
        _SAME,
        "Register the tool with `strict=False`, or translate the texts.",
    ),
    Rule(
        "COERCION_ADDED",
        "tool",
        'pydantic\'s strict mode is off: "3" is taken for 3.',
        (_SAFE,),
        _SAME,
        "",
    ),
    Rule(
        "COERCION_CHANGED",
        "tool",
        "Captured calls show that values are read as another type than the schema says.",
        (_MAY_BREAK, _SILENT, _BREAKS),
        _SAME,
        _TRANSLATE,
    ),
    Rule(
        "VALIDATOR_CHANGED",
        "tool",
        "Captured calls show that a validator takes, rejects or rewrites what no schema tells.",
        (_MAY_BREAK, _SILENT, _BREAKS),
        _SAME,
        _TRANSLATE,
    ),
    Rule(
        "GATE_ADDED",
        "tool",
        "Arguments that do not fit are rejected, where they were only noted before.",
        (_MAY_BREAK,),
        _SAME,
        "Register the tool with `validation='report'`.",
    ),
    Rule(
        "GATE_REMOVED",
        "tool",
        "Arguments that do not fit are only noted, and the tool runs.",
        (_SAFE,),
        _SAME,
        "",
    ),
    Rule(
        "ERROR_CONTRACT_CHANGED",
        "tool",
        "The errors that the tool says it answers with are others.",
        (_SAFE,),
        _CHANGED,
        "Replay failing calls (`replay run --outcome failed`): only they show what models see.",
    ),
    Rule(
        "LEAVES_PROVIDER_SUBSET",
        "tool",
        "A provider that took the old schema rejects the new one, or rewrites it unasked.",
        (_SAFE,),
        _REFUSED,
        "See the words of the finding: each limit has its own way out.",
    ),
]

_PRESENCE = [
    Rule(
        "REQUIRED_PROPERTY_ADDED",
        "presence",
        "A property that was not there is required.",
        (_BREAKS, _MAY_BREAK),
        _CHANGED,
        f"Give it a default, {_OR_TRANSLATE}",
    ),
    Rule(
        "OPTIONAL_PROPERTY_ADDED",
        "presence",
        "A property may be given that was rejected before.",
        (_SAFE,),
        _CHANGED,
        "",
    ),
    Rule(
        "OPTIONAL_PROPERTY_ADDED_TO_OPEN",
        "presence",
        "A property has a shape now that could have any before: old payloads may carry its name.",
        (_MAY_BREAK, _SILENT, _SAFE, _BREAKS),
        _CHANGED,
        "Close the schema (`extra='forbid'`) from the start; see what captured payloads carry.",
    ),
    Rule(
        "OPTIONAL_BECAME_REQUIRED",
        "presence",
        "A property that could be left out no longer can; from strict mode it is always there.",
        (_MAY_BREAK, _SAFE),
        _CHANGED,
        f"Keep the default, {_OR_TRANSLATE}",
    ),
    Rule(
        "REQUIRED_BECAME_OPTIONAL",
        "presence",
        "A property may be left out.",
        (_SAFE,),
        _CHANGED,
        "",
    ),
    Rule(
        "PROPERTY_REMOVED_FROM_CLOSED",
        "presence",
        "A property is gone from a schema that rejects what it does not name.",
        (_MAY_BREAK, _BREAKS),
        _CHANGED,
        f"Keep it and ignore it, {_OR_TRANSLATE}",
    ),
    Rule(
        "PROPERTY_REMOVED_FROM_OPEN",
        "presence",
        "A property is gone from a schema that takes any: its value is ignored without a word.",
        (_SILENT,),
        _CHANGED,
        f"Say where its value goes now. {_TRANSLATE}",
    ),
    Rule(
        "RENAME_SUSPECTED",
        "presence",
        "A property is gone and one like it is new; the verdict is the worse of both.",
        (_BREAKS, _MAY_BREAK, _SILENT),
        _CHANGED,
        "Take both names (`validation_alias=AliasChoices(...)`), " + _OR_TRANSLATE,
    ),
]

_TYPES = [
    Rule("TYPE_WIDENED", "types", "It takes more types.", (_SAFE,), _CHANGED, ""),
    Rule(
        "TYPE_NARROWED",
        "types",
        "It takes only some of the types that it took.",
        (_MAY_BREAK,),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule(
        "TYPE_CHANGED",
        "types",
        "It takes none of the types that it took (but null, where both take that).",
        (_BREAKS, _MAY_BREAK),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule(
        "TYPE_COERCED",
        "types",
        'Another type, which pydantic\'s lax mode makes of the old one: "3" for 3.',
        (_MAY_BREAK, _SILENT),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule("NULL_ADDED", "types", "It may be null.", (_SAFE,), _CHANGED, ""),
    Rule(
        "NULL_REMOVED",
        "types",
        "It may not be null. Payloads from strict mode carry null wherever a value is left out; a "
        "toolbox reads null for an optional argument as left out.",
        (_MAY_BREAK, _BREAKS, _SILENT),
        _CHANGED,
        f"Keep null (`X | None`) and read it as the default, {_OR_TRANSLATE}",
    ),
    Rule(
        "NOTHING_ALLOWED",
        "types",
        "It takes no value at all.",
        (_BREAKS, _MAY_BREAK),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule("VALUE_ALLOWED", "types", "It took no value, and does now.", (_SAFE,), _CHANGED, ""),
    Rule(
        "REFERENCE_BROKEN",
        "types",
        "A `$ref` leads nowhere, or round in a circle: nothing can be validated.",
        (_BREAKS, _MAY_BREAK),
        _CHANGED,
        "Put the definition into `$defs` of the schema.",
    ),
    Rule(
        "REFERENCE_MENDED",
        "types",
        "A `$ref` that led nowhere leads somewhere: nobody knows what the old schema took.",
        (_MAY_BREAK,),
        _CHANGED,
        "See what captured payloads carry.",
    ),
    Rule(
        "TOO_LARGE_TO_COMPARE",
        "types",
        "The schemas are deeper, or larger, than is compared.",
        (_MAY_BREAK,),
        _CHANGED,
        "See what captured payloads carry.",
    ),
]

_ENUMS = [
    Rule(
        "ENUM_ADDED",
        "enums",
        "Only listed values are taken, where any was.",
        (_MAY_BREAK,),
        _CHANGED,
        f"List every value that captured payloads have, {_OR_TRANSLATE}",
    ),
    Rule("ENUM_DROPPED", "enums", "Values are no longer listed.", (_SAFE,), _CHANGED, ""),
    Rule("ENUM_VALUE_ADDED", "enums", "A value is listed too.", (_SAFE,), _CHANGED, ""),
    Rule(
        "ENUM_VALUE_REMOVED",
        "enums",
        "A listed value is no longer taken; it breaks where none is left.",
        (_MAY_BREAK, _BREAKS),
        _CHANGED,
        f"Keep the value and map it, {_OR_TRANSLATE}",
    ),
    Rule(
        "CONST_CHANGED",
        "enums",
        "The only value is another.",
        (_BREAKS, _MAY_BREAK),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule(
        "ENUM_ORDER_CHANGED",
        "enums",
        "The values are listed in another order.",
        (_SAFE,),
        _CHANGED,
        "",
    ),
]


def _limit(name: str, what: str) -> list[Rule]:
    tightened, loosened = (
        Rule(
            f"{name}_TIGHTENED",
            "bounds",
            f"{what} are tighter; it breaks where no old value is within them.",
            (_MAY_BREAK, _BREAKS),
            _CHANGED,
            f"Keep the old limit, {_OR_TRANSLATE}",
        ),
        Rule(f"{name}_LOOSENED", "bounds", f"{what} are wider.", (_SAFE,), _CHANGED, ""),
    )
    return [tightened, loosened]


_BOUNDS = [
    *_limit("NUMBER_LIMIT", "The limits of a number"),
    *_limit("LENGTH_LIMIT", "The limits of a text's length"),
    *_limit("COUNT_LIMIT", "The limits of a list's or an object's size"),
    Rule(
        "MULTIPLE_TIGHTENED",
        "bounds",
        "A number must be a multiple of another one.",
        (_MAY_BREAK,),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule(
        "MULTIPLE_LOOSENED",
        "bounds",
        "A number need be a multiple of less, or of nothing.",
        (_SAFE,),
        _CHANGED,
        "",
    ),
    Rule(
        "PATTERN_ADDED",
        "bounds",
        "A text must match a pattern.",
        (_MAY_BREAK,),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule(
        "PATTERN_CHANGED",
        "bounds",
        "A text must match another pattern; whether it takes what the old one took is not known.",
        (_MAY_BREAK,),
        _CHANGED,
        "See what captured payloads carry.",
    ),
    Rule(
        "PATTERN_LOOSENED",
        "bounds",
        "A text must match a pattern that takes all that the old one took.",
        (_SAFE,),
        _CHANGED,
        "",
    ),
    Rule("PATTERN_REMOVED", "bounds", "A text need match nothing.", (_SAFE,), _CHANGED, ""),
    Rule(
        "FORMAT_ADDED",
        "bounds",
        "A text must be of a format. Validators of JSON Schema do not look at it: safe there.",
        (_MAY_BREAK, _SAFE),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule(
        "FORMAT_CHANGED",
        "bounds",
        "A text must be of another format.",
        (_MAY_BREAK, _SAFE),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule("FORMAT_REMOVED", "bounds", "A text need be of no format.", (_SAFE,), _CHANGED, ""),
    Rule(
        "UNIQUE_ITEMS_ADDED",
        "bounds",
        "The items of a list must differ.",
        (_MAY_BREAK,),
        _CHANGED,
        "Drop repeated items in the tool instead.",
    ),
    Rule(
        "UNIQUE_ITEMS_REMOVED",
        "bounds",
        "The items of a list may repeat.",
        (_SAFE,),
        _CHANGED,
        "",
    ),
]

_UNIONS = [
    Rule(
        "UNION_VARIANT_ADDED",
        "unions",
        "A union has one more variant; silent where an open object may be taken for it.",
        (_SAFE, _SILENT),
        _CHANGED,
        "Tell the variants apart by a constant (`Field(discriminator=...)`).",
    ),
    Rule(
        "UNION_VARIANT_REMOVED",
        "unions",
        "A variant of a union is gone; it breaks where it was the only one.",
        (_MAY_BREAK, _BREAKS),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule(
        "UNION_ORDER_CHANGED",
        "unions",
        "The variants stand in another order; silent where several may fit.",
        (_SILENT, _SAFE),
        _CHANGED,
        "Tell the variants apart by a constant (`Field(discriminator=...)`).",
    ),
    Rule(
        "UNION_MAY_OVERLAP",
        "unions",
        "`oneOf` takes what fits exactly one variant, and its variants may overlap.",
        (_MAY_BREAK,),
        _CHANGED,
        "Say `anyOf`, or tell the variants apart by a constant.",
    ),
    Rule(
        "DISCRIMINATOR_ADDED",
        "unions",
        "The variants are told apart by a property: payloads without it are rejected.",
        (_MAY_BREAK,),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule(
        "DISCRIMINATOR_CHANGED",
        "unions",
        "The variants are told apart by another property.",
        (_MAY_BREAK,),
        _CHANGED,
        _TRANSLATE,
    ),
    Rule(
        "DISCRIMINATOR_REMOVED",
        "unions",
        "The variants are told apart by what fits.",
        (_SAFE,),
        _CHANGED,
        "",
    ),
]

_OPENNESS = [
    Rule(
        "CLOSED",
        "openness",
        "Properties that are not named are rejected (`extra='forbid'`).",
        (_MAY_BREAK,),
        _CHANGED,
        "Name what captured payloads carry, or leave it open.",
    ),
    Rule(
        "OPENED",
        "openness",
        "Properties that are not named are taken.",
        (_SAFE,),
        _CHANGED,
        "",
    ),
    Rule(
        "RESTRICTION_ADDED",
        "openness",
        "A keyword restricts it that is read only as a whole: `not`, `if`, `contains`, "
        "`dependentRequired`, `patternProperties`...",
        (_MAY_BREAK,),
        _CHANGED,
        "See what captured payloads carry.",
    ),
    Rule(
        "RESTRICTION_CHANGED",
        "openness",
        "Such a keyword says something else.",
        (_MAY_BREAK,),
        _CHANGED,
        "See what captured payloads carry.",
    ),
    Rule("RESTRICTION_REMOVED", "openness", "Such a keyword is gone.", (_SAFE,), _CHANGED, ""),
]

_DEFAULT_MEND = "Keep the old default under the old version, or write it into old payloads."
_DEFAULTS = [
    Rule(
        "DEFAULT_CHANGED",
        "defaults",
        "What is left out means something else. From strict mode nothing is left out: safe there.",
        (_SILENT, _SAFE),
        _CHANGED,
        _DEFAULT_MEND,
    ),
    Rule(
        "DEFAULT_ADDED",
        "defaults",
        "What is left out has a meaning now, and had none that was said (or null).",
        (_SILENT, _SAFE),
        _CHANGED,
        "Check that the tool meant it before as well.",
    ),
    Rule(
        "DEFAULT_REMOVED",
        "defaults",
        "What is left out has no meaning any more that is said.",
        (_SILENT, _SAFE),
        _CHANGED,
        _DEFAULT_MEND,
    ),
]


def _words(name: str, what: str, mend: str = _LOOK) -> Rule:
    return Rule(name, "words", what, (_SAFE,), _CHANGED, mend)


_WORDS = [
    _words("DESCRIPTION_CHANGED", "It is described in other words."),
    _words("TITLE_CHANGED", "It has another title.", ""),
    _words("EXAMPLES_CHANGED", "Its examples are others."),
    _words("DEPRECATION_CHANGED", "It is said to be deprecated, or no longer."),
    _words(
        "PROPERTY_ORDER_CHANGED",
        "Properties stand in another order, in which models write them.",
    ),
]


def _result(
    name: str, means: str, *on_payloads: OnPayloads, mend: str = "", model: OnModel = _CHANGED
) -> Rule:
    return Rule(f"RESULT_{name}", "result", means, on_payloads, model, mend)


_TRANSLATE_RESULT = "Keep what consumers read, or translate the results of old transcripts."
_RESULT = [
    _result("SCHEMA_ADDED", "The tool says now what it returns.", _SAFE),
    _result(
        "SCHEMA_REMOVED",
        "The tool no longer says what it returns.",
        _MAY_BREAK,
        mend="Annotate what the function returns.",
    ),
    _result(
        "PROPERTY_REMOVED",
        "Results no longer have a property; it breaks where it was always there.",
        _BREAKS,
        _MAY_BREAK,
        mend=_TRANSLATE_RESULT,
    ),
    _result(
        "PROPERTY_ADDED",
        "Results have one more property, which consumers ignore, unless they know all names.",
        _SAFE,
        _MAY_BREAK,
    ),
    _result(
        "PROPERTY_BECAME_OPTIONAL",
        "A property of results may be missing.",
        _MAY_BREAK,
        mend=_TRANSLATE_RESULT,
    ),
    _result("PROPERTY_BECAME_REQUIRED", "A property of results is always there.", _SAFE),
    _result(
        "RENAME_SUSPECTED",
        "A property of results seems to have another name.",
        _BREAKS,
        _MAY_BREAK,
        mend=_TRANSLATE_RESULT,
    ),
    _result(
        "TYPE_CHANGED",
        "Results have another type there.",
        _BREAKS,
        _MAY_BREAK,
        mend=_TRANSLATE_RESULT,
    ),
    _result(
        "TYPE_WIDENED",
        "Results may have more types there than consumers know.",
        _MAY_BREAK,
        mend=_TRANSLATE_RESULT,
    ),
    _result("TYPE_NARROWED", "Results have fewer types there.", _SAFE),
    _result("NULL_ADDED", "Results may be null there.", _MAY_BREAK, mend=_TRANSLATE_RESULT),
    _result("NULL_REMOVED", "Results are never null there.", _SAFE),
    _result(
        "VALUES_WIDENED",
        "Results may have values there that consumers do not know: other listed values, wider "
        "limits, more variants.",
        _MAY_BREAK,
        _BREAKS,
        mend=_TRANSLATE_RESULT,
    ),
    _result("VALUES_NARROWED", "Results have fewer values there.", _SAFE),
    _result("WORDS_CHANGED", "Results are described otherwise.", _SAFE, model=_SAME),
]

RULES: Final[dict[str, Rule]] = {
    rule.name: rule
    for rule in (
        *_TOOL,
        *_PRESENCE,
        *_TYPES,
        *_ENUMS,
        *_BOUNDS,
        *_UNIONS,
        *_OPENNESS,
        *_DEFAULTS,
        *_WORDS,
        *_RESULT,
    )
}
"""Every rule, by name."""

WORDS_ONLY: Final = frozenset(rule.name for rule in _WORDS) | {
    "TOOL_DESCRIPTION_CHANGED",
    "TOOL_ANNOTATIONS_CHANGED",
    "TOOL_ORDER_CHANGED",
    "ENUM_ORDER_CHANGED",
    "RESULT_WORDS_CHANGED",
}
"""Rules for what restricts nothing."""

FAMILIES: Final = {
    "tool": "Tools",
    "presence": "Properties: there or not",
    "types": "Types and null",
    "enums": "Listed values",
    "bounds": "Limits, patterns, formats",
    "unions": "Unions",
    "openness": "What is not named",
    "defaults": "Defaults",
    "words": "Words",
    "result": "Results: consumers of the old shape read the new one",
}
"""Titles of the families, in the order of the documentation."""

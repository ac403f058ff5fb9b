"""Rules for whole tools, and for what they return."""

from __future__ import annotations

from replay.compatibility.changes import OnModel, OnPayloads
from replay.compatibility.rule import (
    BREAKS,
    CHANGED,
    LOOK,
    MAY_BREAK,
    REFUSED,
    SAFE,
    SAME,
    SILENT,
    TRANSLATE,
    Rule,
)

TOOL = [
    Rule("TOOL_ADDED", "tool", "A tool that was not there.", (SAFE,), CHANGED, ""),
    Rule(
        "TOOL_REMOVED",
        "tool",
        "A tool is gone; calls of it end as `unknown_tool`.",
        (BREAKS,),
        CHANGED,
        "Keep the tool until no traffic asks for it, or route its name to another.",
    ),
    Rule(
        "TOOL_RENAMED",
        "tool",
        "A tool is gone, and a new one takes nearly the same.",
        (BREAKS,),
        CHANGED,
        "Register the function under its old name as well, and route it.",
    ),
    Rule(
        "NAMESPACE_CHANGED",
        "tool",
        "A tool has another prefix: `github.search` for `search`.",
        (BREAKS,),
        CHANGED,
        "Register the function under its old name as well, and route it.",
    ),
    Rule(
        "TOOL_DESCRIPTION_CHANGED",
        "tool",
        "The tool is described to models in other words.",
        (SAFE,),
        CHANGED,
        LOOK,
    ),
    Rule(
        "TOOL_ORDER_CHANGED",
        "tool",
        "The tools are shown in another order; a provider's cache of the prompt starts anew.",
        (SAFE,),
        CHANGED,
        "Register the tools in their old order, if the prompt's cache matters.",
    ),
    Rule(
        "TOOL_ANNOTATIONS_CHANGED",
        "tool",
        "What is said of the tool beside its schema (MCP's annotations, title) is another.",
        (SAFE,),
        CHANGED,
        "",
    ),
    Rule(
        "STRICT_CHANGED",
        "tool",
        "The tool is shown in OpenAI's strict mode now, or no longer.",
        (SAFE,),
        CHANGED,
        "Out of strict mode models may leave arguments out, and add others.",
    ),
    Rule(
        "COERCION_REMOVED",
        "tool",
        'pydantic\'s strict mode is on: "3" is no longer taken for 3.',
        (MAY_BREAK,),
        SAME,
        "Register the tool with `strict=False`, or translate the texts.",
    ),
    Rule(
        "COERCION_ADDED",
        "tool",
        'pydantic\'s strict mode is off: "3" is taken for 3.',
        (SAFE,),
        SAME,
        "",
    ),
    Rule(
        "COERCION_CHANGED",
        "tool",
        "Captured calls show that values are read as another type than the schema says.",
        (MAY_BREAK, SILENT, BREAKS),
        SAME,
        TRANSLATE,
    ),
    Rule(
        "VALIDATOR_CHANGED",
        "tool",
        "Captured calls show that a validator takes, rejects or rewrites what no schema tells.",
        (MAY_BREAK, SILENT, BREAKS),
        SAME,
        TRANSLATE,
    ),
    Rule(
        "TRANSLATION_BROKEN",
        "tool",
        "Captured calls show that a translation raises, or makes what the new version rejects.",
        (BREAKS,),
        SAME,
        "Mend it: `replay schema translations` shows the payloads that it fails for.",
    ),
    Rule(
        "GATE_ADDED",
        "tool",
        "Arguments that do not fit are rejected, where they were only noted before.",
        (MAY_BREAK,),
        SAME,
        "Register the tool with `validation='report'`.",
    ),
    Rule(
        "GATE_REMOVED",
        "tool",
        "Arguments that do not fit are only noted, and the tool runs.",
        (SAFE,),
        SAME,
        "",
    ),
    Rule(
        "JUDGED_OTHERWISE",
        "tool",
        "Arguments are judged by a schema that was given as JSON where they were by annotations, "
        "or the other way round: null and formats are read otherwise.",
        (MAY_BREAK,),
        SAME,
        "See what captured payloads carry.",
    ),
    Rule(
        "RUNNING_VERSION_CHANGED",
        "tool",
        "Another of the same versions is the one that models are shown, and that runs.",
        (SAFE,),
        CHANGED,
        "Register the version last that is to run.",
    ),
    Rule(
        "SHOWN_OTHERWISE",
        "tool",
        "The same schema is shown to models in other words of the dialect.",
        (SAFE,),
        CHANGED,
        LOOK,
    ),
    Rule(
        "WRITTEN_OTHERWISE",
        "tool",
        "A schema means the same, and is written otherwise: another definition, another keyword.",
        (SAFE,),
        CHANGED,
        LOOK,
    ),
    Rule(
        "ERROR_CONTRACT_CHANGED",
        "tool",
        "The errors that the tool says it answers with are others.",
        (SAFE,),
        CHANGED,
        "Replay failing calls (`replay run --outcome failed`): only they show what models see.",
    ),
    Rule(
        "LEAVES_PROVIDER_SUBSET",
        "tool",
        "A provider that took the old schema rejects the new one, or rewrites it unasked.",
        (SAFE,),
        REFUSED,
        "See the words of the finding: each limit has its own way out.",
    ),
]


def _result(
    name: str, means: str, *on_payloads: OnPayloads, mend: str = "", model: OnModel = CHANGED
) -> Rule:
    return Rule(f"RESULT_{name}", "result", means, on_payloads, model, mend)


_TRANSLATE_RESULT = "Keep what consumers read, or translate the results of old transcripts."
RESULT = [
    _result("SCHEMA_ADDED", "The tool says now what it returns.", SAFE),
    _result(
        "SCHEMA_REMOVED",
        "The tool no longer says what it returns.",
        MAY_BREAK,
        mend="Annotate what the function returns.",
    ),
    _result(
        "PROPERTY_REMOVED",
        "Results no longer have a property; it breaks where it was always there.",
        BREAKS,
        MAY_BREAK,
        mend=_TRANSLATE_RESULT,
    ),
    _result(
        "PROPERTY_ADDED",
        "Results have one more property, which consumers ignore, unless they know all names.",
        SAFE,
        MAY_BREAK,
    ),
    _result(
        "PROPERTY_BECAME_OPTIONAL",
        "A property of results may be missing.",
        MAY_BREAK,
        mend=_TRANSLATE_RESULT,
    ),
    _result("PROPERTY_BECAME_REQUIRED", "A property of results is always there.", SAFE),
    _result(
        "RENAME_SUSPECTED",
        "A property of results seems to have another name.",
        BREAKS,
        MAY_BREAK,
        mend=_TRANSLATE_RESULT,
    ),
    _result(
        "TYPE_CHANGED",
        "Results have another type there.",
        BREAKS,
        MAY_BREAK,
        mend=_TRANSLATE_RESULT,
    ),
    _result(
        "TYPE_WIDENED",
        "Results may have more types there than consumers know.",
        MAY_BREAK,
        mend=_TRANSLATE_RESULT,
    ),
    _result("TYPE_NARROWED", "Results have fewer types there.", SAFE),
    _result("NULL_ADDED", "Results may be null there.", MAY_BREAK, mend=_TRANSLATE_RESULT),
    _result("NULL_REMOVED", "Results are never null there.", SAFE),
    _result(
        "VALUES_WIDENED",
        "Results may have values there that consumers do not know: other listed values, wider "
        "limits, more variants.",
        MAY_BREAK,
        BREAKS,
        mend=_TRANSLATE_RESULT,
    ),
    _result("VALUES_NARROWED", "Results have fewer values there.", SAFE),
    _result("WORDS_CHANGED", "Results are described otherwise.", SAFE, model=SAME),
]

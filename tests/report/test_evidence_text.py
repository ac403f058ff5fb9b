from __future__ import annotations

from collections import Counter

from replay.compatibility.changes import Evidence, OnModel, OnPayloads, SchemaChange
from replay.evidence import AffectedCalls, Effect, ToolEvidence
from replay.report.evidence_json import evidence_report
from replay.report.evidence_text import evidence_text


def affected(effect: Effect, kind: str, path: str, **fields: object) -> AffectedCalls:
    made = AffectedCalls(effect, kind, path, "", call_count=2, first=("talk-1", 4))
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def tool(name: str, effects: dict[Effect, int], *kinds: AffectedCalls) -> ToolEvidence:
    count = sum(effects.values())
    return ToolEvidence(
        name,
        "assistant",
        "2",
        call_count=count,
        distinct=count,
        effects=Counter(effects),
        versions=Counter({"1": count}),
        models=Counter({"large": count - 1, "small": 1}),
        affected=list(kinds),
    )


def test_every_effect_has_its_sign_and_words() -> None:
    found = [
        tool(
            "book",
            {Effect.SILENT: 2, Effect.SAME: 1998},
            affected(
                Effect.SILENT,
                "changed",
                "start",
                old="Dec 1",
                new="2026-12-01",
                by_model=Counter({"small": 1}),
            ),
            affected(Effect.SILENT, "added", "zone", new="UTC"),
        ),
        tool("pay", {Effect.MENDED: 2}, affected(Effect.MENDED, "accepted", "")),
        tool(
            "find",
            {Effect.UNSAID: 2, Effect.STILL_REJECTED: 1},
            affected(Effect.UNSAID, "int_type", "limit", said="Should be a number", old="x"),
        ),
    ]

    assert evidence_text(found, width=72) == (
        "2,005 captured calls of 3 tools: 1,998 read as they were, 2 silently\n"
        "read otherwise, 2 now accepted, 1 rejected as before, 2 now rejected,\n"
        "and perhaps before\n"
        "\n"
        "~ book: 2,000 captured calls, 1,998 read as they were (99 %), 2 silently\n"
        "  read otherwise (1 %)\n"
        "  recorded under version 1; taken by version 2\n"
        "  ~ 2 (1 %): `start` is read as something else\n"
        '    - "Dec 1"\n'
        '    + "2026-12-01"\n'
        "    large 0 %, small 100 %; first: trace talk-1, step 4\n"
        '  ~ 2 (1 %): `zone` is read as "UTC"; it was not there\n'
        "    large 0 %, small 0 %; first: trace talk-1, step 4\n"
        "\n"
        "✓ pay: 2 captured calls, 2 now accepted\n"
        "  recorded under version 1; taken by version 2\n"
        "  ✓ 2: was rejected, and is accepted now\n"
        "    large 0 %, small 0 %; first: trace talk-1, step 4\n"
        "\n"
        "? find: 3 captured calls, 1 rejected as before (33 %), 2 now rejected,\n"
        "  and perhaps before (67 %)\n"
        "  recorded under version 1; taken by version 2\n"
        '  ? 2 (67 %): `limit`: Should be a number (it is "x")\n'
        "    large 0 %, small 0 %; first: trace talk-1, step 4"
    )


def test_a_change_that_several_tools_have_is_told_once() -> None:
    found = [tool("a", {Effect.SAME: 2}), tool("b", {Effect.SAME: 2})]
    for one in found:
        closed = SchemaChange(
            "CLOSED", one.tool, "", OnPayloads.MAY_BREAK, OnModel.SAME, "takes no other name"
        )
        one.evidence = [Evidence(closed, 2, 0, 0, 2, {}, None, {"x": 1})]

    assert evidence_text(found, left_out={"sweep": 3}).split("\n\n")[1:] == [
        "No captured call shows\n"
        "  ? a, b: CLOSED: takes no other name\n"
        '    a payload that would: {"x": 1}',
        "Left out: 3 calls of another agent's tools: sweep",
    ]
    (told, _) = evidence_report(found)["tools"]
    assert told["changes"][0]["witness"] == {"x": 1}

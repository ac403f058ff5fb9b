from __future__ import annotations

from replay.records import record_schema


def test_the_json_schema_of_records_says_what_their_fields_mean() -> None:
    defined = record_schema()["$defs"]
    assert defined["ToolSchema"]["properties"]["id"]["description"] == "Content hash."
    told = [
        name
        for name, schema in defined.items()
        if any("description" in field for field in schema.get("properties", {}).values())
    ]
    assert {"Trace", "ToolCall", "CallVerdict", "Finding", "StageTiming"} <= set(told)

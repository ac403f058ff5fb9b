"""The tabs of a step: each a function from what is known of it to entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from replay.records import CallError, Interaction, JsonValue, ToolCall
from replay.records.codes import outcome_words
from tui.rows.steps import StepDetail
from tui.views.entries import Entry
from tui.views.feedback_view import feedback_entries
from tui.views.json_entries import json_entries
from tui.views.messages import (
    Prompt,
    open_from,
    output_entries,
    parsed,
    prompt_entries,
    tool_name,
)
from tui.views.parts import Part, printable
from tui.views.signs import outcome_sign
from tui.views.timing_view import timing_view
from tui.views.verdict_view import source_of, verdict_entries


def prompt_view(detail: StepDetail) -> list[Entry]:
    """Return what the model saw."""
    if detail.answer is None:
        return _nothing(
            "No model call is known to have asked for this.",
            f"It was made by the {detail.row.actor}."
            if detail.row.actor != "assistant"
            else "The recording does not say which one did.",
        )
    prompt = Prompt(detail.message_count, detail.before, detail.messages, detail.tools)
    return prompt_entries(prompt, detail.answer)


def output_view(detail: StepDetail) -> list[Entry]:
    """Return what the model answered."""
    if detail.answer is None:
        return prompt_view(detail)
    wanted = detail.call_texts.provider_call_id if detail.call_texts else None
    said = feedback_entries(detail.feedback) if detail.call_texts is None else []
    return [*output_entries(detail.answer, wanted), *said]


def payload_view(detail: StepDetail) -> list[Entry]:
    """Return the arguments as the model wrote them, and as the tool got them."""
    call = detail.call_texts
    if call is None:
        return _only_tools("payload")
    value = parsed(call.arguments)
    if detail.payload_is_arguments and value is not None:
        return json_entries(value, label="payload")
    call = detail.call_with("payload") or call
    if call.payload is not None and value == call.payload:
        return json_entries(call.payload, label="payload")
    entries = _raw("arguments", call.arguments, value)
    if call.payload is not None:
        return [*json_entries(call.payload, label="payload"), _gap(), *entries]
    if call.outcome in ("bad_json", "invalid_arguments", "unknown_tool"):
        entries.append(_gap())
        entries += _error(call.error, call.outcome)
    return entries


def response_view(detail: StepDetail) -> list[Entry]:
    """Return what the model was told, and what the tool returned where that is more."""
    call = detail.call_texts if detail.result_is_response else detail.call_with("result")
    if call is None:
        return _only_tools("response")
    entries: list[Entry] = []
    if call.outcome != "ok":
        entries += [*_error(call.error, call.outcome), _gap()]
    if call.response is None:
        entries.append(Entry((("The model was told nothing.", "unsure"),)))
        return [*entries, *feedback_entries(detail.feedback)]
    value = parsed(call.response)
    entries += _raw("response", call.response, value)
    if call.result is not None and call.result not in (value, call.response):
        entries += [_gap(), *json_entries(call.result, label="result")]
    return [*entries, *_notes(call), *feedback_entries(detail.feedback)]


def outside_view(detail: StepDetail) -> list[Entry]:
    """Return what the tool asked of the outside world, and what it was answered."""
    if detail.call_texts is None:
        return _only_tools("outside call")
    if not detail.interactions:
        return _nothing("It asked nothing of the outside world.", "Or nothing was recorded of it.")
    is_open = len(detail.interactions) <= 3
    return [_interaction(one, is_open=is_open) for one in detail.interactions]


def schema_view(detail: StepDetail) -> list[Entry]:
    """Return the schema that the model saw, and the one that validated, where they are recorded."""
    call = detail.call_texts
    if call is None:
        return _only_tools("schema")
    entries: list[Entry] = []
    shown = None
    if detail.has_model_call:
        shown = next((one for one in detail.tools if tool_name(one) == call.tool), None)
    if shown is not None:
        entries += [_heading("what the model was shown"), *json_entries(shown)]
    elif detail.has_model_call:
        entries.append(_heading("the model was shown no tool of this name"))
    if detail.schema is not None:
        version = f", version {detail.schema.tool_version}" if detail.schema.tool_version else ""
        entries += [_gap(), _heading(f"what validated it{version}")]
        entries += json_entries(detail.schema.definition)
    return entries or _nothing("The recording has no schema of this tool.")


def verdict_view(detail: StepDetail) -> list[Entry]:
    """Return recorded against today."""
    if detail.call_texts is None:
        return _only_tools("verdict")
    verdict = detail.verdict
    if verdict is None:
        return _nothing(
            "No replay run has judged this call.",
            "r replays it here; in a shell: replay run DATABASE --tools package.module:toolbox",
        )
    call = detail.call_with("payload") if verdict.verdict == "payload_changed" else None
    both = detail.told if verdict.replayed is not None else None
    return verdict_entries(
        verdict,
        call or detail.call_texts,
        both,
        approval=detail.approval,
        source=source_of(detail.run, verdict.cause, detail.row.name),
    )


TABS: Final[dict[str, Callable[[StepDetail], list[Entry]]]] = {
    "Prompt": prompt_view,
    "Output": output_view,
    "Payload": payload_view,
    "Response": response_view,
    "Outside": outside_view,
    "Timing": timing_view,
    "Schema": schema_view,
    "Verdict": verdict_view,
}
"""By name, in the order of their number keys."""

TAB_NAMES: Final = tuple(TABS)


def tab_applies(name: str, detail: StepDetail) -> bool:
    """Say whether a tab has anything to tell of this step."""
    if name in ("Prompt", "Output"):
        return detail.has_model_call
    if name == "Timing":
        return True
    if name == "Outside":
        return bool(detail.interaction_count)
    if name == "Verdict":
        return detail.has_verdict
    return detail.row.kind == "tool"


def tab_size(name: str, detail: StepDetail) -> int:
    """Return the bytes that a tab may show at once; of a prompt those of its open messages.

    Raises:
        StoreError: the database cannot be read.
    """
    if name != "Prompt" or detail.answer is None:
        return detail.size
    number = detail.message_count
    return detail.messages_size(open_from(number, detail.before), number)


def _notes(call: ToolCall) -> list[Entry]:
    """Return what the tool noted, and what other versions of it made of the arguments."""
    notes = call.attributes.get("notes") or ()
    entries = [Entry((("note  ", "dim"),), text=str(note)) for note in notes]
    for version, told in sorted((call.attributes.get("shadow") or {}).items()):
        entries += json_entries(told, label=f"shadow: version {version}")
    return [_gap(), *entries] if entries else []


def _interaction(interaction: Interaction, *, is_open: bool) -> Entry:
    exchange = interaction.exchange
    request, response = exchange.get("request") or {}, exchange.get("response")
    asked = " ".join(str(request[part]) for part in ("method", "uri") if part in request)
    status = response.get("status") if isinstance(response, dict) else None
    if isinstance(status, dict):
        status = status.get("code")
    answered = "no answer" if response is None else str(status if status is not None else "ok")
    is_good = response is not None and (not isinstance(status, int) or status < 400)
    return Entry(
        (
            (printable(asked or interaction.protocol), "strong"),
            (" → ", "dim"),
            (answered, "good" if is_good else "warn"),
        ),
        children=lambda: [
            _part("request", request),
            _part("response", response),
            *_rest(exchange),
        ],
        is_open=is_open,
        value=exchange,
    )


def _part(label: str, value: JsonValue) -> Entry:
    return json_entries(value, label=label, depth=1, lines_max=60)[0]


def _rest(exchange: dict[str, JsonValue]) -> list[Entry]:
    rest = {key: value for key, value in exchange.items() if key not in ("request", "response")}
    return [_part("also", rest)] if rest else []


def _error(error: CallError | None, outcome: str) -> list[Entry]:
    sign, role = outcome_sign(outcome)
    head: tuple[Part, ...] = ((f"{sign} {outcome_words(outcome)}", role),)
    if error is None:
        return [Entry(head)]
    entries = [Entry((*head, (f"  {printable(error.type)}", "strong")))]
    entries.append(Entry((), 1, text=error.message))
    if error.details:
        entries += json_entries(error.details, label="details", depth=1)
    if error.traceback:
        entries.append(Entry((("traceback", "dim"),), 1, text=error.traceback))
    return entries


def _raw(label: str, text: str, value: JsonValue) -> list[Entry]:
    """A recorded text: as JSON where it is one, else as the text it is."""
    if value is not None:
        return json_entries(value, label=label)
    return [Entry(((label, "strong"), (": ", "dim")), text=text, value=text, quoted=not text)]


def _heading(words: str) -> Entry:
    return Entry(((words, "strong"),))


def _gap() -> Entry:
    return Entry((("", ""),))


def _only_tools(noun: str) -> list[Entry]:
    return _nothing(f"A model call has no {noun}.", "t goes to the next tool call.")


def _nothing(*lines: str) -> list[Entry]:
    return [Entry(((line, "dim"),)) for line in lines]

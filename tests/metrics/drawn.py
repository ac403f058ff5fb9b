"""Traces drawn by chance, with everything that metrics look at: whatever holds of these holds."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from typing import Any

from replay.records import (
    Attempt,
    Feedback,
    Interaction,
    ModelCall,
    Outcome,
    StageTiming,
    ToolCall,
    Trace,
)
from tests.metrics.stores import definition, moment

TOOLS = ("search", "book", "refund")
MODELS = ("small-1", "large-2")
ENDINGS = ("success", "Success: booked", "gave up", "reward=0.0", None)
BAD = (
    *(Outcome.FAILED, Outcome.INVALID_ARGUMENTS, Outcome.BAD_JSON, Outcome.UNKNOWN_TOOL),
    *(Outcome.TIMEOUT, Outcome.UNFINISHED),
)


class Drawing:
    """Draws the records of one trace after another."""

    def __init__(self, seed: int, *, untimed: float = 0.02) -> None:
        """``untimed``: the share of steps that do not say how long they took."""
        self.chance = random.Random(seed)
        self.untimed = untimed
        self.names = 0
        self.at = 0.0

    def word(self, kind: str) -> str:
        """Return a word that nothing else says."""
        self.names += 1
        return f"{kind}_{self.names}x{self.chance.randrange(10**6)}"

    def took(self, mean_ms: float) -> float | None:
        if self.chance.random() < self.untimed:
            return None
        return round(self.chance.expovariate(1 / mean_ms), 3)

    def traces(self, count: int) -> Iterator[Any]:
        """Give the records of so many traces."""
        for number in range(count):
            # Mostly one after another; sometimes an hour passes, and what comes next is cold.
            self.at += 60 + (3600 if self.chance.random() < 0.2 else 0)
            yield from self.trace(f"t{number:04d}", MODELS[number % 2])

    def trace(self, name: str, model: str) -> Iterator[Any]:
        chance, start = self.chance, self.at
        steps = list(self.steps(name, model))
        yield Trace(
            id=name,
            app=("shop", "desk")[len(steps) % 2],
            outcome=chance.choice(ENDINGS),
            started_at=moment(start),
            ended_at=None if chance.random() < 0.1 else moment(self.at),
        )
        yield from steps
        for number, step in enumerate(steps):
            if isinstance(step, ModelCall | ToolCall) and chance.random() < 0.4:
                yield self.said(f"{name}-f{number}", name, step)

    def steps(self, name: str, model: str) -> Iterator[Any]:
        chance, step = self.chance, 0
        asked, given, made = [self.word("user") for _ in range(3)], list[str](), list[str]()
        tools = [definition(tool, chance.choice((1, 2))) for tool in TOOLS]
        prompt: list[Any] = [
            {"role": "system", "content": f"Help. The shop is {self.word('shop')}."},
            {"role": "user", "content": f"Please: {', '.join(asked)}; thank you."},
        ]
        for _ in range(chance.randint(1, 4)):
            step += 1
            call = self.model_call(name, step, model, list(prompt), tools)
            yield call
            self.at += (call.duration_ms or 0) / 1000
            message: dict[str, Any] = {"role": "assistant", "content": f"So, {self.word('own')}."}
            made.append(message["content"][4:-1])
            prompt.append(message)
            answers: list[str] = []
            is_beside = chance.random() < 0.5
            for index in range(chance.randint(0, 4)):
                step += 1
                found = self.tool_call(name, step, call.id, index, [asked, given, made])
                yield from found
                answers.append(found[0].response)
                prompt.append({"role": "tool", "tool_call_id": "x", "content": found[0].response})
                # No two begin at one moment: which of them would be cold?
                self.at += 0.001 if is_beside else (found[0].duration_ms or 1) / 1000
            self.at += 5
            given += [json.loads(one)["id"] for one in answers]
            if chance.random() < 0.3:
                asked.append(self.word("user"))
                prompt.append({"role": "user", "content": f"And {asked[-1]}?"})

    def model_call(
        self, trace: str, step: int, model: str, prompt: list[Any], tools: list[Any]
    ) -> ModelCall:
        chance = self.chance
        attributes: dict[str, Any] = {}
        if chance.random() < 0.6:
            sure = chance.choice((0.25, 0.55, 0.93, 1.0, chance.random() * 0.9 + 0.05))
            attributes["token_logprobs"] = [math.log(sure)] * chance.randint(1, 5)
        return ModelCall(
            id=f"{trace}-m{step}",
            trace_id=trace,
            step_number=step,
            api="chat.completions",
            model=model,
            response_model=f"{model}-0613" if chance.random() < 0.3 else None,
            messages=prompt,
            tools=tools,
            output=None if chance.random() < 0.05 else {"role": "assistant", "content": "So."},
            usage=chance.choice(USAGES)(chance),
            started_at=moment(self.at),
            duration_ms=self.took(900),
            attributes=attributes,
        )

    def tool_call(
        self, trace: str, step: int, model_call: str, index: int, words: list[list[str]]
    ) -> list[Any]:
        chance = self.chance
        asked, given, made = words
        pools: list[list[Any]] = [asked, given, made, [self.word("made")], [True, 3, "", None]]
        pools = [pool for pool in pools if pool]
        arguments = {
            f"p{place}": chance.choice(chance.choice(pools))
            for place in range(chance.randint(0, 3))
        }
        is_ok = chance.random() < 0.75
        outcome = Outcome.OK if is_ok else chance.choice(BAD)
        call = ToolCall(
            id=f"{trace}-c{step}",
            trace_id=trace,
            step_number=step,
            model_call_id=model_call,
            call_index=index,
            actor="user" if chance.random() < 0.05 else "assistant",
            tool="nothing" if outcome is Outcome.UNKNOWN_TOOL else chance.choice(TOOLS),
            tool_version=chance.choice(("1", "2", None)),
            arguments="{broken" if outcome is Outcome.BAD_JSON else json.dumps(arguments),
            response=json.dumps({"id": self.word("given")}),
            outcome=outcome,
            started_at=moment(self.at),
            duration_ms=self.took(300),
            stages=self.stages(),
        )
        return [call, *self.outside(call)]

    def stages(self) -> list[StageTiming]:
        if self.chance.random() < 0.5:
            return []
        names = ("parse", "resolve", "validate", "authorize", "invoke", "sanitize", "encode")
        return [
            StageTiming(name, round(self.chance.expovariate(1 / 5000), 1))
            for name in names[: self.chance.randint(1, len(names))]
        ]

    def outside(self, call: ToolCall) -> Iterator[Any]:
        chance = self.chance
        for index in range(chance.choice((0, 0, 1, 2, 3))):
            exchange: dict[str, Any] = {
                "request": {"method": chance.choice(("GET", "GET", "POST")), "uri": "http://x/"}
            }
            if chance.random() < 0.8:
                start = round(chance.random() * 100, 1)
                exchange |= {"offset_ms": start, "duration_ms": round(chance.random() * 60, 1)}
            yield Interaction(
                id=f"{call.id}-i{index}",
                tool_call_id=call.id,
                interaction_index=index,
                exchange=exchange,
            )
        for number in range(1, chance.choice((1, 1, 3)) + 1):
            yield Attempt(
                id=f"{call.id}-a{number}",
                call_id=call.id,
                attempt_number=number,
                started_at=call.started_at,
            )

    def said(self, name: str, trace: str, step: ModelCall | ToolCall) -> Feedback:
        chance = self.chance
        arguments = json.loads(step.arguments) if _has_object(step) else {}
        way = chance.randrange(6)
        said: dict[str, Any] = {
            0: {"score": 1.0},
            1: {"score": 0.0},
            2: {"score": 0.5},
            3: {"label": "slow"},
            4: {"correction": {"tool": chance.choice(TOOLS), "arguments": arguments}},
            5: {"correction": {"tool": chance.choice(TOOLS), "arguments": {"p0": "else"}}},
        }[way]
        return Feedback(
            id=name,
            trace_id=trace,
            step_number=step.step_number,
            created_at=moment(10**6 + chance.randrange(10**6)),
            **said,
        )


def _has_object(step: ModelCall | ToolCall) -> bool:
    return isinstance(step, ToolCall) and step.arguments.startswith("{") and "}" in step.arguments


def _chat(chance: random.Random) -> Any:
    usage: dict[str, Any] = {"prompt_tokens": chance.randint(64, 999), "completion_tokens": 7}
    if chance.random() < 0.5:
        usage["prompt_tokens_details"] = {"cached_tokens": chance.choice((0, 64))}
    return usage


def _messages(chance: random.Random) -> Any:
    cached = {"cache_read_input_tokens": 300, "cache_creation_input_tokens": 20}
    return {"input_tokens": chance.randint(9, 99), "output_tokens": 11} | cached


def _converse(chance: random.Random) -> Any:
    cached = {"cacheReadInputTokens": 200, "cacheWriteInputTokens": 30}
    return {"inputTokens": chance.randint(9, 99), "outputTokens": 5, "totalTokens": 900} | cached


def _generate(chance: random.Random) -> Any:
    counts = {"candidatesTokenCount": 4, "thoughtsTokenCount": 30, "cachedContentTokenCount": 16}
    return {"promptTokenCount": chance.randint(64, 200), "totalTokenCount": 500} | counts


USAGES = (_chat, _messages, _converse, _generate, lambda _: None)

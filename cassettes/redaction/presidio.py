"""People and places by presidio, for `[tool.replay.mask] functions` or ``Redactor(finders=...)``.

What it finds by form we find ourselves, and more surely; its language model finds what has none.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from typing import Any, Final

from cassettes.errors import CassetteError

ENTITIES: Final = ("PERSON", "LOCATION")
_MODEL: Final = "en_core_web_"
"""How spaCy's models for English begin; the size follows."""
_LETTERS_MIN: Final = 4
_LENGTH_MAX: Final = 100_000


def people(text: str) -> list[tuple[int, int, str]]:
    """Return where people and places stand in an English text, as (start, end, kind).

    Raises:
        CassetteError: presidio, or a spaCy model for it, is not installed.
    """
    if sum(map(str.isalpha, text[:200])) < _LETTERS_MIN:
        return []
    found = []
    for start in range(0, len(text), _LENGTH_MAX):
        part = text[start : start + _LENGTH_MAX]
        results = _analyzer().analyze(part, "en", entities=list(ENTITIES))
        found += [(start + one.start, start + one.end, one.entity_type.lower()) for one in results]
    return found


@cache
def _analyzer() -> Any:
    try:
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider
    except ImportError as error:
        raise CassetteError(
            "Masking people by presidio needs it: pip install 'replay-sandbox[presidio]'."
        ) from error
    installed = [one.name for one in pkgutil.iter_modules() if one.name.startswith(_MODEL)]
    model = min(installed, key=len, default=None)
    if model is None:
        raise CassetteError(
            "presidio needs a spaCy model for English: python -m spacy download en_core_web_sm."
        )
    models = [{"lang_code": "en", "model_name": model}]
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    return AnalyzerEngine(nlp_engine=provider.create_engine())

"""``PastDate``, ``FutureDatetime`` and their kin, by the clock of the scope in force.

pydantic compares them in Rust with the machine's clock: a booking for next week, recorded last
month, would be turned away. The rule is the same here, on a clock that we hold.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from cassettes.hooks.imports import when_imported

_TYPES: Final = ("PastDate", "FutureDate", "PastDatetime", "FutureDatetime")


def install_pydantic_now() -> None:
    """Hook the four types once pydantic's are imported."""
    when_imported("pydantic.types", _hook)


def _hook(module: Any) -> None:
    for name in _TYPES:
        kind = getattr(module, name, None)
        method = getattr(kind, "__get_pydantic_core_schema__", None)
        if kind is not None and method is not None:
            _rewrite(kind, method)


def _rewrite(kind: Any, real: Any) -> None:
    def core_schema(cls: type, source: Any, handler: Any) -> Any:
        schema = dict(real(source, handler))
        now = schema.pop("now_op", None)
        if now is None:
            return schema
        return {
            "type": "function-after",
            "function": {"type": "no-info", "function": _checked(schema["type"], now)},
            "schema": schema,
        }

    core_schema.__name__ = "__get_pydantic_core_schema__"
    kind.__get_pydantic_core_schema__ = classmethod(core_schema)


def _checked(type_name: str, now: str) -> Any:
    from pydantic_core import PydanticKnownError

    error_type: Any = f"{type_name}_{now}"

    def check(value: Any) -> Any:
        if isinstance(value, datetime):
            at: date = datetime.now(value.tzinfo)
        else:
            at = datetime.now().date()  # noqa: DTZ005 -- pydantic's day is the local one
        if (value < at) if now == "past" else (value > at):
            return value
        raise PydanticKnownError(error_type)

    return check

"""What recorded calls cost and how they went: counted, timed and compared. Only reads."""

from replay.metrics.calls import (
    DIMENSIONS,
    CallMetrics,
    Dimension,
    read_calls,
    rolled_up,
    totals,
)
from replay.metrics.cells import Buckets, Cells, read_cells
from replay.metrics.components import (
    COMPONENTS,
    ComponentMetrics,
    Components,
    network_ms,
    read_components,
)
from replay.metrics.models import ModelMetrics, Price, read_models
from replay.metrics.scope import Scope
from replay.metrics.usage import Tokens, tokens_of

__all__ = [
    "COMPONENTS",
    "DIMENSIONS",
    "Buckets",
    "CallMetrics",
    "Cells",
    "ComponentMetrics",
    "Components",
    "Dimension",
    "ModelMetrics",
    "Price",
    "Scope",
    "Tokens",
    "network_ms",
    "read_calls",
    "read_cells",
    "read_components",
    "read_models",
    "rolled_up",
    "tokens_of",
    "totals",
]

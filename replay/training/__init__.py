"""Training data from recorded decisions: what models did well, and what they should have done."""

from replay.training.collecting import Collection, collect
from replay.training.formats import TRAINING_FORMATS, Example
from replay.training.options import TrainingOptions
from replay.training.writing import write_training_data

__all__ = [
    "TRAINING_FORMATS",
    "Collection",
    "Example",
    "TrainingOptions",
    "collect",
    "write_training_data",
]

"""Specs: the user's choices as frozen dataclasses, with bounds, units and help texts.

A size of 0 in a ``ModelSpec`` means "not chosen". A project then takes the size of its first
pair; weights of unknown size translate each image at its own size. ``validation`` checks specs,
``presets`` has the initial ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from deepimagetranslator.core.config.specs.augmentation import (
    OPERATIONS,
    OPERATIONS_2021,
    AugmentationSpec,
)
from deepimagetranslator.core.config.specs.data import DataSpec
from deepimagetranslator.core.config.specs.model import ModelSpec
from deepimagetranslator.core.config.specs.training import (
    CATEGORICAL_LOSSES,
    LOSSES,
    METRICS,
    OPTIMIZERS,
    PRECISIONS,
    VALUE_LOSSES,
    TrainingSpec,
)
from deepimagetranslator.core.config.specs.translation import TranslationSpec

__all__ = [
    "CATEGORICAL_LOSSES",
    "LOSSES",
    "METRICS",
    "OPERATIONS",
    "OPERATIONS_2021",
    "OPTIMIZERS",
    "PRECISIONS",
    "SECTIONS",
    "VALUE_LOSSES",
    "AugmentationSpec",
    "DataSpec",
    "ModelSpec",
    "Specs",
    "TrainingSpec",
    "TranslationSpec",
]


@dataclass(frozen=True)
class Specs:
    """All choices of the user, by section."""

    data: DataSpec = field(default_factory=DataSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    training: TrainingSpec = field(default_factory=TrainingSpec)
    augmentation: AugmentationSpec = field(default_factory=AugmentationSpec)
    translation: TranslationSpec = field(default_factory=TranslationSpec)


SECTIONS = ("data", "model", "training", "augmentation", "translation")

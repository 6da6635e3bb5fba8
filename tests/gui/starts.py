"""What dialogs begin with, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from deepimagetranslator.core.config.choices import choose
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import (
    AugmentationSpec,
    ModelSpec,
    TrainingSpec,
)
from deepimagetranslator.core.data.intensity.normalization import ValueRange
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.section_choices import SectionStart, section_start
from deepimagetranslator.core.data.suggestions import NOTHING_SEEN, SeenTargets

_SECTIONS = {ModelSpec: "model", TrainingSpec: "training", AugmentationSpec: "augmentation"}


def spec_to(specs: list[Any]) -> Callable[[Any, frozenset[str]], object]:
    """What a dialog calls at its end: the spec is added to a list."""
    return lambda spec, _chosen: specs.append(spec)


def seen_of(image: np.ndarray) -> SeenTargets:
    """What is known of targets like that."""
    colours, values = ColourCount(), ValueRange()
    colours.add(image)
    values.add(image)
    return SeenTargets(colours, values)


def start_of(
    spec: ModelSpec | TrainingSpec | AugmentationSpec, seen: SeenTargets = NOTHING_SEEN
) -> SectionStart:
    """A project's section in which the user has chosen whatever is not recommended."""
    section = _SECTIONS[type(spec)]
    project = choose(Project(), replace(Project().specs, **{section: spec}))
    return section_start(project, section, seen)

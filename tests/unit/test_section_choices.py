"""What the dialogs of a project's sections begin with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepimagetranslator.core.config.choices import choose, set_field
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.data.intensity.normalization import ValueRange
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.section_choices import section_start
from deepimagetranslator.core.data.suggestions import NOTHING_SEEN, SeenTargets, suggested


def seen_of(image: np.ndarray) -> SeenTargets:
    colours, values = ColourCount(), ValueRange()
    colours.add(image)
    values.add(image)
    return SeenTargets(colours, values)


SMOOTH = seen_of(np.random.default_rng(1).integers(0, 256, (32, 32, 1), np.uint8))
MASK = seen_of(np.eye(32, dtype=np.uint8).repeat(4, 0)[..., None] * np.uint8(255))


def test_the_recommended_choices_are_those_for_the_targets() -> None:
    project = set_field(suggested(Project(), MASK), "training.loss", "dice")
    training, model = (section_start(project, name, SMOOTH) for name in ("training", "model"))
    assert training.now.spec == project.specs.training
    assert training.now.chosen == {"loss"}
    after = training.resets["recommended"]
    expected = replace(PRESETS["recommended"].training, loss="mae", metrics=("mse",))
    assert after.spec == expected
    assert after.chosen == frozenset()
    why = "the targets are images of many values"
    assert training.reasons == {"loss": why, "metrics": why}
    assert model.resets["recommended"].spec.normalization == "none"
    assert set(model.reasons) == {"normalization", "initialization", "final_activation"}


def test_what_2021_brings_is_chosen() -> None:
    start = section_start(suggested(Project(), MASK), "training", MASK)
    after = start.resets["2021"]
    assert after.spec == PRESETS["2021"].training
    assert "loss" in after.chosen and "seed" not in after.chosen


def test_without_targets_there_are_no_reasons() -> None:
    for section in ("model", "training", "augmentation"):
        start = section_start(Project(), section, NOTHING_SEEN)
        assert start.reasons == {}
        assert start.resets["recommended"] == start.now


def test_applying_what_a_reset_brings_is_the_reset() -> None:
    project = Project()
    for section in ("model", "training", "augmentation"):
        after = section_start(project, section, MASK).resets["2021"]
        chosen = project.chosen | {f"{section}.{name}" for name in after.chosen}
        specs = replace(project.specs, **{section: after.spec})
        project = choose(project, specs, chosen)
    assert project.preset == "2021"

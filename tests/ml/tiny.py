"""Tiny image sets and projects, so that a whole training takes a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from deepimagetranslator.core.config.project import Project, new_project
from deepimagetranslator.core.config.specs import AugmentationSpec
from deepimagetranslator.core.imaging.images import write_image

COLOURS = np.array([(0, 0, 0), (255, 0, 0), (0, 0, 255)], np.uint8)
"""Of label targets: background, a disc, and the disc's core."""

STILL = AugmentationSpec(
    scaling_input=False,
    scaling_target=False,
    rotation_input=False,
    rotation_target=False,
    translation_input=False,
    translation_target=False,
    flip_input=False,
    flip_target=False,
)
"""Augmentation that does nothing."""


def classes_of(number: int, height: int, width: int) -> np.ndarray:
    """Class numbers of picture ``number``: a disc with a core, never in the same place."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:height, :width]
    row, column = rng.uniform(0.35, 0.65, 2) * (height, width)
    distance = np.hypot(y - row, x - column) / min(height, width)
    return (distance < 0.32).astype(np.uint8) + (distance < 0.16)


def picture(number: int, height: int = 32, width: int = 32) -> np.ndarray:
    """A noisy grey picture (height, width, 1), uint8, of those classes."""
    rng = np.random.default_rng(1000 + number)
    grey = np.array([40, 120, 200])[classes_of(number, height, width)]
    return np.clip(grey + rng.normal(0, 12, grey.shape), 0, 255).astype(np.uint8)[..., None]


def target(number: int, height: int = 32, width: int = 32, kind: str = "labels") -> np.ndarray:
    """What the picture should become: "labels" (COLOURS), "mask" (0 and 255) or "values"."""
    classes = classes_of(number, height, width)
    if kind == "labels":
        return COLOURS[classes]
    if kind == "mask":
        return ((classes > 0) * np.uint8(255))[..., None]
    y, x = np.mgrid[:height, :width]
    return (np.array([30, 110, 180])[classes] + (x + y) % 60).astype(np.uint8)[..., None]


def write_set(
    folder: Path, numbers: range, kind: str = "labels", size: tuple[int, int] = (32, 32)
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write pairs; the files' names, inputs and targets."""
    inputs, targets = [], []
    for number in numbers:
        inputs.append(folder / "images" / f"slice{number:02d}.png")
        targets.append(folder / "targets" / f"slice{number:02d}.png")
        write_image(inputs[-1], picture(number, *size))
        write_image(targets[-1], target(number, *size, kind))
    return tuple(map(str, inputs)), tuple(map(str, targets))


def project_of(
    train: tuple[tuple[str, ...], tuple[str, ...]],
    val: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    *,
    model: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    augmentation: AugmentationSpec = STILL,
    preset: str = "recommended",
) -> Project:
    """A project with a tiny network: depth 3, four filters, float32, no augmentation."""
    lists = {
        "train_inputs": train[0],
        "train_targets": train[1],
        "val_inputs": val[0],
        "val_targets": val[1],
    }
    project = new_project(preset, lists | (data or {}))
    specs = project.specs
    small = {"depth": 3, "base_filters": 4} | (model or {})
    quick = {"epochs": 1, "batch_size": 2, "precision": "float32", "metrics": ()} | (training or {})
    specs = replace(
        specs,
        model=replace(specs.model, **small),
        training=replace(specs.training, **quick),
        augmentation=augmentation,
    )
    return replace(project, specs=specs)

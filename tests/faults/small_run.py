"""A project of six pictures of 32x32 whose whole training takes two seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from deepimagetranslator.core.config.project import Project, new_project
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.runs.run_folder import RunFolder


def small_project(folder: Path, epochs: int = 6) -> Project:
    """Draw the pictures in a folder; the project trains on four and validates on two.

    Dropout, augmentation and a momentum make each epoch depend on all that a resume restores.
    """
    random = np.random.default_rng(1)
    lists: dict[str, list[str]] = {}
    for number in range(6):
        part = "train" if number < 4 else "val"
        picture = random.integers(0, 200, (32, 32, 1), np.uint8)
        for side, image in (("inputs", picture), ("targets", picture // 2 + 40)):
            path = folder / side / f"{number}.png"
            write_image(path, image)
            lists.setdefault(f"{part}_{side}", []).append(str(path))
    project = new_project("recommended", {name: tuple(files) for name, files in lists.items()})
    specs = project.specs
    quick = {"epochs": epochs, "batch_size": 2, "precision": "float32", "metrics": ()}
    return replace(
        project,
        specs=replace(
            specs,
            model=replace(specs.model, depth=1, base_filters=4, dropout=0.3),
            training=replace(specs.training, loss="mae", optimizer="adam", **quick),  # type: ignore[arg-type]
        ),
    )


def figures(folder: Path) -> np.ndarray:
    """The history (epochs, columns) without the seconds that epochs took."""
    rows = RunFolder(folder).read_history()
    return np.array([[v for name, v in row.items() if name != "seconds"] for row in rows])

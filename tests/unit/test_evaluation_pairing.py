"""Which images are evaluated, and that what is left out is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deepimagetranslator.core.evaluation.pairing import pairs_to_evaluate
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image


def folder_of(folder: Path, *names: str) -> list[ImageRef]:
    for name in names:
        write_image(folder / name, np.zeros((4, 4, 1), np.uint8))
    return list_images(folder)


def test_files_without_a_partner_are_told(tmp_path: Path) -> None:
    images = folder_of(tmp_path / "in", "a.png", "b.png", "c.png")
    targets = folder_of(tmp_path / "out", "b.png", "c.png", "d.png")
    pairs, problems = pairs_to_evaluate(images, targets)
    assert [pair.input.name for pair in pairs] == ["b.png", "c.png"]
    assert [Path(problem.subject).name for problem in problems] == ["a.png", "d.png"]


def test_by_order_what_is_over_is_told(tmp_path: Path) -> None:
    images = folder_of(tmp_path / "in", "a.png", "b.png", "c.png")
    targets = folder_of(tmp_path / "out", "x.png", "y.png")
    pairs, problems = pairs_to_evaluate(images, targets, "order")
    assert [(pair.input.name, pair.target.name) for pair in pairs] == [
        ("a.png", "x.png"),
        ("b.png", "y.png"),
    ]
    assert [Path(problem.subject).name for problem in problems] == ["c.png"]


def test_an_image_is_not_its_own_target(tmp_path: Path) -> None:
    images = folder_of(tmp_path / "in", "a.png", "b.png")
    pairs, problems = pairs_to_evaluate(images, images)
    assert pairs == []
    assert [problem.message[:33] for problem in problems] == ["2 of the images are their own tar"]

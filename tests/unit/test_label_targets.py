"""Targets of every encoding, blurred, merged and recoloured, as training reads them."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from deepimagetranslator.core.augmentation.sampling import PairReader
from deepimagetranslator.core.checks.examination import examine, prepare
from deepimagetranslator.core.config.chosen import fields_in
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import DataSpec, ModelSpec, Specs
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.suggestions import look_for, suggested
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.imaging.images import write_image

TISSUES = Palette(((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)), "uint8")
SIDE = 64


def classes(number: int, count: int = 4) -> np.ndarray:
    """Blocks of 16 pixels; each class somewhere."""
    blocks = (np.arange(16).reshape(4, 4) + number) % count
    return blocks.astype(np.uint8).repeat(16, 0).repeat(16, 1)


def specs_of(folder: Path, targets: list[np.ndarray | bytes], loss: str, **data: Any) -> Specs:
    """A project of one training pair for each target; the last target validates too."""
    inputs, files = [], []
    for number, target in enumerate(targets):
        rng = np.random.default_rng(number)
        inputs.append(folder / "in" / f"p{number}.png")
        write_image(inputs[-1], rng.integers(0, 256, (SIDE, SIDE, 1), np.uint8))
        if isinstance(target, bytes):
            files.append(folder / "out" / f"p{number}.jpg")
            files[-1].parent.mkdir(exist_ok=True)
            files[-1].write_bytes(target)
        else:
            ending = ".tif" if target.dtype == np.float32 else ".png"
            files.append(folder / "out" / f"p{number}{ending}")
            write_image(files[-1], target)
    spec = DataSpec(tuple(map(str, inputs)), tuple(map(str, files)), **data)
    base = Specs()
    return replace(
        base,
        data=spec,
        model=ModelSpec(depth=2),
        training=replace(base.training, loss=loss),
    )


def jpeg(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=75)
    return file.getvalue()


def learnt(dataset: Dataset) -> list[np.ndarray]:
    reader = PairReader(dataset, 0)
    return [reader.read(pair)[1] for pair in dataset.train]


def suggested_of(specs: Specs) -> Specs:
    """What is suggested for these targets to somebody who has chosen loss and augmentation."""
    project = Project(specs, chosen=fields_in("augmentation") | {"training.loss"})
    return suggested(project, look_for(project)).specs


def kinds(problems: list[Problem]) -> set[str]:
    return {problem.kind for problem in problems}


MIXED = [
    (classes(0, 2) * 255)[..., None],
    classes(1, 2)[..., None],
    classes(0, 2)[..., None].astype(np.float32),
    (classes(1, 2)[..., None] * np.uint16(255)).astype(np.uint16),
]


@pytest.mark.parametrize("loss", ["dice", "binary_crossentropy", "categorical_crossentropy", "mae"])
def test_masks_of_every_encoding_are_one_to_training(tmp_path: Path, loss: str) -> None:
    dataset, _, problems = examine(specs_of(tmp_path, MIXED, loss))
    assert dataset is not None and "mask_encodings" in kinds(problems)
    for number, y in enumerate(learnt(dataset)):
        expected = classes(number % 2, 2).astype(np.float32)
        scale = 255 if dataset.classes else 1
        np.testing.assert_array_equal(y[..., 0] * scale, expected)


@pytest.mark.parametrize("loss", ["dice_crossentropy", "categorical_crossentropy"])
def test_blurred_targets_are_learnt_in_exact_colours_after_the_repair(
    tmp_path: Path, loss: str
) -> None:
    exact = [TISSUES.decode(classes(number)) for number in range(2)]
    specs = specs_of(tmp_path, [jpeg(image) for image in exact], loss)
    assert suggested_of(specs) == specs
    dataset, _, problems = examine(specs)
    assert dataset is None
    (problem,) = (p for p in problems if p.kind == "blurred_labels")
    assert problem.fatal and problem.repair is not None
    assert "training.loss" not in {p.subject for p in problems}
    changed = {name.partition(".")[2]: value for name, value in problem.repair.settings}
    dataset = prepare(replace(specs, data=replace(specs.data, **changed)))
    for number, y in enumerate(learnt(dataset)):
        if dataset.classes:
            found = np.rint(y[..., 0] * 255)
            assert (found == classes(number)).mean() > 0.99
        else:
            assert set(np.unique(y)) == {0.0, 1.0}
            assert (y == exact[number] / 255).all(2).mean() > 0.99


def test_merged_and_named_classes(tmp_path: Path) -> None:
    numbers = [classes(number)[..., None] for number in range(2)]
    labels = ("0=air", "1 + 3=soft tissue", "rest>9=other")
    dataset = prepare(specs_of(tmp_path, numbers, "categorical_crossentropy", labels=labels))
    assert dataset.model.target_channels == 3
    assert dataset.channel_names == ("air", "soft tissue", "other")
    expected = np.array([0, 1, 2, 1])
    for number, y in enumerate(learnt(dataset)):
        np.testing.assert_array_equal(np.rint(y[..., 0] * 255), expected[classes(number)])


def test_foreground_of_numbered_objects_suits_the_recommended_loss(tmp_path: Path) -> None:
    ids = np.random.default_rng(1).permutation(2000)[: SIDE * SIDE // 64].astype(np.uint16) + 1
    mask = ids.reshape(SIDE // 8, -1).repeat(8, 0).repeat(8, 1)[..., None]
    mask[:, ::8] = 0
    specs = specs_of(tmp_path, [mask, mask[::-1]], "dice_crossentropy")
    assert suggested_of(specs) == specs
    dataset, _, problems = examine(specs)
    assert dataset is None
    (problem,) = (p for p in problems if p.kind == "instance_masks")
    assert problem.repair is not None
    ((_, labels),) = problem.repair.settings
    dataset = prepare(replace(specs, data=replace(specs.data, labels=labels)))
    y = learnt(dataset)[0]
    np.testing.assert_array_equal(y[..., 0], mask[..., 0] > 0)


def test_recolouring_changes_what_is_written_not_what_is_learnt(tmp_path: Path) -> None:
    images = [TISSUES.decode(classes(number)) for number in range(2)]
    plain = prepare(specs_of(tmp_path / "a", images, "dice"))
    labels = ("0,0,0", "0,0,255>1,2,3", "0,255,0", "255,0,0")
    changed = prepare(specs_of(tmp_path / "b", images, "dice", labels=labels))
    for one, other in zip(learnt(plain), learnt(changed), strict=True):
        np.testing.assert_array_equal(one, other)
    assert changed.palette is not None and plain.palette is not None
    written = changed.palette.nearest(learnt(changed)[0], changed.target_scaling)
    assert (written[classes(0) == 1] == (1, 2, 3)).all()
    untouched = classes(0) != 1
    np.testing.assert_array_equal(written[untouched], images[0][untouched])


def test_the_2021_preset_learns_three_channels_of_any_target(tmp_path: Path) -> None:
    soft = cv2.GaussianBlur(TISSUES.decode(classes(0)), (0, 0), 1)
    specs = specs_of(tmp_path, [soft, TISSUES.decode(classes(1))], "binary_crossentropy")
    old = PRESETS["2021"]
    paths = {n: getattr(specs.data, n) for n in ("train_inputs", "train_targets")}
    specs = replace(old, data=replace(old.data, **paths), model=replace(old.model, depth=2))
    dataset, _, problems = examine(specs)
    assert dataset is not None and dataset.palette is None
    assert not kinds(problems) & {"blurred_labels", "mask_encodings"}
    assert dataset.channel_names == ("red", "green", "blue")
    np.testing.assert_array_equal(learnt(dataset)[0], soft.astype(np.float32) / 255)

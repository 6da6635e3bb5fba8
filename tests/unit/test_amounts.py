"""Amounts of the augmentation in pixels follow the image size until the user chooses them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepimagetranslator.core.augmentation.coverage import leaves_little, share_left
from deepimagetranslator.core.augmentation.pipeline import augment, sample_generator
from deepimagetranslator.core.checks.examination import examine
from deepimagetranslator.core.checks.repairs import repaired
from deepimagetranslator.core.config.choices import reset, set_field
from deepimagetranslator.core.config.chosen import value_of
from deepimagetranslator.core.config.project import (
    Project,
    load_project,
    new_project,
    save_project,
)
from deepimagetranslator.core.config.specs import AugmentationSpec
from deepimagetranslator.core.data import amounts
from deepimagetranslator.core.data.section_choices import section_start
from deepimagetranslator.core.data.suggestions import (
    NOTHING_SEEN,
    following,
    look_for,
    reasons,
    suggested,
)
from deepimagetranslator.core.imaging.images import write_image

PAPER = {"scaling": 30.0, "translation": 30.0, "drop": 20.0, "elastic": 2.0, "blur": 3.0}
OURS = PAPER | {"blur": 2.0}


def files_of(folder: Path, *sizes: tuple[int, int]) -> dict[str, Any]:
    """The lists of a project whose inputs have these heights and widths."""
    lists: dict[str, Any] = {}
    for side in ("inputs", "targets"):
        paths = [folder / side / f"p{number}.png" for number in range(len(sizes))]
        for number, (path, size) in enumerate(zip(paths, sizes, strict=True)):
            image = np.random.default_rng(number).integers(0, 256, (*size, 1), np.uint8)
            write_image(path, image if side == "inputs" else (image > 99) * np.uint8(255))
        lists[f"train_{side}"] = tuple(map(str, paths))
    return lists


def made(folder: Path, *sizes: tuple[int, int], preset: str = "recommended") -> Project:
    project = new_project(preset, files_of(folder, *sizes))
    return suggested(project, look_for(project))


def amounts_of(project: Project) -> dict[str, float]:
    return {name: getattr(project.specs.augmentation, name) for name in PAPER}


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((512, 512), OURS),
        ((128, 128), {"scaling": 7.5, "translation": 7.5, "drop": 5, "elastic": 0.5, "blur": 0.5}),
        ((16, 24), {"scaling": 0.9, "translation": 0.9, "drop": 0.6, "elastic": 0.1, "blur": 0.1}),
        ((1024, 1024), {name: 2 * amount for name, amount in OURS.items()}),
        ((400, 256), {"scaling": 15, "translation": 15, "drop": 10, "elastic": 1, "blur": 1}),
    ],
)
def test_amounts_in_pixels_grow_with_the_images(tmp_path, size, expected):
    project = made(tmp_path, size, size)
    assert amounts_of(project) == expected
    assert project.chosen == frozenset()
    why = reasons(project, look_for(project))["augmentation.translation"]
    assert why == f"the network's input is {size[1]} x {size[0]} pixels"
    # Amounts without pixels stay.
    usual, spec = AugmentationSpec(), project.specs.augmentation
    assert (spec.rotation, spec.gain, spec.drop_count) == (70, usual.gain, usual.drop_count)


def test_the_network_s_chosen_size_or_its_crops_count(tmp_path):
    project = made(tmp_path, (128, 128), (96, 300))
    for height, width, expected in ((64, 64, 3.8), (0, 0, 7.5)):
        after = set_field(project, "model.input_height", str(height))
        after = following(project, set_field(after, "model.input_width", str(width)))
        assert after.specs.augmentation.translation == expected
    crops = following(project, set_field(project, "data.large_images", "crop"))
    assert crops.specs.augmentation.translation == round(30 * 96 / 512, 1)
    assert section_start(crops, "augmentation", look_for(crops)).size is None


def test_a_chosen_amount_stays_and_a_stored_project_too(tmp_path):
    project = set_field(made(tmp_path, (128, 128)), "augmentation.translation", "12")
    other = replace(project.specs.data, **files_of(tmp_path / "larger", (256, 256)))
    after = following(project, replace(project, specs=replace(project.specs, data=other)))
    assert after.specs.augmentation.translation == 12
    assert after.specs.augmentation.scaling == 15
    save_project(after, tmp_path / "p.json")
    loaded = load_project(tmp_path / "p.json")
    assert loaded.specs == after.specs and loaded.chosen == after.chosen
    assert following(loaded, loaded) == loaded


def test_2021_keeps_its_own(tmp_path):
    project = made(tmp_path, (128, 128), preset="2021")
    assert amounts_of(project) == PAPER
    assert "augmentation.translation" not in reasons(project, look_for(project))
    current = set_field(project, "augmentation.behaviour", "current")
    assert amounts_of(following(project, current))["scaling"] == 7.5
    assert amounts_of(suggested(reset(current, "augmentation", "2021"), NOTHING_SEEN)) == PAPER
    other = made(tmp_path / "other", (128, 128))
    as_then = set_field(other, "augmentation.behaviour", "2021")
    assert amounts_of(following(other, as_then)) == PAPER


def test_nothing_is_suggested_while_no_size_is_known():
    assert suggested(Project(), NOTHING_SEEN) == Project()
    assert amounts.reason(Project().specs, ()) == ""


def test_the_dialog_begins_with_them_and_says_why(tmp_path):
    project = made(tmp_path, (128, 64))
    start = section_start(project, "augmentation", look_for(project))
    assert start.size == (128, 64)
    assert set(start.reasons) >= set(PAPER)
    assert start.resets["recommended"].spec.translation == 3.8
    assert start.resets["2021"].spec.translation == 30


# --- little of an image is left ----------------------------------------------------------------


@pytest.mark.parametrize("side", [16, 64, 128, 512])
def test_what_is_left_of_an_image_is_what_augmentation_leaves(side):
    usual = AugmentationSpec()
    specs = (
        usual,
        replace(usual, translation=side / 3),
        replace(usual, rotation_input=False),
        replace(usual, stretch=2.0, stretch_input=True),
    )
    for spec in specs:
        ones = np.ones((side, side, 1), np.float32)
        draws = (augment((ones, None), spec, sample_generator(1, 1, n))[0] for n in range(100))
        left = np.quantile([float((x > 0.5).mean()) for x in draws], 0.1)
        assert share_left(spec, side, side) == pytest.approx(left, abs=0.1)


def test_suggested_amounts_never_leave_little_and_the_paper_s_do_on_small_images(tmp_path):
    for size in ((16, 16), (48, 64), (128, 128), (512, 512), (100, 250)):
        spec = made(tmp_path / str(size), size).specs.augmentation
        assert not leaves_little(spec, *size), size
    assert leaves_little(AugmentationSpec(), 48, 48) and leaves_little(AugmentationSpec(), 16, 16)
    assert not leaves_little(AugmentationSpec(), 128, 128)


def test_the_check_names_it_and_repairs_it(tmp_path):
    project = made(tmp_path, *[(40, 40)] * 3)

    def found(project: Project) -> list[Any]:
        return [p for p in examine(project.specs)[2] if p.kind == "little_left"]

    assert found(project) == []
    old = new_project("recommended", files_of(tmp_path, *[(40, 40)] * 3))
    (problem,) = found(old)
    assert not problem.fatal and "of 40 x 40 pixels" in problem.message
    assert problem.repair is not None
    mended = repaired(old.specs, problem.repair)
    assert found(replace(old, specs=mended)) == []
    assert value_of(mended, "augmentation.translation") == round(30 * 40 / 512, 1)
    still = {f"{name}_input": False for name in ("scaling", "rotation", "translation")}
    spec = replace(old.specs.augmentation, **still)
    assert found(replace(old, specs=replace(old.specs, augmentation=spec))) == []

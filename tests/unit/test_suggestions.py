"""Suggested settings: they follow from the targets until the user has chosen them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from deepimagetranslator.core.checks.examination import prepare
from deepimagetranslator.core.config.choices import choose, set_field
from deepimagetranslator.core.config.chosen import EVERY_FIELD, preset_fields
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import Project, load_project, new_project, save_project
from deepimagetranslator.core.config.validation import problems
from deepimagetranslator.core.data import facts, suggestions
from deepimagetranslator.core.data.facts import FileFacts
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.statistics import gather_statistics
from deepimagetranslator.core.data.suggestions import (
    FOR_TARGETS,
    NOTHING_SEEN,
    VALUES,
    following,
    look_at,
    look_for,
    suggested,
)
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.imaging.images import write_image

SIZE = (18, 24)
LABELS = {
    "pure": ((0, 0, 0), (255, 0, 0), (0, 255, 0)),
    "mixed": ((0, 0, 0), (200, 30, 30), (30, 200, 90)),
    "mask": ((0,), (255,)),
    "mask 0 1": ((0,), (1,)),
    "numbers": ((0,), (1,), (2,), (3,)),
}
SCANNERS = ("noise", "blur", "offset", "gain", "stretch")
TICKS = (*(f"augmentation.{name}_input" for name in SCANNERS), "augmentation.stretch_target")
FOR_LABELS = {
    **dict.fromkeys(TICKS, True),
    "augmentation.noise": 0.06,
    "model.residual": False,
    "training.loss": "dice_crossentropy",
    "training.metrics": ("mse", "dice_score"),
    "model.final_activation": "automatic",
    "model.normalization": "deep",
    "model.initialization": "data_dependent",
}
FOR_CLASSES = FOR_LABELS | {"model.final_activation": "softmax"}
FOR_VALUES = {
    **dict.fromkeys(TICKS, False),
    "augmentation.noise": 0.1,
    "model.residual": True,
    "training.loss": "mae",
    "training.metrics": ("mse",),
    "model.final_activation": "automatic",
    "model.normalization": "none",
    "model.initialization": "he_normal",
}
NO_RESIDUAL = {"model.residual": False}
FOR_COLOUR = FOR_VALUES | NO_RESIDUAL


def target_of(kind: str, number: int) -> np.ndarray:
    rng = np.random.default_rng(number)
    if kind == "values":
        return rng.integers(0, 256, (*SIZE, 1), np.uint8)
    if kind == "deep":
        return rng.integers(500, 3000, (*SIZE, 1), np.uint16)
    colours = np.array(LABELS[kind], np.uint8)
    rows = (np.arange(SIZE[0]) + number) // 3 % len(colours)
    return np.repeat(colours[rows][:, None], SIZE[1], axis=1)


def files_of(folder: Path, kind: str) -> dict[str, tuple[str, ...]]:
    """The lists of a project of two pairs whose targets are of this kind."""
    lists: dict[str, tuple[str, ...]] = {}
    for side in ("inputs", "targets"):
        paths = [folder / kind / side / f"p{number}.png" for number in range(2)]
        for number, path in enumerate(paths):
            write_image(path, target_of("values" if side == "inputs" else kind, number + 1))
        lists[f"train_{side}"] = tuple(map(str, paths))
    return lists


def values_of(project: Project) -> dict[str, Any]:
    parts = {name: name.split(".") for name in FOR_TARGETS}
    return {n: getattr(getattr(project.specs, s), f) for n, (s, f) in parts.items()}


def for_targets(reasons: dict[str, str]) -> dict[str, str]:
    """The reasons of settings that follow from the targets."""
    return {name: why for name, why in reasons.items() if name in FOR_TARGETS}


def with_files(project: Project, lists: dict[str, tuple[str, ...]], **data: Any) -> Project:
    """The project with other files; a change of the program's, not the user's."""
    files = replace(project.specs.data, **lists, **data)
    return replace(project, specs=replace(project.specs, data=files))


@pytest.mark.parametrize(
    ("kind", "expected", "why"),
    [
        ("pure", FOR_LABELS, "the targets are label maps"),
        ("mask", FOR_LABELS, "the targets are label maps"),
        ("mask 0 1", FOR_LABELS, "the targets are label maps"),
        ("mixed", FOR_CLASSES, "the targets are label maps in mixed colours"),
        ("numbers", FOR_CLASSES, "the targets are label maps in mixed colours"),
        ("values", FOR_VALUES, "the targets are images of many values"),
        ("deep", FOR_VALUES | NO_RESIDUAL, "the targets are images of many values"),
    ],
)
def test_what_nobody_chose_follows_from_the_targets_and_fits(tmp_path, kind, expected, why):
    before = new_project("recommended", files_of(tmp_path, kind))
    seen = look_for(before)
    project = suggested(before, seen)
    assert values_of(project) == expected
    assert project.chosen == frozenset()
    reasons = dict.fromkeys(FOR_TARGETS, why)
    if kind == "deep":  # 8-bit inputs cannot be added to 16-bit targets
        del reasons["model.residual"]
    assert for_targets(suggestions.reasons(project, seen)) == reasons
    project = set_field(project, "model.depth", "2")
    assert prepare(project.specs).train


def test_it_changes_with_the_targets_again_and_again(tmp_path):
    project = Project()
    for kind, expected in (("values", FOR_VALUES), ("mixed", FOR_CLASSES), ("pure", FOR_LABELS)):
        project = following(project, with_files(project, files_of(tmp_path, kind)))
        assert values_of(project) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("training.loss", "mse"),
        ("training.loss", "dice_crossentropy"),
        ("model.final_activation", "sigmoid"),
        ("model.normalization", "group"),
        ("model.normalization", "deep"),
        ("model.initialization", "glorot_uniform"),
    ],
)
def test_what_the_user_chose_stays_and_has_no_reason(tmp_path, name, value):
    project = set_field(Project(), name, value)
    for kind, expected in (("values", FOR_VALUES), ("pure", FOR_LABELS)):
        project = following(project, with_files(project, files_of(tmp_path, kind)))
        expected = expected | {name: value}
        without = {name}
        if kind == "values" and value in ("dice_crossentropy", "sigmoid"):
            expected |= NO_RESIDUAL
            without.add("model.residual")
        assert values_of(project) == expected
        seen = look_for(project)
        assert set(for_targets(suggestions.reasons(project, seen))) == FOR_TARGETS - without


@pytest.mark.parametrize("operation", SCANNERS)
def test_an_operation_on_validation_inputs_acts_on_the_inputs_whatever_the_targets_are(
    tmp_path, operation
):
    """It was chosen beside a suggested tick of the inputs, which must not be taken away."""
    project = following(Project(), with_files(Project(), files_of(tmp_path, "pure")))
    project = set_field(project, f"augmentation.{operation}_validation", "yes")
    ticks = {f"augmentation.{operation}_input": True}
    if operation == "stretch":
        ticks["augmentation.stretch_target"] = True
    for kind, expected in (("values", FOR_VALUES), ("pure", FOR_LABELS), ("values", FOR_VALUES)):
        project = following(project, with_files(project, files_of(tmp_path, kind)))
        assert values_of(project) == expected | ticks
        assert problems(project.specs.augmentation) == []
        why = suggestions.reasons(project, look_for(project))
        assert why[f"augmentation.{operation}_input"] == "it is on for validation inputs"
    chosen = set_field(project, f"augmentation.{operation}_input", "no")
    (problem,) = problems(chosen.specs.augmentation)
    assert problem.remedy is not None
    assert problem.remedy.settings == ((f"augmentation.{operation}_validation", False),)


@pytest.mark.parametrize(
    ("name", "value", "can"),
    [
        ("model.input_channels", "3", False),  # grey targets
        ("data.input_scaling", "image", False),
        ("training.loss", "ssim_mae", True),
        ("training.loss", "mse", True),
    ],
)
def test_a_residual_output_is_suggested_where_the_input_can_be_added(tmp_path, name, value, can):
    project = following(Project(), with_files(Project(), files_of(tmp_path, "values")))
    assert project.specs.model.residual
    after = following(project, set_field(project, name, value))
    assert after.specs.model.residual == can


def test_softmax_is_for_losses_on_classes_only(tmp_path):
    lists = files_of(tmp_path, "mixed")
    for loss, activation in (("mae", "automatic"), ("dice", "softmax")):
        project = set_field(Project(), "training.loss", loss)
        project = following(project, with_files(project, lists))
        assert project.specs.model.final_activation == activation


def test_where_nothing_was_seen_a_project_stays_as_it_is(tmp_path):
    project = following(Project(), with_files(Project(), files_of(tmp_path, "mixed")))
    project = set_field(project, "training.loss", "mse")
    assert project.specs.model.final_activation == "softmax"
    assert suggested(project, NOTHING_SEEN) == project


@pytest.mark.parametrize(
    ("kind", "name", "text", "expected", "why"),
    [
        ("pure", "target_kind", "values", FOR_COLOUR, "the targets are taken as images of many"),
        ("values", "target_kind", "labels", FOR_LABELS, "the targets are taken as label maps"),
        ("mixed", "target_kind", "labels", FOR_CLASSES, "the targets are taken as label maps in"),
        ("values", "labels", "0=black; rest>255=white", FOR_LABELS, "the targets are label maps"),
    ],
)
def test_it_follows_what_the_targets_are_taken_for(tmp_path, kind, name, text, expected, why):
    project = following(Project(), with_files(Project(), files_of(tmp_path, kind)))
    after = following(project, set_field(project, f"data.{name}", text))
    assert values_of(after) == expected
    reasons = for_targets(suggestions.reasons(after, look_for(after)))
    grey = "model.residual" in reasons  # a grey input cannot be added to a target in colour
    assert set(reasons) == FOR_TARGETS - (set() if grey else {"model.residual"})
    assert all(reason.startswith(why) for reason in reasons.values())


def test_targets_are_read_only_if_something_follows_from_them(tmp_path, monkeypatch):
    lists = files_of(tmp_path, "values")
    project = following(Project(), with_files(Project(), lists))
    every = with_files(Project(chosen=EVERY_FIELD), lists)

    def refuse(*_arguments: object) -> None:
        raise AssertionError("a target was read")

    monkeypatch.setattr(suggestions, "target_facts", refuse)
    after = set_field(project, "training.epochs", "3")
    assert following(project, after) == after
    assert following(Project(chosen=EVERY_FIELD), every) == every


def test_some_targets_are_enough(tmp_path, monkeypatch):
    read = []

    def note(image: ImageRef) -> FileFacts:
        read.append(int(image.name))
        return FileFacts()

    monkeypatch.setattr(suggestions, "target_facts", note)
    look_at([ImageRef(Path(str(number))) for number in range(1000)])
    assert 20 <= len(read) <= 48 and read[-1] > 900


def test_the_check_does_not_read_again_what_was_looked_at(tmp_path, monkeypatch):
    project = with_files(Project(), files_of(tmp_path, "values"))
    assert look_for(project).kind(project.specs.data) == VALUES
    files = project.specs.data.train_targets
    real, read = facts.read_facts, []

    def note(image: ImageRef, *more: Any) -> FileFacts:
        read.append(str(image))
        return real(image, *more)

    monkeypatch.setattr(facts, "read_facts", note)
    pairs = [ImagePair(image, image) for image in parse_images(files)]
    gather_statistics(pairs, in_brief=True)
    assert not set(read) & set(files)


def test_slices_are_looked_at_without_their_whole_volume(tmp_path, monkeypatch):
    stack = np.stack([target_of("pure", n) for n in range(3)])
    tifffile.imwrite(tmp_path / "stack.tif", stack, photometric="rgb")
    monkeypatch.setattr(suggestions, "target_facts", None)
    seen = look_at(list_images(tmp_path / "stack.tif"))
    assert set(seen.colours.pixels) == set(LABELS["pure"])
    assert sum(seen.colours.pixels.values()) == 3 * SIZE[0] * SIZE[1]


def test_unreadable_or_no_targets_leave_the_settings_alone(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no image")
    values = following(Project(), with_files(Project(), files_of(tmp_path, "values")))
    for files in ((str(tmp_path / "bad.png"),), ()):
        project = following(values, with_files(values, {"train_targets": files}))
        assert values_of(project) == FOR_VALUES
        assert for_targets(suggestions.reasons(project, look_for(project))) == {}


def test_a_preset_of_old_is_chosen_whatever_the_targets_are(tmp_path):
    for kind in ("mixed", "pure", "values"):
        project = new_project("2021", files_of(tmp_path, kind))
        assert following(Project(), project) == project
    assert preset_fields("recommended") == frozenset()
    named = {n: n.split(".") for n in EVERY_FIELD - preset_fields("2021")}
    for section, field in named.values():
        values = {getattr(getattr(specs, section), field) for specs in PRESETS.values()}
        assert len(values) == 1


def test_a_choice_of_the_suggested_value_is_a_choice(tmp_path):
    project = set_field(Project(), "training.loss", "dice_crossentropy")
    assert "training.loss" in project.chosen
    same = choose(project, project.specs)
    assert same == project


def test_a_project_of_the_version_before_stays_as_it_was(tmp_path):
    path = tmp_path / "project.json"
    project = following(Project(), with_files(Project(), files_of(tmp_path, "values")))
    save_project(project, path)
    data = json.loads(path.read_text(encoding="utf-8"))
    new = {"model.residual", "model.fused_normalization", "augmentation.offset_input"}
    for section, _, name in (field.partition(".") for field in new):
        del data[section][name]
    path.write_text(json.dumps(data), encoding="utf-8")
    before = load_project(path)
    assert not (before.specs.model.residual or before.specs.model.fused_normalization)
    for kind in ("pure", "values"):
        before = following(before, with_files(before, files_of(tmp_path / "other", kind)))
        for section, _, name in (field.partition(".") for field in new):
            assert not getattr(getattr(before.specs, section), name)

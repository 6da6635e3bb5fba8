"""Project files: what is saved comes back, and what cannot be read is said."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.choices import choose, reset, set_field
from deepimagetranslator.core.config.chosen import EVERY_FIELD, preset_fields
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import (
    Project,
    load_project,
    new_project,
    save_project,
)
from deepimagetranslator.core.config.specs import SECTIONS, AugmentationSpec, Specs, TrainingSpec
from deepimagetranslator.core.config.validation import specs_problems
from deepimagetranslator.core.errors import UserError

names = st.text("abcé 脂'#%", min_size=1, max_size=12).map(str.strip).filter(bool)


def value_of(info: fields.FieldInfo) -> st.SearchStrategy[Any]:
    if info.kind == "bool":
        return st.booleans()
    if info.kind == "choice":
        return st.sampled_from(info.choices)
    if info.kind == "names":
        return st.lists(st.sampled_from(info.choices), unique=True).map(tuple)
    if info.kind == "texts":
        return st.lists(names, max_size=3).map(tuple)
    if info.kind == "int":
        return st.integers(int(info.low or 0), int(info.high or 0))
    return st.floats(info.low, info.high)


@st.composite
def specs_below(draw: st.DrawFn, folder: Path) -> Specs:
    """Any specs whose images lie inside or outside ``folder``."""
    places = [folder, folder / "sub dir", folder.parent / "elsewhere"]
    files = st.lists(
        st.builds(lambda place, name: str(place / f"{name}.png"), st.sampled_from(places), names),
        max_size=3,
    ).map(tuple)
    sections = {}
    for section in SECTIONS:
        cls = type(getattr(Specs(), section))
        sections[section] = cls(
            **{
                info.name: draw(
                    files if info.kind == "paths" or info.name == "persons" else value_of(info)
                )
                for info in fields.fields_of(cls)
            }
        )
    return Specs(**sections)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_project_survives_being_saved(tmp_path: Path, data: st.DataObject) -> None:
    project = Project(
        data.draw(specs_below(tmp_path)),
        data.draw(st.sampled_from(list(PRESETS))),
        data.draw(st.frozensets(st.sampled_from(sorted(EVERY_FIELD)))),
        data.draw(st.dictionaries(names, st.integers() | names, max_size=2)),
    )
    save_project(project, tmp_path / "größe.json")
    assert load_project(tmp_path / "größe.json") == project


def test_images_inside_the_folder_move_with_it(tmp_path: Path) -> None:
    folder, outside = tmp_path / "study", str(tmp_path / "archive" / "b.png")
    inside = str(folder / "images" / "a.png")
    project = new_project("recommended", {"train_inputs": (inside, outside)})
    save_project(project, folder / "p.json")
    stored = json.loads((folder / "p.json").read_text(encoding="utf-8"))
    assert stored["data"]["train_inputs"] == ["images/a.png", outside]
    shutil.move(folder, tmp_path / "moved")
    found = load_project(tmp_path / "moved" / "p.json").specs.data.train_inputs
    assert found == (str(tmp_path / "moved" / "images" / "a.png"), outside)


def test_relative_paths_are_those_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    given_paths = ("a.png", "../b.png")
    save_project(new_project("2021", {"val_inputs": given_paths}), Path("sub") / "p.json")
    monkeypatch.chdir(tmp_path)
    found = load_project(Path("work/sub/p.json")).specs.data.val_inputs
    assert found == (str(tmp_path / "work" / "a.png"), str(tmp_path / "b.png"))


def test_a_new_project_begins_with_its_preset() -> None:
    for name, specs in PRESETS.items():
        project = new_project(name, {"train_inputs": ("a.png",)})
        assert project.preset == name
        assert project.specs.data.train_inputs == ("a.png",)
        assert project.chosen == preset_fields(name)
        assert replace(project.specs, data=specs.data) == specs
    with pytest.raises(UserError, match="recommended, 2021"):
        new_project("2020", {})


def test_fields_that_an_older_file_lacks_have_their_defaults(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text('{"format": 1, "training": {"epochs": 7}}', encoding="utf-8")
    project = load_project(path)
    assert project.specs == Specs(training=TrainingSpec(epochs=7))
    assert project.preset == "recommended"


def test_in_an_older_file_everything_counts_as_chosen(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text('{"format": 1, "training": {"loss": "mae"}}', encoding="utf-8")
    project = load_project(path)
    assert project.chosen == EVERY_FIELD
    save_project(project, path)  # and remains so
    assert "chosen" not in json.loads(path.read_text(encoding="utf-8"))
    assert load_project(path) == project


def test_what_is_chosen_is_stored_by_name(tmp_path: Path) -> None:
    project = new_project("recommended", {"train_inputs": ("a.png",), "input_scaling": "window"})
    project = set_field(project, "training.loss", "mse")
    save_project(project, tmp_path / "p.json")
    stored = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    assert stored["chosen"] == ["data.input_scaling", "training.loss"]


def test_what_changes_is_chosen_but_not_the_files() -> None:
    before = new_project("recommended", {})
    specs = replace(before.specs, training=replace(before.specs.training, epochs=3))
    specs = replace(specs, data=replace(specs.data, train_inputs=("a.png",)))
    assert choose(before, specs).chosen == {"training.epochs"}
    assert choose(before, specs, ["model.depth"]).chosen == {"model.depth"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"),
        ('{"format": 1', "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("[]", "not a project file"),
        ('"text"', "not a project file"),
        ("{}", "not a project file"),
        ('{"format": "1"}', "not a project file"),
        ('{"format": 2}', "newer version"),
        ('{"format": 99, "future": true}', "newer version"),
        ('{"format": 1, "chosen": "training.loss"}', "damaged: preset, chosen"),
        ('{"format": 1, "chosen": [{}]}', "damaged: preset, chosen"),
        ('{"format": 1, "chosen": ["training.lose"]}', "damaged: preset, chosen"),
        ('{"format": 1, "model": []}', "JSON object"),
        ('{"format": 1, "model": {"depht": 3}}', "depht"),
        ('{"format": 1, "model": {"depth": "3"}}', "1 to 12"),
        ('{"format": 1, "model": {"depth": 1e400}}', "1 to 12"),
        ('{"format": 1, "training": {"learning_rate": NaN}}', "1e-08 to 10"),
        ('{"format": 1, "training": {"metrics": ["mse", 3]}}', "several of"),
        ('{"format": 1, "data": {"train_inputs": "a.png"}}', "file names"),
        ('{"format": 1, "data": {"train_inputs": [null]}}', "file names"),
        ('{"format": 1, "preset": 3}', "damaged"),
        ('{"format": 1, "run": []}', "damaged"),
    ],
)
def test_what_is_no_project_says_so_and_names_the_file(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "wrong one.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words) as caught:
        load_project(path)
    assert "wrong one.json" in str(caught.value)


def test_unreadable_paths_are_named(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'{"format": 1, "preset": "\xe9"}')
    for path in (tmp_path / "missing.json", tmp_path, tmp_path / "latin.json"):
        with pytest.raises(UserError, match=path.name):
            load_project(path)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.json"
    save_project(Project(), path)
    before = path.read_bytes()

    def full(*_args: Any, **_kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UserError, match="No space left"):
        save_project(new_project("2021", {}), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["p.json"]


@pytest.mark.parametrize(
    ("assignment", "section", "field", "value"),
    [
        ("model.depth=3", "model", "depth", 3),
        ("training.loss=BinaryCrossentropy", "training", "loss", "binary_crossentropy"),
        ("training.metrics=psnr, ssim", "training", "metrics", ("psnr", "ssim")),
        ("training.metrics=", "training", "metrics", ()),
        ("augmentation.noise_input=true", "augmentation", "noise_input", True),
        ("augmentation.noise= 0.25 ", "augmentation", "noise", 0.25),
        ("data.train_inputs=a=b.png,c.png", "data", "train_inputs", ("a=b.png", "c.png")),
        ("translation.output=labels", "translation", "output", "labels"),
    ],
)
def test_set_field_changes_one_field(
    assignment: str, section: str, field: str, value: object
) -> None:
    before = Project()
    name, _, text = assignment.partition("=")
    after = set_field(before, name, text)
    files = name.endswith("_inputs")
    assert after.chosen == (frozenset() if files else {name})
    spec = getattr(after.specs, section)
    assert getattr(spec, field) == value
    untouched = replace(spec, **{field: getattr(getattr(before.specs, section), field)})
    assert replace(after.specs, **{section: untouched}) == before.specs


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("models.depth=3", "data, model, training"),
        ("model.deep=3", "model.deep: .*depth, base_filters"),
        ("model.depth=three", "model.depth: .*1 to 12"),
        ("model.depth=3.0", "model.depth: .*whole number"),
        ("training.epochs=0", "training.epochs: .*1 to 100000"),
        ("training.learning_rate=nan", "training.learning_rate"),
        ("training.optimizer=lion", "adamw"),
        ("augmentation.flip_input=perhaps", "true or false"),
    ],
)
def test_set_field_refuses_with_the_bounds(assignment: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        set_field(Project(), *assignment.split("="))


def test_problems_are_named_by_section_and_field() -> None:
    project = set_field(Project(), "model.depth", "2")
    project = set_field(project, "model.deep_supervision", "true")
    project = set_field(project, "augmentation.noise_validation", "true")
    subjects = [problem.subject for problem in specs_problems(project.specs)]
    assert subjects == ["model.deep_supervision", "augmentation.noise_validation"]
    assert specs_problems(Specs()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_utf8_survive(tmp_path: Path) -> None:
    names = [os.fsdecode(name) for name in (b"caf\xe9.png", b"\xff\xfe.tif", "größe.png".encode())]
    given_paths = tuple(str(tmp_path / name) for name in names)
    project = new_project("2021", {"train_inputs": given_paths})
    save_project(project, tmp_path / "p.json")
    (tmp_path / "p.json").read_bytes().decode("utf-8")  # other programs can read it
    assert load_project(tmp_path / "p.json").specs.data.train_inputs == given_paths
    named = tmp_path / os.fsdecode(b"\xe9tude.json")
    save_project(project, named)
    assert load_project(named).specs == project.specs


# ---- files of a version that did not have a field yet ---------------------------------------


def without_fields(path: Path, *names: str) -> None:
    """Take fields out of a project file, as if its version had not had them."""
    data = json.loads(path.read_text(encoding="utf-8"))
    for name in names:
        section, _, field = name.partition(".")
        del data[section][field]
    data["chosen"] = sorted(set(data["chosen"]) - set(names))
    path.write_text(json.dumps(data), encoding="utf-8")


def test_a_field_that_a_file_lacks_is_as_before_it_was_recommended(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    project = new_project("recommended", {})
    assert project == Project() and project.specs.data.exclusive_classes
    save_project(project, path)
    assert load_project(path) == project
    without_fields(path, "data.exclusive_classes")
    before = load_project(path)
    assert not before.specs.data.exclusive_classes
    chosen = frozenset({"data.exclusive_classes"})
    assert before == replace(project, specs=before.specs, chosen=chosen)
    assert not set_field(before, "training.epochs", "3").specs.data.exclusive_classes


def test_a_project_of_2021_stays_one_when_more_is_recommended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "project.json"
    save_project(new_project("2021", {}), path)
    new = ("data.exclusive_classes", "augmentation.offset_input")
    without_fields(path, *new)
    better = replace(Specs(), augmentation=AugmentationSpec(offset_input=True))
    monkeypatch.setitem(PRESETS, "recommended", replace(better, data=Project().specs.data))
    project = set_field(load_project(path), "training.epochs", "3")
    assert project.preset == "2021" and project.chosen >= set(new)
    expected = PRESETS["2021"]
    training = replace(expected.training, epochs=3)
    assert project.specs == replace(expected, training=training)
    again = reset(project, "augmentation", "recommended")
    assert again.preset == "recommended"
    assert again.specs.augmentation.offset_input and again.specs.data.exclusive_classes

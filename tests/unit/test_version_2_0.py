"""Projects and settings that version 2.0.0 wrote open unchanged; see data/make_version_2_0.py."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepimagetranslator.app.settings import Settings
from deepimagetranslator.core.config.classes import parse_classes
from deepimagetranslator.core.config.project import load_project, save_project
from deepimagetranslator.core.config.specs import Specs
from deepimagetranslator.core.config.validation import specs_problems
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.imaging.reading import READING_VERSION
from deepimagetranslator.core.system import paths

DATA = Path(__file__).parents[1] / "data" / "version_2_0"
MADE_IN = "/tmp/version_2_0"
"""The folder in which version 2.0.0 wrote these files."""
EXPECTED = json.loads((DATA / "expected_projects.json").read_text(encoding="utf-8"))
"""For each project file what version 2.0.0 read from it."""
LISTS = ("train_inputs", "train_targets", "val_inputs", "val_targets")


def json_of(value: Any) -> Any:
    """What a JSON file gives back: lists for tuples."""
    return json.loads(json.dumps(value))


def choices_of(specs: Specs, fields: dict[str, Any]) -> dict[str, Any]:
    """The choices by section, only those that ``fields`` has: later versions may have more."""
    found = json_of(asdict(specs))
    return {
        section: {name: found[section][name] for name in names} for section, names in fields.items()
    }


def with_full_paths(sections: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Sections of a project file, their image lists as paths of this system."""
    data = sections["data"]
    lists = {name: [str(folder / path) for path in data[name]] for name in LISTS}
    return sections | {"data": data | lists}


# ---- projects -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPECTED)
def test_every_choice_is_read_as_2_0_read_it(name: str) -> None:
    project, expected = load_project(DATA / name), EXPECTED[name]
    assert project.preset == expected["preset"]
    assert choices_of(project.specs, expected["specs"]) == with_full_paths(expected["specs"], DATA)
    assert specs_problems(project.specs) == []
    assert (
        json_of([asdict(one) for one in parse_classes(project.specs.data.labels)])
        == (expected["classes"])
    )


def test_one_project_has_a_value_of_its_own_for_nearly_every_field() -> None:
    """Else a field that is no longer read would go unnoticed."""
    fields = EXPECTED["many_choices.json"]["specs"]
    chosen = choices_of(load_project(DATA / "many_choices.json").specs, fields)
    defaults = choices_of(Specs(), fields)
    same = {
        f"{section}.{name}"
        for section, names in fields.items()
        for name in names
        if chosen[section][name] == defaults[section][name]
    }
    # Off for the inputs, so the rules of the specs forbid it for validation.
    off = ("scaling", "rotation", "translation", "flip")
    assert same == {f"augmentation.{name}_validation" for name in off}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_listed_images_and_slices_are_read_as_2_0_read_them(name: str) -> None:
    data = load_project(DATA / name).specs.data
    listed = {str(path) for part in LISTS for path in getattr(data, part)}
    for path, expected in EXPECTED[name]["images"].items():
        assert str(DATA / path) in listed
        image = read_image(ImageRef.parse(DATA / path))
        assert (list(image.shape), image.dtype.name) == (expected["shape"], expected["dtype"])
        assert float(image.sum(dtype=np.float64)) == expected["sum"]


@pytest.mark.parametrize("name", EXPECTED)
def test_saved_again_a_project_has_the_same_names_and_values(name: str, tmp_path: Path) -> None:
    for file in (name, "scan.nii.gz", "classes.nii.gz"):
        shutil.copy(DATA / file, tmp_path)
    before = json.loads((DATA / name).read_text(encoding="utf-8"))
    save_project(load_project(tmp_path / name), tmp_path / name)
    after = json.loads((tmp_path / name).read_text(encoding="utf-8"))
    assert after.pop("reading") == READING_VERSION  # version 2.0.0 wrote none
    assert list(after) == list(before)
    for part in LISTS:
        inside = [path for path in before["data"][part] if not path.startswith("/")]
        assert after["data"][part][: len(inside)] == inside
    before, after = (with_full_paths(stored, tmp_path) for stored in (before, after))
    for section in EXPECTED[name]["specs"]:
        assert {name: after[section][name] for name in before[section]} == before[section]


# ---- settings -------------------------------------------------------------------------------


def settings_of(name: str, folder: Path) -> Settings:
    """The settings in ``folder``, as if they had been written there and not in ``MADE_IN``."""
    text = (DATA / "settings" / name).read_text(encoding="utf-8")
    path = folder / "settings.json"
    path.write_text(text.replace(MADE_IN, folder.as_posix()), encoding="utf-8")
    return Settings(path)


def test_settings_after_work_in_the_window(tmp_path: Path) -> None:
    settings = settings_of("used.json", tmp_path)
    projects = [tmp_path / "preset_2021.json", tmp_path / "many_choices.json"]
    for project in projects:
        project.touch()
    images = tmp_path / "images" / "inputs"
    images.mkdir(parents=True)
    assert settings.recent == projects
    assert settings.get("palette") == "light"
    assert settings.get("geometry") == "1100x640+30+20"
    assert settings.get("monitor geometry") == "900x600+40+30"
    assert Path(settings.folder("project")) == tmp_path
    assert Path(settings.folder("translated inputs")) == images


def test_settings_after_the_first_start_and_a_project_that_is_gone(tmp_path: Path) -> None:
    settings = settings_of("opened_once.json", tmp_path)
    assert settings.recent == []
    (tmp_path / "gone.json").touch()
    assert settings.recent == [tmp_path / "gone.json"]
    assert settings.get("geometry") == "1203x760+0+0"
    assert settings.get("palette", "dark") == "dark"
    assert settings.folder("project") == str(paths.documents())


@pytest.mark.parametrize("name", ["used.json", "opened_once.json"])
def test_a_further_setting_leaves_the_others(name: str, tmp_path: Path) -> None:
    settings_of(name, tmp_path).set("palette", "system")
    before = json.loads((DATA / "settings" / name).read_text(encoding="utf-8"))
    text = (tmp_path / "settings.json").read_text(encoding="utf-8")
    after = json.loads(text.replace(tmp_path.as_posix(), MADE_IN))
    assert after == before | {"palette": "system"}

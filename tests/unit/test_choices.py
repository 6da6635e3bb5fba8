"""What counts as chosen, and which preset a project has after its choices were changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deepimagetranslator.core.config.choices import choose, reset, set_field
from deepimagetranslator.core.config.chosen import EVERY_FIELD, info_of, preset_fields
from deepimagetranslator.core.config.fields import as_text
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import Project, new_project

OLD = PRESETS["2021"]
RESETTABLE = ("model", "training", "augmentation")


def with_section(project: Project, section: str, **values: Any) -> Project:
    spec = replace(getattr(project.specs, section), **values)
    return choose(project, replace(project.specs, **{section: spec}))


def all_reset(project: Project, name: str) -> Project:
    for section in RESETTABLE:
        project = reset(project, section, name)
    return project


def test_a_section_as_in_2021_is_chosen_and_the_others_stay():
    project = reset(Project(), "training", "2021")
    assert project.specs.training == OLD.training
    assert project.specs.model == PRESETS["recommended"].model
    assert project.preset == "recommended"
    assert project.chosen == {n for n in preset_fields("2021") if n.startswith("training.")}


def test_network_training_and_augmentation_as_in_2021_are_that_preset():
    project = all_reset(Project(), "2021")
    assert project == new_project("2021", {})


def test_the_preset_does_not_depend_on_the_way_to_it():
    project = reset(reset(Project(), "model", "2021"), "augmentation", "2021")
    for name in sorted(preset_fields("2021")):
        section, _, field = name.partition(".")
        if section == "training":
            assert project.preset == "recommended"
            value = getattr(OLD.training, field)
            project = with_section(project, "training", **{field: value})
    assert project == new_project("2021", {})


def test_what_the_user_chose_for_the_data_stays_with_the_preset():
    project = with_section(Project(), "data", target_kind="labels", input_scaling="data")
    project = all_reset(project, "2021")
    data = project.specs.data
    assert (data.target_kind, data.input_scaling, data.target_scaling) == ("labels", "data", "type")
    assert project.preset == "2021"


def test_a_change_keeps_the_preset_and_a_reset_of_one_section_ends_it():
    project = with_section(new_project("2021", {}), "training", epochs=7)
    assert project.preset == "2021"
    project = reset(project, "training", "recommended")
    assert project.preset == "recommended"
    assert project.specs.training == PRESETS["recommended"].training
    assert project.specs.model == OLD.model  # until it is reset too
    assert project.specs.data == PRESETS["recommended"].data
    assert project.specs.translation == PRESETS["recommended"].translation
    assert all_reset(project, "recommended") == new_project("recommended", {})


def test_a_project_of_old_is_recognised_at_its_next_change():
    project = Project(OLD, chosen=EVERY_FIELD)
    project = with_section(project, "training", seed=7)
    assert project.preset == "2021" and project.chosen == EVERY_FIELD


def test_a_preset_that_is_not_known_stays():
    project = Project(preset="2035")
    assert with_section(project, "training", epochs=7).preset == "2035"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_in_other_words_is_that_preset(name):
    project = Project()
    for field in sorted(preset_fields(name)):
        section, _, last = field.partition(".")
        value = getattr(getattr(PRESETS[name], section), last)
        project = set_field(project, field, as_text(info_of(field), value))
    assert project == new_project(name, {})

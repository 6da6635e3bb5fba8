"""Changing a project's choices: what counts as chosen from then on, and which preset it has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.chosen import (
    EVERY_FIELD,
    changed_fields,
    fields_in,
    preset_fields,
    value_of,
    with_values,
)
from deepimagetranslator.core.config.presets import PRESETS, preset
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import SECTIONS, Specs
from deepimagetranslator.core.errors import UserError

RECOMMENDED = "recommended"
_OWN = fields_in("model") | fields_in("training") | fields_in("augmentation")
"""Fields of sections that are reset to a preset one by one. The other sections follow the preset of
the project."""


def choose(project: Project, specs: Specs, chosen: Iterable[str] | None = None) -> Project:
    """The project with these choices.

    It has the preset "2021" as soon as the network, its training and the augmentation are as that
    preset has them, until one of them is reset to the recommended choices.

    Args:
        project: as it was.
        specs: its choices from now on.
        chosen: the fields that count as chosen from now on; by default those that were, and those
            that change.
    """
    if chosen is None:
        chosen = project.chosen | changed_fields(project.specs, specs)
    project = replace(project, specs=specs, chosen=frozenset(chosen))
    if project.preset in PRESETS and not preset_fields(project.preset) & _OWN <= project.chosen:
        project = _without_preset(project)
    for name in PRESETS:
        if name not in (RECOMMENDED, project.preset) and _is_as(project, name):
            project = _with_preset(project, name)
    return project


def reset(project: Project, section: str, name: str) -> Project:
    """The project with one section as a preset has it; recommended choices count as not chosen."""
    own = fields_in(section)
    specs = replace(project.specs, **{section: getattr(preset(name), section)})
    return choose(project, specs, project.chosen - own | preset_fields(name) & own)


def set_field(project: Project, name: str, text: str) -> Project:
    """The project with one field, named SECTION.FIELD, chosen as the user wrote it.

    Raises:
        UserError: no such section or field, or no allowed value.
    """
    section, _, field_name = name.partition(".")
    if section not in SECTIONS:
        raise UserError(f"There is no section '{section}'; choose one of {', '.join(SECTIONS)}.")
    try:
        info = fields.field_named(getattr(project.specs, section), field_name)
        value = fields.parse(info, text)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None
    specs = with_values(project.specs, [(name, value)])
    return choose(project, specs, project.chosen | EVERY_FIELD & {name})


def _is_as(project: Project, name: str) -> bool:
    """Whether the sections that are reset one by one are as a preset has them, by choice."""
    own = preset_fields(name) & _OWN
    return own <= project.chosen and all(
        value_of(project.specs, field) == value_of(preset(name), field) for field in own
    )


def _with_preset(project: Project, name: str) -> Project:
    """The preset is recorded; what nobody chose in the other sections is as it has it."""
    follow = preset_fields(name) - _OWN - project.chosen
    values = [(field, value_of(preset(name), field)) for field in follow]
    specs = with_values(project.specs, values)
    return replace(project, specs=specs, preset=name, chosen=project.chosen | follow)


def _without_preset(project: Project) -> Project:
    """The recommended preset is recorded; what the other one brought to other sections goes."""
    before = preset(project.preset)
    brought = preset_fields(project.preset) - _OWN
    gone = {f for f in brought if value_of(project.specs, f) == value_of(before, f)}
    specs = with_values(project.specs, [(field, value_of(Specs(), field)) for field in gone])
    return replace(project, specs=specs, preset=RECOMMENDED, chosen=project.chosen - gone)

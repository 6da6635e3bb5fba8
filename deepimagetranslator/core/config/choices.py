"""Change a project's settings, and keep track of the chosen fields and of the preset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.chosen import (
    EVERY_FIELD,
    changed_fields,
    fields_in,
    info_of,
    preset_fields,
    value_of,
    with_values,
)
from deepimagetranslator.core.config.presets import PRESETS, RECOMMENDED, preset
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import SECTIONS, Specs
from deepimagetranslator.core.errors import UserError

_OWN = fields_in("model") | fields_in("training") | fields_in("augmentation")
"""Fields of the sections that the user resets to a preset individually. The other sections follow
the preset of the project."""


def choose(project: Project, specs: Specs, chosen: Iterable[str] | None = None) -> Project:
    """The project with new settings.

    Its preset becomes "2021" when network, training and augmentation equal that preset, and
    "recommended" again when one of them is reset to the recommended settings.

    Args:
        project: the project before.
        specs: its new settings.
        chosen: the fields that then count as chosen by the user; by default those that did before
            and those that change.
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
    """The project with one section reset to a preset; recommended settings count as not chosen."""
    own = fields_in(section)
    specs = replace(project.specs, **{section: getattr(preset(name), section)})
    return choose(project, specs, project.chosen - own | preset_fields(name) & own)


def set_field(project: Project, name: str, text: str) -> Project:
    """The project with one field, named SECTION.FIELD, set to a value that the user typed.

    Raises:
        UserError: no such section or field, or no allowed value.
    """
    section = name.partition(".")[0]
    if section not in SECTIONS:
        raise UserError(f"There is no section '{section}'; choose one of {', '.join(SECTIONS)}.")
    try:
        value = fields.parse(info_of(name), text)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None
    specs = with_values(project.specs, [(name, value)])
    return choose(project, specs, project.chosen | EVERY_FIELD & {name})


def _is_as(project: Project, name: str) -> bool:
    """Whether the user has chosen a preset's values in all sections that are reset individually."""
    own = preset_fields(name) & _OWN
    return own <= project.chosen and all(
        value_of(project.specs, field) == value_of(preset(name), field) for field in own
    )


def _with_preset(project: Project, name: str) -> Project:
    """The project with this preset; fields of other sections follow it unless they are chosen."""
    follow = preset_fields(name) - _OWN - project.chosen
    values = [(field, value_of(preset(name), field)) for field in follow]
    specs = with_values(project.specs, values)
    return replace(project, specs=specs, preset=name, chosen=project.chosen | follow)


def _without_preset(project: Project) -> Project:
    """The project with the recommended preset, without what its preset set in other sections."""
    before = preset(project.preset)
    brought = preset_fields(project.preset) - _OWN
    gone = {f for f in brought if value_of(project.specs, f) == value_of(before, f)}
    values = [(field, value_of(preset(RECOMMENDED), field)) for field in gone]
    specs = with_values(project.specs, values)
    return replace(project, specs=specs, preset=RECOMMENDED, chosen=project.chosen - gone)

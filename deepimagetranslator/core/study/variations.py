"""Variations: what differs between the trainings of a study, as the user asked for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.choices import choose, reset, set_field
from deepimagetranslator.core.config.chosen import with_values
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import OPERATIONS, SECTIONS
from deepimagetranslator.core.config.validation import specs_problems
from deepimagetranslator.core.data.suggestions import look_for, suggested
from deepimagetranslator.core.errors import DataProblems, UserError

PRESET, AUGMENTATION = "preset", "augmentation"
"""What can be varied besides single fields: all settings of a preset; augmentation on or off."""
ONLY = "as-project"
"""The name of the variation of a study that varies nothing."""

_LONGEST_NAME = 60
_NAME = re.compile("[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")
_OF_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices; a file or folder cannot have them."""
_OWN_SECTIONS = ("model", "training", "augmentation")
_UNSUITED = re.compile(r"[^A-Za-z0-9.]+")


@dataclass(frozen=True)
class Variation:
    """One way to train.

    Attributes:
        name: unique in its plan, and fit for a folder.
        settings: by name, the value as text: SECTION.FIELD, "preset" or "augmentation".
    """

    name: str
    settings: tuple[tuple[str, str], ...] = ()


def crossed(asked: Sequence[str]) -> tuple[Variation, ...]:
    """All combinations of what is varied, in the order of the texts.

    Args:
        asked: texts such as "augmentation=on,off" and "training.loss=dice,mse".

    Raises:
        UserError: a text has no such form, names no setting, or repeats one.
    """
    axes = [_axis(text) for text in asked]
    names = [name for name, _ in axes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"'{twice}' is varied twice; give all of its values in one place.")
    combined = [
        tuple(zip(names, values, strict=True)) for values in product(*(axis for _, axis in axes))
    ]
    found = [_name_of(settings, number) for number, settings in enumerate(combined, 1)]
    if len({name.lower() for name in found}) < len(found):
        found = [f"variation-{number}" for number in range(1, len(found) + 1)]
    return tuple(map(Variation, found, combined))


def project_of(base: Project, variation: Variation, settings: Iterable[str] = ()) -> Project:
    """The project of a variation, with suggested settings in the fields that nobody has chosen.

    Args:
        base: the project of the study.
        variation: its preset is taken first, then ``settings``, then its own fields.
        settings: SECTION.FIELD=VALUE for all variations.

    Raises:
        UserError: a setting is not allowed.
    """
    varied = dict(variation.settings)
    project = base
    if PRESET in varied:
        for section in _OWN_SECTIONS:
            project = reset(project, section, varied[PRESET])
    for text in settings:
        name, equals, value = text.partition("=")
        if not equals or "." not in name:
            raise UserError(f"'{text}' is not of the form SECTION.FIELD=VALUE.")
        project = set_field(project, name.strip(), value)
    for name, value in varied.items():
        if name not in (PRESET, AUGMENTATION):
            project = set_field(project, name, value)
    if varied.get(AUGMENTATION) == "off":
        project = _without_augmentation(project)
    problems = specs_problems(project.specs)
    if problems:
        raise DataProblems([replace(p, subject=f"{variation.name}: {p.subject}") for p in problems])
    return suggested(project, look_for(project))


def names_a_folder(name: str) -> bool:
    """Whether a variation can have this name: it names folders, on Windows too, and stands in
    commands."""
    return bool(_NAME.fullmatch(name)) and not _OF_DEVICES.fullmatch(name)


def _axis(text: str) -> tuple[str, list[str]]:
    """What is varied, and its values."""
    name, equals, rest = (part.strip() for part in text.partition("="))
    values = list(dict.fromkeys(value.strip() for value in rest.split(",") if value.strip()))
    if not equals or not values:
        raise UserError(
            f"'{text}' is not of the form NAME=A,B; the name is that of a field with its section, "
            "or augmentation or preset."
        )
    if name in (PRESET, AUGMENTATION):
        allowed = tuple(PRESETS) if name == PRESET else ("on", "off")
        wrong = next((value for value in values if value not in allowed), None)
        if wrong is not None:
            raise UserError(f"{name} is one of {', '.join(allowed)}, not '{wrong}'.")
        return name, values
    section, _, field = name.partition(".")
    if section not in SECTIONS:
        raise UserError(
            f"'{name}' cannot be varied; give SECTION.FIELD with one of {', '.join(SECTIONS)}, "
            "preset or augmentation."
        )
    info = fields.field_named(_spec_of(section), field)
    if info.kind in ("names", "texts", "paths"):
        raise UserError(f"{name} is a list and cannot be varied; set it in the project.")
    parsed = [fields.parse(info, value) for value in values]
    again = next((n for n, value in enumerate(parsed) if value in parsed[:n]), None)
    if again is not None:
        first = values[parsed.index(parsed[again])]
        raise UserError(f"{name}: {first} and {values[again]} are the same value; give it once.")
    return name, values


def _spec_of(section: str) -> object:
    return getattr(Project().specs, section)


def _without_augmentation(project: Project) -> Project:
    ticks = [
        (f"augmentation.{operation}_{side}", False)
        for operation in OPERATIONS
        for side in ("input", "target", "validation")
    ]
    specs = with_values(project.specs, ticks)
    return choose(project, specs, project.chosen | {name for name, _ in ticks})


def _name_of(settings: tuple[tuple[str, str], ...], number: int) -> str:
    """A folder's name such as "augmentation-off.deep_supervision-true"."""
    if not settings:
        return ONLY
    words = ((name.rpartition(".")[2], _UNSUITED.sub("-", value)) for name, value in settings)
    name = "_".join(f"{_UNSUITED.sub('-', field)}-{value.strip('-.')}" for field, value in words)
    return name if len(name) <= _LONGEST_NAME else f"variation-{number}"

"""Which fields of a project the user has chosen; the others follow from its data or its preset.

A field is named SECTION.FIELD, such as "training.loss". The lists of image files are data, not
choices, and have no such name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from deepimagetranslator.core.config.fields import FieldInfo, field_named, fields_of
from deepimagetranslator.core.config.presets import RECOMMENDED, preset
from deepimagetranslator.core.config.specs import SECTIONS, Specs


def fields_in(section: str) -> frozenset[str]:
    """The names of the fields of a section that the user can choose."""
    infos = fields_of(getattr(Specs(), section))
    return frozenset(f"{section}.{info.name}" for info in infos if info.kind != "paths")


EVERY_FIELD = frozenset[str]().union(*map(fields_in, SECTIONS))


def info_of(name: str) -> FieldInfo:
    """The label, help and bounds of a field named SECTION.FIELD.

    Raises:
        UserError: the section has no such field.
    """
    section, _, field = name.partition(".")
    return field_named(getattr(Specs(), section), field)


def value_of(specs: Specs, name: str) -> Any:
    """The value of a field named SECTION.FIELD."""
    section, _, field = name.partition(".")
    return getattr(getattr(specs, section), field)


def with_values(specs: Specs, values: Iterable[tuple[str, Any]]) -> Specs:
    """The specs with new values of some fields, each named SECTION.FIELD."""
    for name, value in values:
        section, _, field = name.partition(".")
        specs = replace(specs, **{section: replace(getattr(specs, section), **{field: value})})
    return specs


def changed_fields(before: Specs, after: Specs) -> frozenset[str]:
    """The fields whose values differ."""
    return frozenset(n for n in EVERY_FIELD if value_of(before, n) != value_of(after, n))


def preset_fields(name: str) -> frozenset[str]:
    """The fields that count as chosen with a preset: those that differ from the recommended one,
    which has none.

    Raises:
        UserError: there is no such preset.
    """
    return changed_fields(preset(RECOMMENDED), preset(name))

"""Initial values of a dialog for one section of a project, and the values of its resets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deepimagetranslator.core.config.choices import reset
from deepimagetranslator.core.config.chosen import fields_in
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.data.amounts import Size, network_size
from deepimagetranslator.core.data.suggestions import SeenTargets, reasons, suggested


@dataclass(frozen=True)
class SectionChoices:
    """The values of a section. Field names have no section prefix here.

    Attributes:
        spec: the values.
        chosen: the fields that the user has chosen.
    """

    spec: Any
    chosen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SectionStart:
    """Initial values of a dialog for a section.

    Attributes:
        now: the current values.
        resets: by preset name, the values after a reset to it.
        reasons: by field name, why a reset to the recommended preset sets its value: a clause
            after "since". Only fields with suggested settings.
        size: height and width of whole images at the network's input; None if unknown, or if the
            network is trained on crops.
    """

    now: SectionChoices
    resets: Mapping[str, SectionChoices] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    size: Size | None = None


def section_start(project: Project, section: str, seen: SeenTargets) -> SectionStart:
    """The initial values of a dialog for a section of a project.

    Args:
        project: the project.
        section: "model", "training" or "augmentation".
        seen: facts about its training targets.
    """
    resets = {name: suggested(reset(project, section, name), seen) for name in PRESETS}
    why = reasons(resets["recommended"], seen)
    crops = project.specs.data.large_images == "crop"
    return SectionStart(
        _choices(project, section),
        {name: _choices(after, section) for name, after in resets.items()},
        {name.partition(".")[2]: why[name] for name in fields_in(section) & why.keys()},
        None if crops else network_size(project.specs, seen.sizes),
    )


def _choices(project: Project, section: str) -> SectionChoices:
    chosen = project.chosen & fields_in(section)
    names = frozenset(name.partition(".")[2] for name in chosen)
    return SectionChoices(getattr(project.specs, section), names)

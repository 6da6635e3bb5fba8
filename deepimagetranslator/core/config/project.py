"""A project file: every choice and the lists of images, as JSON with a format version.

Paths inside the project's folder are stored relative to it, so that the folder can be moved;
others are absolute.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.presets import preset
from deepimagetranslator.core.config.specs import SECTIONS, DataSpec, Specs
from deepimagetranslator.core.config.validation import problems
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.system.atomic_write import atomic_write
from deepimagetranslator.core.version import PROGRAM, naming_newer_version

FORMAT = 1
_MAX_BYTES = 2**26
_MAX_IMAGES = 400_000
_IMAGE_LISTS = ("train_inputs", "train_targets", "val_inputs", "val_targets")


@dataclass(frozen=True)
class Project:
    """What a project file holds.

    Attributes:
        specs: every choice; the image lists in ``specs.data`` are absolute paths.
        preset: the name of the preset that it began with.
        run: of a run's own project file: versions, devices, file hashes; else empty.
    """

    specs: Specs = field(default_factory=Specs)
    preset: str = "recommended"
    run: Mapping[str, Any] = field(default_factory=dict)


def new_project(preset_name: str, data: Mapping[str, Any]) -> Project:
    """A project with a preset's choices and these fields of its ``DataSpec``.

    Raises:
        UserError: there is no such preset.
    """
    specs = preset(preset_name)
    return Project(replace(specs, data=replace(specs.data, **data)), preset_name)


def project_problems(project: Project) -> list[Problem]:
    """The wrong fields of all sections, each named SECTION.FIELD."""
    return [
        replace(problem, subject=f"{section}.{problem.subject}")
        for section in SECTIONS
        for problem in problems(getattr(project.specs, section))
    ]


def set_field(project: Project, assignment: str) -> Project:
    """The project with one field changed, written SECTION.FIELD=VALUE.

    Raises:
        UserError: no such section or field, or no allowed value.
    """
    name, equals, text = assignment.partition("=")
    section, dot, field_name = name.strip().partition(".")
    if not equals or not dot:
        raise UserError(f"'{assignment}' is not of the form SECTION.FIELD=VALUE.")
    if section not in SECTIONS:
        raise UserError(f"There is no section '{section}'; choose one of {', '.join(SECTIONS)}.")
    spec = getattr(project.specs, section)
    try:
        value = fields.parse(fields.field_named(spec, field_name), text)
    except UserError as error:
        raise UserError(f"{section}.{field_name}: {error}") from None
    changed = replace(spec, **{field_name: value})
    return replace(project, specs=replace(project.specs, **{section: changed}))


def save_project(project: Project, path: Path) -> None:
    """Write the project file; it appears under its name only when complete."""
    folder = path.absolute().parent
    sections = {s: fields.to_json(getattr(project.specs, s)) for s in SECTIONS}
    for name in _IMAGE_LISTS:
        sections["data"][name] = [_stored(p, folder) for p in sections["data"][name]]
    data = {"format": FORMAT, "program": PROGRAM}
    data |= {"preset": project.preset, **sections}
    if project.run:
        data["run"] = dict(project.run)
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def load_project(path: Path) -> Project:
    """Read a project file.

    Raises:
        UserError: not readable, no project, or made by a newer version.
    """
    data = _read_json(path)
    if not isinstance(data, dict) or not isinstance(data.get("format"), int):
        raise UserError(f"{path} is no project file of this program; choose another file.")
    with naming_newer_version(path, data.get("program"), data["format"] > FORMAT):
        return _project_of(data, path)


def _project_of(data: Mapping[str, Any], path: Path) -> Project:
    sections = {
        section: fields.from_json(
            type(getattr(Specs(), section)), data.get(section, {}), f"{path.name}, {section}"
        )
        for section in SECTIONS
    }
    if sum(len(getattr(sections["data"], name)) for name in _IMAGE_LISTS) > _MAX_IMAGES:
        raise UserError(f"{path} lists over {_MAX_IMAGES:,} images; divide it or make it anew.")
    sections["data"] = _with_absolute_paths(sections["data"], path.absolute().parent)
    preset_name = data.get("preset", "recommended")
    run = data.get("run", {})
    if not isinstance(preset_name, str) or not isinstance(run, dict):
        raise UserError(f"{path} is damaged: preset or run; restore the file or make it anew.")
    return Project(Specs(**sections), preset_name, run)


def _read_json(path: Path) -> Any:
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path} is no file; choose a project file.")
        if path.stat().st_size > _MAX_BYTES:
            raise UserError(f"{path} is too large for a project file; choose another file.")
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"There is no project file {path}; make one with 'new'.") from None
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise UserError(
            f"{path} cannot be read as a project file; choose another file or make it anew."
        ) from error


def _stored(path: str, folder: Path) -> str:
    absolute = Path(os.path.abspath(path))  # noqa: PTH100  resolve() would follow links
    if absolute.is_relative_to(folder):
        return absolute.relative_to(folder).as_posix()
    return str(absolute)


def _with_absolute_paths(data: DataSpec, folder: Path) -> DataSpec:
    def absolute(paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(folder / path) for path in paths)

    return replace(
        data,
        train_inputs=absolute(data.train_inputs),
        train_targets=absolute(data.train_targets),
        val_inputs=absolute(data.val_inputs),
        val_targets=absolute(data.val_targets),
    )

"""A project file: every choice and the lists of images, as JSON with a format version.

Paths inside the project's folder are stored relative to it, so that the folder can be moved;
others are absolute.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.chosen import EVERY_FIELD, preset_fields
from deepimagetranslator.core.config.presets import PRESETS, RECOMMENDED, preset
from deepimagetranslator.core.config.specs import SECTIONS, DataSpec, Specs
from deepimagetranslator.core.config.target_changes import with_targets
from deepimagetranslator.core.errors import Remedy, UserError
from deepimagetranslator.core.imaging.image_ref import parse_images
from deepimagetranslator.core.imaging.reading import (
    READING_VERSION,
    may_be_missing_slice,
    renumbered,
)
from deepimagetranslator.core.system.atomic_write import atomic_write
from deepimagetranslator.core.system.json_text import json_text
from deepimagetranslator.core.system.system_path import exists, is_file
from deepimagetranslator.core.version import PROGRAM, naming_newer_version

FORMAT = 1
_UNSAID_READING = 1  # of version 2.0.0
_MAX_BYTES = 2**26
_MAX_IMAGES = 400_000
_IMAGE_LISTS = ("train_inputs", "train_targets", "val_inputs", "val_targets", "unlabelled_inputs")
_PATHS = (*_IMAGE_LISTS, "persons")


@dataclass(frozen=True)
class Project:
    """The content of a project file.

    Attributes:
        specs: all choices; the image lists in ``specs.data`` are absolute paths.
        preset: the name of its preset.
        chosen: the fields that the user has set, each named SECTION.FIELD; the others may change
            with the data. If a file has no such list, all fields count as chosen.
        run: the record of a run (versions, device, file hashes) in the project file of its
            folder; else empty.
        reading: the reading version of the slice numbers in ``specs.data``, see
            ``imaging.reading``. It is an earlier one only while a file is missing that tells them.
        runs: absolute paths of its runs' folders that do not lie beside the project file.
        labels: absolute path of the folder with its painted label maps, if that does not lie beside
            the project file.
    """

    specs: Specs = PRESETS[RECOMMENDED]
    preset: str = RECOMMENDED
    chosen: frozenset[str] = frozenset()
    run: Mapping[str, Any] = field(default_factory=dict)
    reading: int = field(default=READING_VERSION, compare=False)
    runs: tuple[Path, ...] = ()
    labels: Path | None = None


def new_project(preset_name: str, data: Mapping[str, Any]) -> Project:
    """A project with a preset's settings and these ``DataSpec`` fields, which count as chosen.

    Raises:
        UserError: there is no such preset.
    """
    specs = preset(preset_name)
    given = EVERY_FIELD & {f"data.{name}" for name in data}
    return Project(
        replace(specs, data=replace(specs.data, **data)),
        preset_name,
        preset_fields(preset_name) | given,
    )


def with_data(project: Project, data: Mapping[str, Any]) -> Project:
    """The project with these ``DataSpec`` fields, which count as following from its files."""
    specs = project.specs
    return replace(project, specs=replace(specs, data=replace(specs.data, **data)))


def save_project(project: Project, path: Path) -> None:
    """Write the project file atomically and durably.

    Raises:
        UserError: it cannot be written.
    """
    folder = path.absolute().parent
    text = project_text(project, lambda image: _stored(image, folder))
    with atomic_write(path, durable=True) as temporary:
        temporary.write_text(text, encoding="utf-8")


def project_text(project: Project, stored: Callable[[str], str]) -> str:
    """The text of the project file.

    Args:
        project: the project.
        stored: the text that stands for a path.
    """
    sections = {s: fields.to_json(getattr(project.specs, s)) for s in SECTIONS}
    for name in _PATHS:
        sections["data"][name] = [stored(p) for p in sections["data"][name]]
    changes = with_targets(project.specs.data.target_changes, stored)
    sections["data"]["target_changes"] = list(changes)
    data = {"format": FORMAT, "program": PROGRAM, "reading": project.reading}
    data |= {"preset": project.preset}
    if project.chosen != EVERY_FIELD:
        data["chosen"] = sorted(project.chosen)
    data |= sections
    if project.run:
        data["run"] = dict(project.run)
    if project.runs:
        data["runs"] = [stored(str(run)) for run in project.runs]
    if project.labels is not None:
        data["labels"] = stored(str(project.labels))
    return json_text(data)


def load_project(path: Path) -> Project:
    """Read a project file.

    Raises:
        UserError: the file cannot be read, is not a project, or was made by a newer version.
    """
    data = _read_json(path)
    if not isinstance(data, dict) or not isinstance(data.get("format"), int):
        raise UserError(f"{path} is not a project file of this program; choose another file.")
    reading = data.get("reading", _UNSAID_READING)
    if not isinstance(reading, int):
        raise UserError(f"{path} is damaged: reading; restore the file or create a new one.")
    newer = data["format"] > FORMAT or reading > READING_VERSION
    with naming_newer_version(path, data.get("program"), newer):
        return _project_of(data, path, reading)


def _project_of(data: Mapping[str, Any], path: Path, reading: int) -> Project:
    sections = {
        section: fields.from_json(
            type(getattr(Specs(), section)), data.get(section, {}), f"{path.name}, {section}"
        )
        for section in SECTIONS
    }
    if sum(len(getattr(sections["data"], name)) for name in _IMAGE_LISTS) > _MAX_IMAGES:
        raise UserError(f"{path} lists over {_MAX_IMAGES:,} images; split it or create a new one.")
    sections["data"] = with_absolute_paths(sections["data"], path.absolute().parent)
    sections["data"], reading = _with_todays_slices(sections["data"], reading)
    preset_name = data.get("preset", RECOMMENDED)
    chosen = data.get("chosen", list(EVERY_FIELD))
    run, runs, labels = data.get("run", {}), data.get("runs", []), data.get("labels", "")
    whole = isinstance(preset_name, str) and isinstance(chosen, list) and isinstance(run, dict)
    whole = whole and isinstance(runs, list) and all(isinstance(name, str) for name in runs)
    whole = whole and isinstance(labels, str)
    if not whole or not EVERY_FIELD.issuperset(map(str, chosen)):
        raise UserError(
            f"{path} is damaged: preset, chosen, run, runs or labels; restore the file or create a "
            "new one."
        )
    folder = path.absolute().parent
    chosen = {*chosen, *_new_since(data)}
    places = tuple(folder / name for name in runs)
    labelled = folder / labels if labels else None
    return Project(
        Specs(**sections), preset_name, frozenset(chosen), run, reading, places, labelled
    )


def _new_since(data: Mapping[str, Any]) -> frozenset[str]:
    """Fields that the file's version did not have: the project stays as it was without them."""
    named = {f"{section}.{name}" for section in SECTIONS for name in data.get(section, {})}
    return EVERY_FIELD - named


def _read_json(path: Path) -> Any:
    try:
        if exists(path) and not is_file(path):
            raise UserError(f"{path} is not a file; choose a project file.")
        if path.stat().st_size > _MAX_BYTES:
            raise UserError(f"{path} is too large for a project file; choose another file.")
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = f"There is no project file {path}; check the name, or make one."
        raise UserError(message, remedy=Remedy(action="new_project")) from None
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path} cannot be read as a project file: line {error.lineno}, column {error.colno} "
            f"is not valid JSON ({error.msg}); correct it there, or create a new one."
        ) from error
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise UserError(
            f"{path} cannot be read as a project file ({_reason(error)}); choose another file or "
            "create a new one."
        ) from error


def _reason(error: Exception) -> str:
    """Why a project file cannot be read."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is no UTF-8 text at byte {error.start}"
    if isinstance(error, OSError):
        return error.strerror or "it cannot be opened"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "it is damaged"


def _stored(path: str, folder: Path) -> str:
    absolute = Path(os.path.abspath(path))  # noqa: PTH100  resolve() would follow links
    if absolute.is_relative_to(folder):
        return absolute.relative_to(folder).as_posix()
    return str(absolute)


def _with_todays_slices(data: DataSpec, reading: int) -> tuple[DataSpec, int]:
    """The data spec with the slice numbers of this reading version, and the version they have.

    If a DICOM file is missing that may have slices, all numbers stay those of ``reading``.
    """
    if reading >= READING_VERSION:
        return data, reading
    lists = {name: parse_images(getattr(data, name)) for name in _IMAGE_LISTS}
    if any(may_be_missing_slice(image) for images in lists.values() for image in images):
        return data, reading
    found = {name: tuple(map(str, renumbered(images, reading))) for name, images in lists.items()}
    changed: dict[str, Any] = {
        name: texts for name, texts in found.items() if texts != getattr(data, name)
    }
    return replace(data, **changed), READING_VERSION


def with_absolute_paths(data: DataSpec, folder: Path) -> DataSpec:
    """The data spec whose relative paths are those from this folder."""

    def absolute(paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(folder / path) for path in paths)

    return replace(
        data,
        train_inputs=absolute(data.train_inputs),
        train_targets=absolute(data.train_targets),
        val_inputs=absolute(data.val_inputs),
        val_targets=absolute(data.val_targets),
        unlabelled_inputs=absolute(data.unlabelled_inputs),
        persons=absolute(data.persons),
        target_changes=with_targets(data.target_changes, lambda path: str(folder / path)),
    )

"""Groups DICOM files by series and sorts the slices of a series by position."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from deepimagetranslator.core.errors import Action, Remedy, UserError
from deepimagetranslator.core.imaging.dicom.frames import (
    MAX_PARTS,
    finite_numbers,
    position_along_normal,
    same_direction,
)
from deepimagetranslator.core.imaging.dicom.image import header_of, is_dicom, slice_order, text_of
from deepimagetranslator.core.imaging.filenames import natural_key
from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.system.system_path import is_file, system_path

ALL = "all"
"""Chooses all series."""

_TAGS = ["SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "Modality", "PatientID"]
_TAGS += ["PatientName", "Rows", "Columns", "ImagePositionPatient", "ImageOrientationPatient"]
_TAGS += ["InstanceNumber", "AcquisitionNumber"]


@dataclass(frozen=True)
class Series:
    """One series of DICOM images.

    Attributes:
        uid: the Series Instance UID; with "#2" for a part of a series whose size or orientation
            differs from most of it.
        number: the Series Number; None if missing.
        description: the Series Description, may be empty.
        modality: such as "CT".
        patient: the Patient ID, or else the Patient's Name; may be empty.
        files: sorted by slice position.
    """

    uid: str
    number: int | None
    description: str
    modality: str
    patient: str
    files: tuple[Path, ...]

    def __str__(self) -> str:
        number = "?" if self.number is None else self.number
        count = f"{len(self.files)} image{'s' if len(self.files) > 1 else ''}"
        return f'{number} "{self.description}" ({self.modality or "?"}, {count})'


class SeveralSeriesError(UserError):
    """A patient's files belong to several series, so one must be chosen.

    Attributes:
        series: to choose from.
    """

    def __init__(
        self, message: str, series: tuple[Series, ...], action: Action = "choose_series"
    ) -> None:
        super().__init__(message, remedy=Remedy(action=action))
        self.series = series


@dataclass(frozen=True)
class _Slice:
    """The attributes of one file; ``position`` is along the normal of the slice plane, in mm."""

    uid: str
    number: int | None
    description: str
    modality: str
    patient: str
    size: tuple[int, int]
    plane: tuple[float, ...]
    position: float | None
    acquisition: int
    instance: int | None


def in_order(images: Sequence[ImageRef], series: str | None = None) -> list[ImageRef]:
    """Images with each DICOM series sorted by slice position.

    A series takes the place of its first file. Other files and single slices of a file keep their
    places. DICOM files without an image do too, unless one series is chosen: then they are left
    out.

    Args:
        images: unreadable files count as not DICOM.
        series: uid, number or description of a series; "all" for all of them.

    Raises:
        SeveralSeriesError: a patient has several series, and ``series`` does not choose.
        UserError: the chosen series does not exist.
    """
    files = [image.file for image in images if image.slice is None]
    found = find_series(files)
    chosen = found
    if series != ALL:
        chosen = found if series is None or not found else _chosen(found, series)
        _refuse_several(chosen)
    mates = {file: one.files for one in chosen for file in one.files}
    left_out = {file for one in found for file in one.files} - mates.keys()
    if chosen and series not in (None, ALL):
        left_out.update(file for file in files if file not in mates and _is_dicom(file))
    result: dict[ImageRef, None] = {}
    for image in images:
        if image.slice is not None:
            result[image] = None
        elif image.file not in left_out:
            result.update(dict.fromkeys(map(ImageRef, mates.get(image.file, (image.file,)))))
    return list(result)


def find_series(paths: Iterable[Path]) -> list[Series]:
    """The DICOM series among files, sorted by number; each sorted by slice position."""
    groups: defaultdict[tuple[str, str], list[tuple[_Slice, Path]]] = defaultdict(list)
    for path in paths:
        one = _slice_of(path)
        if one is not None:
            groups[one.patient, one.uid or str(path.parent)].append((one, path))
    found = []
    for (_, uid), slices in groups.items():
        for index, part in enumerate(_parts(slices)):
            first = part[0][0]
            files = tuple(path for _, path in _ordered(part))
            name = uid if index == 0 else f"{uid}#{index + 1}"
            about = first.number, first.description, first.modality, first.patient
            found.append(Series(name, *about, files))
    return sorted(found, key=lambda one: (one.patient, one.number or 0, one.uid))


def patient_of(image: ImageRef) -> str | None:
    """Patient ID, or else Patient's Name, of a DICOM file or of a slice; None if not DICOM."""
    one = _slice_of(image.file)
    return (one.patient or None) if one else None


def series_of(image: ImageRef) -> Hashable:
    """What an image belongs to: its DICOM series, else its volume, else its folder."""
    one = _slice_of(image.file)
    if one is not None and one.uid:
        return one.patient, one.uid
    return image.home


def instance_of(image: ImageRef) -> int | None:
    """The number of a DICOM slice: of its frame, from 0, or its Instance Number; None if unknown.

    Raises:
        UnreadableError: a file with frames cannot be read.
        Exception: it is damaged.
    """
    if image.slice is not None:
        return slice_order(system_path(image.file))[image.slice - 1]
    one = _slice_of(image.file)
    return one.instance if one else None


def _chosen(found: list[Series], series: str) -> list[Series]:
    chosen = [one for one in found if one.uid == series] or [
        one
        for one in found
        if series == str(one.number) or series.casefold() == one.description.casefold()
    ]
    if not chosen:
        there = "; ".join(map(str, found)) or "no DICOM images"
        raise UserError(f"There is no series {series}; choose one of these: {there}.")
    return chosen


def _refuse_several(found: list[Series]) -> None:
    whose = [one.patient or str(one.files[0].parent) for one in found]
    several = tuple(one for one, name in zip(found, whose, strict=True) if whose.count(name) > 1)
    if not several:
        return
    place = os.path.commonpath([one.files[0].parent for one in several])
    names = Counter((one.number, one.description) for one in several)
    listed = "; ".join(
        str(one) + (f" {one.uid}" if names[one.number, one.description] > 1 else "")
        for one in several
    )
    raise SeveralSeriesError(
        f"{place} holds several DICOM series: {listed}. Choose one by its number or description.",
        several,
    )


def _parts(slices: list[tuple[_Slice, Path]]) -> list[list[tuple[_Slice, Path]]]:
    """A series divided by size and orientation, as stacks may include localizers; largest first."""
    if not all(one.plane for one, _ in slices):
        return [slices]
    parts: list[list[tuple[_Slice, Path]]] = []
    for one, path in slices:
        for part in parts:
            other = part[0][0]
            if one.size == other.size and same_direction(one.plane, other.plane):
                part.append((one, path))
                break
        else:
            parts.append([(one, path)])
    return sorted(parts, key=len, reverse=True) if len(parts) <= MAX_PARTS else [slices]


def _ordered(slices: list[tuple[_Slice, Path]]) -> list[tuple[_Slice, Path]]:
    """Sorted by position along the normal, else by instance number, else by name."""
    placed = all(one.position is not None for one, _ in slices)
    placed = placed and len({one.position for one, _ in slices}) > 1
    numbered = all(one.instance is not None for one, _ in slices)

    def key(item: tuple[_Slice, Path]) -> tuple[Any, ...]:
        one, path = item
        place = one.position if placed else 0
        return place, one.acquisition, one.instance if numbered else 0, natural_key(path)

    return sorted(slices, key=key)


def _is_dicom(path: Path) -> bool:
    file = system_path(path)
    with suppress(OSError):
        if is_file(file):  # opening a pipe would wait for ever
            with HELD.opened(file) as opened:
                return is_dicom(opened.read(132))
    return False


def _slice_of(path: Path) -> _Slice | None:
    """The attributes of a file; None if it is not a DICOM image or cannot be read."""
    file = system_path(path)
    with suppress(Exception):
        facts = file.stat()
        return _read(file, facts.st_mtime_ns, facts.st_size)
    return None


@lru_cache(maxsize=20_000)
def _read(file: Path, modified: int, size: int) -> _Slice | None:
    """``_slice_of``, cached by time of modification and size."""
    del modified, size
    if not _is_dicom(file):
        return None
    dataset = header_of(file, _TAGS)
    if "Rows" not in dataset:
        return None
    plane = finite_numbers(dataset.get("ImageOrientationPatient"), 6)
    corner = finite_numbers(dataset.get("ImagePositionPatient"), 3)
    return _Slice(
        uid=text_of(dataset.get("SeriesInstanceUID")),
        number=whole_number(dataset.get("SeriesNumber")),
        description=text_of(dataset.get("SeriesDescription")),
        modality=text_of(dataset.get("Modality")),
        patient=text_of(dataset.get("PatientID")) or text_of(dataset.get("PatientName")),
        size=(dataset.get("Rows") or 0, dataset.get("Columns") or 0),
        plane=plane,
        position=position_along_normal(plane, corner) if plane and corner else None,
        acquisition=whole_number(dataset.get("AcquisitionNumber")) or 0,
        instance=whole_number(dataset.get("InstanceNumber")),
    )


def whole_number(value: Any) -> int | None:
    """The value of an integer element; None if it holds none."""
    with suppress(TypeError, ValueError):
        return int(value)
    return None

"""The version of how files are read, and what has changed since an earlier one.

Projects, runs and weights record it. Raise it when a file that could be read before gives other
values, or its slices another order, and let the readers say which files those are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.imaging import dicom, tiff
from deepimagetranslator.core.imaging.files import DICOM_SUFFIXES
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.readers import reader_of
from deepimagetranslator.core.system.system_path import exists, system_path

READING_VERSION = 2
"""1: version 2.0.0 of the program, which recorded none. 2: frames in order of place, bits above
BitsStored left out, MONOCHROME1 inverted unless the unit is real, real-world value mappings, the
largest series of a TIFF."""


def changed_since(file: Path, version: int) -> str:
    """What is read otherwise in a file than by an earlier reading version; empty if nothing.

    Args:
        file: its path; a file that cannot be read has not changed.
        version: the reading version to compare with.

    Returns:
        A clause about the file such as "its slices are in order of place".
    """
    if version >= READING_VERSION:
        return ""
    with suppress(Exception):  # a file that cannot be read is reported when it is
        path = system_path(file)
        reader = reader_of(path)
        if reader is dicom:
            return dicom.changed_since_1(path)
        if reader is tiff and not tiff.is_first_series(path):
            return "its largest series of pages is read instead of its first"
    return ""


def remarks(files: Iterable[Path], version: int) -> list[str]:
    """What is to be said of files that are translated, each sentence once.

    Args:
        files: the files.
        version: the reading version of the weights' training images; files that were read
            otherwise are named, and files of which a part is not read.
    """
    changed, notes = [], []
    for file in dict.fromkeys(files):  # both at once, as only the last headers are kept
        changed.append((file, changed_since(file, version)))
        notes.append((file, _note(file)))
    told = [
        f"{subject} is read otherwise than when these weights were trained: {change}; check the "
        "results, or train again."
        for subject, change, _ in told_once(changed)
    ]
    return told + [f"{subject} {note}." for subject, note, _ in told_once(notes)]


def told_once(said: Iterable[tuple[Path, str]]) -> list[tuple[str, str, list[Path]]]:
    """For each clause its subject, "a.tif (and 2 more files)", the clause, and its files.

    Args:
        said: files, each with a clause about it; an empty one says nothing.
    """
    found: dict[str, dict[Path, None]] = {}
    for file, clause in said:
        if clause:
            found.setdefault(clause, {})[file] = None
    return [
        (f"{next(iter(files))}{_and_more(len(files) - 1)}", clause, list(files))
        for clause, files in found.items()
    ]


def _note(file: Path) -> str:
    """The note of a file's header; empty if it cannot be read."""
    with suppress(Exception):
        path = system_path(file)
        return reader_of(path).inspect(path).note
    return ""


def renumbered(images: Sequence[ImageRef], version: int) -> list[ImageRef]:
    """Images whose slices were numbered by an earlier version, with the numbers of this one."""
    if version >= READING_VERSION:
        return list(images)
    orders = {image.file: _order(image.file) for image in images if image.slice is not None}
    return [_renumbered(image, orders.get(image.file, ())) for image in images]


def may_be_missing_slice(image: ImageRef) -> bool:
    """Whether an image looks like a slice of a DICOM file that is not there now, so that nobody
    knows its number in this version."""
    file = image.file
    named = (
        image.slice is None and file.name.isdigit() and file.parent.suffix.lower() in DICOM_SUFFIXES
    )
    return named and not exists(file)


def _renumbered(image: ImageRef, order: tuple[int, ...]) -> ImageRef:
    if image.slice is None or image.slice - 1 not in order:
        return image
    return replace(image, slice=order.index(image.slice - 1) + 1)


def _order(file: Path) -> tuple[int, ...]:
    """The frame of each slice of a DICOM file; () for any other file."""
    with suppress(Exception):
        path = system_path(file)
        if reader_of(path) is dicom:
            return dicom.slice_order(path)
    return ()


def _and_more(count: int) -> str:
    return f" (and {count} more file{'s' * (count > 1)})" if count else ""

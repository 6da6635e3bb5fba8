"""The version of how files are read, and what has changed since an earlier one.

Projects, runs and weights record it. Raise it when a file that could be read before gives other
values, or its slices another order, and let the readers say which files those are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from deepimagetranslator.core.imaging import dicom, tiff
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.readers import reader_of
from deepimagetranslator.core.system.system_path import system_path

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


def changes(files: Iterable[Path], version: int) -> list[str]:
    """A sentence for each way in which files are read otherwise than by an earlier version."""
    found: dict[str, list[Path]] = {}
    for file in dict.fromkeys(files):
        change = changed_since(file, version)
        if change:
            found.setdefault(change, []).append(file)
    return [
        f"{some[0]}{_and_more(len(some) - 1)} is read otherwise than when these weights were "
        f"trained: {change}; check the results, or train again."
        for change, some in found.items()
    ]


def renumbered(images: Sequence[ImageRef], version: int) -> list[ImageRef]:
    """Images whose slices were numbered by an earlier version, with the numbers of this one."""
    if version >= READING_VERSION:
        return list(images)
    return [_renumbered(image) for image in images]


def _renumbered(image: ImageRef) -> ImageRef:
    order = () if image.slice is None else _order(image.file)
    if image.slice is None or image.slice - 1 not in order:
        return image
    return replace(image, slice=order.index(image.slice - 1) + 1)


@lru_cache(maxsize=256)
def _order(file: Path) -> tuple[int, ...]:
    """The frame of each slice of a DICOM file; () for any other file."""
    with suppress(Exception):
        path = system_path(file)
        if reader_of(path) is dicom:
            return dicom.slice_order(path)
    return ()


def _and_more(count: int) -> str:
    return f" (and {count} more file{'s' * (count > 1)})" if count else ""

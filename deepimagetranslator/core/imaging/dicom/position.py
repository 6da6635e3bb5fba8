"""The place of DICOM images in the patient (PS3.3 C.7.6.2, C.7.6.16.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from deepimagetranslator.core.imaging.dicom.frames import finite_numbers
from deepimagetranslator.core.imaging.dicom.groups import from_groups
from deepimagetranslator.core.imaging.place import Place, is_usable

_PARALLEL = 1e-3  # largest cosine between the axes of rows and columns


def places_of(dataset: Any, shape: tuple[int, int], frames: int) -> tuple[Place | None, ...]:
    """The place of each frame; None where the file states none.

    Args:
        dataset: pydicom's data set.
        shape: rows and columns.
        frames: the number of frames.
    """
    if frames == 1 or dataset.get("PerFrameFunctionalGroupsSequence"):
        return tuple(_place_of(dataset, shape, frame) for frame in range(frames))
    first, offsets = _place_of(dataset, shape, 0), _offsets(dataset, frames)
    if first is None or not offsets:
        return (None,) * frames
    return tuple(_further(first, offset) for offset in offsets)


def _offsets(dataset: Any, frames: int) -> tuple[float, ...]:
    """The distance of each frame from the first, along the normal in mm; () if unknown."""
    offsets = finite_numbers(dataset.get("GridFrameOffsetVector"), frames)
    return offsets if offsets and offsets[0] == 0 else ()


def _further(first: Place, offset: float) -> Place | None:
    """The place of a parallel frame; None if it is impossible."""
    affine = first.affine.copy()
    affine[:3, 3] += affine[:3, 2] * (offset / first.spacing[2])
    return replace(first, affine=affine) if is_usable(affine) else None


def _place_of(dataset: Any, shape: tuple[int, int], frame: int) -> Place | None:
    position = _numbers(dataset, frame, "PlanePositionSequence", "ImagePositionPatient", 3)
    axes = _numbers(dataset, frame, "PlaneOrientationSequence", "ImageOrientationPatient", 6)
    spacing = _numbers(dataset, frame, "PixelMeasuresSequence", "PixelSpacing", 2)
    if position is None or axes is None or spacing is None or min(spacing) <= 0:
        return None
    along_row, along_column = axes[:3], axes[3:]
    lengths = np.linalg.norm(along_row), np.linalg.norm(along_column)
    if min(lengths) < 0.5 or abs(along_row @ along_column) > _PARALLEL:
        return None
    thickness = _numbers(dataset, frame, "PixelMeasuresSequence", "SliceThickness", 1)
    depth = thickness[0] if thickness is not None and thickness[0] > 0 else max(spacing)
    affine = np.eye(4)
    affine[:3, 0] = along_column * spacing[0]  # the next row lies further down the column
    affine[:3, 1] = along_row * spacing[1]
    affine[:3, 2] = np.cross(along_row, along_column) * depth
    affine[:3, 3] = position
    affine[:2] *= -1  # from DICOM's left and posterior to right and anterior
    return Place(affine, (*shape, 1), thick=False) if is_usable(affine) else None


def _numbers(dataset: Any, frame: int, sequence: str, keyword: str, count: int) -> Any:
    """Finite numbers of an attribute as an array; None if there are not so many."""
    value = from_groups(dataset, frame, sequence, keyword)
    numbers = finite_numbers([value] if count == 1 else value, count)
    return np.array(numbers) if numbers else None

"""The place of DICOM images in the patient (PS3.3 C.7.6.2, C.7.6.16.2)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from deepimagetranslator.core.imaging.dicom.stored_values import from_groups
from deepimagetranslator.core.imaging.place import Place

_PARALLEL = 1e-3  # largest cosine between the axes of rows and columns


def places_of(dataset: Any, shape: tuple[int, int], frames: int) -> tuple[Place | None, ...]:
    """The place of each frame; None where the file states none.

    Args:
        dataset: pydicom's data set.
        shape: rows and columns.
        frames: the number of frames.
    """
    return tuple(_place_of(dataset, shape, frame) for frame in range(frames))


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
    return Place(affine, (*shape, 1), thick=False)


def _numbers(dataset: Any, frame: int, sequence: str, keyword: str, count: int) -> Any:
    """Finite numbers of an attribute as an array; None if there are not so many."""
    value = from_groups(dataset, frame, sequence, keyword)
    with suppress(TypeError, ValueError):
        numbers = np.array(value, np.float64).reshape(-1)
        if len(numbers) == count and np.isfinite(numbers).all():
            return numbers
    return None

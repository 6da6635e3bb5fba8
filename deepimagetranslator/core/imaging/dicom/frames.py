"""The order of the frames of one DICOM file: by place in the patient, as the files of a series."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

import numpy as np

from deepimagetranslator.core.imaging.dicom.groups import from_groups

SAME_DIRECTION = 0.01
"""Largest difference of the components of unit vectors that count as parallel."""
_SAME_PLACE = 2  # decimals of a millimetre

MAX_PARTS = 3
"""Planes of a localizer; more are a rotating stack, which is not sorted."""

Vector = tuple[float, ...]
_Place = tuple[int, int, float]  # number of the plane's orientation, segment, position in mm


def frame_order(dataset: Any) -> tuple[int, ...]:
    """The frames (from 0) of a file in the order of its slices.

    Frames of one orientation are sorted by position along their normal. If positions occur several
    times (time points, echoes), whole volumes follow one another, as in NIfTI; the frames of one
    position keep their order. Each segment of a segmentation is a volume. Without the position of
    every frame the file's order is kept.

    Args:
        dataset: the file's header.
    """
    count = int(dataset.get("NumberOfFrames") or 1)
    seen: Counter[_Place] = Counter()
    keys = []
    for place in _places(dataset, count):
        plane, segment, position = place
        keys.append((plane, segment, seen[place], position))
        seen[place] += 1
    if not keys:
        return tuple(range(count))
    return tuple(sorted(range(count), key=keys.__getitem__))


def position_along_normal(plane: Vector, corner: Vector) -> float:
    """The position of a slice along its normal, in mm, rounded to 0.01 mm.

    Args:
        plane: Image Orientation (Patient): the directions of rows and of columns.
        corner: Image Position (Patient), in mm.
    """
    normal = np.cross(plane[:3], plane[3:])
    return round(float(np.dot(normal, corner)), _SAME_PLACE)


def finite_numbers(value: Any, count: int) -> Vector:
    """``count`` finite numbers, else ()."""
    with suppress(TypeError, ValueError):
        numbers = tuple(float(item) for item in value)
        if len(numbers) == count and np.isfinite(numbers).all():
            return numbers
    return ()


def same_direction(one: Vector, other: Vector) -> bool:
    """Whether two image orientations are equal, but for rounding."""
    return bool(np.abs(np.subtract(one, other)).max() < SAME_DIRECTION)


def _places(dataset: Any, count: int) -> list[_Place]:
    """The place of each frame; [] if one is unknown."""
    if count < 2:
        return []
    if len(dataset.get("PerFrameFunctionalGroupsSequence") or ()) == count:
        return _from_groups(dataset, count)
    offsets = finite_numbers(dataset.get("GridFrameOffsetVector"), count)
    plane = finite_numbers(dataset.get("ImageOrientationPatient"), 6)
    # Offsets from the first frame run along the normal; others are coordinates of an axial slice.
    down = offsets and offsets[0] and plane and np.cross(plane[:3], plane[3:])[2] < 0
    return [(0, 0, -offset if down else offset) for offset in offsets]


def _from_groups(dataset: Any, count: int) -> list[_Place]:
    planes: list[Vector] = []
    places = []
    for frame in range(count):
        plane, corner, segment = (
            from_groups(dataset, frame, sequence, keyword)
            for sequence, keyword in (
                ("PlaneOrientationSequence", "ImageOrientationPatient"),
                ("PlanePositionSequence", "ImagePositionPatient"),
                ("SegmentIdentificationSequence", "ReferencedSegmentNumber"),
            )
        )
        plane, corner = finite_numbers(plane, 6), finite_numbers(corner, 3)
        if not plane or not corner:
            return []
        known = next((n for n, one in enumerate(planes) if same_direction(one, plane)), None)
        if known is None:
            known = len(planes)
            planes.append(plane)
        if len(planes) > MAX_PARTS:
            return []
        number = segment if isinstance(segment, int) else 0
        places.append((known, number, position_along_normal(plane, corner)))
    return places

"""The place of an image in the patient, as its file states it, and the comparison of two places.

Two images that belong together pixel by pixel have the same outer edges, whatever their numbers of
pixels: an image of twice the size begins half a pixel earlier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from deepimagetranslator.core.typing import Array

_TOLERANCE = 0.1  # voxels of the first image
_ROUNDED = 1e-3
"""The largest difference of axes, per voxel, that rounded numbers in headers explain: spacings with
three decimals, quaternions as 32-bit floats. It adds up to half a voxel over an image."""


_COARSELY_ROUNDED = 1e-2
"""The same for axes of whole hundredths of a mm, in an image of as many voxels."""
_HALF_A_HUNDREDTH = 0.005 + 1e-6
_FARTHEST = 1e6  # mm
_FLAT = 1e-3  # volume of a cell of unit axes


@dataclass(frozen=True)
class Place:
    """Where the volume of a displayed image lies.

    Attributes:
        affine: 4 x 4, from (row, column, slice, 1), centres of voxels, to mm in RAS coordinates
            (right, anterior, superior).
        shape: rows, columns and slices of the volume; one slice if each has its own file.
        index: which slice the image is, from 0.
        thick: whether the third axis of ``affine`` is the distance to the next slice; else only
            the direction of the slices is known, and its length is a slice thickness.
        other: the affine of the file's other statement of its place, if that differs (NIfTI files
            have two: qform and sform).
        placeholder: the file states what programs write that know no place: voxels of 1 mm at the
            origin, along the axes.
    """

    affine: Array
    shape: tuple[int, int, int]
    index: int = 0
    thick: bool = True
    other: Array | None = None
    placeholder: bool = False

    @property
    def axes(self) -> Array:
        """3 x 3: the steps to the next row, column and slice in mm, a column each."""
        return self.affine[:3, :3]

    @cached_property
    def spacing(self) -> tuple[float, float, float]:
        """The distances of rows, columns and slices in mm."""
        rows, columns, slices = np.linalg.norm(self.axes, axis=0)
        return float(rows), float(columns), float(slices)

    @property
    def extent(self) -> tuple[float, float, float]:
        """The outer size of the volume in mm, along rows, columns and slices."""
        rows, columns, slices = np.multiply(self.spacing, self.shape)
        return float(rows), float(columns), float(slices)

    def at(self, rows: Array, columns: Array, index: float | Array) -> Array:
        """The places, (..., 3) in mm, of voxels given by their centres' coordinates."""
        points = np.stack(np.broadcast_arrays(rows, columns, index), axis=-1)
        return np.asarray(points @ self.axes.T + self.affine[:3, 3])

    @cached_property
    def centre(self) -> Array:
        """The middle of the slice in mm."""
        rows, columns, _ = self.shape
        return self.at(np.array((rows - 1) / 2), np.array((columns - 1) / 2), self.index)

    def with_other(self) -> Place | None:
        """The place by the file's other statement; None if there is no other."""
        return None if self.other is None else replace(self, affine=self.other, other=None)


def is_usable(affine: Array) -> bool:
    """Whether a 4 x 4 affine, in mm, can be that of an image: finite, of a possible size, with
    three independent axes. Numbers of damaged headers are not."""
    if not np.isfinite(affine).all() or np.abs(affine).max() > _FARTHEST:
        return False
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if lengths.min() < 1 / _FARTHEST:
        return False
    return bool(abs(np.linalg.det(affine[:3, :3] / lengths)) > _FLAT)


def is_placeholder(affine: Array) -> bool:
    """Whether a 4 x 4 affine is what programs write that know no place."""
    axes = np.abs(affine[:3, :3])
    plain = np.sort(axes, axis=0)
    unit = np.allclose(plain, [[0] * 3, [0] * 3, [1] * 3]) and np.allclose(axes.sum(axis=1), 1)
    return bool(unit and np.allclose(affine[:3, 3], 0))


def agree(ours: Place, theirs: Place) -> bool:
    """Whether two images of the same scene cover the same place, pixel by pixel.

    The outer edges are compared, to 0.1 of our voxels. If the axes differ by no more than rounded
    numbers in headers do, it is enough that one corner or the centre of the volumes agrees.
    """
    if np.array_equal(ours.affine, theirs.affine) and ours.shape == theirs.shape:
        return ours.index == theirs.index or _apart(ours, theirs, [ours.index]).max() <= _TOLERANCE
    tolerance = _TOLERANCE
    if ours.thick != theirs.thick:  # one volume counts slices, whose distance may be rounded
        tolerance += _ROUNDED * max(ours.index, theirs.index)
    if _apart(ours, theirs, [ours.index]).max() <= tolerance:
        return True
    if not (ours.thick and theirs.thick and _differ_by_rounding(ours, theirs)):
        return False
    middle = (ours.shape[2] - 1) / 2
    return bool(_apart(ours, theirs, [0, middle, ours.shape[2] - 1]).min() <= _TOLERANCE)


def _steps(ours: Place, theirs: Place) -> Array:
    """3 x 3: our steps in mm. A slice that states no distance has theirs."""
    axes = ours.axes.copy()
    if theirs.thick and not ours.thick:
        axes[:, 2] *= theirs.spacing[2] / ours.spacing[2]
    return axes


def _scale(ours: Place, theirs: Place) -> Array:
    """Their rows, columns and slices per ours."""
    (height, width, _), (rows, columns, _) = ours.shape, theirs.shape
    return np.array([rows / height, columns / width, 1.0])


def _turn(ours: Place, theirs: Place) -> Array:
    """3 x 3: how far their axes differ from ours, in our voxels per voxel of ours."""
    steps: Array = np.linalg.solve(_steps(ours, theirs), theirs.axes * _scale(ours, theirs))
    return steps - np.eye(3)


def _differ_by_rounding(ours: Place, theirs: Place) -> bool:
    """Whether the axes differ by no more than rounding explains, also to two decimals of a mm."""
    turn = float(np.abs(_turn(ours, theirs)).max())
    hundredths = np.allclose(theirs.axes, np.round(theirs.axes, 2), rtol=0, atol=1e-6)
    apart = float(np.abs(theirs.axes - ours.axes).max())
    to_two = ours.shape == theirs.shape and hundredths and apart <= _HALF_A_HUNDREDTH
    return turn <= (_COARSELY_ROUNDED if to_two else _ROUNDED)


def _apart(ours: Place, theirs: Place, slices: list[float]) -> Array:
    """How far corners and centres of slices lie apart, in our voxels, the largest of three axes.

    Args:
        ours, theirs: the places; their slice ``theirs.index`` belongs to our ``ours.index``.
        slices: our slices, from 0.
    """
    height, width, _ = ours.shape
    rows, columns, index = (
        side.ravel() for side in np.meshgrid([0, height / 2, height], [0, width / 2, width], slices)
    )
    down, across, _ = _scale(ours, theirs)
    mine = ours.at(rows - 0.5, columns - 0.5, index)
    their_index = index + (theirs.index - ours.index)
    other = theirs.at(rows * down - 0.5, columns * across - 0.5, their_index)
    apart = np.abs(np.linalg.solve(_steps(ours, theirs), (other - mine).T))
    largest: Array = apart.max(axis=0)
    return largest


def difference(ours: Place, theirs: Place) -> str:
    """What differs between two places, in mm, as a clause: "spacing (...), position (...)"."""
    names = ("rows", "columns", "slices")[: 3 if ours.thick and theirs.thick else 2]
    found = []
    turned = [
        f"{name} by {angle:.0f} degrees"
        for name, mine, other in zip(names, ours.axes.T, theirs.axes.T, strict=False)
        if (angle := _angle(mine, other)) >= 1
    ]
    if turned:
        found.append(f"direction ({' and '.join(turned)})")
    scale = _scale(ours, theirs)
    pairs = zip(ours.spacing, np.multiply(theirs.spacing, scale), strict=True)
    if any(abs(a - b) > _ROUNDED * a for a, b in list(pairs)[: len(names)]):
        found.append(f"spacing ({_mm(theirs.spacing, names)}, not {_mm(ours.spacing, names)})")
    if _other_size(ours, theirs, len(names)):
        found.append(f"extent ({_mm(theirs.extent, names)}, not {_mm(ours.extent, names)})")
    found.append(f"position (by {float(np.linalg.norm(theirs.centre - ours.centre)):.3g} mm)")
    return ", ".join(found)


def _angle(one: Array, other: Array) -> float:
    """The angle between two directions in degrees."""
    cosine = float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _other_size(ours: Place, theirs: Place, axes: int) -> bool:
    sides = zip(ours.extent[:axes], theirs.extent[:axes], ours.spacing, strict=False)
    return any(abs(a - b) > max(_TOLERANCE * step, _ROUNDED * a) for a, b, step in sides)


def _mm(sizes: tuple[float, float, float], names: tuple[str, ...]) -> str:
    return " x ".join(f"{size:.4g}" for size in sizes[: len(names)]) + " mm"

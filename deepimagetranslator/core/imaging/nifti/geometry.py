"""How the slices that are shown lie in a NIfTI volume, and where they lie in the person."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepimagetranslator.core.typing import Array

_SIDE, _FRONT, _UP = range(3)  # the person's axes, which run to the right, front and head
_MILLIMETRES = {"meter": 1000.0, "mm": 1.0, "micron": 1e-3, "unknown": 1.0}
_THICK = 1.5  # so many times longer than towards the head are the voxels of a scan across

_SHOWN = {_UP: (_FRONT, _SIDE), _FRONT: (_UP, _SIDE), _SIDE: (_UP, _FRONT)}
"""Rows and columns of slices across each axis."""


@dataclass(frozen=True)
class Geometry:
    """How shown slices lie in a stored volume.

    Attributes:
        stored: the volume's shape (i, j, k, moments).
        order: which of i, j, k runs along rows, along columns and from slice to slice.
        backwards: for each of them, whether it runs from its end.
        spacing: millimetres from row to row and from column to column; None if they are no sizes.
        affine: 4 x 4, from (i, j, k, 1) to millimetres to the person's right, front and head.
    """

    stored: tuple[int, int, int, int]
    order: tuple[int, int, int]
    backwards: tuple[bool, bool, bool]
    spacing: tuple[float, float] | None
    affine: Array

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Rows, columns, slices and moments."""
        i, j, k = (self.stored[axis] for axis in self.order)
        return i, j, k, self.stored[3]

    def slices(self, volume: Array) -> Array:
        """A stored volume (i, j, k, moments) as (rows, columns, slices, moments): the same memory,
        so that what is written to it lies where it was read."""
        steps = (slice(None, None, -1 if back else 1) for back in self.backwards)
        return volume.transpose(*self.order, 3)[tuple(steps)]


def geometry_of(header: Any, stored: tuple[int, int, int, int]) -> Geometry:
    """How slices of a volume are shown.

    Args:
        header: of the file, as nibabel knows it.
        stored: the volume's shape (i, j, k, moments).
    """
    sizes = [float(size) for size in (*header.get_zooms()[:3], 1, 1)[:3]]
    affine = header.get_best_affine()
    order, backwards = [1, 0, 2], [False, False, False]  # as stored
    if int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0:
        import nibabel  # noqa: PLC0415

        with np.errstate(all="ignore"):
            axes = nibabel.io_orientation(affine)
        if np.isfinite(axes).all():  # else it says nothing sensible
            along = {int(axes[i, 0]): i for i in range(3)}  # which of i, j, k runs so
            across = _across(along, stored, sizes)
            shown = (*_SHOWN[across], across)
            order = [along[axis] for axis in shown]
            # Rows go down and to the back, columns to the left, slices up (or back, or left).
            backwards = [(axes[along[axis], 1] > 0) != (axis == _UP == across) for axis in shown]
    rows, columns, slices = order
    return Geometry(
        stored,
        (rows, columns, slices),
        (backwards[0], backwards[1], backwards[2]),
        _spacing(header, sizes[rows], sizes[columns]),
        affine,
    )


def _spacing(header: Any, rows: float, columns: float) -> tuple[float, float] | None:
    length = 1.0
    with suppress(KeyError):  # a number that is no unit
        length = _MILLIMETRES[header.get_xyzt_units()[0]]
    known = math.isfinite(rows * columns) and rows > 0 and columns > 0
    return (rows * length, columns * length) if known else None


def _across(along: dict[int, int], stored: Sequence[int], sizes: Sequence[float]) -> int:
    """The axis of the person from slice to slice."""
    single = [axis for axis in (_UP, _FRONT, _SIDE) if stored[along[axis]] == 1]
    if single:
        return single[0]
    longest = max((_UP, _FRONT, _SIDE), key=lambda axis: sizes[along[axis]])
    return longest if sizes[along[longest]] > _THICK * sizes[along[_UP]] else _UP

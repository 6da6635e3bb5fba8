"""The orientation of the displayed slices in a NIfTI volume and in the patient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from deepimagetranslator.core.imaging.place import Place, agree, is_placeholder, is_usable
from deepimagetranslator.core.typing import Array

_SIDE, _FRONT, _UP = range(3)  # the patient's axes: to right, anterior, superior
_MILLIMETRES = {"meter": 1000.0, "mm": 1.0, "micron": 1e-3, "unknown": 1.0}
_THICK = 1.5  # a voxel this many times longer than its superior axis means a non-axial scan

_SHOWN = {_UP: (_FRONT, _SIDE), _FRONT: (_UP, _SIDE), _SIDE: (_UP, _FRONT)}
"""The axes of rows and columns of slices perpendicular to each axis."""


@dataclass(frozen=True)
class Geometry:
    """The orientation of displayed slices in a stored volume.

    Attributes:
        stored: the volume's shape (i, j, k, time points).
        order: which of i, j, k is the row, the column and the slice axis.
        backwards: for each of these, whether it is reversed.
        spacing: row spacing and column spacing in mm; None if unknown.
        affine: 4 x 4, from (i, j, k, 1) to mm in RAS coordinates (right, anterior, superior).
        forms: the affines that the file states, in mm, the one in use first; empty if it states no
            place (form codes of 0).
    """

    stored: tuple[int, int, int, int]
    order: tuple[int, int, int]
    backwards: tuple[bool, bool, bool]
    spacing: tuple[float, float] | None
    affine: Array
    forms: tuple[Array, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Rows, columns, slices and time points."""
        i, j, k = (self.stored[axis] for axis in self.order)
        return i, j, k, self.stored[3]

    def slices(self, volume: Array) -> Array:
        """A view (rows, columns, slices, time points) of a stored volume (i, j, k, time points).

        It shares the memory, so what is written to it has the voxel order of the file.
        """
        steps = (slice(None, None, -1 if back else 1) for back in self.backwards)
        return volume.transpose(*self.order, 3)[tuple(steps)]

    @cached_property
    def voxels(self) -> Array:
        """4 x 4: from (row, column, slice, 1) of the displayed slices to (i, j, k, 1)."""
        matrix = np.zeros((4, 4))
        matrix[3, 3] = 1
        for shown, (axis, back) in enumerate(zip(self.order, self.backwards, strict=True)):
            matrix[axis, shown] = -1 if back else 1
            matrix[axis, 3] = self.stored[axis] - 1 if back else 0
        return matrix

    @cached_property
    def _place(self) -> Place | None:
        """The place of the first slice."""
        if not self.forms:
            return None
        affine, shape = self.forms[0] @ self.voxels, self.shape[:3]
        place = Place(affine, shape, placeholder=is_placeholder(self.forms[0]))
        for form in self.forms[1:]:
            other = form @ self.voxels
            if not agree(place, replace(place, affine=other)):
                return replace(place, other=other)
        return place

    def place(self, number: int) -> Place | None:
        """The place of a slice, from 1; None if the file states none."""
        first, index = self._place, (number - 1) % self.shape[2]
        return first if first is None or not index else replace(first, index=index)


def geometry_of(header: Any, stored: tuple[int, int, int, int]) -> Geometry:
    """How the slices of a volume are displayed.

    Args:
        header: nibabel's header of the file.
        stored: the volume's shape (i, j, k, time points).
    """
    sizes = [float(size) for size in (*header.get_zooms()[:3], 1, 1)[:3]]
    affine = header.get_best_affine()
    order, backwards = [1, 0, 2], [False, False, False]  # as stored
    if int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0:
        import nibabel  # noqa: PLC0415

        with np.errstate(all="ignore"):
            axes = nibabel.io_orientation(affine)
        if np.isfinite(axes).all():  # else the affine is invalid
            along = {int(axes[i, 0]): i for i in range(3)}  # which of i, j, k is this axis
            across = _across(along, stored, sizes)
            shown = (*_SHOWN[across], across)
            order = [along[axis] for axis in shown]
            # Rows run to inferior or posterior, columns to the left; slices to superior (axial),
            # posterior (coronal) or left (sagittal).
            backwards = [(axes[along[axis], 1] > 0) != (axis == _UP == across) for axis in shown]
    rows, columns, slices = order
    return Geometry(
        stored,
        (rows, columns, slices),
        (backwards[0], backwards[1], backwards[2]),
        _spacing(header, sizes[rows], sizes[columns]),
        affine,
        _forms(header),
    )


def _forms(header: Any) -> tuple[Array, ...]:
    """The valid affines with a form code, in mm: sform, then qform."""
    found = []
    for name in ("sform", "qform"):
        if int(header[f"{name}_code"]) > 0:
            with suppress(Exception):  # damaged
                affine = np.array(getattr(header, f"get_{name}")(), np.float64)
                affine[:3] *= _unit(header)
                if is_usable(affine):
                    found.append(affine)
    return tuple(found)


def _unit(header: Any) -> float:
    """The unit of lengths in mm."""
    with suppress(KeyError):  # an unknown unit code
        return _MILLIMETRES[header.get_xyzt_units()[0]]
    return 1.0


def _spacing(header: Any, rows: float, columns: float) -> tuple[float, float] | None:
    length = _unit(header)
    known = math.isfinite(rows * columns) and rows > 0 and columns > 0
    return (rows * length, columns * length) if known else None


def _across(along: dict[int, int], stored: Sequence[int], sizes: Sequence[float]) -> int:
    """The patient's axis perpendicular to the slices."""
    single = [axis for axis in (_UP, _FRONT, _SIDE) if stored[along[axis]] == 1]
    if single:
        return single[0]
    longest = max((_UP, _FRONT, _SIDE), key=lambda axis: sizes[along[axis]])
    return longest if sizes[along[longest]] > _THICK * sizes[along[_UP]] else _UP

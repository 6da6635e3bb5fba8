"""The places of a pair's images in the patient, and targets that are read at their input's place.

A target can be read at the place of every pixel of its input. Which of its voxels lies there
follows from the places of both files; or, if the target's is wrong, from the order of the voxels in
the file, which is then the input's. A NIfTI target is a volume of which any voxel is read. A DICOM
target is one slice, so the pair must have the slice that is nearest to the input.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepimagetranslator.core.config.target_changes import GEOMETRY, GROUPS
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import (
    is_volume,
    read_geometry,
    read_header,
    read_image,
    read_place,
    read_voxels,
)
from deepimagetranslator.core.imaging.place import Place, agree
from deepimagetranslator.core.typing import Array

LEAST_OVERLAP = 0.5
"""The smallest share of an input's pixels that must lie within the target's volume."""
_PLACING = frozenset(GROUPS[GEOMETRY] + GROUPS["orientation"])
_SAME_VOXEL = 0.1
_ROUNDED = 1e-3
_LAST = 2  # the number of the axis k
_NUDGE = 1e-6  # so that a place between two voxels always belongs to the same one


def displaced(pair: ImagePair, ours: Place | None, theirs: Place | None) -> bool:
    """Whether input and target state different places, and no change of the pair mends it."""
    if ours is None or theirs is None or not _PLACING.isdisjoint(pair.changes):
        return False
    return not agree(ours, theirs)


def read_in_array_order(pair: ImagePair) -> Array:
    """The target's voxels that have the same place in its file as the input's pixels in theirs.

    Raises:
        UserError: a file cannot be read, or their voxels cannot be matched.
    """
    to_stored = array_order(pair)
    if to_stored is None:
        raise UserError(f"{pair.target} has not as many voxels as {pair.input}; pair them anew.")
    ours = _placed(pair)
    voxels = _rounded(_pixels(ours) @ to_stored.T)
    if is_volume(pair.target):
        return read_voxels(pair.target, voxels, _time(pair, ours))
    return _gathered(read_image(pair.target), voxels[1], voxels[0])


def array_order(pair: ImagePair) -> Array | None:
    """4 x 4: from (row, column, slice, 1) of the input to voxels (i, j, k, 1) of the target, in a
    DICOM target (column, row, 0, 1), in array order; None if the numbers of voxels differ.

    Raises:
        UserError: a file cannot be read, or the input states no place.
    """
    ours, volume = _placed(pair), is_volume(pair.target)
    if volume:
        stored: tuple[int, ...] = read_geometry(pair.target).stored
    else:
        stored = read_header(pair.target).shape[1::-1]
    if ours.thick:
        mine = read_geometry(pair.input)
        alike = mine.stored[:3] == stored[:3] if volume else mine.stored[:2] == stored
        return mine.voxels if alike and (volume or mine.order[2] == _LAST) else None
    rows, columns, _ = ours.shape
    if stored[:2] != (columns, rows):
        return None
    # A DICOM series: columns, rows, and slices in the order of the files.
    number = pair.target.slice - 1 if volume and pair.target.slice is not None else 0
    return np.array([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, number], [0, 0, 0, 1]])


def read_by_other_form(pair: ImagePair) -> Array:
    """The target's voxels at the input's place, by those two statements of place that agree.

    Raises:
        UserError: a file cannot be read, or no statements agree.
    """
    found = agreeing_forms(read_place(pair.input), read_place(pair.target))
    if found is None:
        raise UserError(f"No place that {pair.target} states is that of {pair.input}; pair anew.")
    return _read_at(pair, *found)


def agreeing_forms(ours: Place | None, theirs: Place | None) -> tuple[Place, Place] | None:
    """The places by which input and target have the same voxels, if one file states two."""
    if ours is None or theirs is None:
        return None
    for mine, other in (
        (ours, theirs.with_other()),
        (ours.with_other(), theirs),
        (ours.with_other(), theirs.with_other()),
    ):
        if mine is not None and other is not None and _same_voxels(mine, other):
            return mine, other
    return None


def read_resampled(pair: ImagePair) -> Array:
    """The target's voxel nearest to each of the input's pixels; 0 outside of the target.

    Raises:
        UserError: a file cannot be read, or less than half of the input lies in the target.
    """
    ours, theirs = _placed(pair), read_place(pair.target)
    if theirs is None:
        raise UserError(f"{pair.target} states no place; pair it with another image.")
    if overlap(ours, theirs) < LEAST_OVERLAP:
        raise UserError(f"{pair.target} covers less than half of {pair.input}; leave out the pair.")
    if is_volume(pair.target):
        return _read_at(pair, ours, theirs)
    rows, columns, _ = _rounded(_within(ours, theirs))
    return _gathered(read_image(pair.target), rows, columns)


def overlap(ours: Place, theirs: Place, most: int = 2**20) -> float:
    """The share of our slice's pixels, 0 to 1, that lie within their volume.

    If theirs is a single slice of DICOM, it is 0 unless all of our slice lies within the thickness
    of one of the two: else other slices would be nearer to a part of our pixels.

    Args:
        ours, theirs: the places.
        most: looks at about as many rows and columns.
    """
    places = _within(ours, theirs, max(1, max(ours.shape[:2]) // most))
    if not theirs.thick:
        thickest = max(1.0, ours.spacing[2] / theirs.spacing[2])
        if np.abs(places[..., 2]).max() > thickest / 2 + _ROUNDED:
            return 0.0
        places[..., 2] = 0
    voxels = _rounded(places)
    size = np.array(theirs.shape)[:, np.newaxis, np.newaxis]
    return float(((voxels >= 0) & (voxels < size)).all(axis=0).mean())


def _placed(pair: ImagePair) -> Place:
    """The input's place.

    Raises:
        UserError: its file cannot be read, or states none.
    """
    place = read_place(pair.input)
    if place is None:
        raise UserError(f"{pair.input} states no place; read its target unchanged.")
    return place


def _read_at(pair: ImagePair, ours: Place, theirs: Place) -> Array:
    """The target's voxels nearest to the input's pixels."""
    to_stored = read_geometry(pair.target).voxels @ np.linalg.solve(theirs.affine, ours.affine)
    return read_voxels(pair.target, _rounded(_pixels(ours) @ to_stored.T), _time(pair, ours))


def _within(ours: Place, theirs: Place, step: int = 1) -> Array:
    """(height, width, 4): where our pixels lie in their volume: row, column, slice and 1."""
    return _pixels(ours, step) @ np.linalg.solve(theirs.affine, ours.affine).T


def _gathered(image: Array, rows: Array, columns: Array) -> Array:
    """Some pixels of an image (height, width, channels); 0 for those outside of it.

    Args:
        image: the image.
        rows, columns: integers, both of the shape of the result.
    """
    height, width = image.shape[:2]
    outside = (rows < 0) | (rows >= height) | (columns < 0) | (columns >= width)
    found: Array = image[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
    found[outside] = 0
    return found


def _pixels(ours: Place, step: int = 1) -> Array:
    """(height, width, 4): row, column, slice and 1 of each pixel."""
    rows, columns, _ = ours.shape
    grid = np.ones((len(range(0, rows, step)), len(range(0, columns, step)), 4))
    grid[..., 0] = np.arange(0, rows, step)[:, np.newaxis]
    grid[..., 1] = np.arange(0, columns, step)
    grid[..., 2] = ours.index
    return grid


def _rounded(places: Array) -> Array:
    """(3, height, width): the nearest voxels."""
    return np.floor(np.moveaxis(places[..., :3], -1, 0) + 0.5 + _NUDGE).astype(np.int64)


def _time(pair: ImagePair, ours: Place) -> int:
    """The input's time point, from 0; frames of a DICOM file are no time points."""
    return (
        0 if pair.input.slice is None or not ours.thick else (pair.input.slice - 1) // ours.shape[2]
    )


def _same_voxels(ours: Place, theirs: Place) -> bool:
    """Whether the voxels of our slice are voxels of their volume, in whatever order."""
    to_theirs = np.linalg.solve(theirs.affine, ours.affine)
    axes = np.abs(to_theirs[:3, :3])
    straight = np.abs(axes - np.eye(3)[axes.argmax(axis=1)]).max() <= _ROUNDED
    middle = to_theirs @ [ours.shape[0] // 2, ours.shape[1] // 2, ours.index, 1]
    apart = np.abs(middle - np.rint(middle)).max()
    return bool(straight and apart <= _SAME_VOXEL and overlap(ours, theirs) >= LEAST_OVERLAP)


def nearest(ours: Place, theirs: Place) -> Place:
    """Their slice that is nearest to ours."""
    index = np.linalg.solve(theirs.affine, np.append(ours.centre, 1.0))[2]
    return replace(theirs, index=int(np.clip(round(float(index)), 0, theirs.shape[2] - 1)))

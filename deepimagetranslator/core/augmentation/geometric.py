"""Geometric augmentation: operations that move pixels, and the common interpolation.

The forward order is rotation, stretch, "scaling" (a perspective transform), translation, flips,
elastic transform. Successive operations are composed into one transform, and ``warp`` interpolates
only once: this is sharper and faster than one interpolation per operation.

Coordinates are (x, y) in pixels. The centre of the first pixel is (0, 0), its outer corner
(-0.5, -0.5). Pixels from outside the image are black.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.augmentation.intensity import Array, PairOperation, Size, by_channels
from deepimagetranslator.core.data.crops import Frame

Matrix = NDArray[np.float64]
TILE = 7
"""Approximate side length of the elastic transform's tiles, in pixels."""


class GeometricOperation(PairOperation):
    """An operation that moves pixels.

    ``sample`` returns the 3x3 matrix that maps a point of the input to its new position, or the
    elastic transform's displacement mesh.
    """

    def apply(self, images: Sequence[Array], rng: np.random.Generator) -> list[Array]:
        return warp(images, [(self, self.sample(rng, images[0].shape[:2]))])


class Rotation(GeometricOperation):
    """A rotation about the centre by up to ``amount`` degrees in either direction."""

    def sample(self, rng: np.random.Generator, size: Size) -> Matrix:
        height, width = size
        angle = rng.uniform(-1, 1) * self.amount
        turn: Matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
        return np.vstack([turn, [0.0, 0.0, 1.0]])


class Scaling(GeometricOperation):
    """A perspective transform: each corner moves by up to ``amount`` pixels.

    The quadrilateral of the moved corners is stretched to the full frame. Movements are limited to
    0.24 of the side, so that the image cannot fold over itself.
    """

    def sample(self, rng: np.random.Generator, size: Size) -> Matrix:
        height, width = size
        frame = np.array([[0, 0], [width, 0], [0, height], [width, height]]) - 0.5
        most = np.minimum(self.amount, 0.24 * np.array([width, height]))
        moved = frame + rng.uniform(-1, 1, (4, 2)) * most
        matrix: Matrix = cv2.getPerspectiveTransform(np.float32(moved), np.float32(frame))
        return matrix


class Stretch(GeometricOperation):
    """Scales height and width about the centre, each by a factor of its own.

    The factors are from 1 / ``amount`` to ``amount``, their logarithms equally distributed.
    """

    def sample(self, rng: np.random.Generator, size: Size) -> Matrix:
        height, width = size
        matrix = np.eye(3)
        factors = self.amount ** rng.uniform(-1, 1, 2)
        for axis, (factor, length) in enumerate(zip(factors, (width, height), strict=True)):
            matrix[axis, axis], matrix[axis, 2] = factor, (1 - factor) * (length - 1) / 2
        return matrix


class Translation(GeometricOperation):
    """A shift by up to ``amount`` pixels, horizontally and vertically."""

    def sample(self, rng: np.random.Generator, size: Size) -> Matrix:
        matrix = np.eye(3)
        matrix[:2, 2] = rng.uniform(-1, 1, 2) * self.amount
        return matrix


class Flip(GeometricOperation):
    """A horizontal and a vertical flip, each with probability 1/2 (``amount``)."""

    def __init__(self, sides: tuple[bool, bool] = (True, True)) -> None:
        super().__init__(0.5, sides)

    def sample(self, rng: np.random.Generator, size: Size) -> Matrix:
        height, width = size
        matrix = np.eye(3)
        for axis, (chance, length) in enumerate(zip(rng.random(2), (width, height), strict=True)):
            if chance < self.amount:
                matrix[axis, axis], matrix[axis, 2] = -1, length - 1
        return matrix


class Elastic(GeometricOperation):
    """An elastic transform: the inner corners of a grid move by up to ``amount`` pixels.

    The grid is that of Augmentor's Distort with int(width / 7) x int(height / 7) tiles. As there,
    corners move by whole pixels if the amount is a whole number.
    """

    def sample(self, rng: np.random.Generator, size: Size) -> Array:
        """Displacements (x, y) from each grid corner to its source pixel.

        Returns:
            (rows of corners, columns of corners, 2) in pixels; 0 at the outer corners.
        """
        down, across = (len(axis_nodes(length)) for length in size)
        steps = max(1, int(self.amount))
        moves = np.floor(rng.random((down - 2, across - 2, 2)) * (2 * steps + 1)) - steps
        mesh = np.zeros((down, across, 2), np.float32)
        mesh[1:-1, 1:-1] = moves * (self.amount / steps)
        return mesh


def reach(amounts: Mapping[str, float], size: Size) -> Size:
    """How far outside a frame the source pixels of a warped frame may lie.

    Args:
        amounts: amounts of "rotation", "scaling", "stretch", "translation" and "elastic"; those
            that are not applied are left out.
        size: height and width of the frame.

    Returns:
        Distances in pixels, vertically and horizontally.
    """
    shift = amounts.get("translation", 0.0) + amounts.get("elastic", 0.0)
    stretch = amounts.get("stretch", 1.0)
    half_height, half_width = (
        stretch * (side / 2 + shift + min(amounts.get("scaling", 0.0), 0.24 * side))
        for side in size
    )
    most = np.radians(amounts.get("rotation", 0.0))

    def turned(along: float, beside: float, side: int) -> int:
        angle = min(most, np.arctan2(beside, along))
        return int(np.ceil(along * np.cos(angle) + beside * np.sin(angle) - side / 2))

    return (
        turned(half_height, half_width, size[0]),
        turned(half_width, half_height, size[1]),
    )


def warp(
    images: Sequence[Array],
    steps: Sequence[tuple[GeometricOperation, Any]],
    *,
    nearest_target: bool = False,
    frames: Sequence[Frame] = (),
) -> list[Array]:
    """Apply several geometric operations to an input, or input and target, interpolating once.

    Args:
        images: (height, width, channels) each. The random values refer to the size of the first;
            an image of another size is transformed in relative coordinates.
        steps: operations with their sampled values, in order; the elastic transform acts last.
        nearest_target: interpolate the second image by nearest neighbour instead of bilinearly,
            so that it gets no new colours except black at the border.
        frames: the wanted part of each image; surrounding pixels may be moved in. The random
            values then refer to the size of the first frame. Empty: the whole images.

    Returns:
        The warped images, or frames, in the same order.
    """
    wanted = frames or [Frame(0, 0, *image.shape[:2]) for image in images]
    reference = wanted[0].size
    sources: dict[Any, Matrix | Array] = {}
    warped = []
    for side, (image, frame) in enumerate(zip(images, wanted, strict=True)):
        own = [(operation, values) for operation, values in steps if operation.sides[side]]
        if not own:
            warped.append(frame.of(image) if frames else image)
            continue
        key = frame, tuple(id(operation) for operation, _ in own)
        if key not in sources:
            sources[key] = _source_coordinates(own, frame, reference)
        nearest = nearest_target and side == 1
        warped.append(_interpolate(image, sources[key], frame.size, nearest))
    return warped


def _source_coordinates(
    steps: Sequence[tuple[GeometricOperation, Any]], frame: Frame, reference: Size
) -> Matrix | Array:
    """Source coordinates of each pixel of a warped frame: a 3x3 matrix, or a map (h, w, 2).

    Source = F S H⁻¹ (p + e(p)), where p is the pixel in reference coordinates, H the product of
    the forward matrices, e the elastic displacement, S maps reference coordinates to the frame's,
    and F maps frame coordinates to the image's.
    """
    size = frame.size
    meshes = [values for operation, values in steps if isinstance(operation, Elastic)]
    matrices = [values for operation, values in steps if not isinstance(operation, Elastic)]
    forward: Matrix = reduce(lambda done, step: step @ done, matrices, np.eye(3))
    to_own = np.eye(3)
    for axis, ratio in enumerate((size[1] / reference[1], size[0] / reference[0])):
        to_own[axis, axis], to_own[axis, 2] = ratio, (ratio - 1) / 2
    into_image = np.array([[1, 0, frame.left], [0, 1, frame.top], [0, 0, 1]])
    back: Matrix = into_image @ to_own @ np.linalg.inv(forward)
    if not meshes:
        return back @ np.linalg.inv(to_own)
    places: Array = cv2.perspectiveTransform(displaced(sum(meshes), size, reference), back)
    return places


def _interpolate(image: Array, source: Matrix | Array, size: Size, nearest: bool) -> Array:
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    if source.shape == (3, 3):
        flags |= cv2.WARP_INVERSE_MAP
        return by_channels(
            lambda part: cv2.warpPerspective(part, source, size[::-1], flags=flags), image
        )
    return by_channels(lambda part: cv2.remap(part, source, None, flags), image)


def displaced(mesh: Array, size: Size, reference: Size) -> Array:
    """The pixel positions of an image of ``size``, displaced by a mesh over the reference.

    Displacements are interpolated bilinearly between the mesh's corners.

    Returns:
        Positions (x, y) in reference coordinates, (height, width, 2).
    """
    rows, row_part, y = _axis(size[0], reference[0])
    columns, column_part, x = _axis(size[1], reference[1])
    row_part = row_part[..., None]
    lines = mesh[rows] * (1 - row_part) + mesh[rows + 1] * row_part
    places = lines.take(columns, axis=1)
    places += (lines[:, 1:] - lines[:, :-1]).take(columns, axis=1) * column_part
    places[..., 0] += x
    places[..., 1] += y[:, None]
    return places


@lru_cache(maxsize=64)
def axis_nodes(length: int) -> NDArray[np.intp]:
    """Positions in pixels of the grid corners along an axis, as in Augmentor's Distort.

    There are int(length / 7) tiles of equal width in whole pixels; the last one takes the rest.
    """
    tiles = max(1, length // TILE)
    nodes = np.arange(tiles + 1) * (length // tiles)
    nodes[-1] = length
    nodes.flags.writeable = False
    return nodes


@lru_cache(maxsize=64)
def _axis(length: int, reference: int) -> tuple[NDArray[np.intp], Array, Array]:
    """For each pixel along an axis: its tile, its relative position in the tile, its coordinate.

    Tiles and coordinates are those of the reference axis. Relative positions, from 0 to 1, have
    the shape (length, 1), so that they can be multiplied with displacements.
    """
    nodes = axis_nodes(reference)
    edge = (np.arange(length) + 0.5) * (reference / length)  # 0 at the outer edge
    tile = np.clip(np.searchsorted(nodes, edge, side="right") - 1, 0, len(nodes) - 2)
    part = (edge - nodes[tile]) / (nodes[tile + 1] - nodes[tile])
    arrays = tile, part.astype(np.float32)[:, None], (edge - 0.5).astype(np.float32)
    for array in arrays:
        array.flags.writeable = False
    return arrays

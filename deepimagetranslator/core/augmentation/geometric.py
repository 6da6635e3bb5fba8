"""The operations of the current behaviour that move pixels, and the one warp that does it.

In forward order: rotation, "scaling" (a perspective), translation, flips, elastic. Each may stand
alone; those that follow one another in a pipeline are composed first and sampled once, by
``warp``: that is sharper than a warp after a warp, and faster.

Coordinates are (x, y) in pixels with the first pixel's centre at (0, 0), its outer corner at
(-0.5, -0.5). Borders are black.
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
"""About the side, in pixels, of the elastic transform's tiles."""


class GeometricOperation(PairOperation):
    """An operation that moves pixels.

    Its draw is the 3x3 matrix that takes a point of the input to its new place, or the elastic
    transform's mesh.
    """

    def apply(self, images: Sequence[Array], rng: np.random.Generator) -> list[Array]:
        return warp(images, [(self, self.draw(rng, images[0].shape[:2]))])


class Rotation(GeometricOperation):
    """A turn about the centre by up to ``amount`` degrees either way."""

    def draw(self, rng: np.random.Generator, size: Size) -> Matrix:
        height, width = size
        angle = rng.uniform(-1, 1) * self.amount
        turn: Matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
        return np.vstack([turn, [0.0, 0.0, 1.0]])


class Scaling(GeometricOperation):
    """Each corner moves by up to ``amount`` pixels; the moved quadrilateral fills the frame.

    A corner never moves by a quarter of the side or more: the image could fold over itself.
    """

    def draw(self, rng: np.random.Generator, size: Size) -> Matrix:
        height, width = size
        frame = np.array([[0, 0], [width, 0], [0, height], [width, height]]) - 0.5
        most = np.minimum(self.amount, 0.24 * np.array([width, height]))
        moved = frame + rng.uniform(-1, 1, (4, 2)) * most
        matrix: Matrix = cv2.getPerspectiveTransform(np.float32(moved), np.float32(frame))
        return matrix


class Translation(GeometricOperation):
    """A shift by up to ``amount`` pixels across and down."""

    def draw(self, rng: np.random.Generator, size: Size) -> Matrix:
        matrix = np.eye(3)
        matrix[:2, 2] = rng.uniform(-1, 1, 2) * self.amount
        return matrix


class Flip(GeometricOperation):
    """Left and right, and top and bottom, each change places with probability 1/2 (amount)."""

    def __init__(self, sides: tuple[bool, bool] = (True, True)) -> None:
        super().__init__(0.5, sides)

    def draw(self, rng: np.random.Generator, size: Size) -> Matrix:
        height, width = size
        matrix = np.eye(3)
        for axis, (chance, length) in enumerate(zip(rng.random(2), (width, height), strict=True)):
            if chance < self.amount:
                matrix[axis, axis], matrix[axis, 2] = -1, length - 1
        return matrix


class Elastic(GeometricOperation):
    """The inner corners of a grid move by up to ``amount`` pixels.

    The grid is that of Augmentor's Distort with int(width / 7) x int(height / 7) tiles. Corners
    move by whole pixels, as there, if the amount is whole.
    """

    def draw(self, rng: np.random.Generator, size: Size) -> Array:
        """How far from each corner its pixel is fetched, (down, across, 2), outer corners 0."""
        down, across = (len(axis_nodes(length)) for length in size)
        steps = max(1, int(self.amount))
        moves = np.floor(rng.random((down - 2, across - 2, 2)) * (2 * steps + 1)) - steps
        mesh = np.zeros((down, across, 2), np.float32)
        mesh[1:-1, 1:-1] = moves * (self.amount / steps)
        return mesh


def reach(amounts: Mapping[str, float], size: Size) -> Size:
    """From how far outside a frame of that size pixels may be moved in, down and across.

    Args:
        amounts: of "rotation", "scaling", "translation" and "elastic", as far as they are applied.
        size: height and width of the frame.
    """
    shift = amounts.get("translation", 0.0) + amounts.get("elastic", 0.0)
    half_height, half_width = (
        side / 2 + shift + min(amounts.get("scaling", 0.0), 0.24 * side) for side in size
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
    """Move the pixels of an input, or of input and target, by several operations in one sampling.

    Args:
        images: (height, width, channels) each; the first one's size is what the draws are for, and
            one of another size is moved likewise in relative coordinates.
        steps: operations with their draws, in order; an elastic one counts as the last.
        nearest_target: sample the second image by nearest neighbour, so that no colour appears
            that was not there but black at the border; bilinear else.
        frames: for each image the part of it that is wanted; what lies around it may be moved in.
            The draws are for the first one's size. Empty: the whole images.
    """
    wanted = frames or [Frame(0, 0, *image.shape[:2]) for image in images]
    reference = wanted[0].size
    samplings: dict[Any, Matrix | Array] = {}
    warped = []
    for side, (image, frame) in enumerate(zip(images, wanted, strict=True)):
        own = [(operation, draw) for operation, draw in steps if operation.sides[side]]
        if not own:
            warped.append(frame.of(image) if frames else image)
            continue
        key = frame, tuple(id(operation) for operation, _ in own)
        if key not in samplings:
            samplings[key] = _sampling(own, frame, reference)
        nearest = nearest_target and side == 1
        warped.append(_sample(image, samplings[key], frame.size, nearest))
    return warped


def _sampling(
    steps: Sequence[tuple[GeometricOperation, Any]], frame: Frame, reference: Size
) -> Matrix | Array:
    """Where each pixel of a warped ``frame`` comes from: a matrix, or a map (h, w, 2).

    Source = F S H⁻¹ (p + e(p)) with p the pixel in the coordinates of the reference, H the product
    of the forward matrices, e the elastic displacement, S from the reference's coordinates to the
    frame's own, and F from these to the image's.
    """
    size = frame.size
    meshes = [draw for operation, draw in steps if isinstance(operation, Elastic)]
    matrices = [draw for operation, draw in steps if not isinstance(operation, Elastic)]
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


def _sample(image: Array, sampling: Matrix | Array, size: Size, nearest: bool) -> Array:
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    if sampling.shape == (3, 3):
        flags |= cv2.WARP_INVERSE_MAP
        return by_channels(
            lambda part: cv2.warpPerspective(part, sampling, size[::-1], flags=flags), image
        )
    return by_channels(lambda part: cv2.remap(part, sampling, None, flags), image)


def displaced(mesh: Array, size: Size, reference: Size) -> Array:
    """The pixels of an image of ``size``, moved by a mesh over the reference, (height, width, 2).

    In the reference's coordinates; the displacement is bilinear between the mesh's corners.
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
    """Where the corners of Augmentor's Distort with int(length / 7) tiles lie along an axis.

    Tiles are equally wide, in whole pixels; the last one takes what is left.
    """
    tiles = max(1, length // TILE)
    nodes = np.arange(tiles + 1) * (length // tiles)
    nodes[-1] = length
    nodes.flags.writeable = False
    return nodes


@lru_cache(maxsize=64)
def _axis(length: int, reference: int) -> tuple[NDArray[np.intp], Array, Array]:
    """The tile of each pixel along an axis, how far into it the pixel lies, and its coordinate.

    In the coordinates of a reference axis; the parts have the shape (length, 1) to be multiplied
    with displacements.
    """
    nodes = axis_nodes(reference)
    edge = (np.arange(length) + 0.5) * (reference / length)  # 0 at the outer edge
    tile = np.clip(np.searchsorted(nodes, edge, side="right") - 1, 0, len(nodes) - 2)
    part = (edge - nodes[tile]) / (nodes[tile + 1] - nodes[tile])
    arrays = tile, part.astype(np.float32)[:, None], (edge - 0.5).astype(np.float32)
    for array in arrays:
        array.flags.writeable = False
    return arrays

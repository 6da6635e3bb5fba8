"""The augmentation of the 2021 program, reproduced exactly, including its errors.

It follows recordings of what that program did. Images are 8-bit. It differs from the current
version in these points:

- Intensity operations that are ticked for both sides come last, see ``SEQUENCE``.
- Rotation, perspective, translation and flips interpolate one after another.
- Sums with noise wrap around modulo 256.
- There are always ``drop_count`` rectangles.
- Contrast and brightness first stretch the image to 0..255.

Two additions: a target of another size than the input (which the 2021 program resized) is
transformed in relative coordinates, and ``nearest_target`` preserves label colours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from deepimagetranslator.core.augmentation.geometric import axis_nodes
from deepimagetranslator.core.augmentation.intensity import Array, Size, by_channels
from deepimagetranslator.core.config.specs import OPERATIONS, AugmentationSpec

Bytes = NDArray[np.uint8]
Change = Callable[[Bytes, bool], Bytes]
"""Changes an 8-bit image (height, width, channels); the flag asks for nearest-neighbour
interpolation."""

SAMPLED_FIRST = ("drop", "rotation", "scaling", "translation", "flip", "blur")
"""Operations whose random values are sampled before any image is changed, in this order."""

BY_SIDES = ("ripple", "elastic", "noise", "contrast", "brightness")
"""Operations whose position in the order depends on whether one side is ticked or both."""

SEQUENCE = (
    *("ripple", "rotation", "scaling", "translation", "flip", "drop"),
    *("elastic", "blur", "noise", "contrast", "brightness"),
)
"""The order of operations; those of ``BY_SIDES`` that are ticked for both sides come last."""


class RandomSource(Protocol):
    """The random numbers of an operation: from a generator, or from a recording in tests."""

    def uniform(self, low: float, high: float) -> float:
        """A uniform number from ``low`` to ``high``."""

    def randint(self, low: int, high: int) -> int:
        """A random integer from ``low`` to ``high``, both included."""

    def ripple(self, size: Size) -> tuple[NDArray[Any], NDArray[Any]]:
        """For every pixel an integer from 7 to 12, and a number from 0 to 1."""

    def noise(self, size: Size, probability: float) -> NDArray[np.float64]:
        """For every pixel a standard normal number with that probability, else 0."""


class GeneratorSource:
    """Random numbers from a NumPy generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def uniform(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def randint(self, low: int, high: int) -> int:
        return int(self._rng.integers(low, high + 1))

    def ripple(self, size: Size) -> tuple[NDArray[Any], NDArray[Any]]:
        return self._rng.integers(7, 13, size), self._rng.random(size)

    def noise(self, size: Size, probability: float) -> NDArray[np.float64]:
        hit = self._rng.random(size) < probability
        return np.where(hit, self._rng.standard_normal(size), 0.0)


def augment_2021(
    images: Sequence[Array],
    spec: AugmentationSpec,
    rng: np.random.Generator,
    *,
    nearest_target: bool = False,
) -> list[Array]:
    """Augment an input, or input and target, as the 2021 program did.

    Args:
        images: float32 (height, width, channels), values in [0, 1].
        spec: amounts and ticks; amounts that were integers in 2021 are rounded down.
        rng: the generator; each operation has a child of its own.
        nearest_target: interpolate the target by nearest neighbour.

    Returns:
        Float32 in steps of 1/255; a side without a tick is returned unchanged.
    """
    sources = {
        name: GeneratorSource(child)
        for name, child in zip(OPERATIONS, rng.spawn(len(OPERATIONS)), strict=True)
    }
    in_bytes = [np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8) for image in images]
    changed = run(in_bytes, spec, sources.__getitem__, nearest_target=nearest_target)
    return [
        image if after is before else after.astype(np.float32) / np.float32(255)
        for image, before, after in zip(images, in_bytes, changed, strict=True)
    ]


def run(
    images: Sequence[Bytes],
    spec: AugmentationSpec,
    source_of: Callable[[str], RandomSource],
    *,
    nearest_target: bool = False,
) -> list[Bytes]:
    """Apply the operations to 8-bit images (input, or input and target) in the order of 2021.

    Args:
        images: uint8 (height, width, channels) each.
        spec: amounts and ticks.
        source_of: returns the random numbers of an operation, given its name.
        nearest_target: interpolate the target by nearest neighbour.
    """
    size = images[0].shape[:2]
    sides = {name: spec.ticks(name)[:2] for name in OPERATIONS}
    last = [name for name in BY_SIDES if all(sides[name])]
    order = [name for name in SEQUENCE if name not in last] + last

    def prepare(name: str) -> Change:
        amount = getattr(spec, name, 0) if any(sides[name]) else 0
        if name == "drop":
            count = spec.drop_count if any(sides[name]) else 0
            return _drop(source_of(name), count, amount, size)
        return _OPERATIONS[name](source_of(name), amount, size)

    prepared = {name: prepare(name) for name in SAMPLED_FIRST}
    changed = list(images)
    for name in order:
        if any(sides[name]):
            change = prepared.get(name) or prepare(name)
            for side in range(len(images)):
                if sides[name][side]:
                    changed[side] = change(changed[side], nearest_target and side == 1)
    return changed


def _rotation(source: RandomSource, degrees: float, size: Size) -> Change:
    height, width = size
    angle = source.uniform(-degrees, degrees)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
    return partial(_affine, matrix, size)


def _scaling(source: RandomSource, pixels: float, size: Size) -> Change:
    height, width = size
    frame = [(x, y) for y in (0, height) for x in (0, width)]
    moved = [[source.uniform(c - pixels, c + pixels) for c in corner] for corner in frame]
    matrix = cv2.getPerspectiveTransform(np.array(moved, np.float32), np.array(frame, np.float32))

    def change(image: Bytes, nearest: bool) -> Bytes:
        own = _for_size(matrix, image.shape[:2], size)
        flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
        to = image.shape[1::-1]
        return by_channels(lambda part: cv2.warpPerspective(part, own, to, flags=flags), image)

    return change


def _translation(source: RandomSource, pixels: float, size: Size) -> Change:
    across, down = source.uniform(-pixels, pixels), source.uniform(-pixels, pixels)
    return partial(_affine, np.array([[1, 0, across], [0, 1, down]]), size)


def _flip(source: RandomSource, _amount: float, _size: Size) -> Change:
    # The recordings do not show whether 1 or 0 means flipped; both are equally likely.
    steps = [-1 if source.randint(0, 1) else 1 for _axis in ("down", "across")]
    return lambda image, _nearest: np.ascontiguousarray(image[:: steps[0], :: steps[1]])


def _drop(source: RandomSource, count: int, side: float, size: Size) -> Change:
    """``count`` rectangles; x and y of the corner are both limited by the width, as in 2021."""
    most = int(side)
    corner = max(0, size[1] - most)
    limits = (corner, corner, most, most)
    rectangles = [[source.randint(0, limit) for limit in limits] for _ in range(count)]

    def change(image: Bytes, _nearest: bool) -> Bytes:
        image = image.copy()
        down, across = image.shape[0] / size[0], image.shape[1] / size[1]
        for x, y, width, height in rectangles:
            rows = slice(int(y * down), int((y + height) * down) + 1)
            image[rows, int(x * across) : int((x + width) * across) + 1] = 0
        return image

    return change


def _elastic(source: RandomSource, pixels: float, size: Size) -> Change:
    """Augmentor's Distort: Pillow's mesh transform with bicubic interpolation."""
    most = int(pixels)
    rows, columns = (axis_nodes(length) for length in size)
    corners = np.stack(np.meshgrid(columns, rows), axis=-1).astype(float)
    for row in range(1, len(rows) - 1):
        for column in range(1, len(columns) - 1):
            corners[row, column] += [source.randint(-most, most) for _axis in ("x", "y")]

    def change(image: Bytes, nearest: bool) -> Bytes:
        height, width = image.shape[:2]
        scale = width / size[1], height / size[0]
        x, y = (np.rint(n * s).astype(int) for n, s in zip((columns, rows), scale, strict=True))
        own = corners * scale
        mesh = [
            (
                (x[j], y[i], x[j + 1], y[i + 1]),
                # The corners counter-clockwise, from the upper left one.
                [*own[i, j], *own[i + 1, j], *own[i + 1, j + 1], *own[i, j + 1]],
            )
            for i in range(len(rows) - 1)
            for j in range(len(columns) - 1)
            if x[j] < x[j + 1] and y[i] < y[i + 1]  # a tiny target has no pixel in some tiles
        ]
        how = Image.Resampling.NEAREST if nearest else Image.Resampling.BICUBIC
        return _by_pictures(
            lambda picture: picture.transform(
                picture.size, Image.Transform.MESH, mesh, resample=how
            ),
            image,
        )

    return change


def _blur(source: RandomSource, side: float, _size: Size) -> Change:
    box = source.randint(0, int(side))
    return lambda image, _nearest: (
        by_channels(lambda part: cv2.blur(part, (box, box)), image) if box else image.copy()
    )


def _noise(source: RandomSource, probability: float, size: Size) -> Change:
    added = 255 * source.noise(size, source.uniform(0, probability))

    def change(image: Bytes, _nearest: bool) -> Bytes:
        total = image + _nearest_field(added, image.shape[:2])
        return (np.trunc(total).astype(np.int64) % 256).astype(np.uint8)

    return change


def _ripple(source: RandomSource, probability: float, size: Size) -> Change:
    """Rings around the centre; the formula is in ``intensity.Ripple``."""
    height, width = size
    period, chance = source.ripple(size)
    distance = np.hypot(np.arange(width) - width / 2, np.arange(height)[:, None] - height / 2)
    hit = chance < probability * 2.71 ** (-distance / (width / 3))
    phase = distance / period % 1
    k = 1 - (1.4 * (phase - 0.5)) ** 2

    def change(image: Bytes, _nearest: bool) -> Bytes:
        on, part, factor = (_nearest_field(field, image.shape[:2]) for field in (hit, phase, k))
        values = image.astype(float)
        rings = np.where(part < 0.5, 255 - (255 - values) * factor, values * factor)
        return np.where(on, np.trunc(rings), image).astype(np.uint8)

    return change


def _enhancement(enhancer: Any, source: RandomSource, most: float, _size: Size) -> Change:
    factor = source.uniform(1, most)
    if not source.randint(0, 1):
        factor = 1 / factor**3

    def change(image: Bytes, _nearest: bool) -> Bytes:
        return _by_pictures(lambda picture: enhancer(picture).enhance(factor), _stretched(image))

    return change


_OPERATIONS: dict[str, Callable[[RandomSource, float, Size], Change]] = {
    "ripple": _ripple,
    "rotation": _rotation,
    "scaling": _scaling,
    "translation": _translation,
    "flip": _flip,
    "elastic": _elastic,
    "blur": _blur,
    "noise": _noise,
    "contrast": partial(_enhancement, ImageEnhance.Contrast),
    "brightness": partial(_enhancement, ImageEnhance.Brightness),
}


def _affine(matrix: NDArray[np.float64], size: Size, image: Bytes, nearest: bool) -> Bytes:
    """Warp an image by a forward 2x3 matrix in the coordinates of an image of ``size``."""
    own = _for_size(np.vstack([matrix, [0, 0, 1]]), image.shape[:2], size)[:2]
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    to = image.shape[1::-1]
    return by_channels(lambda part: cv2.warpAffine(part, own, to, flags=flags), image)


def _for_size(matrix: NDArray[np.float64], size: Size, reference: Size) -> NDArray[np.float64]:
    """Convert a 3x3 matrix from the reference's pixel coordinates to an image of another size."""
    if size == reference:
        return matrix
    scale = np.diag([size[1] / reference[1], size[0] / reference[0], 1.0])
    scaled: NDArray[np.float64] = scale @ matrix @ np.linalg.inv(scale)
    return scaled


def _nearest_field(field: NDArray[Any], size: Size) -> NDArray[Any]:
    """A field (height, width) resized to ``size`` by nearest neighbour: (height, width, 1)."""
    rows, columns = (np.arange(n) * m // n for n, m in zip(size, field.shape, strict=True))
    return field[rows][:, columns, None]


def _stretched(image: Bytes) -> Bytes:
    """Stretch the range of all channels to 0..255; a constant image stays as it is."""
    low, high = int(image.min()), int(image.max())
    return image if low == high else ((image - float(low)) / (high - low) * 255).astype(np.uint8)


def _by_pictures(function: Callable[[Image.Image], Image.Image], image: Bytes) -> Bytes:
    """Apply ``function`` to an image as a Pillow image; channel by channel unless there are 3."""
    if image.shape[2] == 3:
        return np.array(function(Image.fromarray(image)))
    channels = [function(Image.fromarray(part)) for part in np.moveaxis(image, 2, 0).copy()]
    return np.stack([np.array(channel) for channel in channels], axis=2)

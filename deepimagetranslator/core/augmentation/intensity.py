"""The operations of the current behaviour that change values: ripple, drop, blur, noise ...

Each is an ``Augmentor.Operations.Operation``, so it stands in an Augmentor pipeline beside
Augmentor's own. Unlike those it takes float32 arrays (height, width, channels) with values in
[0, 1] beside Pillow images, and draws from a generator that it is handed, never from the global
``random``. It first draws (``draw``), once for the pair and in numbers that do not depend on the
amount, then changes each ticked side by that draw (``change``).

Pixels are those of the first image, the input: draws are made at its size, and stretched to a
target of another size.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from Augmentor.Operations import Operation
from numpy.typing import NDArray

Array = NDArray[np.float32]
Size = tuple[int, int]
"""Height and width."""


class PairOperation(Operation):
    """A random operation on an input and its target, with one draw for both.

    Attributes:
        amount: the operation's amount, in the unit of its field in ``AugmentationSpec``.
        sides: whether it changes the first image (input) and the second (target).
    """

    def __init__(self, amount: float, sides: tuple[bool, bool] = (True, True)) -> None:
        super().__init__(probability=1.0)
        self.amount = amount
        self.sides = sides

    def draw(self, rng: np.random.Generator, size: Size) -> Any:
        """The random part, for an input of that size; the same for both sides."""
        raise NotImplementedError

    def change(self, image: Array, draw: Any) -> Array:
        """A new image (height, width, channels), changed by a draw."""
        raise NotImplementedError

    def apply(self, images: Sequence[Array], rng: np.random.Generator) -> list[Array]:
        """The images (input, or input and target), the ticked ones changed by one draw."""
        draw = self.draw(rng, images[0].shape[:2])
        return [
            self.change(image, draw) if on else image
            for image, on in zip(images, self.sides, strict=False)
        ]


class Ripple(PairOperation):
    """Darker and brighter rings round the centre.

    A pixel at the distance s from the centre is changed with the probability
    amount * 2.71^(-s / (width / 3)): with d drawn from 7 to 12, r the fraction of s / d and
    k = 1 - (1.4 (r - 0.5))^2 its value v becomes 1 - (1 - v) k if r < 0.5, else v k.
    """

    def draw(self, rng: np.random.Generator, size: Size) -> tuple[Array, Array]:
        """Gain and offset of every pixel of the input, each (height, width)."""
        distance, chance = _rings(size)
        period = rng.integers(7, 13, size, dtype=np.uint8)
        hit = rng.random(size, dtype=np.float32) < np.float32(self.amount) * chance
        phase = distance / period
        phase -= np.floor(phase)
        k = 1 - (np.float32(1.4) * (phase - np.float32(0.5))) ** 2
        gain = np.where(hit, k, np.float32(1))
        return gain, (1 - gain) * (phase < 0.5)

    def change(self, image: Array, draw: tuple[Array, Array]) -> Array:
        gain, offset = (spread(part, image.shape) for part in draw)
        gain *= image
        gain += offset
        return gain


class Drop(PairOperation):
    """From 0 to ``count`` black rectangles, each side 0 to ``amount`` pixels, within the image."""

    def __init__(
        self, amount: float, sides: tuple[bool, bool] = (True, True), *, count: int = 12
    ) -> None:
        super().__init__(amount, sides)
        self.count = count

    def draw(self, rng: np.random.Generator, size: Size) -> NDArray[np.float64]:
        """The rectangles' (top, left, bottom, right) as parts of the height and width, (n, 4)."""
        count = int(rng.random() * (self.count + 1))
        corner, side = np.split(rng.random((count, 4)), 2, axis=1)
        side = np.minimum(np.floor(side * (np.floor(self.amount) + 1)), size)
        corner = np.floor(corner * (size - side + 1))
        return np.hstack([corner / size, (corner + side) / size])

    def change(self, image: Array, draw: NDArray[np.float64]) -> Array:
        image = image.copy()
        height, width = image.shape[:2]
        for top, left, bottom, right in np.rint(draw * [height, width, height, width]).astype(int):
            image[top:bottom, left:right] = 0
        return image


class Blur(PairOperation):
    """A Gaussian blur of a radius from 0 to ``amount`` pixels.

    Its standard deviation is half the radius, so 95 per cent of the weight lie within it.
    """

    def draw(self, rng: np.random.Generator, size: Size) -> NDArray[np.float64]:
        """The standard deviation down and across, as parts of the height and width."""
        return rng.random() * self.amount / 2 / np.array(size)

    def change(self, image: Array, draw: NDArray[np.float64]) -> Array:
        down, across = (draw * image.shape[:2]).tolist()
        if max(down, across) < 0.1:  # the next pixel would weigh less than 1e-20
            return image
        kernel = [2 * int(np.ceil(3 * sigma)) + 1 for sigma in (across, down)]
        return by_channels(lambda part: cv2.GaussianBlur(part, kernel, across, sigmaY=down), image)


class Noise(PairOperation):
    """Additive Gaussian noise, the same for all channels, clipped to [0, 1].

    Its standard deviation is drawn from 0 to ``amount`` (1: the full range of values).
    """

    def draw(self, rng: np.random.Generator, size: Size) -> Array:
        """What is added to every pixel of the input, (height, width)."""
        deviation = np.float32(rng.random() * self.amount)
        return rng.standard_normal(size, dtype=np.float32) * deviation

    def change(self, image: Array, draw: Array) -> Array:
        noisy = spread(draw, image.shape)
        noisy += image
        return np.clip(noisy, 0, 1, out=noisy)


class _Factor(PairOperation):
    """An operation by a factor drawn from 1 to ``amount``, or as likely by its inverse."""

    def draw(self, rng: np.random.Generator, size: Size) -> np.float32:
        part, inverse = rng.random(2)
        factor = 1 + part * (self.amount - 1)
        return np.float32(1 / factor if inverse < 0.5 else factor)


class Contrast(_Factor):
    """Values move away from the image's mean, or towards it, by a factor; clipped to [0, 1]."""

    def change(self, image: Array, draw: np.float32) -> Array:
        changed = image * draw
        changed += image.mean() * (1 - draw)
        return np.clip(changed, 0, 1, out=changed)


class Brightness(_Factor):
    """Values are multiplied by a factor; clipped to [0, 1]."""

    def change(self, image: Array, draw: np.float32) -> Array:
        changed = image * draw
        return np.clip(changed, 0, 1, out=changed)


def spread(field: Array, shape: tuple[int, ...]) -> Array:
    """A new array of ``shape`` from one value a pixel (height, width): nearest, every channel."""
    height, width, channels = shape
    if field.shape != (height, width):
        field = cv2.resize(field, (width, height), interpolation=cv2.INTER_NEAREST)
    spread_out: Array = cv2.merge([field] * channels)
    return spread_out.reshape(shape)


def by_channels(function: Any, image: NDArray[Any]) -> NDArray[Any]:
    """``function`` of an image, four channels at a time: the most that OpenCV's warps take."""
    parts = [
        function(np.ascontiguousarray(image[..., start : start + 4]))
        for start in range(0, image.shape[2], 4)
    ]
    full = [part if part.ndim == 3 else part[..., None] for part in parts]
    return full[0] if len(full) == 1 else np.concatenate(full, axis=2)


@lru_cache(maxsize=8)
def _rings(size: Size) -> tuple[Array, Array]:
    """Each pixel's distance to the centre, and its 2.71^(-distance / (width / 3))."""
    height, width = size
    y = np.arange(height, dtype=np.float32)[:, None] - height / 2
    x = np.arange(width, dtype=np.float32)[None, :] - width / 2
    distance = np.hypot(y, x).astype(np.float32)
    chance = np.power(np.float32(2.71), -distance / np.float32(width / 3))
    distance.flags.writeable = chance.flags.writeable = False
    return distance, chance

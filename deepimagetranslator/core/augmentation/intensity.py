"""Intensity augmentation: operations that change pixel values (ripple, drop, blur, noise ...).

Each is an ``Augmentor.Operations.Operation``, so that it fits into an Augmentor pipeline. Unlike
Augmentor's own operations it takes float32 arrays (height, width, channels) with values in [0, 1]
and a NumPy generator, and never uses the global ``random``. ``sample`` takes the random values,
once for each pair; how many it takes does not depend on the amount. ``change`` then applies them
to each ticked side.

Random values are sampled at the size of the input, and stretched to a target of another size.
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
    """A random operation on an input and its target, with the same random values for both.

    Attributes:
        amount: the operation's amount, in the unit of its field in ``AugmentationSpec``.
        sides: whether it changes the input, and whether it changes the target.
    """

    def __init__(self, amount: float, sides: tuple[bool, bool] = (True, True)) -> None:
        super().__init__(probability=1.0)
        self.amount = amount
        self.sides = sides

    def sample(self, rng: np.random.Generator, size: Size) -> Any:
        """Sample the random values for an input of this size; both sides share them."""
        raise NotImplementedError

    def change(self, image: Array, values: Any) -> Array:
        """A changed copy of an image (height, width, channels), for sampled values."""
        raise NotImplementedError

    def apply(self, images: Sequence[Array], rng: np.random.Generator) -> list[Array]:
        """The images (input, or input and target) with the ticked sides changed."""
        values = self.sample(rng, images[0].shape[:2])
        return [
            self.change(image, values) if on else image
            for image, on in zip(images, self.sides, strict=False)
        ]


class Ripple(PairOperation):
    """Dark and bright rings around the centre.

    A pixel at distance s from the centre is changed with probability
    amount * 2.71^(-s / (width / 3)). Let d be a random integer from 7 to 12, r the fractional
    part of s / d, and k = 1 - (1.4 (r - 0.5))^2. The value v becomes 1 - (1 - v) k if r < 0.5,
    else v k.
    """

    def sample(self, rng: np.random.Generator, size: Size) -> tuple[Array, Array]:
        """Gain and offset of every pixel of the input, each (height, width)."""
        distance, chance = _rings(size)
        period = rng.integers(7, 13, size, dtype=np.uint8)
        hit = rng.random(size, dtype=np.float32) < np.float32(self.amount) * chance
        phase = distance / period
        phase -= np.floor(phase)
        k = 1 - (np.float32(1.4) * (phase - np.float32(0.5))) ** 2
        gain = np.where(hit, k, np.float32(1))
        return gain, (1 - gain) * (phase < 0.5)

    def change(self, image: Array, values: tuple[Array, Array]) -> Array:
        gain, offset = (spread(part, image.shape) for part in values)
        gain *= image
        gain += offset
        return gain


class Drop(PairOperation):
    """Cutout: 0 to ``count`` black rectangles with sides of 0 to ``amount`` pixels.

    After DeVries and Taylor, "Improved regularization of convolutional neural networks with
    cutout", 2017.
    """

    def __init__(
        self, amount: float, sides: tuple[bool, bool] = (True, True), *, count: int = 12
    ) -> None:
        super().__init__(amount, sides)
        self.count = count

    def sample(self, rng: np.random.Generator, size: Size) -> NDArray[np.float64]:
        """Rectangles (n, 4): top, left, bottom, right as fractions of the height and width."""
        count = int(rng.random() * (self.count + 1))
        corner, side = np.split(rng.random((count, 4)), 2, axis=1)
        side = np.minimum(np.floor(side * (np.floor(self.amount) + 1)), size)
        corner = np.floor(corner * (size - side + 1))
        return np.hstack([corner / size, (corner + side) / size])

    def change(self, image: Array, values: NDArray[np.float64]) -> Array:
        image = image.copy()
        height, width = image.shape[:2]
        rectangles = np.rint(values * [height, width, height, width]).astype(int)
        for top, left, bottom, right in rectangles:
            image[top:bottom, left:right] = 0
        return image


class Blur(PairOperation):
    """A Gaussian blur with a radius of 0 to ``amount`` pixels.

    The standard deviation is half the radius.
    """

    def sample(self, rng: np.random.Generator, size: Size) -> NDArray[np.float64]:
        """Vertical and horizontal standard deviation as fractions of the height and width."""
        return rng.random() * self.amount / 2 / np.array(size)

    def change(self, image: Array, values: NDArray[np.float64]) -> Array:
        down, across = (values * image.shape[:2]).tolist()
        if max(down, across) < 0.1:  # neighbouring pixels would have weights below 1e-20
            return image
        kernel = [2 * int(np.ceil(3 * sigma)) + 1 for sigma in (across, down)]
        return by_channels(lambda part: cv2.GaussianBlur(part, kernel, across, sigmaY=down), image)


class Noise(PairOperation):
    """Additive Gaussian noise, the same in all channels; the result is clipped to [0, 1].

    The standard deviation is sampled from 0 to ``amount``, as a fraction of the full range.
    """

    def sample(self, rng: np.random.Generator, size: Size) -> Array:
        """The noise of every pixel of the input, (height, width)."""
        deviation = np.float32(rng.random() * self.amount)
        return rng.standard_normal(size, dtype=np.float32) * deviation

    def change(self, image: Array, values: Array) -> Array:
        noisy = spread(values, image.shape)
        noisy += image
        return np.clip(noisy, 0, 1, out=noisy)


class FactorOperation(PairOperation):
    """An operation with a factor from 1 to ``amount``; with probability 1/2 with its inverse."""

    def sample(self, rng: np.random.Generator, size: Size) -> np.float32:
        part, inverse = rng.random(2)
        factor = 1 + part * (self.amount - 1)
        return np.float32(1 / factor if inverse < 0.5 else factor)


class Contrast(FactorOperation):
    """Scales each value's difference from the image's mean; the result is clipped to [0, 1]."""

    def change(self, image: Array, values: np.float32) -> Array:
        changed = image * values
        changed += image.mean() * (1 - values)
        return np.clip(changed, 0, 1, out=changed)


class Brightness(FactorOperation):
    """Multiplies the values by the factor; the result is clipped to [0, 1]."""

    def change(self, image: Array, values: np.float32) -> Array:
        changed = image * values
        return np.clip(changed, 0, 1, out=changed)


def spread(field: Array, shape: tuple[int, ...]) -> Array:
    """A field (height, width) resized to an image's shape by nearest neighbour, in all channels."""
    height, width, channels = shape
    if field.shape != (height, width):
        field = cv2.resize(field, (width, height), interpolation=cv2.INTER_NEAREST)
    spread_out: Array = cv2.merge([field] * channels)
    return spread_out.reshape(shape)


def by_channels(function: Any, image: NDArray[Any]) -> NDArray[Any]:
    """Apply ``function`` to four channels at a time, the most that OpenCV's warps accept."""
    parts = [
        function(np.ascontiguousarray(image[..., start : start + 4]))
        for start in range(0, image.shape[2], 4)
    ]
    full = [part if part.ndim == 3 else part[..., None] for part in parts]
    return full[0] if len(full) == 1 else np.concatenate(full, axis=2)


@lru_cache(maxsize=8)
def _rings(size: Size) -> tuple[Array, Array]:
    """Each pixel's distance s to the centre in pixels, and 2.71^(-s / (width / 3))."""
    height, width = size
    y = np.arange(height, dtype=np.float32)[:, None] - height / 2
    x = np.arange(width, dtype=np.float32)[None, :] - width / 2
    distance = np.hypot(y, x).astype(np.float32)
    chance = np.power(np.float32(2.71), -distance / np.float32(width / 3))
    distance.flags.writeable = chance.flags.writeable = False
    return distance, chance

"""Values of an image that are no measurement: NaN, infinity, and a few far beyond all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.typing import Array

HUGE = 1e30
"""Beyond this no value is a measurement; programs write 3.4e38, the largest float32, for none."""
FAR = 1000.0
"""A value is far from the others if it lies this many times their range beyond them."""

_LOOKED_AT = 4096
_FEW, _FEW_PART = 16, 1e-5  # pixels, and the part of an image; more of them are a structure

READ_AS = (
    "NaN and minus infinity are read as the lowest value of the network's range, infinity as the "
    "highest"
)
"""How training and translation read them, see ``IntensityNormalization.to_unit``."""


@dataclass(frozen=True, slots=True)
class OddValues:
    """The odd values of one image.

    Attributes:
        nan: the number of NaN.
        infinite: the number of infinite values.
        margin: there are NaN only, and they reach the border, as outside the body in a scan.
        far: the number of values far beyond the others of the image.
        rest: the lowest and the highest of the others, if ``far`` is not 0.
    """

    nan: int = 0
    infinite: int = 0
    margin: bool = False
    far: int = 0
    rest: tuple[float, float] = (0.0, 0.0)

    @property
    def not_finite(self) -> int:
        """The number of NaN and infinite values."""
        return self.nan + self.infinite


NONE = OddValues()


def odd_values(image: Array, low: float, high: float) -> OddValues:
    """The odd values of an image.

    Args:
        image: (height, width, channels).
        low, high: its lowest and highest finite value, without padding.
    """
    if image.dtype == np.uint8:
        return NONE
    nan, infinite, margin = 0, 0, False
    if count := not_finite(image):
        missing = np.isnan(image)
        nan = int(missing.sum())
        infinite = count - nan
        margin = not infinite and _reaches_border(missing)
    return OddValues(nan, infinite, margin, *_far(image, low, high))


def not_finite(image: Array) -> int:
    """The number of NaN and infinite values of an image."""
    return int(image.size - np.isfinite(image).sum()) if image.dtype.kind == "f" else 0


def told(count: int, of: str) -> str:
    """The sentence that so many images, such as "of 20 images", hold NaN or infinite values."""
    verb = "holds" if count == 1 else "hold"
    return f"{count} {of} {verb} values that are not numbers or infinite; {READ_AS}."


def _reaches_border(missing: NDArray[np.bool_]) -> bool:
    edges = missing[0], missing[-1], missing[:, 0], missing[:, -1]
    return any(bool(edge.any()) for edge in edges)


def _far(image: Array, low: float, high: float) -> tuple[int, tuple[float, float]]:
    """The number of far values, and the range of the others.

    A sample of the pixels gives the range of the others. Only if the extremes lie far beyond it
    are all pixels compared.
    """
    few = max(_FEW, int(_FEW_PART * image.size))
    flat = image.reshape(-1)
    sample = flat[:: max(1, flat.size // _LOOKED_AT)].astype(np.float64)
    cut = 1 + few * sample.size // flat.size  # so many of the sample may be far values
    sample = sample[np.abs(sample) < HUGE]  # without NaN and infinity, too
    if sample.size <= 2 * cut:
        return 0, (0.0, 0.0)
    inner = np.partition(sample, (cut, sample.size - 1 - cut))
    lowest, highest = far_limits(float(inner[cut]), float(inner[-1 - cut]))
    if lowest <= low and high <= highest:
        return 0, (0.0, 0.0)
    huge = np.abs(image) >= HUGE if image.dtype.kind == "f" else np.zeros(image.shape, np.bool_)
    far = ((image < lowest) | (image > highest)) & ~huge
    if far.sum() > few:
        far[:] = False
    odd = (far | huge) & np.isfinite(image)
    others = image[np.isfinite(image) & ~odd]
    if not odd.any() or not others.size:
        return 0, (0.0, 0.0)
    return int(odd.sum()), (float(others.min()), float(others.max()))


def far_limits(low: float, high: float) -> tuple[float, float]:
    """The limits beyond which a value is far from those from ``low`` to ``high``."""
    beyond = FAR * (high - low)
    return max(low - beyond, -HUGE), min(high + beyond, HUGE)

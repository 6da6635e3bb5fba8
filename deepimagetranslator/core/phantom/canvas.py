"""Smooth functions, and the canvas of one slice, on which outlines are painted."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Waves = Callable[[Floats, float], Floats]
Paint = tuple[float, int]  # Hounsfield units, Tissue

_BITS = 4  # OpenCV takes coordinates of 1/16 pixel
_CIRCLE = np.stack([np.cos(a := np.arange(20) * np.pi / 10), np.sin(a)], axis=1)


class Tissue(IntEnum):
    """The classes of the target."""

    NONE = 0  # air, gas, the skin
    SUBCUTANEOUS = 1
    VISCERAL = 2
    LEAN = 3


AIR = (-1000.0, Tissue.NONE)
FAT = -100.0  # HU


def bump(x: Any, centre: float, width: float) -> Any:
    """A Gaussian of a number or an array: 1 at the centre, 1/e at ``width`` from it."""
    return np.exp(-(((x - centre) / width) ** 2))


def ramp(x: Any, start: float, end: float) -> Any:
    """A smooth step of a number or an array: 0 up to ``start``, 1 from ``end``."""
    s = np.clip((x - start) / (end - start), 0, 1)
    return s * s * (3 - 2 * s)


def random_waves(
    rng: np.random.Generator, shortest: float, longest: float, rms: float, values: int
) -> Waves:
    """A smooth random function from points (..., 2) and z, in mm, to values (..., ``values``).

    It is a sum of 12 plane waves with wavelengths from ``shortest`` to ``longest`` mm. Amplitudes
    grow with the wavelength; ``rms`` is the root mean square of the sum.
    """
    lengths = np.geomspace(shortest, longest, 12)[:, None]
    vectors = rng.normal(size=(12, 3))
    vectors *= 2 * np.pi / lengths / np.linalg.norm(vectors, axis=1, keepdims=True)
    amplitudes = rng.normal(size=(12, values)) * lengths
    amplitudes *= rms * np.sqrt(2) / np.linalg.norm(amplitudes, axis=0)
    phases = rng.uniform(0, 2 * np.pi, 12)

    def at(points: Floats, z: float) -> Floats:
        angles = points @ vectors[:, :2].T + (vectors[:, 2] * z + phases)
        return np.asarray(np.cos(angles) @ amplitudes)

    return at


class Canvas:
    """The canvas of the slice at z, filled with visceral fat.

    Positions are in mm from the middle: x to the right of the image, y downwards (to the back).
    Outlines are slightly deformed before they are painted, so that none is a perfect curve.

    Attributes:
        layers: (pixels, pixels, 2): Hounsfield units and ``Tissue``.
        field: side length of the square field of view in mm.
        z: position along the body in mm, from the first slice.
    """

    def __init__(self, pixels: int, field: float, z: float, bend: Waves) -> None:
        self.layers = np.full((pixels, pixels, 2), (FAT, Tissue.VISCERAL), np.float32)
        self.field, self.z, self._bend = field, z, bend

    def fill(self, paint: Paint, *outlines: Floats) -> None:
        """Fill an outline (N, 2), or the area between two outlines."""
        cv2.fillPoly(self.layers, [self._pixels(o) for o in outlines], paint, shift=_BITS)

    def fill_discs(self, paint: Paint, discs: Floats, level: float = np.inf) -> None:
        """Fill discs (n, 3) of x, y and radius, only where y is less than ``level``."""
        share = min(level / self.field + 0.5, 1)
        in_front = self.layers[: round(share * len(self.layers))]
        for outline in self._pixels(discs[:, None, :2] + _CIRCLE * discs[:, 2:, None]):
            cv2.fillPoly(in_front, [outline], paint, shift=_BITS)

    def stroke(self, paint: Paint, line: Floats, width: float, closed: bool = False) -> None:
        """Draw a line (N, 2), ``width`` mm wide."""
        thickness = max(1, round(width * len(self.layers) / self.field))
        cv2.polylines(self.layers, [self._pixels(line)], closed, paint, thickness, shift=_BITS)

    def _pixels(self, points: Floats) -> npt.NDArray[np.int32]:
        """Points in mm, deformed, as the fixed-point pixel coordinates of OpenCV."""
        pixels = ((points + self._bend(points, self.z)) / self.field + 0.5) * len(self.layers) - 0.5
        return np.asarray(np.round(pixels * 2**_BITS), np.int32)

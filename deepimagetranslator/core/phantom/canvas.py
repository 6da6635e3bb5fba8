"""Painting one slice: outlines in millimetres, Hounsfield units and tissues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NOTHING, SUBCUTANEOUS, VISCERAL, LEAN = range(4)
AIR, FAT = -1000.0, -100.0

_BITS = 4  # OpenCV takes coordinates of 1/16 pixel
_CIRCLE = np.stack([np.cos(a := np.arange(20) * np.pi / 10), np.sin(a)], axis=1)


def curve(controls: Any, closed: bool = True, per: int = 10) -> Floats:
    """A smooth line, (N, d), through the control points, (P, d): a Catmull-Rom spline."""
    points = np.asarray(controls, np.float64)
    ends = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    padded = np.concatenate([ends[0], points, ends[1]])
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    s = np.linspace(0, 1, per, endpoint=False)[None, :, None]
    knots = p1 + 0.5 * s * (
        p2 - p0 + s * (2 * p0 - 5 * p1 + 4 * p2 - p3 + s * (3 * (p1 - p2) + p3 - p0))
    )
    return np.asarray(knots.reshape(-1, points.shape[1]))


def disc(centre: Any, radius: Any) -> Floats:
    """A circle's outline, (20, 2), or with two radii that of an upright ellipse."""
    return np.asarray(centre + _CIRCLE * radius)


def scaled(outline: Floats, factor: float) -> Floats:
    """The outline made larger or smaller about its centre."""
    centre = outline.mean(axis=0)
    return np.asarray(centre + (outline - centre) * factor)


@dataclass(frozen=True)
class Waves:
    """A smooth random function of the place in mm: a sum of plane waves.

    Attributes:
        vectors: (n, 3) radians per mm along x, y and z.
        phases: (n,) radians.
        sizes: (n, d): what each wave adds to the d values.
    """

    vectors: Floats
    phases: Floats
    sizes: Floats

    @classmethod
    def drawn(
        cls, rng: np.random.Generator, lengths: tuple[float, float], size: float, values: int
    ) -> Waves:
        """Waves of random direction with lengths in mm between the two; ``size`` is the rms."""
        count = 10
        directions, amounts = rng.normal(size=(count, 3)), rng.normal(size=(count, values))
        directions *= 2 * np.pi / np.linalg.norm(directions, axis=1, keepdims=True)
        amounts *= size * np.sqrt(2 / count) / np.sqrt((amounts**2).mean(axis=0))
        vectors = directions / np.geomspace(*lengths, count)[:, None]
        return cls(vectors, rng.uniform(0, 2 * np.pi, count), amounts)

    def __add__(self, other: Waves) -> Waves:
        """The sum of both functions."""
        pairs = ((self.vectors, other.vectors), (self.phases, other.phases))
        return Waves(*map(np.concatenate, (*pairs, (self.sizes, other.sizes))))

    def at(self, points: Floats, z: float) -> Floats:
        """The values, (..., d), at points (..., 2) of the slice at z."""
        angles = points @ self.vectors[:, :2].T + (self.vectors[:, 2] * z + self.phases)
        return np.asarray(np.cos(angles) @ self.sizes)


class Canvas:
    """Hounsfield units and tissues of one slice, both (pixels, pixels).

    Places are in mm from the middle, x to the image's right, y down (to the back). Each outline
    is bent a little by ``bend`` before it is painted, so that nothing is a perfect curve.
    """

    def __init__(
        self, pixels: int, field: float, bend: Waves, z: float, hu: float, tissue: int
    ) -> None:
        self.pixels, self.field, self.bend, self.z = pixels, field, bend, z
        self.hu = np.full((pixels, pixels), hu, np.float32)
        self.tissue = np.full((pixels, pixels), tissue, np.uint8)

    def fill(self, outline: Floats, hu: float, tissue: int, level: float | None = None) -> None:
        """Fill an outline, (N, 2) mm; with a ``level`` only what lies in front of that y."""
        points = self._bent(outline)
        if level is not None:
            points[:, 1] = np.minimum(points[:, 1], level)
        fixed = [self._fixed(points)]
        cv2.fillPoly(self.hu, fixed, (hu,), shift=_BITS)
        cv2.fillPoly(self.tissue, fixed, (tissue,), shift=_BITS)

    def stroke(
        self, line: Floats, width: float, hu: float, tissue: int | None = None, bent: bool = True
    ) -> None:
        """Draw an open line, (N, 2) mm, ``width`` mm wide; the tissue stays unless given."""
        points = [self._fixed(self._bent(line) if bent else line)]
        thickness = max(1, round(width * self.pixels / self.field))
        cv2.polylines(self.hu, points, False, (hu,), thickness, shift=_BITS)
        if tissue is not None:
            cv2.polylines(self.tissue, points, False, (tissue,), thickness, shift=_BITS)

    def inside(self, outline: Floats) -> npt.NDArray[np.bool_]:
        """Which pixels lie in the outline."""
        mask = np.zeros(self.tissue.shape, np.uint8)
        cv2.fillPoly(mask, [self._fixed(self._bent(outline))], (1,), shift=_BITS)
        return mask.astype(bool)

    def paste(self, other: Canvas, where: npt.NDArray[np.bool_]) -> None:
        """Take over another canvas there."""
        np.copyto(self.hu, other.hu, where=where)
        np.copyto(self.tissue, other.tissue, where=where)

    def texture(self, waves: Waves) -> npt.NDArray[np.float32]:
        """The waves' first value at every pixel, (pixels, pixels)."""
        axis = ((np.arange(96) + 0.5) / 96 - 0.5) * self.field
        grid = np.stack(np.meshgrid(axis, axis), axis=-1)
        coarse = waves.at(grid, self.z)[..., 0].astype(np.float32)
        size = (self.pixels, self.pixels)
        return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC))

    def _bent(self, points: Floats) -> Floats:
        return points + self.bend.at(points, self.z)

    def _fixed(self, points: Floats) -> npt.NDArray[np.int32]:
        pixels = (points / self.field + 0.5) * self.pixels - 0.5
        return np.asarray(np.round(pixels * 2**_BITS), np.int32)

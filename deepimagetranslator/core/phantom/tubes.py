"""A person's bowel, pancreas and vessels: tubes through all slices, laid once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from deepimagetranslator.core.phantom.canvas import (
    AIR,
    LEAN,
    NOTHING,
    Canvas,
    Floats,
    curve,
    disc,
)
from deepimagetranslator.core.phantom.people import LENGTH, Person, person_of
from deepimagetranslator.core.phantom.trunk import ramp, trunk_of

WALL = 58.0  # HU of bowel

LOOPS = (  # middles of the small bowel's loops: u, v, t
    *((-0.4, -0.35, 0.78), (0.58, -0.15, 0.6), (-0.05, -0.3, 0.95)),
    *((0.5, -0.3, 1.06), (0.6, -0.4, 0.75), (-0.45, -0.2, 1.02)),
)


@dataclass(frozen=True)
class Tube:
    """A hollow or solid tube through the slices.

    Attributes:
        points: (N, 3) mm: x, y, z along its middle, closely spaced.
        radius: (N,) mm.
        hu: of its wall, or of all of it if it has no contents.
        contents: (N,) HU of what it holds, or None.
        gas: part of its lumen, seen from the front, that is gas.
        wall: its wall's thickness in mm.
    """

    points: Floats
    radius: Floats
    hu: float = WALL
    contents: Floats | None = None
    gas: float = 0.0
    wall: float = 2.2

    def draw(self, canvas: Canvas, z: float) -> None:
        """Where the slice cuts it: walls first, then contents, then gas on top of them."""
        away = np.abs(self.points[:, 2] - z)
        cut = np.flatnonzero(away < self.radius * 0.98)
        radius = np.sqrt(np.maximum(self.radius**2 - away**2, 0))
        for run in np.split(cut, np.flatnonzero(np.diff(cut) > 1) + 1):
            for i in run:
                canvas.fill(disc(self.points[i, :2], radius[i]), self.hu, LEAN)
            if self.contents is not None:
                self._fill(canvas, run, radius - self.wall)

    def _fill(self, canvas: Canvas, run: npt.NDArray[np.intp], radius: Floats) -> None:
        lumen = [i for i in run if radius[i] > 2]
        if not lumen or self.contents is None:
            return
        for i in lumen:
            canvas.fill(disc(self.points[i, :2], radius[i]), float(self.contents[i]), LEAN)
        front = min(self.points[i, 1] - radius[i] for i in lumen)
        back = max(self.points[i, 1] + radius[i] for i in lumen)
        level = front + self.gas * (back - front)
        for i in lumen:
            if level - self.points[i, 1] + radius[i] < max(0.6 * radius[i], 5):
                continue  # no slits of gas
            canvas.fill(disc(self.points[i, :2], radius[i]), AIR, NOTHING, level)


@dataclass(frozen=True)
class Viscera:
    """A person's tubes, and the smaller choices drawn once: gas, and t of both kidneys."""

    bowel: tuple[Tube, ...]
    colon: tuple[Tube, ...]
    pancreas: tuple[Tube, ...]
    vessels: tuple[Tube, ...]
    portal: tuple[Tube, ...]
    stomach_gas: float
    kidney_heights: tuple[float, float]


@lru_cache(maxsize=64)
def viscera_of(seed: int, number: int) -> Viscera:
    """The viscera of person ``number``."""
    person = person_of(number, seed)
    rng = np.random.default_rng([seed, number, 7])
    return Viscera(
        bowel=tuple(_loops(person, rng)),
        colon=_colon(person, rng),
        pancreas=_pancreas(person),
        vessels=_vessels(person),
        portal=_portal(person, rng),
        stomach_gas=float(rng.uniform(0.15, 0.4)),
        kidney_heights=(float(rng.uniform(0.49, 0.55)), float(rng.uniform(0.41, 0.47))),
    )


def _in_mm(person: Person, path: Floats) -> Floats:
    """Points (N, 3) of u, v, t as x, y, z in mm."""
    heights = np.linspace(-0.4, 1.4, 37)
    ends = np.array([[1.0, -1.0], [1.0, 1.0]])
    sizes = np.abs([trunk_of(person, float(height)).place(ends) for height in heights])
    u, v, t = path.T
    side, front, back = (np.interp(t, heights, sizes[:, i, j]) for i, j in ((0, 0), (0, 1), (1, 1)))
    return np.stack([u * side, v * np.where(v < 0, front, back), t * LENGTH], axis=1)


def _even(points: Floats, step: float) -> Floats:
    """The path's points (N, 3) resampled at equal steps in mm."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    places = np.arange(0, along[-1], step)
    return np.stack([np.interp(places, along, points[:, i]) for i in range(3)], axis=1)


def _tube(person: Person, controls: Any) -> Floats:
    """Points (N, 3) every 3 mm along the curve through the controls (P, 3), in u, v, t."""
    return _even(_in_mm(person, curve(controls, closed=False, per=24)), 3.0)


def _colon(person: Person, rng: np.random.Generator) -> tuple[Tube, ...]:
    """Ascending, transverse and descending colon with their haustra."""
    parts = (
        (
            22,
            0.25,
            [(-0.72, 0.3, 1.3), (-0.76, 0.3, 1.1), (-0.77, 0.3, 0.9), (-0.76, 0.25, 0.75)]
            + [(-0.72, 0.05, 0.64), (-0.66, -0.15, 0.6)],
        ),
        (
            18,
            0.32,
            [(-0.66, -0.15, 0.6), (-0.55, -0.5, 0.58), (-0.25, -0.68, 0.62)]
            + [(0.1, -0.7, 0.64), (0.4, -0.66, 0.56), (0.6, -0.5, 0.45), (0.74, -0.25, 0.34)]
            + [(0.8, -0.05, 0.32)],
        ),
        (
            14,
            0.2,
            [(0.8, -0.05, 0.32), (0.85, 0.12, 0.4), (0.84, 0.25, 0.55), (0.82, 0.32, 0.75)]
            + [(0.8, 0.36, 0.95), (0.74, 0.36, 1.15), (0.7, 0.3, 1.3)],
        ),
    )
    tubes = []
    for radius, gas, controls in parts:
        points = _tube(person, controls)
        along = 3.0 * np.arange(len(points)) + rng.uniform(0, 30)
        haustra = 1 + 0.15 * np.sin(along * 2 * np.pi / 27) + 0.08 * np.sin(along * 2 * np.pi / 61)
        contents = 45 + 25 * np.sin(along / 40 + rng.uniform(0, 6))
        gas = gas * rng.uniform(0.4, 1.4)
        tubes.append(Tube(points, radius * haustra, WALL, contents, gas, 2.5))
    return tuple(tubes)


def _loops(person: Person, rng: np.random.Generator) -> list[Tube]:
    """Small bowel: snaking loops, with fluid, contrast agent and a little gas."""
    wander = np.linspace(0, 2 * np.pi, 260)
    tubes = []
    omentum = 0.12 + 0.2 * person.build.visceral
    for centre in LOOPS:
        path = np.tile(np.array(centre), (len(wander), 1))
        for order in range(1, 8):
            phases = rng.uniform(0, 2 * np.pi, 3)
            sizes = np.array([0.2, 0.17, 0.09]) / order**0.3
            path += sizes * np.sin(order * wander[:, None] + phases)
        path[:, 0] = 0.78 * np.tanh(path[:, 0] / 0.78)
        middle, half = (0.18 - (0.97 - omentum)) / 2, (0.18 + (0.97 - omentum)) / 2
        path[:, 1] = middle + half * np.tanh((path[:, 1] - middle) / half)
        path[:, 2] = np.where(
            path[:, 2] < 0.5, 0.5 + 0.3 * np.tanh((path[:, 2] - 0.5) / 0.3), path[:, 2]
        )
        points = _even(_in_mm(person, path), 3.0)
        along = 3.0 * np.arange(len(points))
        radius = (
            13.5
            - 2.5 * person.build.visceral
            + 1.5 * np.sin(along / 31 + rng.uniform(0, 6))
            + np.sin(along / 13)
        )
        bright = 190 * ramp(np.sin(along / 150 + rng.uniform(0, 6)), 0.3, 0.7) * rng.integers(0, 2)
        tubes.append(
            Tube(points, radius, WALL + 2, 36 + bright, float(rng.choice([0, 0, 0.22])), 1.8)
        )
    return tubes


def _pancreas(person: Person) -> tuple[Tube, ...]:
    """Pancreas and duodenum."""
    pancreas = _tube(
        person,
        [(-0.26, -0.06, 0.5), (-0.2, -0.12, 0.44), (0, -0.2, 0.39), (0.2, -0.14, 0.34)]
        + [(0.42, 0.1, 0.31), (0.58, 0.25, 0.28)],
    )
    along = np.linspace(0, 1, len(pancreas))
    lobed = 13 - 5 * along + 1.3 * np.sin(along * 60)
    duodenum = _tube(
        person,
        [(-0.18, -0.34, 0.42), (-0.36, -0.18, 0.44), (-0.4, -0.02, 0.52), (-0.36, 0, 0.62)]
        + [(-0.2, -0.05, 0.68), (0.05, -0.1, 0.69), (0.25, -0.2, 0.64)],
    )
    wide = 11 + 1.5 * np.sin(np.arange(len(duodenum)) / 4)
    return (
        Tube(pancreas, lobed, 62),
        Tube(duodenum, wide, WALL, np.full(len(duodenum), 25.0), 0.15),
    )


def _vessels(person: Person) -> tuple[Tube, ...]:
    """Aorta and vena cava with the iliac vessels, renal veins, the mesenteric vessels."""
    contrast = person.build.contrast
    z = np.arange(-0.3, 1.4, 0.0125)
    front = np.array([trunk_of(person, float(t)).spine for t in z]) - 17
    apart = 24 * ramp(z, 0.88, 1.3)

    def down(x: Floats, y: Floats, radius: float, hu: float) -> Tube:
        points = np.stack([x + 0 * z, y, z * LENGTH], axis=1)
        return Tube(points, np.full(len(z), radius), hu)

    artery, vein = 45 + 2 * contrast, 42 + 1.5 * contrast
    tubes = [
        down(-20 - apart, front - 6, 11, vein),
        down(-22 - 0.4 * apart, front - 9, 10.5, vein),
        down(9 + apart, front - 11, 10.5, artery),
        down(5 - 1.2 * apart, front - 12, 8, artery),
    ]
    root = z > 0.36
    for x, radius, hu in ((5, 3.6, artery), (-7, 5.0, vein)):
        points = np.stack(
            [x + 6 * np.sin(5 * z), front - 30 - 9 * ramp(z, 0.36, 0.6), z * LENGTH], axis=1
        )[root]
        tubes.append(Tube(points, np.full(len(points), radius), hu))
    return tuple(tubes)


def _portal(person: Person, rng: np.random.Generator) -> tuple[Tube, ...]:
    """Branches of the portal and hepatic veins, brighter than the liver."""
    hilum = np.array([-0.3, -0.15, 0.25])
    tubes = []
    for _ in range(9):
        tip = rng.uniform((-0.85, -0.7, 0.0), (-0.3, 0.5, 0.4))
        knee = (hilum + tip) / 2 + rng.normal(0, 0.07, 3)
        points = _tube(person, np.stack([hilum, knee, tip]))
        radius = np.linspace(5, 2, len(points))
        tubes.append(Tube(points, radius, 56 + 1.0 * person.build.contrast))
    return tuple(tubes)

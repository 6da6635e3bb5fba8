"""The organs, embedded in visceral fat. Each is a tube with round ends."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deepimagetranslator.core.phantom.canvas import AIR, FAT, Canvas, Floats, Tissue, random_waves
from deepimagetranslator.core.phantom.person import LENGTH, Person, rings_of


class Organ(NamedTuple):
    """The shape and density of an organ.

    Attributes:
        path: u, v, t and radius at points along its centre line: per cent of the cavity's half
            width and half depth, per cent of the way from the first slice to the last, and mm.
        hu: Hounsfield units of the organ, or of its wall if it has contents.
        contents: Hounsfield units of its contents other than gas; None if it is solid.
        uptake: its fraction of the contrast agent's HU in the aorta.
        tall: extent along z, in radii.
    """

    path: npt.ArrayLike
    hu: float
    contents: float | None = None
    uptake: float = 0.0
    tall: float = 1.0


# fmt: off
_ORGANS = (  # painted in this order, each over those before it
    # Spleen; right and left lobe of the liver, gall bladder; stomach
    Organ([(90, 0, 0, 12), (92, 30, 0, 22), (75, 65, 0, 22), (50, 85, 0, 12)], 50, None, 0.3, 3),
    Organ([(-50, 10, -30, 70), (-55, 5, 15, 64), (-75, -10, 40, 38), (-86, 0, 65, 10)],
          56, None, 0.25),
    Organ([(-60, -20, 0, 56), (-30, -50, 0, 46), (10, -70, 0, 32), (35, -75, 0, 16)],
          56, None, 0.25, 1.6),
    Organ([(-50, -40, 34, 9), (-50, -48, 40, 13), (-52, -50, 46, 10)], 10),
    Organ([(50, 0, -35, 45), (52, -15, 0, 42), (50, -30, 20, 34), (0, -45, 38, 16)], 60, 38),
    # Fat round the kidneys, parenchyma, and fat of the sinus
    *(Organ([(side * (u - 3), v, t - 6, radius), (side * (u + 3), v, t + 6, radius)],
            hu, None, uptake, 1.6)
      for side, t in ((-1, 52), (1, 44))
      for u, v, radius, hu, uptake in ((57, 68, 44, FAT, 0), (57, 52, 28, 38, 0.8),
                                       (42, 37, 13, FAT, 0))),
    # Pancreas, duodenum; ascending, transverse and descending colon
    Organ([(-26, -6, 50, 13), (-20, -12, 44, 12), (0, -20, 39, 10), (58, 25, 28, 8)], 62),
    Organ([(-18, -34, 42, 12), (-38, -8, 50, 11), (-20, -5, 68, 11), (25, -20, 64, 10)], 60, 25),
    Organ([(-72, 30, 130, 22), (-77, 30, 90, 22), (-74, 20, 70, 22), (-66, -15, 60, 20)], 60, 50),
    Organ([(-66, -15, 60, 19), (-25, -68, 62, 18), (35, -68, 58, 18), (80, -5, 32, 16)], 60, 40),
    Organ([(80, -5, 32, 15), (84, 20, 50, 14), (80, 36, 95, 14), (70, 30, 130, 14)], 60, 50),
    # Psoas; vena cava and aorta with the iliac vessels; superior mesenteric vein and artery
    *(Organ([(side * 24, 40, 20, 5), (side * 29, 46, 50, 14), (side * 38, 44, 120, 22)], 58)
      for side in (-1, 1)),
    Organ([(-17, 0, -30, 11), (-17, 0, 90, 11), (-38, 5, 140, 10)], 42, None, 0.75),
    Organ([(-17, 0, 85, 9), (0, 0, 110, 9), (10, 5, 140, 9)], 42, None, 0.75),
    Organ([(8, -6, -30, 10), (8, -6, 90, 10), (30, -3, 140, 9)], 45, None, 1),
    Organ([(8, -6, 85, 8), (-5, -6, 110, 8), (-20, -3, 140, 8)], 45, None, 1),
    Organ([(-6, -15, 40, 5), (-6, -32, 60, 5), (-8, -40, 130, 4)], 42, None, 0.75),
    Organ([(6, -15, 36, 4), (4, -30, 60, 4), (0, -40, 130, 4)], 45, None, 1),
)
_LOOPS = (  # centres of the small bowel's loops: u, v, t
    (-40, -35, 78), (58, -15, 60), (-5, -30, 95), (50, -30, 106), (60, -40, 75), (-45, -20, 102),
)
# fmt: on


def draw_organs(canvas: Canvas, person: Person) -> None:
    """Paint the cross-sections of a person's organs in this slice."""
    for organ, points, radius, gas in _laid(person):
        away = (points[:, 2] - canvas.z) / organ.tall
        cut = np.flatnonzero(np.abs(away) < 0.98 * radius)
        parts = np.split(cut, np.flatnonzero(np.diff(cut) > 1) + 1) if len(cut) > 0 else []
        for part in parts:
            across = np.sqrt(radius[part] ** 2 - away[part] ** 2)
            _draw_part(canvas, person, organ, np.column_stack([points[part, :2], across]), gas)


def _draw_part(canvas: Canvas, person: Person, organ: Organ, discs: Floats, gas: float) -> None:
    """Paint an organ's overlapping discs (n, 3): wall, then contents, then gas in front."""
    tissue = Tissue.VISCERAL if organ.hu == FAT else Tissue.LEAN
    canvas.fill_discs((organ.hu + organ.uptake * person.contrast, tissue), discs)
    lumen = discs[discs[:, 2] > 4] - (0, 0, 2.2)
    if organ.contents is not None and len(lumen) > 0:
        canvas.fill_discs((organ.contents, Tissue.LEAN), lumen)
        front, back = lumen[:, 1] - lumen[:, 2], lumen[:, 1] + lumen[:, 2]
        level = front.min() + gas * (back.max() - front.min())
        canvas.fill_discs(AIR, lumen[level - front > 7], level)  # no slits of gas


@lru_cache(maxsize=64)
def _laid(person: Person) -> list[tuple[Organ, Floats, Floats, float]]:
    """Each organ of a person, points (N, 3) and radii (N,) along it in mm, and its gas level."""
    rng = np.random.default_rng([*person.seed, 7])
    shift = random_waves(rng, 150, 400, 9.0, 1)
    heights = np.linspace(-0.4, 1.4, 19)
    sides, fronts = np.transpose([rings_of(person, t)[2][[180, 90]] for t in heights])
    loops = [_loop(rng, middle, person.visceral) for middle in _LOOPS]
    laid = []
    for organ in (*loops, *_ORGANS):
        u, v, t, radius = np.transpose(organ.path) / [[100], [100], [100], [1]]
        x = u * np.interp(t, heights, sides)
        y = v * np.where(v < 0, np.interp(t, heights, fronts), person.back - 14)
        z = t * LENGTH + shift(np.stack([x, y], axis=1), 0)[:, 0]
        along = np.append(0, np.cumsum(np.linalg.norm(np.diff([x, y, z]), axis=0)))
        even = np.arange(0, along[-1], 4.0)
        x, y, z, radius = (np.interp(even, along, values) for values in (x, y, z, radius))
        lobes = 0.03 if organ.contents is None else 0.1
        radius *= 1 + lobes * np.sin(even / 4.3 + rng.uniform(0, 6))
        laid.append((organ, np.stack([x, y, z], axis=1), radius, rng.uniform(-0.1, 0.4)))
    return laid


def _loop(rng: np.random.Generator, centre: tuple[float, ...], visceral: float) -> Organ:
    """A winding loop of small bowel behind the omentum; some loops hold contrast agent."""
    order = np.arange(1, 8)[:, None]
    turns = np.linspace(0, 2 * np.pi, 260)[:, None, None] * order
    waves = np.sin(turns + rng.uniform(0, 2 * np.pi, (7, 3))) / order**0.3
    path = centre + (20, 17, 9) * waves.sum(axis=1)
    low, high = np.array([(-78, 20 * visceral - 85, 30), (78, 5, 150)])
    middle, half = (low + high) / 2, (high - low) / 2
    path = middle + half * np.tanh((path - middle) / half)
    path = np.column_stack([path, np.full(len(path), 13.5 - 2.5 * visceral)])
    return Organ(path, 60, float(rng.choice([36, 36, 80, 200])))

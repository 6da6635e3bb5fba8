"""The people of the phantom: their builds, and the rings of their trunk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deepimagetranslator.core.phantom.canvas import Floats, Waves, bump, ramp, random_waves

LENGTH = 240.0  # mm from the first slice, at the liver's dome, to the last, at the iliac crest
ANGLES = np.arange(-180.0, 180.0)  # degrees: 0 is the image's right, -90 in front, 90 behind
_COS, _SIN = np.cos(np.radians(ANGLES)), np.sin(np.radians(ANGLES))

BUILDS = (  # half width, fat, visceral, muscle, contrast: see Person
    (134, 24, 0.55, 1.0, 80),
    (150, 19, 0.97, 0.95, 40),
    (134, 40, 0.73, 0.9, 60),
    (142, 18, 0.6, 1.2, 10),
    (138, 30, 0.88, 0.85, 0),
    (140, 26, 0.76, 1.0, 60),
)


@dataclass(frozen=True, eq=False)  # compared, and cached, by identity
class Person:
    """A build and the random part of the anatomy.

    Attributes:
        half_width: half the width of the trunk without subcutaneous fat, in mm.
        fat: typical thickness of the subcutaneous fat, in mm.
        visceral: amount of visceral fat, from 0 to 1.
        muscle: relative thickness of the muscles; 1 is typical.
        contrast: HU that the contrast agent adds to the aorta.
        seed: the seed of all random values.
        vertebra: position of the first slice within a vertebra, from 0 to 1.
        bend: deformation of every outline, in mm along x and y.
        texture: variation of the density within tissue, in HU.
    """

    half_width: float
    fat: float
    visceral: float
    muscle: float
    contrast: float
    seed: tuple[int, int]
    vertebra: float
    bend: Waves
    texture: Waves

    @property
    def back(self) -> float:
        """Distance from the middle to the back of the muscles, in mm."""
        return 0.725 * self.half_width - 5


@lru_cache(maxsize=64)
def person_of(number: int, seed: int) -> Person:
    """Person ``number``, from 1, with the random anatomy of a seed."""
    rng = np.random.default_rng([seed, number])
    return Person(
        *BUILDS[number - 1],
        seed=(seed, number),
        vertebra=rng.uniform(),
        bend=random_waves(rng, 40, 300, 3.0, 2),
        texture=random_waves(rng, 14, 80, 5.0, 1),
    )


def rings_of(person: Person, t: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Outlines of the trunk, as radii (360,) in mm at ANGLES.

    They are the outer skin, the outer and inner surface of the muscles, and the abdominal cavity
    without the lungs. ``t`` runs from 0 in the first slice to 1 in the last.
    """
    muscles = _muscles(person, t)
    cavity = muscles - _wall(person, t)
    lungs = (38 * _sides(140, 26) + 9 * _sides(95, 30)) * max(1 - t / 0.2, 0) - 3
    return muscles + _fat(person, t), muscles, cavity, cavity - np.maximum(lungs, 0)


def outline(ring: Floats) -> Floats:
    """The ring's points, (360, 2) mm."""
    return np.stack([ring * _COS, ring * _SIN], axis=1)


def _sides(angle: float, width: float) -> Floats:
    """A bump on both sides at this angle from the front; ``angle`` and ``width`` in degrees."""
    return np.asarray(bump(np.abs((ANGLES + 270) % 360 - 180), angle, width))


def _muscles(person: Person, t: float) -> Floats:
    """Radii of the muscles' outer surface: a rounded box with waist, hips, belly, and spine."""
    lean = 1 - person.visceral
    width = 1 - 0.13 * lean * bump(t, 0.62, 0.25) + 0.03 * ramp(t, 0.8, 1.1)
    belly = 1 + (0.18 - 0.27 * lean) * bump(t, 0.65, 0.4) - 0.07 * lean * ramp(t, 0.5, 1.0)
    depth = 0.725 * np.where(_SIN < 0, belly, 1)
    ring = (np.abs(_COS / width) ** 2.35 + np.abs(_SIN / depth) ** 2.35) ** (-1 / 2.35)
    return np.asarray(person.half_width * ring + 3 * _sides(157, 12) - 5 * _sides(180, 6))


def _fat(person: Person, t: float) -> Floats:
    """Thickness of fat and skin in mm: more further down, less over the spine and at the navel."""
    around = 0.9 * _sides(32, 32) + 0.8 * _sides(90, 40) + (0.7 + 0.6 * t) * _sides(140, 32)
    share = (0.2 + 0.8 * around) * (1 - 0.45 * _sides(180, 8))
    thickness = 5 + person.fat * (0.45 + 0.75 * ramp(t, -0.1, 1.1)) * share
    navel = 0.8 * bump(t, 0.86, 0.035) * _sides(0, 4.5)
    return np.asarray(thickness * (1 - navel) - 0.15 * person.fat * t * _sides(0, 7))


def _wall(person: Person, t: float) -> Floats:
    """Thickness of the muscles in mm: thin at the midline and beside the rectus, thick behind."""
    chest, low = 11 + 2 * _sides(0, 30), ramp(t, 0.25, 0.55)
    belly = 5 + 7 * _sides(19, 12) + 12 * _sides(80, 30) - 1.5 * _sides(0, 5)
    behind = 1 / (1 + np.exp((np.abs(ANGLES - 90) - 33) / 3.5))
    front = person.muscle * ((1 - low) * chest + low * belly)
    return np.asarray(front * (1 - behind) + 46 * behind)

"""Who is drawn: builds, and what is drawn once for a person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deepimagetranslator.core.phantom.canvas import Waves

LENGTH = 240.0  # mm from the first slice, at the liver's dome, to the last, at the iliac crest


@dataclass(frozen=True)
class Build:
    """What makes one person differ from another; lengths in mm.

    Attributes:
        half_width, half_depth: of the trunk without its subcutaneous fat.
        fat: usual thickness of the subcutaneous fat, and its share in front, at the sides, behind.
        visceral: how much visceral fat, from 0 to 1.
        muscle: thickness of the muscles, 1 is usual.
        belly, waist: how far the belly stands out and the waist goes in, as parts of the size.
        contrast: HU that the contrast agent adds to the aorta.
    """

    name: str
    half_width: float
    half_depth: float
    fat: float
    front: float
    side: float
    back: float
    visceral: float
    muscle: float
    belly: float
    waist: float
    contrast: float


BUILDS = (
    Build("person01", 134, 96, 24, 0.9, 0.8, 1.0, 0.55, 1.0, 0.06, 0.06, 40),
    Build("person02", 150, 110, 19, 0.9, 0.8, 0.9, 0.97, 0.95, 0.17, 0.0, 20),
    Build("person03", 134, 98, 40, 1.0, 0.75, 1.0, 0.73, 0.9, 0.09, 0.04, 30),
    Build("person04", 142, 102, 18, 0.8, 0.9, 1.1, 0.6, 1.2, 0.06, 0.03, 5),
    Build("person05", 138, 103, 30, 1.1, 0.8, 0.9, 0.88, 0.85, 0.12, 0.01, 0),
    Build("person06", 140, 100, 26, 0.9, 0.9, 1.0, 0.76, 1.0, 0.1, 0.03, 30),
)


@dataclass(frozen=True, eq=False)  # compared, and cached, by identity
class Person:
    """A build with the random part of the anatomy.

    Attributes:
        bend: waves that bend every outline, mm along x and y.
        strands: waves along whose zeros fine strands run through the fat.
        shade: waves of the tissue's own unevenness, the same for every tissue.
        vertebra: where in a vertebra the first slice lies, from 0 to 1.
        seed: for further random parts.
    """

    build: Build
    bend: Waves
    strands: Waves
    shade: Waves
    vertebra: float
    seed: tuple[int, int]


@lru_cache(maxsize=64)
def person_of(number: int, seed: int) -> Person:
    """Person ``number``, from 1, as that seed makes them."""
    rng = np.random.default_rng([seed, number])
    bend = Waves.drawn(rng, (100, 300), 3.0, 2) + Waves.drawn(rng, (24, 60), 0.8, 2)
    return Person(
        build=BUILDS[number - 1],
        bend=bend,
        strands=Waves.drawn(rng, (30, 90), 1.0, 1),
        shade=Waves.drawn(rng, (12, 80), 5.0, 1),
        vertebra=float(rng.uniform()),
        seed=(seed, number),
    )

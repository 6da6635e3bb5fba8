"""The images of the denoising study: clean and noisy slices, written once with fixed seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from product import DATA

from deepimagetranslator.core.augmentation import legacy_2021
from deepimagetranslator.core.config.specs import AugmentationSpec
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.imaging.pixels import resize

Bytes = NDArray[np.uint8]
PERSONS = ("lungdx_a0001", "lungdx_a0002")
LEVELS = (0.3, 0.5)
"""What the trainings have at most, and what only the tests have."""
KERNELS = "kernels"
LEARNT, TESTED = range(8, 39), range(49, 60)
"""Slices of the pairs of two kernels; those between are left out."""

_SEED = 20210515


class _Most(legacy_2021.GeneratorSource):
    """The random numbers of 2021, but as many noisy pixels as are allowed, in every image."""

    def uniform(self, low: float, high: float) -> float:
        return high


def paper(image: Bytes, level: float, rng: np.random.Generator) -> Bytes:
    """The noise of the 2021 program: this share of the pixels gets normal noise with an SD of the
    whole range, and sums wrap around modulo 256."""
    spec = AugmentationSpec(noise=level, noise_input=True, **_NOTHING_ELSE)
    return legacy_2021.run([image], spec, lambda name: _Most(rng))[0]


def gaussian(image: Bytes, level: float, rng: np.random.Generator) -> Bytes:
    """Normal noise in all pixels, its SD a fraction of the range; sums are clipped."""
    noisy = image + 255 * level * rng.standard_normal(image.shape)
    return np.rint(np.clip(noisy, 0, 255)).astype(np.uint8)


_NOTHING_ELSE = {
    f"{operation}_{side}": False
    for operation in ("scaling", "rotation", "translation", "flip")
    for side in ("input", "target")
}
NOISES: dict[str, Callable[[Bytes, float, np.random.Generator], Bytes]] = {
    "paper": paper,
    "gaussian": gaussian,
}
BEHAVIOUR = {"paper": "2021", "gaussian": "current"}
"""The version of the augmentation that makes the same noise."""


@dataclass(frozen=True)
class Case:
    """Who is learnt, and who is tested.

    Attributes:
        name: the noise and, where there are two, the tested person.
        noise: one of ``NOISES``, or "kernels", whose inputs are noisy in their files.
        tested: the tested person.
        train: clean inputs and targets to learn from, which augmentation makes noisy, or files of a
            sharp kernel and of a smooth one: two folders.
        fitted: noisy and clean images of the same person, on which other methods are fitted.
        tests: by level, noisy and clean images of the tested person.
    """

    name: str
    noise: str
    tested: str
    train: tuple[Path, Path]
    fitted: tuple[Path, Path]
    tests: dict[str, tuple[Path, Path]]


def cases(folder: Path, size: int) -> list[Case]:
    """All cases; their images are written unless they are there.

    Args:
        folder: for the images.
        size: their height and width in pixels.
    """
    clean = {person: _clean(folder, person, size) for person in PERSONS}
    found = []
    for noise in NOISES:
        noisy = {
            (person, level): _noisy(folder, clean[person], noise, level)
            for person in PERSONS
            for level in LEVELS
        }
        for learnt, tested in (PERSONS, PERSONS[::-1]):
            tests = {str(level): (noisy[tested, level], clean[tested]) for level in LEVELS}
            train, fitted = (clean[learnt],) * 2, (noisy[learnt, LEVELS[0]], clean[learnt])
            found.append(Case(f"{noise}-{tested}", noise, tested, train, fitted, tests))
    train = _kernels(folder / KERNELS / "train", LEARNT, size)
    tested = {"": _kernels(folder / KERNELS / "test", TESTED, size)}
    return [*found, Case(KERNELS, KERNELS, PERSONS[0], train, train, tested)]


def _clean(folder: Path, person: str, size: int) -> Path:
    made = folder / "clean" / person
    for path in sorted((DATA / "ct_thorax" / person).iterdir()):
        _write_reduced(path, made / path.name, size)
    return made


def _noisy(folder: Path, clean: Path, noise: str, level: float) -> Path:
    made = folder / f"{noise}-{level}" / clean.name
    for path in sorted(clean.iterdir()):
        key = (int(path.stem[1:]), PERSONS.index(clean.name), round(10 * level))
        rng = np.random.default_rng([_SEED, *key])
        if not (made / path.name).exists():
            made.mkdir(parents=True, exist_ok=True)
            write_image(made / path.name, NOISES[noise](read_image(path), level, rng))
    return made


def _kernels(folder: Path, slices: range, size: int) -> tuple[Path, Path]:
    made = folder / "noisy", folder / "clean"
    for side in made:
        for path in sorted((DATA / "ct_thorax_pairs" / PERSONS[0] / side.name).iterdir()):
            if int(path.stem[1:]) in slices:
                _write_reduced(path, side / path.name, size)
    return made


def _write_reduced(path: Path, made: Path, size: int) -> None:
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        write_image(made, resize(read_image(path), size, size, False))

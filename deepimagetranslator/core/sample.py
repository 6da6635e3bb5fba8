"""The sample data set: synthetic abdominal CT of several people, with exact label maps.

Red is subcutaneous fat, green visceral fat, blue lean tissue and bone; air, gas, lungs and skin
are black. Both kinds of fat have the same Hounsfield units and texture, so that only their
position in the body distinguishes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.phantom.person import BUILDS, person_of
from deepimagetranslator.core.phantom.scanner import scan

Bytes = npt.NDArray[np.uint8]

SAMPLE_PEOPLE: tuple[str, ...] = tuple(f"person{i:02d}" for i in range(1, len(BUILDS) + 1))
SAMPLE_SIZE = 128
SAMPLE_SLICES = 30
SAMPLE_SEED = 2021


@dataclass(frozen=True)
class SampleSet:
    """The files of a sample set.

    Attributes:
        folder: has a subfolder for each person, with ``images`` and ``targets``.
        pairs: input and target files by the person's name, from the chest downwards.
    """

    folder: Path
    pairs: Mapping[str, tuple[tuple[Path, Path], ...]]


def draw_slice(
    person: int, index: int, size: int, seed: int = SAMPLE_SEED, slices: int = SAMPLE_SLICES
) -> tuple[Bytes, Bytes]:
    """Draw one slice.

    Args:
        person: 1 for ``person01`` and so on.
        index: from 0, at the liver's dome, to ``slices - 1``, at the iliac crest.
        size: height and width in pixels; the anatomy is the same at every size.
        seed: another seed makes other people of the same builds.
        slices: the number of slices over the 24 cm of the abdomen.

    Returns:
        The image (size, size, 1) and its target (size, size, 3) in four exact colours, uint8.

    Raises:
        ValueError: there is no such person or slice, or the size is under 16 pixels.
    """
    if not 1 <= person <= len(SAMPLE_PEOPLE):
        raise ValueError(f"There is no sample person {person}; give 1 to {len(SAMPLE_PEOPLE)}.")
    if not 0 <= index < slices:
        raise ValueError(f"There is no slice {index} of {slices}.")
    if size < 16:
        raise ValueError(f"A sample slice needs at least 16 pixels, not {size}.")
    return scan(person_of(person, seed), index / max(1, slices - 1), size)


def write_sample(
    folder: Path,
    size: int = SAMPLE_SIZE,
    people: Sequence[int] | None = None,
    slices: int = SAMPLE_SLICES,
    seed: int = SAMPLE_SEED,
    report: Callable[[int, int], None] | None = None,
) -> SampleSet:
    """Draw the sample set and write it into a folder.

    Files are named ``person01/images/person01_slice001.png``, and the same under ``targets``.
    Each is written atomically.

    Args:
        folder: created if needed; files of the same names are replaced.
        size: height and width in pixels.
        people: numbers of the people, from 1; None for all.
        slices: slices per person.
        seed: the seed of anatomy and noise.
        report: called after each pair with the number of written pairs and of all pairs.

    Raises:
        UserError: a file cannot be written.
    """
    numbers = tuple(range(1, len(SAMPLE_PEOPLE) + 1)) if people is None else tuple(people)
    pairs: dict[str, tuple[tuple[Path, Path], ...]] = {}
    total = len(numbers) * slices
    for done, number in enumerate(numbers):
        name = SAMPLE_PEOPLE[number - 1]
        files = []
        for index in range(slices):
            drawn = draw_slice(number, index, size, seed, slices)
            files.append(_write_pair(folder / name, f"{name}_slice{index + 1:03d}.png", *drawn))
            if report is not None:
                report(done * slices + index + 1, total)
        pairs[name] = tuple(files)
    return SampleSet(folder, pairs)


def _write_pair(folder: Path, name: str, image: Bytes, target: Bytes) -> tuple[Path, Path]:
    paths = folder / "images" / name, folder / "targets" / name
    for path, array in zip(paths, (image, target), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, array)
    return paths

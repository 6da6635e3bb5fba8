"""How far the networks of an ensemble are apart on an image: what most deserves a second look.

For label maps it is 1 - the mean Dice of all pairs of networks, over the classes that one of them
finds; of simple figures it tells best where an ensemble fails (Zenk et al. 2024, arXiv 2406.03323;
Roy et al. 2019, NeuroImage 195). For values it is the standard deviation between the networks (of
a sample, divided by their number - 1), averaged over the pixels.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.backup import back_up
from deepimagetranslator.core.system.csv_text import csv_text
from deepimagetranslator.core.system.system_path import is_file, system_path

TABLE = "second_look.csv"
"""The table's name in the folder of the translated images."""
DICE, SD = "1 - mean Dice between the networks", "mean SD between the networks"
_COLUMNS = ("image", "disagreement", "measure", "output")

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Apart:
    """Counts of one image or of a tile of it, which add up; pixels are those of the network.

    Attributes:
        sums: for label maps (pairs, classes) pixels that both networks of a pair give the class,
            twice; for values (1, 1) the sum of the standard deviations over the pixels.
        wholes: (pairs, classes) pixels that one of the two gives the class, plus those of the
            other; for values (1, 1) the number of pixels.
        measure: ``DICE`` or ``SD``.
    """

    sums: NDArray[np.float64]
    wholes: NDArray[np.float64]
    measure: str

    @classmethod
    def of_classes(cls, classes: Sequence[NDArray[Any]], count: int, background: bool) -> Apart:
        """Of class numbers (height, width) by each network, at least two.

        Args:
            classes: the class numbers.
            count: the number of classes.
            background: whether class 0 is the background, which is left out.
        """
        first = 1 if background else 0
        masks = [one[None] == np.arange(first, count)[:, None, None] for one in classes]
        pairs = list(combinations(masks, 2))
        both = [2.0 * (a & b).sum(axis=(1, 2)) for a, b in pairs]
        each = [(a.sum(axis=(1, 2)) + b.sum(axis=(1, 2))).astype(float) for a, b in pairs]
        return cls(np.array(both), np.array(each), DICE)

    @classmethod
    def of_values(cls, deviation: Floats, scale: float) -> Apart:
        """Of standard deviations (height, width), which ``scale`` converts to values of files."""
        total = float(deviation.sum(dtype=np.float64)) * scale
        return cls(np.array([[total]]), np.array([[float(deviation.size)]]), SD)

    def __add__(self, other: Apart) -> Apart:
        return Apart(self.sums + other.sums, self.wholes + other.wholes, self.measure)

    @property
    def disagreement(self) -> float:
        """0 if the networks agree; for label maps up to 1, for values in the values of files."""
        if self.measure == SD:
            return float(self.sums[0, 0] / self.wholes[0, 0])
        found = self.wholes > 0
        return 1 - float(np.mean(self.sums[found] / self.wholes[found])) if found.any() else 0.0


@dataclass(frozen=True)
class SecondLook:
    """A translated image and how far the networks are apart on it."""

    source: ImageRef
    output: ImageRef
    disagreement: float
    measure: str


def worst_first(found: Iterable[SecondLook]) -> tuple[SecondLook, ...]:
    """The images, those on which the networks are farthest apart first."""
    return tuple(sorted(found, key=lambda one: -one.disagreement))


def write_second_look(found: Sequence[SecondLook], folder: Path) -> Path:
    """Write the table of all images, worst first; an earlier one is kept beside it.

    Raises:
        WriteError: it cannot be written.
    """
    path = folder / TABLE
    rows: list[tuple[str, ...]] = [_COLUMNS]
    for one in found:
        cells = f"{one.disagreement:.4g}", one.measure, one.output.shown_name
        rows.append((one.source.shown_name, *cells))
    if is_file(path):
        back_up(path)
    write_bytes(path, csv_text(rows).encode("utf-8", "backslashreplace"))
    return path


def read_second_look(images: Sequence[ImageRef], folder: Path) -> dict[ImageRef, float]:
    """How far the networks that made these images are apart, by the table in their folder.

    Left out are images of which the table says nothing, and those whose names are not unique, as
    the table has no subfolders. A table that is missing or damaged says nothing.

    Args:
        images: translated images.
        folder: the folder that they were written into.
    """
    found: dict[str, float] = {}
    twice = {name for name, n in Counter(one.shown_name for one in images).items() if n > 1}
    with suppress(OSError, ValueError, csv.Error):
        text = system_path(folder / TABLE).read_text(encoding="utf-8", errors="strict")
        for row in csv.DictReader(text.splitlines()):
            name, value = str(row.get("output")), float(row.get("disagreement") or "nan")
            twice |= {name} & found.keys()
            found[name] = value
    return {
        image: found[image.shown_name]
        for image in images
        if image.shown_name in found.keys() - twice and math.isfinite(found[image.shown_name])
    }

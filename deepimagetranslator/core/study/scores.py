"""What the evaluation of a cell found: counts for each tested image, as a CSV file.

Counts, and not measures, are kept, as those of a person's images add up to one volume.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.evaluation.measures import Measurement, whole_volume
from deepimagetranslator.core.study.plan import DICE
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.csv_text import csv_text

ALL = "all"
_COUNTS = ("target", "predicted", "overlap", "absolute", "squared", "similarity")
_SOURCE = ("weights", "sha256", "arrays_sha256")
_COLUMNS = ("number", "image", "person", "channel", "pixels", *_COUNTS, *_SOURCE)
_SHA256_DIGITS = 64

Measures = Mapping[str, Mapping[str, float]]
"""By channel, measures by name; ``ALL`` has those of all channels together."""


@dataclass(frozen=True)
class ImageScore:
    """One tested image.

    Attributes:
        number: its number in the project.
        image: its name.
        person: whose it is.
        measurement: the counts.
    """

    number: int
    image: str
    person: str
    measurement: Measurement


@dataclass(frozen=True)
class CellScores:
    """All tested images of a cell.

    Attributes:
        images: in the order of their numbers.
        channels: names of the channels, or classes.
        weights: name of the weights file in the cell's folder.
        sha256: of that file, which holds its date too.
        arrays: the SHA-256 of the file's arrays, which is the same in equal trainings; empty in
            tables that do not tell.
    """

    images: tuple[ImageScore, ...]
    channels: tuple[str, ...]
    weights: str
    sha256: str
    arrays: str = ""

    def of_images(self) -> list[tuple[ImageScore, Measures]]:
        """The measures of each image."""
        return [(one, one.measurement.results(self.channels)) for one in self.images]

    def of_persons(self) -> dict[str, Measures]:
        """The measures of each person, all of whose images count as one volume."""
        by_person: dict[str, list[Measurement]] = {}
        for one in self.images:
            by_person.setdefault(one.person, []).append(one.measurement)
        return {
            person: whole_volume(own).results(self.channels) for person, own in by_person.items()
        }


def primary(measures: Measures, measure: str) -> float:
    """The primary measure: the mean Dice over the channels where it is defined, or the PSNR.

    Undefined (nan) if no channel has a Dice, as its class is absent in target and translation, and
    for a PSNR of equal images.
    """
    if measure != DICE:
        value = measures[ALL][measure]
        return value if math.isfinite(value) else math.nan
    values = [own[DICE] for channel, own in measures.items() if channel != ALL]
    defined = [value for value in values if math.isfinite(value)]
    return math.fsum(defined) / len(defined) if defined else math.nan


def write_scores(scores: CellScores, path: Path) -> None:
    """Write the table atomically and durably; numbers keep their precision.

    Raises:
        UserError: it cannot be written.
    """
    rows: list[tuple[object, ...]] = [_COLUMNS]
    for one in scores.images:
        m = one.measurement
        for place, channel in enumerate(scores.channels):
            counts = [repr(float(getattr(m, name)[place])) for name in _COUNTS]
            row = (one.number, one.image, one.person, channel, m.pixels)
            rows.append((*row, *counts, scores.weights, scores.sha256, scores.arrays))
    write_bytes(path, csv_text(rows).encode("utf-8", "surrogateescape"), durable=True)


def read_scores(path: Path) -> CellScores | None:
    """Read a table; None if there is none.

    Raises:
        UserError: it is damaged.
    """
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return None
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        return _scores_of(rows)
    except (csv.Error, KeyError, TypeError, ValueError, IndexError):
        raise UserError(
            f"{path} is damaged; delete it, and run the study again to evaluate the cell anew."
        ) from None


def _scores_of(rows: Sequence[Mapping[str, str]]) -> CellScores:
    channels = tuple(dict.fromkeys(row["channel"] for row in rows))
    by_image = [rows[start : start + len(channels)] for start in range(0, len(rows), len(channels))]
    whole = all(tuple(row["channel"] for row in own) == channels for own in by_image)
    sources = {tuple(row.get(name, "") for name in _SOURCE) for row in rows}
    if not whole or len(sources) != 1:
        raise ValueError
    weights, sha256, arrays = sources.pop()
    if len(sha256) != _SHA256_DIGITS or len(arrays) not in (0, _SHA256_DIGITS):
        raise ValueError
    return CellScores(tuple(map(_image_of, by_image)), channels, weights, sha256, arrays)


def _image_of(rows: Sequence[Mapping[str, str]]) -> ImageScore:
    first = rows[0]
    counts = (np.array([float(row[name]) for row in rows]) for name in _COUNTS)
    measurement = Measurement(1, int(first["pixels"]), *counts)
    return ImageScore(int(first["number"]), first["image"], first["person"], measurement)


def undefined(values: Iterable[float]) -> int:
    """How many values are not defined."""
    return sum(not math.isfinite(value) for value in values)

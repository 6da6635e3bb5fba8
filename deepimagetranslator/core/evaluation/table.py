"""The measures of a set of images as a table, and as a CSV file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deepimagetranslator.core.data.dataset import channel_names
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.evaluation.calibration import Reliability
from deepimagetranslator.core.evaluation.measures import (
    LIKENESS,
    MEASURES,
    OF_INPUT,
    Measurement,
    whole_volume,
)
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.runs.input_itself import Verdict
from deepimagetranslator.core.system.atomic_write import write_bytes, writing
from deepimagetranslator.core.system.backup import back_up
from deepimagetranslator.core.system.csv_text import csv_text
from deepimagetranslator.core.system.system_path import is_file, system_path

POOLED, ALL = "pooled", "all"


@dataclass(frozen=True)
class Evaluation:
    """The measures of a set of images.

    Attributes:
        rows: the rows of the table: image, channel, then ``MEASURES``; nan where undefined. Where
            the input itself was compared with the target, ``OF_INPUT`` follow. The last rows, with
            image "pooled", are for the whole volume.
        problems: the files that were left out, and why.
        files: the evaluated images in the order of the rows.
        labels: whether label maps were compared by their classes.
        measurements: the counts of each of ``files``, from which its rows were made.
        reliability: how far the confidence was true; None if it was not judged.
    """

    rows: tuple[Mapping[str, str | float], ...]
    problems: tuple[Problem, ...] = ()
    files: tuple[ImageRef, ...] = ()
    labels: bool = False
    measurements: tuple[Measurement, ...] = field(default=(), compare=False, repr=False)
    reliability: Reliability | None = None

    @property
    def images(self) -> int:
        """The number of evaluated images."""
        return len({row["image"] for row in self.rows}) - 1

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures in the rows."""
        of_input = any(name in row for row in self.rows for name in OF_INPUT)
        return (*MEASURES, *OF_INPUT) if of_input else MEASURES

    @property
    def verdict(self) -> Verdict | None:
        """The whole volume's PSNR compared with that of the inputs themselves, if it is known."""
        for row in self.rows:
            if (row["image"], row["channel"]) == (POOLED, ALL) and "input_psnr" in row:
                return Verdict("psnr", float(row["psnr"]), float(row["input_psnr"]))
        return None

    def whole_volume(self) -> dict[str, dict[str, float]]:
        """The measures of all images as one volume, by channel and measure."""
        return {
            str(row["channel"]): {m: float(row[m]) for m in self.measures if m in row}
            for row in self.rows
            if row["image"] == POOLED
        }

    def write_csv(self, path: str | Path, *, keep: bool = False) -> Path | None:
        """Write the table as CSV; an undefined measure becomes an empty cell.

        Args:
            path: the file.
            keep: copy an existing file of other content beside it first, see ``back_up``.

        Returns:
            The copy; None if there is none.

        Raises:
            UserError: the file cannot be written.
        """
        rows: list[tuple[object, ...]] = [("image", "channel", *self.measures)]
        for row in self.rows:
            numbers = (float(row.get(m, math.nan)) for m in self.measures)
            cells = ("" if math.isnan(number) else f"{number:.6g}" for number in numbers)
            rows.append((row["image"], row["channel"], *cells))
        content = csv_text(rows).encode("utf-8", "backslashreplace")
        with writing(path):
            changed = is_file(path) and system_path(path).read_bytes() != content
        kept = back_up(Path(path)) if keep and changed else None
        write_bytes(path, content)
        return kept


def table_of(
    measured: list[tuple[ImageRef, Measurement]],
    names: tuple[str, ...],
    problems: list[Problem],
    labels: bool,
    inputs: Mapping[ImageRef, Measurement] | None = None,
) -> Evaluation:
    """Make the table; images with fewer channels than others are left out.

    Args:
        measured: each image and its measurement.
        names: channel names; empty for those of the images.
        problems: the problems so far; new ones are added to this list.
        labels: whether label maps were compared by their classes.
        inputs: the measurement of each image's input itself, where it is known.

    Raises:
        UserError: there is no measurement.
    """
    channels = max((m.target.size for _, m in measured), default=0)
    for file, measurement in measured:
        if measurement.target.size != channels:
            message = "is grey while others have colour; convert it."
            problems.append(Problem(file.shown_name, message))
    measured = [(file, m) for file, m in measured if m.target.size == channels]
    if not measured:
        message = "There is nothing to evaluate: no prediction fits a target."
        remedy = next((problem.remedy for problem in problems if problem.remedy), None)
        raise UserError(message, *map(str, problems), remedy=remedy)
    names = names or channel_names(channels)
    rows: list[dict[str, str | float]] = []
    own = [(inputs or {}).get(file) for file, _ in measured]
    known = [one for one in own if one is not None]
    found = [(file.shown_name, m, one) for (file, m), one in zip(measured, own, strict=True)]
    whole = whole_volume(known) if len(known) == len(own) else None
    for name, measurement, one in [*found, (POOLED, whole_volume(m for _, m in measured), whole)]:
        of_input = one.results(names) if one is not None else {}
        for channel, values in measurement.results(names).items():
            likeness = {
                column: of_input[channel][measure]
                for column, measure in zip(OF_INPUT, LIKENESS, strict=True)
                if of_input
            }
            rows.append({"image": name, "channel": channel, **values, **likeness})
    files, measurements = zip(*measured, strict=True)
    return Evaluation(tuple(rows), tuple(problems), files, labels, measurements)

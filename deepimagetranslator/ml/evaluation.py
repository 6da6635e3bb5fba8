"""Measuring translated images against their targets, as tables."""

from __future__ import annotations

import contextlib
import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepimagetranslator.core.dataset import channel_names
from deepimagetranslator.core.files import complete_file, list_images
from deepimagetranslator.core.images import read_image
from deepimagetranslator.core.measures import MEASURES, Measurement, measure, pooled
from deepimagetranslator.core.pairs import ImagePair, match_pairs
from deepimagetranslator.core.pixels import Array, to_channels
from deepimagetranslator.core.problem import Problem, UserError
from deepimagetranslator.core.protocol import FilesRead, JobControl, Report, ignore
from deepimagetranslator.core.scaling import BYTES, Scaling, ValueRange, choose_scaling

POOLED = "pooled"


@dataclass(frozen=True)
class Evaluation:
    """The measures of a folder.

    Attributes:
        rows: of the table: image, channel, then ``MEASURES``; nan where not defined. The last
            rows, with image "pooled", take the folder as one volume.
        problems: files that were left out, and why.
    """

    rows: tuple[Mapping[str, str | float], ...]
    problems: tuple[Problem, ...]

    @property
    def images(self) -> int:
        """How many images were measured."""
        return len({row["image"] for row in self.rows}) - 1

    def pooled(self) -> dict[str, dict[str, float]]:
        """The measures of the folder as one volume, by channel."""
        return {
            str(row["channel"]): {m: float(row[m]) for m in MEASURES if m in row}
            for row in self.rows
            if row["image"] == POOLED
        }

    def write_csv(self, path: Path) -> None:
        """The table as CSV; an undefined measure is an empty cell."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("image", "channel", *MEASURES))
        for row in self.rows:
            numbers = (float(row.get(m, math.nan)) for m in MEASURES)
            cells = ("" if math.isnan(number) else f"{number:.6g}" for number in numbers)
            writer.writerow((row["image"], row["channel"], *cells))
        with complete_file(path) as temporary:
            temporary.write_text(text.getvalue(), encoding="utf-8")


def evaluate(
    predictions: Sequence[Path],
    targets: Sequence[Path],
    *,
    report: Report = ignore,
    control: JobControl | None = None,
) -> Evaluation:
    """Measure predictions against the targets of the same names.

    Values are read as the targets' type or range says, so 0/255 and 0/1 masks are alike.

    Raises:
        UserError: no prediction can be measured.
        Cancelled: by ``control``.
    """
    control = control or JobControl()
    pairing = match_pairs(list_images(predictions), list_images(targets))
    problems = list(pairing.problems)
    pairs = [pair for pair in pairing.pairs if pair.input != pair.target]  # named as problems
    scaling = choose_scaling(_target_values(pairs), target=True)
    measured: list[tuple[str, Measurement]] = []
    for done, pair in enumerate(pairs, 1):
        control.raise_if_cancelled()
        try:
            measured.append((pair.input.name, _measure(pair, scaling, read_image(pair.input))))
        except UserError as error:
            problems.append(Problem(str(pair.input), str(error)))
        report(FilesRead(done, len(pairs)))
    return _table(measured, problems)


def evaluate_weights(
    weights_path: Path,
    pairs: Sequence[ImagePair],
    *,
    report: Report = ignore,
    control: JobControl | None = None,
) -> Evaluation:
    """Measure what weights make of inputs that have targets, without writing the images.

    Raises:
        UserError: unusable weights, or nothing can be measured.
        Cancelled: by ``control``.
    """
    from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415  needs the engine

    control = control or JobControl()
    translator = Translator(weights_path)
    scaling = choose_scaling(_target_values(pairs), target=True)
    problems: list[Problem] = []
    measured: list[tuple[str, Measurement]] = []
    for done, pair in enumerate(pairs, 1):
        control.between_steps()
        try:
            (values,) = translator.predict([read_image(pair.input)], [pair.input.name])
            measured.append((pair.input.name, _measure(pair, scaling, translator.as_image(values))))
        except UserError as error:
            problems.append(Problem(str(pair.input), str(error)))
        report(FilesRead(done, len(pairs)))
    return _table(measured, problems)


def _table(measured: list[tuple[str, Measurement]], problems: list[Problem]) -> Evaluation:
    """The measurements as rows, those of an odd number of channels left out."""
    channels = max((m.target.size for _, m in measured), default=0)
    for name, measurement in measured:
        if measurement.target.size != channels:
            problems.append(Problem(name, "is grey while others have colour; convert it."))
    measured = [(name, m) for name, m in measured if m.target.size == channels]
    if not measured:
        listed = "\n".join(map(str, problems))
        raise UserError(f"There is nothing to measure: no prediction fits a target.\n{listed}")
    names = channel_names(channels)
    rows: list[dict[str, str | float]] = []
    for name, measurement in [*measured, (POOLED, pooled(m for _, m in measured))]:
        for channel, values in measurement.results(names).items():
            rows.append({"image": name, "channel": channel, **values})
    return Evaluation(tuple(rows), tuple(problems))


def _target_values(pairs: Sequence[ImagePair]) -> ValueRange:
    """What values the readable targets hold; the others are named when they are measured."""
    values = ValueRange()
    for pair in pairs:
        with contextlib.suppress(UserError):
            values.add(read_image(pair.target))
    return values


def _measure(pair: ImagePair, scaling: Scaling, predicted: Array) -> Measurement:
    target = read_image(pair.target)
    if predicted.shape[:2] != target.shape[:2]:
        raise UserError(
            f"is {predicted.shape[1]} x {predicted.shape[0]} pixels, its target {pair.target.name} "
            f"{target.shape[1]} x {target.shape[0]}; translate it anew or choose its own target."
        )
    channels = max(predicted.shape[2], target.shape[2])
    # A mask of 0 and 1 may have been predicted as 0 and 255.
    stretched = predicted.dtype == np.uint8 and predicted.max() > scaling.high
    alike = predicted.dtype == target.dtype and not stretched
    predicted_scaling = scaling if alike else BYTES
    return measure(
        scaling.to_unit(to_channels(target, channels, pair.target.name)),
        predicted_scaling.to_unit(to_channels(predicted, channels, pair.input.name)),
    )

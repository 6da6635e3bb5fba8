"""Translated images compared with their targets, as tables."""

from __future__ import annotations

import contextlib
import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deepimagetranslator.core.data.dataset import channel_names
from deepimagetranslator.core.data.intensity.normalization import ValueRange, choose_normalization
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.pairs import ImagePair, match_pairs
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.evaluation.comparison import (
    ByClasses,
    ByValues,
    Comparison,
    by_classes,
    comparison,
)
from deepimagetranslator.core.evaluation.measures import (
    MEASURES,
    Measurement,
    measure,
    whole_volume,
)
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.messages.events import FilesRead, LogLine, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.system.atomic_write import atomic_write
from deepimagetranslator.core.typing import Array

POOLED = "pooled"


@dataclass(frozen=True)
class Evaluation:
    """The measures of a folder.

    Attributes:
        rows: of the table: image, channel, then ``MEASURES``; nan where not defined. The last
            rows, with image "pooled", are those of the whole volume.
        problems: files that were left out, and why.
    """

    rows: tuple[Mapping[str, str | float], ...]
    problems: tuple[Problem, ...]

    @property
    def images(self) -> int:
        """How many images were evaluated."""
        return len({row["image"] for row in self.rows}) - 1

    def whole_volume(self) -> dict[str, dict[str, float]]:
        """The measures of the folder as one volume, by channel."""
        return {
            str(row["channel"]): {m: float(row[m]) for m in MEASURES if m in row}
            for row in self.rows
            if row["image"] == POOLED
        }

    def write_csv(self, path: str | Path) -> None:
        """The table as CSV; an undefined measure is an empty cell."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("image", "channel", *MEASURES))
        for row in self.rows:
            numbers = (float(row.get(m, math.nan)) for m in MEASURES)
            cells = ("" if math.isnan(number) else f"{number:.6g}" for number in numbers)
            writer.writerow((row["image"], row["channel"], *cells))
        with atomic_write(path) as temporary:
            temporary.write_text(text.getvalue(), encoding="utf-8")


def evaluate(
    predictions: Sequence[Path],
    targets: Sequence[Path],
    *,
    pairing: str = "name",
    series: str | None = None,
    report: Report = ignore,
    control: JobControl | None = None,
) -> Evaluation:
    """Evaluate predictions against the targets of the same names.

    Both may be of any format, slices of volumes included, and label maps of any encoding; see
    ``core.comparison``.

    Args:
        predictions, targets: files and folders.
        pairing: "name" or "order".
        series: of several DICOM series of targets the one to compare with.
        report: told of ``FilesRead``.
        control: may cancel.

    Raises:
        UserError: no prediction can be evaluated.
        Cancelled: by ``control``.
    """
    control = control or JobControl()
    matched = match_pairs(list_images(predictions), list_images(targets, series), pairing)
    problems = list(matched.problems)
    pairs = [pair for pair in matched.pairs if pair.input != pair.target]
    own = len(matched.pairs) - len(pairs)
    if own:
        message = f"{own} of the predictions are their own targets; choose the targets' folder."
        problems.append(Problem("targets", message))
    values, colours = _gathered([pair.target for pair in pairs], control)
    target = colours.label_palette()
    predicted = None
    if target is not None:
        predicted = _gathered([pair.input for pair in pairs], control)[1].palette()
    compare = comparison(choose_normalization(values, target=True), target, predicted)
    if isinstance(compare, ByClasses) and compare.predicted != compare.target:
        report(LogLine(f"Label maps: {compare}."))

    def image_of(pair: ImagePair) -> Array:
        return read_image(pair.input)

    return _measured(pairs, image_of, compare, problems, report, control)


def evaluate_weights(
    weights_path: Path,
    pairs: Sequence[ImagePair],
    *,
    report: Report = ignore,
    control: JobControl | None = None,
) -> Evaluation:
    """Evaluate weights on inputs that have targets, without writing the translated images.

    Raises:
        UserError: unusable weights, or nothing can be evaluated.
        Cancelled: by ``control``.
    """
    from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415  needs the engine

    control = control or JobControl()
    translator = Translator(weights_path)
    rendition = translator.rendition
    compare: Comparison
    if rendition.kind == "labels" and translator.network.palette is not None:
        # In the targets' own colours, whatever other colours are written.
        palette = replace(translator.network.palette, written=())
        rendition = replace(rendition, network=replace(translator.network, palette=palette))
        compare = by_classes(palette, palette)
    else:
        values, _ = _gathered([pair.target for pair in pairs], control)
        compare = ByValues(choose_normalization(values, target=True))

    def image_of(pair: ImagePair) -> Array:
        def between(_done: int, _count: int) -> None:
            control.between_steps()

        image, name = read_image(pair.input), pair.input.name
        return translator.translate(image, name, rendition.image, between)

    return _measured(pairs, image_of, compare, [], report, control)


def _gathered(files: Sequence[ImageRef], control: JobControl) -> tuple[ValueRange, ColourCount]:
    """What the readable files hold; the others are named when they are evaluated."""
    values, colours = ValueRange(), ColourCount()
    for file in files:
        control.raise_if_cancelled()
        with contextlib.suppress(UserError):
            image = read_image(file)
            values.add(image)
            colours.add(image)
    return values, colours


def _measured(
    pairs: Sequence[ImagePair],
    image_of: Callable[[ImagePair], Array],
    compare: Comparison,
    problems: list[Problem],
    report: Report,
    control: JobControl,
) -> Evaluation:
    measured: list[tuple[str, Measurement]] = []
    for done, pair in enumerate(pairs, 1):
        control.raise_if_cancelled()
        try:
            name = pair.input.shown_name
            measured.append((name, _measure(pair, name, image_of(pair), compare)))
        except UserError as error:
            problems.append(Problem(str(pair.input), str(error)))
        report(FilesRead(done, len(pairs)))
    return _table(measured, compare.names, problems)


def _measure(pair: ImagePair, name: str, predicted: Array, compare: Comparison) -> Measurement:
    target = read_image(pair.target)
    if predicted.shape[:2] != target.shape[:2]:
        raise UserError(
            f"is {predicted.shape[1]} x {predicted.shape[0]} pixels, its target {pair.target.name} "
            f"{target.shape[1]} x {target.shape[0]}; translate it anew or choose its own target."
        )
    return measure(*compare(target, predicted, name))


def _table(
    measured: list[tuple[str, Measurement]], names: tuple[str, ...], problems: list[Problem]
) -> Evaluation:
    """The measurements as rows, those of an odd number of channels left out.

    Args:
        measured: each image's.
        names: of the channels; empty for the images' own.
        problems: so far.
    """
    channels = max((m.target.size for _, m in measured), default=0)
    for name, measurement in measured:
        if measurement.target.size != channels:
            problems.append(Problem(name, "is grey while others have colour; convert it."))
    measured = [(name, m) for name, m in measured if m.target.size == channels]
    if not measured:
        message = "There is nothing to evaluate: no prediction fits a target."
        raise UserError(message, *map(str, problems))
    names = names or channel_names(channels)
    rows: list[dict[str, str | float]] = []
    for name, measurement in [*measured, (POOLED, whole_volume(m for _, m in measured))]:
        for channel, values in measurement.results(names).items():
            rows.append({"image": name, "channel": channel, **values})
    return Evaluation(tuple(rows), tuple(problems))

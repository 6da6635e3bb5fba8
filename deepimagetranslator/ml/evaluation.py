"""Evaluation: compare translated images, or the output of weights, with targets."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.config.clean_up import cleaned_by
from deepimagetranslator.core.config.target_changes import joined
from deepimagetranslator.core.data.intensity.normalization import ValueRange, choose_normalization
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.evaluation.comparison import (
    OBJECT_PALETTE,
    ByClasses,
    ByValues,
    Comparison,
    are_outlines_of_numbered,
    by_classes,
    comparison,
    is_mask_of_numbered,
)
from deepimagetranslator.core.evaluation.measures import (
    Measurement,
    measure,
)
from deepimagetranslator.core.evaluation.pairing import pairs_to_evaluate
from deepimagetranslator.core.evaluation.places import at_one_place
from deepimagetranslator.core.evaluation.table import Evaluation, table_of
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.imaging.reading import remarks
from deepimagetranslator.core.messages.events import FilesRead, LogLine, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.typing import Array


def evaluate(
    predictions: Sequence[Path],
    targets: Sequence[Path],
    *,
    pairing: str = "name",
    series: str | None = None,
    changes: Sequence[str] = (),
    report: Report = ignore,
    control: JobControl | None = None,
) -> Evaluation:
    """Evaluate predictions against their targets.

    Both may have any format, including slices of volumes, and label maps any encoding; see
    ``core.evaluation.comparison``.

    Args:
        predictions, targets: files and folders.
        pairing: "name" or "order".
        series: the DICOM series of the targets if a folder has several.
        changes: the changes with which every target is read, see ``core.config.target_changes``.
        report: called with ``FilesRead`` events.
        control: cancels the evaluation.

    Raises:
        UserError: no prediction can be evaluated.
        Cancelled: the caller cancelled.
    """
    control = control or JobControl()
    pairs, problems = pairs_to_evaluate(
        list_images(predictions), list_images(targets, series), pairing, changes
    )
    values, colours = _gathered(pairs, control)
    target = colours.label_palette()
    predicted = None
    if target is not None or colours.instances:
        predicted = _gathered([pair.input for pair in pairs], control)[1].palette()
        if is_mask_of_numbered(predicted, target):
            target = predicted = OBJECT_PALETTE
            report(LogLine("The targets number their objects; object and background are compared."))
        elif are_outlines_of_numbered(predicted, target):
            pairs = _with_outlines(pairs, report)
            target = _gathered(pairs, control)[1].label_palette()
    compare = comparison(choose_normalization(values, target=True), target, predicted)
    if isinstance(compare, ByClasses) and compare.predicted != compare.target:
        report(LogLine(f"Label maps: {compare}."))

    def image_of(pair: ImagePair) -> Array:
        return read_image(pair.input)

    return _measured(pairs, image_of, compare, problems, report, control)


def evaluate_weights(
    weights_path: Path,
    pairs: Sequence[ImagePair],
    problems: Sequence[Problem] = (),
    *,
    clean_up: Sequence[str] = (),
    report: Report = ignore,
    control: JobControl | None = None,
) -> Evaluation:
    """Evaluate weights on inputs that have targets, without writing the translated images.

    Args:
        weights_path: a weights file.
        pairs: the inputs with their targets, see ``core.evaluation.pairing``.
        problems: problems of images that were left out before.
        clean_up: a ``TranslationSpec.clean_up``, applied to label maps before they are compared.
        report: called with ``FilesRead`` events.
        control: cancels the evaluation.

    Raises:
        UserError: the weights cannot be used, or nothing can be evaluated.
        Cancelled: the caller cancelled.
    """
    from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415  needs the engine

    control = control or JobControl()
    translator = Translator(weights_path, clean_up=clean_up)
    for sentence in remarks((pair.input.file for pair in pairs), translator.card.reading):
        report(LogLine(sentence))
    encoding = translator.encoding
    if encoding.clean_up is not None:
        report(LogLine(cleaned_by(clean_up)))
    compare: Comparison
    if encoding.kind == "labels" and translator.network.palette is not None:
        # Compare in the targets' own colours, even if other colours are written.
        palette = replace(translator.network.palette, written=())
        encoding = replace(encoding, network=replace(translator.network, palette=palette))
        compare = by_classes(palette, palette)
        if _draws_outlines_of_numbered(palette, pairs, control):
            pairs = _with_outlines(pairs, report)
    else:
        values, _ = _gathered(pairs, control)
        compare = ByValues(choose_normalization(values, target=True))

    def image_of(pair: ImagePair) -> Array:
        def between(_done: int, _count: int) -> None:
            control.between_steps()

        image, name = read_image(pair.input), pair.input.name
        return translator.translate(image, name, encoding, between)

    return _measured(pairs, image_of, compare, list(problems), report, control)


def _draws_outlines_of_numbered(
    palette: Palette, pairs: Sequence[ImagePair], control: JobControl
) -> bool:
    """Whether a network draws the outlines of objects that the targets number."""
    if not are_outlines_of_numbered(palette, None):
        return False  # so that the targets of other networks are read only once
    colours = _gathered(pairs, control)[1]
    target = colours.label_palette()
    return bool(target or colours.instances) and are_outlines_of_numbered(palette, target)


def _with_outlines(pairs: Sequence[ImagePair], report: Report) -> list[ImagePair]:
    """The pairs with targets that are read as objects, their outlines and background."""
    report(LogLine("The targets number their objects; objects and their outlines are compared."))
    return [replace(pair, changes=joined(pair.changes, "objects_outline")) for pair in pairs]


def _gathered(
    targets: Sequence[ImageRef] | Sequence[ImagePair], control: JobControl
) -> tuple[ValueRange, ColourCount]:
    """Value range and colours of images, or of pairs' targets; unreadable ones are reported when
    they are evaluated."""
    values, colours = ValueRange(), ColourCount()
    for target in targets:
        control.raise_if_cancelled()
        with contextlib.suppress(UserError):
            image = read_target(target)
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
    measured: list[tuple[ImageRef, Measurement]] = []
    pairs, apart = at_one_place(pairs, control.raise_if_cancelled)
    problems += apart
    for done, pair in enumerate(pairs, 1):
        control.raise_if_cancelled()
        try:
            name = pair.input.shown_name
            measured.append((pair.input, _measure(pair, name, image_of(pair), compare)))
        except UserError as error:
            problems.append(Problem(str(pair.input), str(error)))
        report(FilesRead(done, len(pairs)))
    return table_of(measured, compare.names, problems, isinstance(compare, ByClasses))


def _measure(pair: ImagePair, name: str, predicted: Array, compare: Comparison) -> Measurement:
    target = read_target(pair)
    if predicted.shape[:2] != target.shape[:2]:
        raise UserError(
            f"is {predicted.shape[1]} x {predicted.shape[0]} pixels, its target {pair.target.name} "
            f"{target.shape[1]} x {target.shape[0]}; translate it again or choose its own target."
        )
    return measure(*compare(target, predicted, name))

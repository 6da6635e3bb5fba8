"""Evaluation: compare translated images, or the output of weights, with targets."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepimagetranslator.core.config.clean_up import cleaned_by
from deepimagetranslator.core.config.target_changes import joined
from deepimagetranslator.core.data.intensity.conversion import Conversion
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
from deepimagetranslator.core.export.encodings import OutputEncoding
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.imaging.pixels import to_channels
from deepimagetranslator.core.imaging.reading import remarks
from deepimagetranslator.core.messages.events import FilesRead, LogLine, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.typing import Array

if TYPE_CHECKING:
    from deepimagetranslator.ml.reliability import Judge
    from deepimagetranslator.ml.translator import Translator


@dataclass(frozen=True)
class Images:
    """What is compared with a target.

    Attributes:
        translated: the translated image.
        original: what it would be if the network did nothing; None if that is unknown.
        raw: the raw confidence (height, width); None if it is not judged.
    """

    translated: Array
    original: Array | None = None
    raw: Array | None = None


@dataclass(frozen=True)
class HowCompared:
    """How the output of weights is compared with targets.

    Attributes:
        encoding: how the output is written, in the targets' own colours.
        compare: brings both to one scale.
        palette: the label colours; None if values are compared.
        labels: whether the targets are label maps.
        outlines: whether targets that number their objects are read as ``with_outlines`` does.
    """

    encoding: OutputEncoding
    compare: Comparison
    palette: Palette | None
    labels: bool
    outlines: bool = False


_OUTLINED = "The targets number their objects; objects and their outlines are compared."


def evaluate(
    predictions: Sequence[Path],
    targets: Sequence[Path],
    *,
    pairing: str = "name",
    series: str | None = None,
    changes: Sequence[str] = (),
    inputs: Sequence[Path] = (),
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
        inputs: the images that were translated; values are then compared with those of the inputs
            themselves, if these have the size, channels and type of their targets.
        report: called with ``FilesRead`` events.
        control: cancels the evaluation.

    Raises:
        UserError: no prediction can be evaluated.
        Cancelled: the caller cancelled.
    """
    control = control or JobControl()
    listed = list_images(targets, series)
    pairs, problems = pairs_to_evaluate(list_images(predictions), listed, pairing, changes)
    originals = pairs_to_evaluate(list_images(inputs), listed, pairing)[0] if inputs else []
    sources = {pair.target: pair.input for pair in originals}
    values, colours = _gathered(pairs, control)
    target = colours.label_palette()
    predicted = None
    if target is not None or colours.instances:
        predicted = _gathered([pair.input for pair in pairs], control)[1].palette()
        if is_mask_of_numbered(predicted, target):
            target = predicted = OBJECT_PALETTE
            report(LogLine("The targets number their objects; object and background are compared."))
        elif are_outlines_of_numbered(predicted, target):
            report(LogLine(_OUTLINED))
            pairs = with_outlines(pairs)
            target = _gathered(pairs, control)[1].label_palette()
    scaling = choose_normalization(values, target=True)
    compare = comparison(scaling, target, predicted)
    if isinstance(compare, ByClasses) and compare.predicted != compare.target:
        report(LogLine(f"Label maps: {compare}."))

    if target is not None or colours.instances or isinstance(compare, ByClasses):
        sources = {}

    def images_of(pair: ImagePair) -> Images:
        source, predicted = sources.get(pair.target), read_image(pair.input)
        original = None if source is None else read_image(source)
        if original is not None and original.dtype.name != scaling.dtype:
            original = None  # the unit of its values is unknown
        return Images(predicted, original)

    found = _measured(pairs, images_of, compare, problems, report, control)
    if inputs and found.verdict is None:
        report(
            LogLine(
                "The inputs themselves are not compared for the whole volume: targets are label "
                "maps, or an input differs from its target in size, type or channels."
            )
        )
    return found


def evaluate_weights(
    weights_path: Path,
    pairs: Sequence[ImagePair],
    problems: Sequence[Problem] = (),
    *,
    scale_of: Sequence[ImagePair] = (),
    confidence: bool = False,
    calibrate: bool = False,
    clean_up: Sequence[str] = (),
    report: Report = ignore,
    control: JobControl | None = None,
) -> Evaluation:
    """Evaluate weights on inputs that have targets, without writing the translated images.

    Args:
        weights_path: a weights file.
        pairs: the inputs with their targets, see ``core.evaluation.pairing``.
        problems: problems of images that were left out before.
        scale_of: pairs whose targets give the range of values, to which PSNR and SSIM refer, so
            that several evaluations can be compared; ``pairs`` by default.
        confidence: judge the confidence too; takes four times as long.
        calibrate: calibrate the confidence on these images, and keep that in the weights file.
        clean_up: a ``TranslationSpec.clean_up``, applied to label maps before they are compared.
        report: called with ``FilesRead`` events.
        control: cancels the evaluation.

    Raises:
        UserError: the weights cannot be used, or nothing can be evaluated.
        Cancelled: the caller cancelled.
    """
    from deepimagetranslator.ml.reliability import Judge  # noqa: PLC0415  needs the engine
    from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415

    control = control or JobControl()
    translator = Translator(weights_path, confidence=confidence or calibrate, clean_up=clean_up)
    card = translator.card
    for sentence in remarks((pair.input.file for pair in pairs), card.reading):
        report(LogLine(sentence))
    if translator.encoding.clean_up is not None:
        report(LogLine(cleaned_by(clean_up)))
    how = how_compared(translator, scale_of or pairs, control)
    encoding = how.encoding
    convert: Conversion | None = None if how.labels else card.input_to_target
    if how.outlines:
        report(LogLine(_OUTLINED))
        pairs = with_outlines(pairs)

    judge = Judge(translator, how.palette) if confidence or calibrate else None
    shown = replace(translator.confidence, encoding=encoding)

    def between(_done: int, _count: int) -> None:
        control.between_steps()

    def images_of(pair: ImagePair) -> Images:
        image, name = read_image(pair.input), pair.input.name
        raw: list[Array] = []

        def note(rows: Array) -> None:
            if judge is not None:
                raw.append(shown.raw(rows))

        predicted = translator.translate(image, name, encoding, between, on_rows=note)
        original: Array | None = None
        if convert is not None:
            image = to_channels(image, card.model.input_channels, name)
            original = encoding.image(convert(card.input_scaling.to_unit(image)))
        return Images(predicted, original, np.concatenate(raw) if raw else None)

    found = _measured(pairs, images_of, how.compare, list(problems), report, control, judge)
    if judge is None:
        return found
    reliability = judge.conclude(weights_path, calibrate)
    report(LogLine(str(reliability)))
    return replace(found, reliability=reliability)


def how_compared(
    translator: Translator, targets: Sequence[ImagePair], control: JobControl
) -> HowCompared:
    """How the output of weights is compared with targets.

    Args:
        translator: of the weights.
        targets: the pairs whose targets give the range of values.
        control: cancels it.

    Raises:
        Cancelled: the caller cancelled.
    """
    encoding, palette = translator.encoding, translator.network.palette
    if encoding.kind == "labels" and palette is not None:
        # Compare in the targets' own colours, even if other colours are written.
        palette = replace(palette, written=())
        encoding = replace(encoding, network=replace(translator.network, palette=palette))
        outlines = _draws_outlines_of_numbered(palette, targets, control)
        return HowCompared(encoding, by_classes(palette, palette), palette, True, outlines)
    values, colours = _gathered(targets, control)
    labels = colours.instances or colours.label_palette() is not None
    return HowCompared(encoding, ByValues(choose_normalization(values, target=True)), None, labels)


def _draws_outlines_of_numbered(
    palette: Palette, pairs: Sequence[ImagePair], control: JobControl
) -> bool:
    """Whether a network draws the outlines of objects that the targets number."""
    if not are_outlines_of_numbered(palette, None):
        return False  # so that the targets of other networks are read only once
    colours = _gathered(pairs, control)[1]
    target = colours.label_palette()
    return bool(target or colours.instances) and are_outlines_of_numbered(palette, target)


def with_outlines(pairs: Sequence[ImagePair]) -> list[ImagePair]:
    """The pairs with targets that are read as objects, their outlines and background."""
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
    images_of: Callable[[ImagePair], Images],
    compare: Comparison,
    problems: list[Problem],
    report: Report,
    control: JobControl,
    judge: Judge | None = None,
) -> Evaluation:
    measured: list[tuple[ImageRef, Measurement]] = []
    inputs: dict[ImageRef, Measurement] = {}
    pairs, apart = at_one_place(pairs, control.raise_if_cancelled)
    problems += apart
    for done, pair in enumerate(pairs, 1):
        control.raise_if_cancelled()
        try:
            images = images_of(pair)
            name, target = pair.input.shown_name, read_target(pair)
            measured.append((pair.input, _measure(pair, target, images.translated, compare)))
            if images.original is not None and images.original.shape == target.shape:
                channels = measured[-1][1].target.size  # more, if a grey target came out in colour
                original = to_channels(images.original, channels, name)
                inputs[pair.input] = measure(*compare(target, original, name))
            if judge is not None and images.raw is not None:
                judge.add(images.raw, images.translated, target, name)
        except UserError as error:
            problems.append(Problem(str(pair.input), str(error)))
        report(FilesRead(done, len(pairs)))
    return table_of(measured, compare.names, problems, isinstance(compare, ByClasses), inputs)


def _measure(pair: ImagePair, target: Array, predicted: Array, compare: Comparison) -> Measurement:
    if predicted.shape[:2] != target.shape[:2]:
        raise UserError(
            f"is {predicted.shape[1]} x {predicted.shape[0]} pixels, its target {pair.target.name} "
            f"{target.shape[1]} x {target.shape[0]}; translate it again or choose its own target."
        )
    return measure(*compare(target, predicted, pair.input.shown_name))

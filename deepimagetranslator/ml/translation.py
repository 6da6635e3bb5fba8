"""Translate files and whole folders with a weights file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from deepimagetranslator.core.checks.values.unlike_inputs import unlike_series
from deepimagetranslator.core.checks.values.unlike_values import Trained
from deepimagetranslator.core.config.memory_plan import translation_short_of_memory
from deepimagetranslator.core.config.network_plan import predict_memory_bytes
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.export.layout import places, require_folder
from deepimagetranslator.core.export.output_lock import locked_output
from deepimagetranslator.core.export.plan import OutputFile, plan
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.reading import remarks
from deepimagetranslator.core.messages.events import (
    LogLine,
    Report,
    ignore,
)
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.system.temporary import sweep
from deepimagetranslator.ml.ensemble import Ensemble
from deepimagetranslator.ml.image_pipeline import ImagePipeline
from deepimagetranslator.ml.memory import Short, enough_memory, require_memory
from deepimagetranslator.ml.translation_result import Part, TranslationResult
from deepimagetranslator.ml.translator import Translator

NOT_CALIBRATED = (
    "The confidence of these weights is not calibrated: its figures tell only where it is higher "
    "or lower. Calibrate it on images with known targets that were not trained on."
)


def translate(
    weights_path: Path | Sequence[Path],
    inputs: Sequence[Path | ImageRef],
    output: Path,
    spec: TranslationSpec | None = None,
    *,
    series: str | None = None,
    folder: Path | None = None,
    ask: bool = False,
    report: Report = ignore,
    control: JobControl | None = None,
) -> TranslationResult:
    """Translate files and whole folders, subfolders included.

    An output has its input's name, in the same subfolder below ``output`` (``core.export.layout``),
    and by default its input's format (``core.export.plan``). A file that cannot be translated is
    skipped and listed; if a slice cannot, its whole volume is skipped. So are images of unlike
    values (``core.checks.values.unlike_inputs``), unless the spec accepts them.

    Args:
        weights_path: a weights file of this program or of the 2021 program; or several, whose mean
            is written with a map of their disagreement beside it (``ml.ensemble``).
        inputs: files, slices of files, and folders; paths are parsed here.
        output: the folder to write to, created if needed.
        spec: how to translate, what to write, whether to overwrite.
        series: the DICOM series to translate if a folder has several.
        folder: the folder that single files were listed from; see ``core.export.layout``.
        ask: if there are series of unlike values, translate nothing and return only the problems.
        report: called with each event, see ``core.messages.events``.
        control: cancels the translation.

    Raises:
        NoSpaceError: the disk is full; all written files are complete, and the sentence says how
            many images are translated.
        UserError: nothing was written. The weights cannot be used, there are no inputs, the format
            cannot hold the outputs, an output's name is that of a file or of another output, or
            another translation into this folder runs.
        Cancelled: the caller cancelled; all written files are complete.
    """
    require_folder(output)
    with locked_output(output):
        return _translate(
            weights_path,
            inputs,
            output,
            spec or TranslationSpec(),
            series,
            folder,
            ask,
            report,
            control or JobControl(),
        )


def _translate(
    weights_path: Path | Sequence[Path],
    inputs: Sequence[Path | ImageRef],
    output: Path,
    spec: TranslationSpec,
    series: str | None,
    folder: Path | None,
    ask: bool,
    report: Report,
    control: JobControl,
) -> TranslationResult:
    """Translate into a locked folder, see ``translate``."""
    ready = prepared(weights_path, inputs, output, spec, series, folder, report, control)
    if ready.problems and ask:
        return TranslationResult((), (), tuple(ready.problems))
    needed, short = _memory(ready.translator, spec)
    require_memory(needed, short)
    with enough_memory(short):
        run = ImagePipeline(
            ready.translator, ready.output_files, output, spec, report, control, ready.trained
        )
        run.refuse(ready.problems)
        return run.result()


@dataclass(frozen=True)
class Prepared:
    """A translation before its first image.

    Attributes:
        translator: the network, or several.
        images: each with its file's place below the output folder.
        output_files: the files to write.
        trained: what the weights say of their training inputs; None if images of other values are
            accepted, or it is not known.
        problems: series of other values.
    """

    translator: Translator
    images: Mapping[ImageRef, PurePath]
    output_files: Sequence[OutputFile]
    trained: Trained | None
    problems: list[Problem]


def prepared(
    weights_path: Path | Sequence[Path],
    inputs: Sequence[Path | ImageRef],
    output: Path,
    spec: TranslationSpec,
    series: str | None,
    folder: Path | None,
    report: Report,
    control: JobControl,
) -> Prepared:
    """List the images and plan the outputs; a few images of each series are read.

    Raises:
        UserError, Cancelled: see ``translate``.
    """
    translator = translator_of(weights_path, spec)
    images = places(inputs, output, series, folder)
    output_files = plan(images, output, translator.network, spec, translator.beside)
    sweep(output, *(output_file.path.parent for output_file in output_files))
    trained = None if spec.accept_values else translator.card.trained
    problems = unlike_series(list(images), trained, report, control) if trained else []
    for sentence in remarks((image.file for image in images), translator.card.reading):
        report(LogLine(sentence))
    if spec.confidence and translator.confidence.calibration is None:
        report(LogLine(NOT_CALIBRATED))
    return Prepared(translator, images, output_files, trained, problems)


def translate_part(
    translator: Translator,
    images: Mapping[ImageRef, PurePath],
    output: Path,
    spec: TranslationSpec,
    report: Report,
    control: JobControl,
) -> Part:
    """Translate some of the images of a translation that another process has prepared.

    Args:
        translator: the network, or several, for this spec.
        output, spec, report, control: see ``translate``.
        images: each with its file's place below the output folder.

    Raises:
        UserError, Cancelled: see ``translate``.
    """
    output_files = plan(images, output, translator.network, spec, translator.beside)
    trained = None if spec.accept_values else translator.card.trained
    needed, short = _memory(translator, spec)
    require_memory(needed, short)
    with enough_memory(short):
        return ImagePipeline(
            translator, output_files, output, spec, report, control, trained
        ).part()


def translator_of(weights_path: Path | Sequence[Path], spec: TranslationSpec) -> Translator:
    """The network of a weights file, or those of several as an ensemble.

    Raises:
        UserError: a file cannot be used as the spec wants, or several do not fit together.
    """
    if not isinstance(weights_path, Path):
        return Ensemble(weights_path, spec)
    return Translator(
        weights_path,
        spec.output,
        spec.value_type,
        spec.large_images,
        spec.batch_size,
        mirrors=spec.mirrors,
        confidence=spec.confidence,
        clean_up=spec.clean_up,
    )


def _memory(translator: Translator, spec: TranslationSpec) -> tuple[int, Short]:
    """The bytes that the network needs for a batch, and the error if there are fewer."""
    model, precision = translator.card.model, translator.precision
    tiles = spec.large_images == "tiles"

    def short(free: int) -> UserError:
        return translation_short_of_memory(model, spec.batch_size, precision, free, tiles)

    return predict_memory_bytes(model, spec.batch_size, precision), short

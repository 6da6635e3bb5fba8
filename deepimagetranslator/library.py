"""The program as a library: train, translate, evaluate and load weights from Python.

Keras is imported inside the functions, so that importing this package stays quick.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepimagetranslator.core.config.choices import choose
from deepimagetranslator.core.config.chosen import EVERY_FIELD, with_values
from deepimagetranslator.core.config.project import Project, new_project
from deepimagetranslator.core.config.validation import specs_problems
from deepimagetranslator.core.data.suggestions import look_for, suggested
from deepimagetranslator.core.errors import DataProblems, UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.messages.events import Report, ignore

if TYPE_CHECKING:
    from deepimagetranslator.core.evaluation.table import Evaluation
    from deepimagetranslator.ml.training import TrainingResult
    from deepimagetranslator.ml.translation_result import TranslationResult
    from deepimagetranslator.ml.translator import Translator

Paths = str | Path | Iterable[str | Path]
"""A file or folder, or several of them; folders are searched with their subfolders."""


def train(
    inputs: Paths,
    targets: Paths,
    run_dir: str | Path,
    *,
    val_inputs: Paths = (),
    val_targets: Paths = (),
    preset: str = "recommended",
    settings: Mapping[str, Any] | None = None,
    report: Report = ignore,
) -> TrainingResult:
    """Train a network on pairs of images and keep its checkpoints.

    Inputs and targets are paired by file name. Settings that are not given follow from the
    targets, as in the window: label maps are learnt as classes or channels, other images as values.

    Args:
        inputs: training images.
        targets: the target image of each training image.
        run_dir: the run's folder, created if needed; it must not hold another run.
        val_inputs: validation images; without them the best weights are chosen by the training
            loss.
        val_targets: the target image of each validation image.
        preset: "recommended", or "2021" for the settings of the 2021 program.
        settings: fields by their names in a project file, such as ``{"training.epochs": 20}``.
        report: called with each event, see ``core.messages.events``.

    Returns:
        The run's folder, its best weights, and the loss and metrics of its last epoch.

    Raises:
        UserError: the images, the settings or the folder cannot be used; the message says why.
    """
    data = {
        "train_inputs": _listed(inputs),
        "train_targets": _listed(targets),
        "val_inputs": _listed(val_inputs),
        "val_targets": _listed(val_targets),
    }
    project = _with(new_project(preset, data), settings or {})
    project = suggested(project, look_for(project))
    _load_engine()
    from deepimagetranslator.ml import training  # noqa: PLC0415

    return training.train(project, Path(run_dir), report=report)


def translate(
    weights: str | Path,
    inputs: Paths,
    output: str | Path,
    *,
    settings: Mapping[str, Any] | None = None,
    report: Report = ignore,
) -> TranslationResult:
    """Translate files and whole folders with a weights file.

    An output has its input's name, in the same subfolder below ``output``. Images whose values are
    unlike those of the training images are skipped, unless settings has
    ``{"translation.accept_values": True}``.

    Args:
        weights: a weights file of this program or of the 2021 program.
        inputs: images to translate.
        output: the folder to write to, created if needed.
        settings: fields such as ``{"translation.overwrite": True}``.
        report: called with each event, see ``core.messages.events``.

    Returns:
        The output of each translated input, each skipped input with the reason, ``problems`` of
        images of unlike values, and ``marked``: translated images that are unlike the training
        images in another way, the farthest first.

    Raises:
        UserError: nothing was written; the message says why.
    """
    spec = _with(Project(), settings or {}).specs.translation
    _load_engine()
    from deepimagetranslator.ml import translation  # noqa: PLC0415

    return translation.translate(Path(weights), _paths(inputs), Path(output), spec, report=report)


def evaluate(
    predictions: Paths,
    targets: Paths,
    *,
    pairing: str = "name",
    target_changes: Sequence[str] = (),
    inputs: Paths = (),
) -> Evaluation:
    """Compare translated images with their targets.

    Args:
        predictions: translated images.
        targets: the images that they should equal, in any format.
        pairing: "name" or "order".
        target_changes: changes with which every target is read, such as "array_order"; see the
            help of ``data.target_changes``.
        inputs: the images that were translated, to compare values with the inputs themselves.

    Returns:
        A table of measures with a row for each image and channel; ``write_csv`` saves it.

    Raises:
        UserError: there is nothing to compare; the message says why.
    """
    from deepimagetranslator.ml import evaluation  # noqa: PLC0415

    return evaluation.evaluate(
        _paths(predictions),
        _paths(targets),
        pairing=pairing,
        changes=target_changes,
        inputs=_paths(inputs),
    )


def load_weights(path: str | Path, clean_up: Sequence[str] = ()) -> Translator:
    """Load a weights file as a translator of arrays.

    Args:
        path: a weights file of this program or of the 2021 program.
        clean_up: rules for label maps, such as "red: islands under 20"; see the help of
            ``translation.clean_up``.

    Returns:
        A translator. Its ``translate(image)`` takes an array (height, width, channels) with the
        values and the data type of an image file, and returns the translated image in the same
        form. Its ``card`` describes the network and its training.

    Raises:
        UserError: the file is not a weights file, or the rules do not fit its classes.
    """
    _load_engine()
    from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415

    return Translator(Path(path), clean_up=clean_up)


def _load_engine() -> None:
    from deepimagetranslator.ml import devices  # noqa: PLC0415

    devices.load_engine()


def _paths(given: Paths) -> list[Path]:
    return [Path(given)] if isinstance(given, (str, Path)) else [Path(path) for path in given]


def _listed(given: Paths) -> tuple[str, ...]:
    paths = _paths(given)
    return tuple(str(path.absolute()) for path in list_images(paths)) if paths else ()


def _with(project: Project, settings: Mapping[str, Any]) -> Project:
    """The project with these fields set; they count as chosen by the user.

    Raises:
        UserError: there is no such field, or its value is not allowed.
    """
    for name, value in settings.items():
        if name not in EVERY_FIELD:
            raise UserError(f"There is no setting '{name}'; settings are named as in project.json.")
        specs = with_values(project.specs, [(name, value)])
        project = choose(project, specs, project.chosen | {name})
    problems = specs_problems(project.specs)
    if problems:
        raise DataProblems(problems)
    return project

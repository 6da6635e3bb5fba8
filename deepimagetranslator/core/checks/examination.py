"""The data check: reads every file once, and finds all problems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.checks.context import CheckContext
from deepimagetranslator.core.checks.findings import (
    FINDINGS,
    STOPPING,
    Finding,
    blocking,
    explained,
    find,
)
from deepimagetranslator.core.checks.kinds import rank
from deepimagetranslator.core.checks.reading import read_parts
from deepimagetranslator.core.config import validation
from deepimagetranslator.core.config.specs import (
    CATEGORICAL_LOSSES,
    VALUE_LOSSES,
    ModelSpec,
    Specs,
)
from deepimagetranslator.core.config.validation import WITHOUT_RESIDUAL, with_final_activation
from deepimagetranslator.core.data import check_record
from deepimagetranslator.core.data.check_record import Parts
from deepimagetranslator.core.data.crops import default_side
from deepimagetranslator.core.data.dataset import Dataset, Matched, match
from deepimagetranslator.core.data.intensity.chosen import chosen_normalizations
from deepimagetranslator.core.data.intensity.conversion import conversion
from deepimagetranslator.core.data.intensity.normalization import TYPE_WORDS, IntensityNormalization
from deepimagetranslator.core.data.labels.choice import choose_palette, learnt_range
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.statistics import DatasetStatistics
from deepimagetranslator.core.data.suggestions import SeenTargets
from deepimagetranslator.core.data.targets import target_size
from deepimagetranslator.core.errors import DataProblems, Problem, Remedy
from deepimagetranslator.core.imaging.images import image_size
from deepimagetranslator.core.messages.events import Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl


def examine(
    specs: Specs,
    report: Report = ignore,
    control: JobControl | None = None,
    folder: Path | None = None,
    record: Path | None = None,
    on_targets: Callable[[SeenTargets], object] = lambda _seen: None,
) -> tuple[Dataset | None, Matched, list[Problem]]:
    """Read every file once and find every problem.

    Args:
        specs: the project's specs.
        report: called with ``FilesRead`` events.
        control: may cancel.
        folder: folder of future runs, for the check of free disk space.
        record: file for the record that ``prepare`` uses; None to write none.
        on_targets: called with what is known of the training targets then.

    Returns:
        The data set (None after errors), the pairs, and all problems.

    Raises:
        Cancelled: by ``control``.
    """
    control = control or JobControl()
    matched = match(specs.data)
    train, val = read_parts(matched, (None, None), report, control)
    check_record.keep(record, (train, val))
    sizes = dict.fromkeys(shape[:2] for shape in train.input_shapes)
    on_targets(SeenTargets(train.colours, train.target_range, tuple(sizes), train.input_range))
    dataset, problems = _concluded(specs, matched, (train, val), FINDINGS, control, folder)
    return dataset, matched, problems


def prepare(
    specs: Specs,
    report: Report = ignore,
    control: JobControl | None = None,
    record: Path | None = None,
) -> Dataset:
    """The data set, ready for training.

    Finds only errors, not warnings, uses little memory, and reads only files that the record does
    not cover.

    Args:
        specs: the project's specs.
        report: called with ``FilesRead`` events.
        control: may cancel.
        record: record file of ``examine`` or an earlier training; None to read all files.

    Raises:
        DataProblems: the errors, one a line.
        Cancelled: by ``control``.
    """
    control = control or JobControl()
    matched = match(specs.data)
    known = check_record.recall(record, matched.train, matched.val)
    parts = read_parts(matched, known, report, control, in_brief=True)
    dataset, problems = _concluded(specs, matched, parts, STOPPING, control)
    if dataset is None and any(known):
        # Errors are reported only after reading the images themselves.
        parts = read_parts(matched, (None, None), report, control, in_brief=True)
        dataset, problems = _concluded(specs, matched, parts, STOPPING, control)
    if not all(known):
        check_record.keep(record, parts)
    if dataset is None:
        raise DataProblems([problem for problem in problems if problem.fatal])
    return dataset


def _concluded(
    specs: Specs,
    matched: Matched,
    parts: Parts[DatasetStatistics],
    findings: Sequence[Finding],
    control: JobControl,
    folder: Path | None = None,
) -> tuple[Dataset | None, list[Problem]]:
    """The data set (None after errors), and all problems, from the statistics of the files.

    Raises:
        Cancelled: by ``control``.
    """
    pairings = matched.train_pairing, matched.val_pairing
    context = CheckContext(specs, *parts, pairings, folder=folder)
    dataset: Dataset | None = None
    decided = validation.specs_problems(specs)
    blocked = any(problem.fatal for problem in (*matched.problems, *blocking(context)))
    if not decided and not blocked:
        dataset, decided = _decide(specs, matched, *parts)
    if dataset is not None:
        context = replace(
            context,
            palette=dataset.palette,
            model=dataset.model,
            input_scaling=dataset.input_scaling,
            target_scaling=dataset.target_scaling,
        )
    found = find(context, control.raise_if_cancelled, findings)
    found, decided = explained(context, found, decided)
    problems = [*matched.problems, *found, *decided]
    if any(problem.fatal for problem in problems):
        dataset = None
    return dataset, sorted(problems, key=lambda problem: rank(problem.kind))


def _decide(
    specs: Specs, matched: Matched, train: DatasetStatistics, val: DatasetStatistics
) -> tuple[Dataset | None, list[Problem]]:
    """The data set from valid specs and files (None after errors), and the problems found.

    Normalization and label colours are derived from the training set only.
    """
    data, loss = specs.data, specs.training.loss
    model = with_final_activation(specs.model, loss)
    for_labels = (*CATEGORICAL_LOSSES, "dice", "dice_crossentropy")
    needed = loss in for_labels or model.final_activation == "softmax"
    palette, notes = choose_palette(data, train.colours, val.colours, needed)
    if any(problem.fatal for problem in notes):
        return None, notes
    target_range = learnt_range(train.target_range, palette)
    input_scaling, target_scaling = chosen_normalizations(data, train.input_range, target_range)
    problems = _residual_problems(model, palette, input_scaling, target_scaling) or _loss_problems(
        loss, model, palette, target_scaling
    )
    if problems:
        return None, [*notes, *problems]
    if data.large_images == "crop" and not model.input_height:
        side = default_side([shape[:2] for shape in train.input_shapes], model.depth)
        model = replace(model, input_height=side, input_width=side)
    model = _with_sizes(model, matched.train[0], palette)
    problems = validation.in_section("model", validation.problems(model))
    if model.final_activation == "softmax" and palette is not None:
        classes = len(palette.colours)
        if model.target_channels != classes:
            message = (
                f"The targets have {classes} label colours, so the network needs {classes} target "
                f"channels, not {model.target_channels}."
            )
            remedy = Remedy((("model.target_channels", 0),))
            problems.append(Problem("model.target_channels", message, remedy=remedy))
    dataset = Dataset(
        matched.train,
        matched.val,
        model,
        input_scaling,
        target_scaling,
        palette,
        sparse=loss == "sparse_categorical_crossentropy",
        crops=data.large_images == "crop",
        contents=train.contents | val.contents,
        not_finite=train.not_finite + val.not_finite,
        look_like_labels=bool(train.colours.instances or train.colours.label_palette()),
    )
    return dataset, [*notes, *problems]


def _with_sizes(model: ModelSpec, first: ImagePair, palette: Palette | None) -> ModelSpec:
    """The model; sizes and channels that were not chosen are taken from the first pair."""
    in_height, in_width, in_channels, _ = image_size(first.input)
    height, width, channels, _ = target_size(first)
    if model.final_activation == "softmax" and palette is not None:
        channels = len(palette.colours)
    elif palette is not None:
        channels = palette.channels
    if not model.input_height and model.target_height:
        height, width = model.target_height, model.target_width
    elif model.input_height and not model.target_height:
        # With a chosen input size the target keeps the pair's ratio of target to input size.
        height = max(1, round(height * model.input_height / in_height))
        width = max(1, round(width * model.input_width / in_width))
    shapes = (in_height, in_width, in_channels), (height, width, channels)
    return validation.with_sizes(model, *shapes)


def _residual_problems(
    model: ModelSpec,
    palette: Palette | None,
    inputs: IntensityNormalization,
    targets: IntensityNormalization,
) -> list[Problem]:
    """The problem if the input's values cannot be added to what the network learns."""
    if not model.residual:
        return []
    if palette is not None:
        message = (
            "A residual output adds to the values of the input, but the targets are label maps; "
            "switch it off."
        )
        return [Problem("model.residual", message, remedy=WITHOUT_RESIDUAL)]
    if inputs.kind == "image":
        message = (
            "A residual output needs one input normalization for all images, but each image is "
            "normalized by its own range; choose 'data' or 'window', or switch the residual "
            "output off."
        )
        remedy = Remedy((("data.input_scaling", "data"),))
        return [Problem("data.input_scaling", message, remedy=remedy)]
    if conversion(inputs, targets) is None:
        message = (
            "A residual output adds to the values of the input, but what they are in those of the "
            f"targets is not known: inputs are {TYPE_WORDS[inputs.dtype]}, targets "
            f"{TYPE_WORDS[targets.dtype]}, with offsets of {inputs.offset:g} and "
            f"{targets.offset:g}; give both their offset or the same type, or switch the residual "
            "output off."
        )
        return [Problem("model.residual", message, remedy=WITHOUT_RESIDUAL)]
    return []


def _loss_problems(
    loss: str, model: ModelSpec, palette: Palette | None, scaling: IntensityNormalization
) -> list[Problem]:
    """Problems if the loss does not suit the targets or the final activation."""
    activation = model.final_activation

    def refused(message: str, *settings: tuple[str, str]) -> list[Problem]:
        return [Problem("training.loss", message, remedy=Remedy(settings) if settings else None)]

    if loss in CATEGORICAL_LOSSES and activation != "softmax":
        return refused(
            f"{loss} needs classes, but the final activation is {activation}.",
            ("model.final_activation", "automatic"),
        )
    if activation == "softmax":
        if palette is None:
            return refused(
                f"{loss} on classes needs label maps, targets of a few exact colours, but the "
                "targets hold more; choose mae or ssim_mae, or say that they are label maps if a "
                "few colours are all there is.",
                ("data.target_kind", "labels"),
            )
        if loss not in (*CATEGORICAL_LOSSES, "dice", "dice_crossentropy"):
            return refused(
                f"{loss} does not fit class probabilities (softmax); choose "
                "categorical_crossentropy or dice_crossentropy, or another final activation."
            )
        return []
    if activation == "linear" and loss not in VALUE_LOSSES:
        return refused(
            f"{loss} needs outputs between 0 and 1, but the final activation is linear; choose "
            "mae, mse or ssim_mae, or another final activation."
        )
    if loss in ("dice", "dice_crossentropy") and palette is None:
        return refused(
            f"{loss} is for label maps and masks, but the targets are images of many values; "
            "choose mae, mse or ssim_mae (or binary_crossentropy for soft masks)."
        )
    on_channels = loss in ("dice", "dice_crossentropy", "binary_crossentropy")
    if on_channels and palette is not None and not palette.is_pure(scaling):
        colours = ", ".join(map(str, palette.colours[:6]))
        return refused(
            f"{loss} on independent channels needs label colours whose channels are all off or "
            f"all on, but there are {colours}; choose categorical_crossentropy.",
            ("training.loss", "categorical_crossentropy"),
            ("model.final_activation", "automatic"),
        )
    return []

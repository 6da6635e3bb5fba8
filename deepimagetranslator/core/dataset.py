"""From a project's choices and files to a data set ready for training, or what is wrong.

Everything that can be known before training is found here: partners, sizes, label colours, the
scaling of values, the network's sizes, and whether the loss fits the targets.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config import validation
from deepimagetranslator.core.config.specs import (
    CATEGORICAL_LOSSES,
    VALUE_LOSSES,
    DataSpec,
    ModelSpec,
    Specs,
)
from deepimagetranslator.core.config.validation import with_final_activation
from deepimagetranslator.core.crops import default_side
from deepimagetranslator.core.doctor.case import Case
from deepimagetranslator.core.doctor.findings import (
    FINDINGS,
    STOPPING,
    blocking,
    explained,
    find,
)
from deepimagetranslator.core.doctor.kinds import rank
from deepimagetranslator.core.doctor.repairs import with_pairs
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.groups import Split
from deepimagetranslator.core.imaging.filenames import known_path
from deepimagetranslator.core.imaging.images import image_size, read_image
from deepimagetranslator.core.labels.choice import choose_palette
from deepimagetranslator.core.labels.colours import ColourCount
from deepimagetranslator.core.labels.palette import Palette
from deepimagetranslator.core.pairs import NO_PAIRING, ImagePair, Pairing, match_pairs
from deepimagetranslator.core.protocol import FilesRead, JobControl, Report, ignore
from deepimagetranslator.core.survey import Survey, survey
from deepimagetranslator.core.values.chosen import scalings
from deepimagetranslator.core.values.scaling import Scaling, ValueRange, choose_scaling

_LOOKED_AT = 24
_SECONDS_BETWEEN_REPORTS = 0.2


@dataclass(frozen=True)
class Matched:
    """The pairs of a project by its files' names alone, and what has no partner.

    The pairings say by which rule, how sure each pair is, and which files have no partner.
    """

    train: tuple[ImagePair, ...]
    val: tuple[ImagePair, ...]
    problems: tuple[Problem, ...]
    train_pairing: Pairing = NO_PAIRING
    val_pairing: Pairing = NO_PAIRING


@dataclass(frozen=True)
class Dataset:
    """Pairs that can be trained on, and how their values are understood.

    Attributes:
        train, val: the pairs; ``val`` may be empty.
        model: the network with all sizes, channels and its final activation decided.
        input_scaling, target_scaling: between file values and [0, 1].
        palette: the label colours if the targets are label maps, else None.
        sparse: targets are given to the loss as class numbers.
        crops: the network learns from crops of its size in full resolution, not from whole images
            resized to it.
    """

    train: tuple[ImagePair, ...]
    val: tuple[ImagePair, ...]
    model: ModelSpec
    input_scaling: Scaling
    target_scaling: Scaling
    palette: Palette | None
    sparse: bool
    crops: bool = False

    @property
    def classes(self) -> int:
        """The number of classes if the network's channels are classes, else 0."""
        return self.model.target_channels if self.model.final_activation == "softmax" else 0

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the network's output channels, for metrics; classes have the user's names."""
        if self.classes and self.palette is not None:
            return self.palette.class_names
        return channel_names(self.model.target_channels, bool(self.classes))

    def target_image(self, y: NDArray[np.float32]) -> NDArray[np.generic]:
        """An augmented target, as a batch draws it, as an image to write."""
        if self.classes and self.palette is not None:
            return self.palette.decode(np.rint(y[..., 0] * 255).astype(np.uint8))
        return self.target_scaling.from_unit(y)


def channel_names(channels: int, classes: bool = False) -> tuple[str, ...]:
    """Names for image channels (grey, or red, green, blue) or classes (class0, class1 ...)."""
    images = {1: ("grey",), 3: ("red", "green", "blue")}
    if not classes and channels in images:
        return images[channels]
    return tuple(f"{'class' if classes else 'channel'}{i}" for i in range(channels))


class DataProblems(UserError):
    """Several problems at once; the text has a line for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(*map(str, problems))
        self.problems = tuple(problems)


def with_split(data: DataSpec, split: Split) -> DataSpec:
    """The choices with the pairs of a split as training and validation files."""
    return with_pairs(data, split.train, split.val)


def match(data: DataSpec) -> Matched:
    """Pair the project's files, without opening them."""
    train, val = (
        match_pairs(list(map(known_path, inputs)), list(map(known_path, targets)), data.pairing)
        for inputs, targets in (
            (data.train_inputs, data.train_targets),
            (data.val_inputs, data.val_targets),
        )
    )
    problems = [*train.problems, *val.problems]
    if not train.pairs:
        message = "There is no pair to train on; load training images and their targets."
        problems.append(Problem("training", message))
    return Matched(train.pairs, val.pairs, tuple(problems), train, val)


def examine(
    specs: Specs,
    report: Report = ignore,
    control: JobControl | None = None,
    folder: Path | None = None,
    for_training: bool = False,
) -> tuple[Dataset | None, Matched, list[Problem]]:
    """Read every file once and find every problem.

    Args:
        specs: the choices.
        report: told of ``FilesRead``.
        control: may cancel.
        folder: where runs will lie, whose free disk space is looked at.
        for_training: look only for what stops it, in little memory.

    Returns:
        The data set if nothing fatal was found, else None; the pairs; the problems and remarks.

    Raises:
        Cancelled: by ``control``.
    """
    control = control or JobControl()
    matched = match(specs.data)
    count = len(matched.train) + len(matched.val)
    told = 0.0

    def tell(done: int) -> None:
        nonlocal told
        if done == count or time.monotonic() - told > _SECONDS_BETWEEN_REPORTS:
            told = time.monotonic()
            report(FilesRead(done, count))

    def read(pairs: Sequence[ImagePair], before: int) -> Survey:
        found = survey(
            pairs,
            cancelled=control.cancel.is_set,
            report=lambda done, _: tell(before + done),
            in_brief=for_training,
        )
        control.raise_if_cancelled()
        return found

    train, val = read(matched.train, 0), read(matched.val, len(matched.train))
    case = Case(
        specs,
        train,
        val,
        (matched.train_pairing, matched.val_pairing),
        folder=folder,
    )
    dataset: Dataset | None = None
    decided: list[Problem] = []
    blocked = any(problem.fatal for problem in (*matched.problems, *blocking(case)))
    if not blocked:
        dataset, decided = _decide(specs, matched, train, val)
    if dataset is not None:
        case = replace(
            case,
            palette=dataset.palette,
            model=dataset.model,
            input_scaling=dataset.input_scaling,
        )
    found = find(case, control.raise_if_cancelled, STOPPING if for_training else FINDINGS)
    found, decided = explained(case, found, decided)
    problems = [*matched.problems, *found, *decided]
    if not matched.val:
        message = (
            "There are no validation pairs, so the best weights are chosen by the training loss, "
            "which cannot see over-fitting."
        )
        problems.append(Problem("validation", message, fatal=False, kind="no_validation"))
    if any(problem.fatal for problem in problems):
        dataset = None
    return dataset, matched, sorted(problems, key=lambda problem: rank(problem.kind))


def prepare(specs: Specs, report: Report = ignore, control: JobControl | None = None) -> Dataset:
    """The data set, ready for training.

    Raises:
        DataProblems: what must be mended first, a line each.
        Cancelled: by ``control``.
    """
    dataset, _, problems = examine(specs, report, control, for_training=True)
    if dataset is None:
        raise DataProblems([problem for problem in problems if problem.fatal])
    return dataset


def suited_to_targets(specs: Specs, targets: Sequence[str]) -> Specs:
    """The ``recommended`` choices for these targets: the loss follows from what they are.

    Label maps in pure colours keep Dice + cross-entropy on independent channels; label maps in
    other colours get the same loss on classes (softmax). Any other image gets mae, and the network
    neither a normalization nor a start scaled to the images, which make it forget how bright they
    are. Some of the files are looked at. What was chosen already stays.
    """
    if specs.training.loss != Specs().training.loss:
        return specs
    step = max(1, len(targets) // _LOOKED_AT)
    images = []
    for path in targets[::step]:
        try:
            images.append(read_image(path))
        except UserError:
            continue
    if not images:
        return specs
    colours = ColourCount()
    for image in images:
        colours.add(image)
    # Blurred label maps and numbered objects are label maps as soon as the user agrees.
    palette = colours.label_palette() or colours.blurred_palette()
    if palette is None and colours.instances:
        return specs
    if palette is None:
        return _suited_to_values(specs)
    if not _is_pure(palette, choose_scaling(_range_of(images), target=True)):
        return replace(specs, model=replace(specs.model, final_activation="softmax"))
    return specs


def _suited_to_values(specs: Specs) -> Specs:
    model, usual = specs.model, Specs().model
    if model.normalization == usual.normalization:
        model = replace(model, normalization="none")
    if model.initialization == usual.initialization:
        model = replace(model, initialization="he_normal")
    return replace(specs, model=model, training=replace(specs.training, loss="mae"))


def _decide(
    specs: Specs, matched: Matched, train: Survey, val: Survey
) -> tuple[Dataset | None, list[Problem]]:
    """Everything that follows from the choices and the files together.

    Scalings and label colours are the training set's alone.
    """
    data, loss = specs.data, specs.training.loss
    model = with_final_activation(specs.model, loss)
    wrong = [replace(p, subject=f"data.{p.subject}") for p in validation.problems(data)]
    if wrong:
        return None, wrong
    for_labels = (*CATEGORICAL_LOSSES, "dice", "dice_crossentropy")
    needed = loss in for_labels or model.final_activation == "softmax"
    palette, remarks = choose_palette(data, train.colours, val.colours, needed)
    if any(problem.fatal for problem in remarks):
        return None, remarks
    target_range = _learnt_range(train.target_range, palette)
    input_scaling, target_scaling = scalings(data, train.input_range, target_range)
    problems = _loss_problems(loss, model, palette, target_scaling)
    if problems:
        return None, [*remarks, *problems]
    if data.large_images == "crop" and not model.input_height:
        side = default_side([shape[:2] for shape in train.input_shapes], model.depth)
        model = replace(model, input_height=side, input_width=side)
    model = _with_sizes(model, matched.train[0], palette)
    problems = validation.problems(model)
    if model.final_activation == "softmax" and palette is not None:
        classes = len(palette.colours)
        if model.target_channels != classes:
            message = (
                f"The targets have {classes} label colours, so the network needs {classes} target "
                f"channels, not {model.target_channels}; set model.target_channels=0."
            )
            problems.append(Problem("model.target_channels", message))
    dataset = Dataset(
        matched.train,
        matched.val,
        model,
        input_scaling,
        target_scaling,
        palette,
        sparse=loss == "sparse_categorical_crossentropy",
        crops=data.large_images == "crop",
    )
    return dataset, [*remarks, *problems]


def _learnt_range(targets: ValueRange, palette: Palette | None) -> ValueRange:
    """The values that are learnt: the label colours', where the files hold others too."""
    if palette is None or (palette.plain and targets.dtypes == {palette.dtype}):
        return targets
    return _range_of([palette.array])


def _with_sizes(model: ModelSpec, first: ImagePair, palette: Palette | None) -> ModelSpec:
    """Sizes and channels that were not chosen, from the first pair."""
    in_height, in_width, in_channels, _ = image_size(first.input)
    height, width, channels, _ = image_size(first.target)
    if model.final_activation == "softmax" and palette is not None:
        channels = len(palette.colours)
    elif palette is not None:
        channels = palette.channels
    if not model.input_height and model.target_height:
        height, width = model.target_height, model.target_width
    elif model.input_height and not model.target_height:
        # A chosen input size keeps the pair's own ratio of target to input.
        height = max(1, round(height * model.input_height / in_height))
        width = max(1, round(width * model.input_width / in_width))
    shapes = (in_height, in_width, in_channels), (height, width, channels)
    return validation.with_sizes(model, *shapes)


def _loss_problems(
    loss: str, model: ModelSpec, palette: Palette | None, scaling: Scaling
) -> list[Problem]:
    """Why the loss cannot fit such targets or such an output; empty if it can."""
    activation = model.final_activation

    def refused(message: str) -> list[Problem]:
        return [Problem("training.loss", message)]

    if loss in CATEGORICAL_LOSSES and activation != "softmax":
        return refused(
            f"{loss} needs classes, but model.final_activation is {activation}; set it to "
            "automatic."
        )
    if activation == "softmax":
        if palette is None:
            return refused(
                f"{loss} on classes needs label maps, targets of a few exact colours, but the "
                "targets hold more; choose mae or ssim_mae, or set data.target_kind=labels if a "
                "few colours are all there is."
            )
        if loss not in (*CATEGORICAL_LOSSES, "dice", "dice_crossentropy"):
            return refused(
                f"{loss} does not fit class probabilities (softmax); choose "
                "categorical_crossentropy or dice_crossentropy, or another final activation."
            )
        return []
    if activation == "linear" and loss not in VALUE_LOSSES:
        return refused(
            f"{loss} needs outputs between 0 and 1, but model.final_activation is linear; choose "
            "mae, mse or ssim_mae, or another final activation."
        )
    if loss in ("dice", "dice_crossentropy") and palette is None:
        return refused(
            f"{loss} is for label maps and masks, but the targets are images of many values; "
            "choose mae, mse or ssim_mae (or binary_crossentropy for soft masks)."
        )
    on_channels = loss in ("dice", "dice_crossentropy", "binary_crossentropy")
    if on_channels and palette is not None and not _is_pure(palette, scaling):
        colours = ", ".join(map(str, palette.colours[:6]))
        return refused(
            f"{loss} on independent channels needs label colours whose channels are all off or "
            f"all on, but there are {colours}; choose categorical_crossentropy with "
            "model.final_activation=automatic."
        )
    return []


def _is_pure(palette: Palette, scaling: Scaling) -> bool:
    """Whether each channel of each label colour is 0 or 1 after scaling."""
    units = scaling.to_unit(np.array(palette.colours, palette.dtype))
    return bool(np.isin(units, (0.0, 1.0)).all())


def _range_of(images: Sequence[NDArray[np.generic]]) -> ValueRange:
    values = ValueRange()
    for image in images:
        values.add(image)
    return values

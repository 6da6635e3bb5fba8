"""Loads the images for the three panes; augmented ones are sampled exactly as in training."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from deepimagetranslator.core.config.specs import AugmentationSpec, DataSpec
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.imaging.images import read_header
from deepimagetranslator.core.imaging.pixels import within
from deepimagetranslator.core.typing import Array

TRAINING, VALIDATION, TRANSLATED = "training", "validation", "translated"
Entry = tuple[ImageRef | None, ImageRef | None, tuple[str, ...]]
"""Input, target, and the changes with which the target is read."""
PARTS = (TRAINING, VALIDATION, TRANSLATED)
PREVIEW_SIDE = 2048
"""Longest side, in pixels, of an image that is translated for a preview. Larger images are reduced
first, since translating them whole would take minutes."""
_PREVIEW_EPOCH = 1
# Parsing 10,000 texts takes 20 ms, and a step to the next image needs them several times.
_parsed = lru_cache(6)(parse_images)


def entries(part: str, pairs: Sequence[ImagePair], data: DataSpec) -> list[Entry]:
    """The images of the training or validation part: its pairs, else inputs or targets alone, then
    the images to label.

    Args:
        part: ``TRAINING`` or ``VALIDATION``.
        pairs: of this part.
        data: the project's files.
    """
    training = part == TRAINING
    to_label = _parsed(data.unlabelled_inputs) if training else ()
    inputs = data.train_inputs if training else data.val_inputs
    targets = data.train_targets if training else data.val_targets
    found: list[Entry]
    if pairs:
        found = [(pair.input, pair.target, pair.changes) for pair in pairs]
    elif inputs:
        found = [(image, None, ()) for image in _parsed(inputs)]
    else:
        found = [(None, image, ()) for image in _parsed(targets)]
    known = {image for image, *_ in found} if to_label else set()
    return found + [(image, None, ()) for image in to_label if image not in known]


@dataclass(frozen=True)
class Wanted:
    """A request for the images at one position of a part.

    Attributes:
        part: one of ``PARTS``.
        index: the position, from 0.
        count: the number of images of the part.
        input, target, output: the files, None if there is none; ``output`` is the translated image.
        palette: the colours of an output that holds class numbers; None for other outputs.
        changes: the changes with which the target is read.
        dataset: the data set to sample an augmented pair from; None shows the files unchanged.
        augmentation: the augmentation to apply; needs ``dataset``.
        seed, epoch: together with the pair's index they determine the augmentation.
    """

    part: str
    index: int
    count: int
    input: ImageRef | None = None
    target: ImageRef | None = None
    output: ImageRef | None = None
    palette: Palette | None = None
    changes: tuple[str, ...] = ()
    dataset: Dataset | None = None
    augmentation: AugmentationSpec | None = None
    seed: int = 1
    epoch: int = _PREVIEW_EPOCH

    @property
    def files(self) -> tuple[ImageRef | None, ImageRef | ImagePair | None, ImageRef | None]:
        """What to read for input, target and output; a target with changes as a pair."""
        target: ImageRef | ImagePair | None = self.target
        if self.input is not None and self.target is not None and self.changes:
            target = ImagePair(self.input, self.target, self.changes)
        return self.input, target, self.output


@dataclass(frozen=True)
class Shown:
    """The loaded images of a ``Wanted``; (height, width, 1 or 3) arrays in the files' types.

    Attributes:
        wanted: the request.
        input, target, output: the images, None if there is none.
        note: a note for the caption, for instance "augmented".
        units: what the values of input, target and translated image are, such as "CT, HU"; empty
            texts if unknown.
        problems: a sentence for each file that cannot be shown.
        for_model: the input that the current model translates for the third pane; its longest side
            is at most ``PREVIEW_SIDE`` pixels.
    """

    wanted: Wanted
    input: Array | None = None
    target: Array | None = None
    output: Array | None = None
    note: str = ""
    units: tuple[str, str, str] = ("", "", "")
    problems: tuple[str, ...] = ()
    for_model: Array | None = None


def load(wanted: Wanted) -> Shown:
    """Read, and if requested augment, the images for the panes. Run it in a thread."""
    shown = _load(wanted)
    units = _unit_of(wanted.input), _unit_of(wanted.target), _unit_of(wanted.output)
    shown = replace(shown, units=units)
    image = shown.input
    return shown if image is None else replace(shown, for_model=within(image, PREVIEW_SIDE))


def _unit_of(image: ImageRef | None) -> str:
    """What the values of a file are; empty if unknown."""
    with suppress(UserError):
        return "" if image is None else read_header(image).unit
    return ""


def _load(wanted: Wanted) -> Shown:
    if wanted.dataset is not None and wanted.augmentation is not None:
        try:
            x, y = sample_pair(wanted.dataset, wanted)
            return Shown(wanted, x, y, note="augmented")
        except (UserError, IndexError) as error:
            return replace(_plain(wanted), problems=(str(error),))
    return _plain(wanted)


def sample_pair(dataset: Dataset, wanted: Wanted) -> tuple[Array, Array]:
    """The augmented input and target of that epoch's training batch, as images.

    Args:
        dataset: the data set that holds the pair.
        wanted: the pair; ``augmentation`` must be given.

    Raises:
        UserError: the pair is not in the data set, or a file cannot be read.
    """
    # Imported here, since importing Augmentor would delay the start of the window.
    from deepimagetranslator.core.augmentation.sampling import PairReader, PairSampler  # noqa: PLC0415

    assert wanted.augmentation is not None
    validation = wanted.part == VALIDATION
    pairs = dataset.val if validation else dataset.train
    reader = PairReader(dataset, cache_bytes=0)
    sampler = PairSampler(reader, pairs, wanted.augmentation, wanted.seed, validation)
    x, y = sampler.sample(wanted.epoch, _position(pairs, wanted.input))
    return dataset.input_scaling.from_unit(x), dataset.target_image(y)


def _position(pairs: Sequence[object], image: ImageRef | None) -> int:
    for position, pair in enumerate(pairs):
        if getattr(pair, "input", None) == image:
            return position
    raise UserError(f"{image} is not among the pairs; load the images again.")


def _plain(wanted: Wanted) -> Shown:
    images: list[Array | None] = []
    problems = []
    for image in wanted.files:
        try:
            images.append(None if image is None else read_target(image))
        except UserError as error:
            images.append(None)
            problems.append(str(error))
    output = images[2]
    if output is not None and wanted.palette is not None:
        last = len(wanted.palette.colours) - 1
        output = wanted.palette.decode(output[..., 0].astype(np.intp).clip(0, last))
    return Shown(wanted, images[0], images[1], output, problems=tuple(problems))

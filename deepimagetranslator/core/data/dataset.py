"""The data set for training, and the pairs of a project's files.

``checks.examination`` makes the data set from a project: pairs, sizes, label colours, intensity
normalization and the network's sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.specs import (
    DataSpec,
    ModelSpec,
)
from deepimagetranslator.core.data.facts import FileContent
from deepimagetranslator.core.data.intensity.conversion import Conversion, input_to_target
from deepimagetranslator.core.data.intensity.normalization import (
    IntensityNormalization,
)
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pair_lists import PARTS, pairing_of, with_pairs
from deepimagetranslator.core.data.pairs import NO_PAIRING, ImagePair, Pairing
from deepimagetranslator.core.data.splits import Split
from deepimagetranslator.core.data.unmatched import explained
from deepimagetranslator.core.errors import Problem, Remedy
from deepimagetranslator.core.imaging.image_ref import ImageRef


@dataclass(frozen=True)
class Matched:
    """The pairs of a project, found by file names only, and files without a partner.

    The pairings hold the matching rule, the confidence of each pair and the unpaired files.
    """

    train: tuple[ImagePair, ...]
    val: tuple[ImagePair, ...]
    problems: tuple[Problem, ...]
    train_pairing: Pairing = NO_PAIRING
    val_pairing: Pairing = NO_PAIRING


@dataclass(frozen=True)
class Dataset:
    """Pairs for training, and how their values are normalized and encoded.

    Attributes:
        train, val: the pairs; ``val`` may be empty.
        model: the network with all sizes, channels and its final activation decided.
        input_scaling, target_scaling: intensity normalization, between file values and [0, 1].
        palette: the label colours if the targets are label maps, else None.
        sparse: the loss takes targets as class numbers, not one-hot.
        crops: training uses full-resolution crops of the network's size instead of whole images
            resized to it.
        contents: checksums of the pairs' files when they were examined.
        not_finite: the number of images that hold NaN or infinite values.
        look_like_labels: the targets look like label maps, also if they are learnt as values.
    """

    train: tuple[ImagePair, ...]
    val: tuple[ImagePair, ...]
    model: ModelSpec
    input_scaling: IntensityNormalization
    target_scaling: IntensityNormalization
    palette: Palette | None
    sparse: bool
    crops: bool = False
    contents: Mapping[ImageRef, FileContent] = field(
        default_factory=dict, compare=False, repr=False
    )
    not_finite: int = 0
    look_like_labels: bool = False

    @property
    def classes(self) -> int:
        """The number of classes if the network's output channels are classes, else 0."""
        return self.model.target_channels if self.model.final_activation == "softmax" else 0

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the network's output channels, for metrics; classes have the user's names."""
        if self.classes and self.palette is not None:
            return self.palette.class_names
        return channel_names(self.model.target_channels, bool(self.classes))

    @property
    def input_to_target(self) -> Conversion | None:
        """From the inputs' normalization to that of the targets, where an input can be compared
        with its target; None for label maps, and for other sizes, channels or units."""
        if self.palette is not None or self.look_like_labels:
            return None
        return input_to_target(self.model, self.input_scaling, self.target_scaling)

    @property
    def exclusive_channels(self) -> tuple[int, ...]:
        """The channels of exclusive classes, see ``Palette.class_channels``; else empty."""
        if self.classes or self.palette is None:
            return ()
        return self.palette.class_channels(self.target_scaling)

    def target_image(self, y: NDArray[np.float32]) -> NDArray[np.generic]:
        """An augmented target of a batch, in [0, 1] or as classes, as an image to write."""
        if self.classes and self.palette is not None:
            return self.palette.decode(np.rint(y[..., 0] * 255).astype(np.uint8))
        return self.target_scaling.from_unit(y)


def channel_names(channels: int, classes: bool = False) -> tuple[str, ...]:
    """Names for image channels (grey, or red, green, blue) or classes (class0, class1 ...)."""
    images = {1: ("grey",), 3: ("red", "green", "blue")}
    if not classes and channels in images:
        return images[channels]
    return tuple(f"{'class' if classes else 'channel'}{i}" for i in range(channels))


def with_split(data: DataSpec, split: Split) -> DataSpec:
    """The data spec with the pairs of a split as training and validation files."""
    return with_pairs(data, split.train, split.val)


def match(data: DataSpec) -> Matched:
    """Pair the project's files by name or order; only headers of unmatched ones are opened."""
    train, val = (pairing_of(data, part) for part in PARTS)
    problems = [*explained(train), *explained(val)]
    if not train.pairs:
        remedy = None
        message = "There is no pair to train on; load training images and their targets."
        if data.unlabelled_inputs and not data.train_inputs:
            message = "There is no pair to train on, only images to label; train on label maps."
            remedy = Remedy(action="train_on_labels")
        problems.append(Problem("training", message, remedy=remedy))
    return Matched(train.pairs, val.pairs, tuple(problems), train, val)

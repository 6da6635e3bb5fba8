"""What the three panes show: loading it, in a thread, with the very draws of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deepimagetranslator.core.config.specs import AugmentationSpec
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.imaging.pixels import within
from deepimagetranslator.core.typing import Array

TRAINING, VALIDATION, TRANSLATED = "training", "validation", "translated"
PARTS = (TRAINING, VALIDATION, TRANSLATED)
PREVIEW_SIDE = 2048
"""Images with a longer side, in pixels, are reduced before the model shows what it makes of them:
the whole takes minutes."""
_PREVIEW_EPOCH = 1


@dataclass(frozen=True)
class Wanted:
    """One place in one part, and how it is to be shown.

    Attributes:
        part: one of ``PARTS``.
        index: from 0.
        count: how many there are.
        input, target, output: the files, None where there is none; ``output`` is a translated one.
        dataset: the examined data set if it can be drawn from, else None: files are shown as they
            are.
        augmentation: the operations to apply; only with a data set.
        seed, epoch: of the draw.
    """

    part: str
    index: int
    count: int
    input: ImageRef | None = None
    target: ImageRef | None = None
    output: ImageRef | None = None
    dataset: Dataset | None = None
    augmentation: AugmentationSpec | None = None
    seed: int = 1
    epoch: int = _PREVIEW_EPOCH


@dataclass(frozen=True)
class Shown:
    """What a ``Wanted`` came to; images are (height, width, 1 or 3) in the files' types.

    Attributes:
        wanted: what was asked for.
        input, target, output: the images, None where there is none.
        note: for the caption, for instance "augmented".
        problems: a sentence for each file that cannot be shown.
        for_model: the input as the current model translates it for the third pane, at most
            ``PREVIEW_SIDE`` pixels long.
    """

    wanted: Wanted
    input: Array | None = None
    target: Array | None = None
    output: Array | None = None
    note: str = ""
    problems: tuple[str, ...] = ()
    for_model: Array | None = None


def load(wanted: Wanted) -> Shown:
    """Read, and where asked draw, what the panes show. For a thread."""
    shown = _load(wanted)
    image = shown.input
    return shown if image is None else replace(shown, for_model=within(image, PREVIEW_SIDE))


def _load(wanted: Wanted) -> Shown:
    if wanted.dataset is not None and wanted.augmentation is not None:
        try:
            x, y = drawn(wanted.dataset, wanted)
            return Shown(wanted, x, y, note="augmented")
        except (UserError, IndexError) as error:
            return replace(_plain(wanted), problems=(str(error),))
    return _plain(wanted)


def drawn(dataset: Dataset, wanted: Wanted) -> tuple[Array, Array]:
    """Input and target as the training batch of that epoch holds them, as images."""
    # Augmentor with all it imports would keep the window from the screen for a while.
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
    for image in (wanted.input, wanted.target, wanted.output):
        try:
            images.append(None if image is None else read_image(image))
        except UserError as error:
            images.append(None)
            problems.append(str(error))
    return Shown(wanted, images[0], images[1], images[2], problems=tuple(problems))

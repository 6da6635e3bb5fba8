"""Takes translated images over as drafts: into the project's label maps, or as files to paint on.

The translation writes class numbers in the order of the network's classes, one PNG an image, with a
confidence map beside it (``as_drafts``); these become label maps in the classes of the project. The
mean of the map tells how sure the network is of an image: the least sure one is to be corrected
first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import CONFIDENCE_MAP, stem
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, read_image
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.loop.classes import numbers_of_network
from deepimagetranslator.core.labelling.loop.states import KnownImage
from deepimagetranslator.core.labelling.record import DRAFT, TO_LABEL, DraftRecord
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.system.system_path import is_file

Put = Callable[[ImageRef, Classes, float | None], object]
"""Takes the class numbers (height, width) of an image, and the mean confidence, 0 to 1, or None if
that is unknown; raises WriteError."""


def as_drafts(spec: TranslationSpec) -> TranslationSpec:
    """How drafts are translated: as the project translates, but written as class numbers, with
    confidence maps."""
    return replace(
        spec,
        output="classes",
        file_format="png",
        value_type="automatic",
        confidence=True,
        overwrite=True,
    )


def to_draft(images: Sequence[KnownImage], store: LabelStore, round_number: int) -> list[ImageRef]:
    """The images that get a draft: those to label, and drafts of earlier rounds nobody has changed.

    Args:
        images: those of the project.
        store: has their label maps.
        round_number: of the training whose network makes the drafts; 0 for another network, which
            replaces no draft.
    """

    def wanted(one: KnownImage) -> bool:
        draft = store.status(one.image).draft
        older = one.state == DRAFT and draft is not None and draft.round < round_number
        return one.state == TO_LABEL or (older and store.untouched(one.image))

    return [one.image for one in images if wanted(one)]


def to_correct(images: Sequence[KnownImage], store: LabelStore) -> list[ImageRef]:
    """The drafts, those of which their network is least sure first, then those without a figure.

    Args: as ``to_draft``.
    """

    def sure(image: ImageRef) -> float:
        draft = store.status(image).draft
        return 2.0 if draft is None or draft.confidence is None else draft.confidence

    return sorted((one.image for one in images if one.state == DRAFT), key=sure)


def into_store(store: LabelStore, round_number: int) -> Put:
    """Have drafts written as the project's label maps.

    Args:
        store: open; has the label maps.
        round_number: as in ``to_draft``.
    """

    def put(image: ImageRef, numbers: Classes, confidence: float | None) -> None:
        store.take_draft(image, numbers, DraftRecord(round_number, numbers.size, confidence))

    return put


def drafted_words(count: int) -> str:
    """How many images got a draft, such as "3 images have drafts now"."""
    return f"{count} image{'s have drafts' if count != 1 else ' has a draft'} now"


class Drafts:
    """The drafts of one translation.

    Args:
        palette: of the network.
        table: the project's classes.
        put: takes each draft.

    Attributes:
        images: the images that have a draft now.
        skipped: (image, reason) of the others.
        confidence: the mean confidence of each image that has one.

    Raises:
        UserError: a class of the network is none of the project's.
    """

    def __init__(self, palette: Palette, table: ClassTable, put: Put) -> None:
        self._meaning, self._put = numbers_of_network(palette, table), put
        self.images: list[ImageRef] = []
        self.skipped: list[tuple[ImageRef, str]] = []
        self.confidence: dict[ImageRef, float] = {}

    @property
    def worst_first(self) -> list[tuple[ImageRef, float]]:
        """The images with their mean confidence, the lowest first."""
        return sorted(self.confidence.items(), key=lambda item: item[1])

    def take(self, image: ImageRef, translated: ImageRef) -> None:
        """Take one translated image over.

        Raises:
            WriteError: the draft cannot be written.
        """
        try:
            indices = read_image(translated)[..., 0]
            height, width, *_ = image_size(image)
        except UserError as error:
            self.skipped.append((image, str(error)))
            return
        if indices.shape != (height, width):
            high, wide = indices.shape
            reason = (
                f"{image} has {width} x {height} pixels, but its translation {wide} x {high}; use "
                "a network whose output has the size of its input."
            )
            self.skipped.append((image, reason))
            return
        confidence = _mean_confidence(translated)
        self._put(image, self._meaning[indices], confidence)
        self.images.append(image)
        if confidence is not None:
            self.confidence[image] = confidence


def _mean_confidence(translated: ImageRef) -> float | None:
    """The mean of the confidence map beside a translated image, 0 to 1; None without one."""
    file = translated.file
    beside = file.with_name(f"{stem(file.name)}{CONFIDENCE_MAP}{file.suffix}")
    if not is_file(beside):
        return None
    try:
        return float(read_image(ImageRef(beside)).mean()) / 255
    except UserError:
        return None

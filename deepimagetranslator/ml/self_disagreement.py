"""How much a network disagrees with itself on an image and on its mirror images."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.evaluation.disagreement import Apart
from deepimagetranslator.core.export.encodings import choose_encoding
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.messages.events import FilesRead, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.typing import Array
from deepimagetranslator.ml.translator import FLIPS, Translator


def self_disagreement(translator: Translator, image: Array, name: str = "the image") -> float:
    """1 - the mean Dice between the class maps of an image and of its three mirror images.

    Args:
        translator: has a network for label maps.
        image: (height, width, channels), of any size.
        name: for errors.

    Returns:
        0 to 1, see ``core.evaluation.disagreement.Apart``.

    Raises:
        UserError: the image does not fit the network, or the network predicts values.
    """
    palette = _palette_of(translator)
    encoding = choose_encoding(translator.network, "classes")
    classes = []
    for axes in FLIPS:
        (turned,) = np.ascontiguousarray(np.flip(image[np.newaxis], axes))
        written = translator.translate(turned, name, encoding)[np.newaxis]
        classes.append(np.flip(written, axes)[0, ..., 0])
    background = not any(palette.colours[0])
    return Apart.of_classes(classes, len(palette.colours), background).disagreement


def self_disagreements(
    translator: Translator,
    images: Iterable[ImageRef],
    report: Report = ignore,
    control: JobControl | None = None,
) -> tuple[dict[ImageRef, float], list[Problem]]:
    """The self-disagreement of each image, and a problem for each that cannot be translated.

    Args:
        translator: see ``self_disagreement``.
        images: the images.
        report: called with ``FilesRead``.
        control: cancels it.

    Raises:
        UserError: the network predicts values.
        Cancelled: the caller cancelled.
    """
    _palette_of(translator)
    control, listed = control or JobControl(), list(images)
    found: dict[ImageRef, float] = {}
    problems = []
    for position, image in enumerate(listed, 1):
        control.raise_if_cancelled()
        try:
            found[image] = self_disagreement(translator, read_image(image), str(image))
        except UserError as error:
            problems.append(Problem(str(image), str(error)))
        report(FilesRead(position, len(listed)))
    return found, problems


def _palette_of(translator: Translator) -> Palette:
    """The classes of a network for label maps."""
    palette = translator.network.palette
    if palette is None:
        raise UserError(
            f"{translator.path} predicts values and no classes that could disagree; train on label "
            "maps first, or give other weights."
        )
    return palette

"""Keeping pairs for validation: by person, by DICOM patient or by image; what it would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.splits import Split, split_by_group
from deepimagetranslator.core.errors import UserError

BY_NAME, BY_PATIENT, BY_IMAGE = "name", "patient", "image"


@dataclass(frozen=True)
class SplitWay:
    """How pairs are to be split.

    Attributes:
        by: "name" (a person is told by folder or file name), "patient" (DICOM) or "image".
        pattern: with "name": a regular expression that finds the person; may be empty.
        fraction: of the images, above 0 and below 1.
        seed: which groups are chosen.
    """

    by: str = BY_NAME
    pattern: str = ""
    fraction: float = 0.2
    seed: int = 1


@dataclass(frozen=True)
class SplitPreview:
    """What a split would do.

    Attributes:
        groups: name, number of images, whether it goes to validation; by name.
        train, val: the numbers of images.
        warning: a sentence, empty if there is none.
        problem: why there is no such split, else empty.
    """

    groups: tuple[tuple[str, int, bool], ...] = ()
    train: int = 0
    val: int = 0
    warning: str = ""
    problem: str = ""


def split_pairs(pairs: Sequence[ImagePair], way: SplitWay) -> Split:
    """Split pairs into those to learn from and those to validate with.

    Raises:
        UserError: there is no such split.
    """
    return split_by_group(pairs, way.fraction, way.pattern or None, way.seed, way.by)


def preview_split(pairs: Sequence[ImagePair], way: SplitWay) -> SplitPreview:
    """What ``split_pairs`` would do; a fault is a sentence in the preview. For a thread."""
    try:
        split = split_pairs(pairs, way)
    except UserError as error:
        return SplitPreview(problem=str(error))
    groups = tuple(
        (name, split.sizes[name], split.groups[name] == "val") for name in sorted(split.groups)
    )
    return SplitPreview(groups, len(split.train), len(split.val), split.warning)

"""Splits pairs into training and validation: by person, by DICOM patient or by image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.splits import Split, split_by_group
from deepimagetranslator.core.errors import UserError

BY_NAME, BY_PATIENT, BY_IMAGE = "name", "patient", "image"


@dataclass(frozen=True)
class SplitWay:
    """The settings of a split.

    Attributes:
        by: "name" (persons by folder or file name), "patient" (DICOM) or "image".
        pattern: with "name": a regular expression that finds the person in the path; empty finds
            it automatically.
        fraction: the fraction of images for validation, between 0 and 1.
        seed: the seed of the random choice of groups.
    """

    by: str = BY_NAME
    pattern: str = ""
    fraction: float = 0.2
    seed: int = 1


@dataclass(frozen=True)
class SplitPreview:
    """The result of a split before it is applied.

    Attributes:
        groups: name, number of images and whether it is for validation; sorted by name.
        train, val: the numbers of images for training and for validation.
        warning: a sentence; empty if there is none.
        problem: a sentence that says why the split is impossible; else empty.
    """

    groups: tuple[tuple[str, int, bool], ...] = ()
    train: int = 0
    val: int = 0
    warning: str = ""
    problem: str = ""


def split_pairs(pairs: Sequence[ImagePair], way: SplitWay) -> Split:
    """Split pairs into training and validation pairs.

    Raises:
        UserError: such a split is impossible.
    """
    return split_by_group(pairs, way.fraction, way.pattern or None, way.seed, way.by)


def preview_split(pairs: Sequence[ImagePair], way: SplitWay) -> SplitPreview:
    """Preview ``split_pairs``; an error becomes the preview's ``problem``. Run it in a thread."""
    try:
        split = split_pairs(pairs, way)
    except UserError as error:
        return SplitPreview(problem=str(error))
    groups = tuple(
        (name, split.sizes[name], split.groups[name] == "val") for name in sorted(split.groups)
    )
    return SplitPreview(groups, len(split.train), len(split.val), split.warning)

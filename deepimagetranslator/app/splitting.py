"""Splits pairs into training and validation: by person, by DICOM patient or by image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.splits import Split, group_names, split_by_group
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
        validates: the groups that the user has chosen for validation; None chooses at random.
    """

    by: str = BY_NAME
    pattern: str = ""
    fraction: float = 0.2
    seed: int = 1
    validates: frozenset[str] | None = None


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


def split_pairs(pairs: Sequence[ImagePair], way: SplitWay, persons: Sequence[str] = ()) -> Split:
    """Split pairs into training and validation pairs.

    Args:
        pairs: all pairs.
        way: the settings.
        persons: the known persons' folders, as ``DataSpec.persons``.

    Raises:
        UserError: such a split is impossible.
    """
    pattern = way.pattern or None
    return split_by_group(pairs, way.fraction, pattern, way.seed, way.by, persons, way.validates)


def preview_split(
    pairs: Sequence[ImagePair], way: SplitWay, persons: Sequence[str] = ()
) -> SplitPreview:
    """Preview ``split_pairs``; an error becomes the preview's ``problem``. Run it in a thread."""
    try:
        split = split_pairs(pairs, way, persons)
    except UserError as error:
        groups = () if way.validates is None else _groups(pairs, way, persons)
        return SplitPreview(groups, problem=str(error))
    groups = tuple(
        (name, split.sizes[name], split.groups[name] == "val") for name in sorted(split.groups)
    )
    return SplitPreview(groups, len(split.train), len(split.val), split.warning)


def preview_current(
    train: Sequence[ImagePair], val: Sequence[ImagePair], way: SplitWay, persons: Sequence[str] = ()
) -> tuple[SplitWay, SplitPreview]:
    """The way of the present split with its preview, if its groups are whole; else of a new one."""
    pairs = [*train, *val]
    with suppress(UserError):
        names = _names(pairs, way, persons)
        validates = frozenset(names[len(train) :])
        if validates and validates.isdisjoint(names[: len(train)]):
            way = replace(way, validates=validates)
    return way, preview_split(pairs, way, persons)


def _groups(
    pairs: Sequence[ImagePair], way: SplitWay, persons: Sequence[str]
) -> tuple[tuple[str, int, bool], ...]:
    """The groups as the user has chosen them, though they are no split yet."""
    with suppress(UserError):
        sizes, validates = Counter(_names(pairs, way, persons)), way.validates or ()
        return tuple((name, sizes[name], name in validates) for name in sorted(sizes))
    return ()


def _names(pairs: Sequence[ImagePair], way: SplitWay, persons: Sequence[str]) -> list[str]:
    files = [pair.input for pair in pairs]
    return group_names(files, way.pattern or None, way.by, persons)[0]

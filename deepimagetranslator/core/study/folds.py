"""Whole persons dealt to folds, and training images drawn in nested sets.

Everything is drawn from the seed of a repeat, so that the same plan gives the same images.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from deepimagetranslator.core.errors import UserError

Folds = tuple[tuple[str, ...], ...]
"""The persons of each fold, who are tested by the networks that are trained without them."""

FEWEST_FOR_INNER = 6
"""From this number of persons on, some of the training persons may choose the weights."""
_INNER = 0.2


def folds_of(persons: Sequence[str], count: int, seed: int) -> Folds:
    """Deal persons to folds of as equal size as possible.

    Args:
        persons: each once.
        count: folds, 2 or more.
        seed: shuffles the persons.

    Raises:
        UserError: there are fewer persons than folds.
    """
    if count < 2:
        raise UserError(f"A study needs 2 folds or more, not {count}.")
    if len(persons) < count:
        there = "There are only" if len(persons) > 1 else "There is only"
        raise UserError(
            f"{there} {len(persons)} person{'s' * (len(persons) != 1)} for {count} folds, and each "
            "fold needs one; choose fewer folds or add persons."
        )
    order = sorted(persons)
    random.Random(f"folds {seed}").shuffle(order)
    return tuple(tuple(sorted(order[start::count])) for start in range(count))


def leave_one_out(persons: Sequence[str]) -> Folds:
    """A fold for each person.

    Raises:
        UserError: there is only one.
    """
    if len(persons) < 2:
        raise UserError("There is only one person, so none can be left out; add persons.")
    return tuple((person,) for person in sorted(persons))


def inner_persons(persons: Sequence[str], seed: int, fold: int) -> tuple[str, ...]:
    """The training persons who choose the weights: a fifth of them, one or more.

    Args:
        persons: those who are not tested; 2 or more.
        seed, fold: select them.
    """
    order = sorted(persons)
    random.Random(f"inner {seed} {fold}").shuffle(order)
    return tuple(sorted(order[: max(1, round(_INNER * len(order)))]))


def nested(images: Sequence[int], size: int, seed: int, fold: int) -> tuple[int, ...]:
    """``size`` of the images, in their order; a smaller size takes some of those of a larger one.

    Args:
        images: numbers of the images.
        size: 0 for all of them.
        seed, fold: select them.

    Raises:
        UserError: there are fewer images.
    """
    if not size:
        return tuple(images)
    if size > len(images):
        raise UserError(
            f"There are {len(images)} training images, which is less than the size {size}; leave "
            "this size out."
        )
    order = list(images)
    random.Random(f"images {seed} {fold}").shuffle(order)
    chosen = set(order[:size])
    return tuple(image for image in images if image in chosen)


def images_of(persons: Mapping[str, Sequence[int]], chosen: Sequence[str]) -> tuple[int, ...]:
    """The numbers of all images of these persons, ascending."""
    return tuple(sorted(image for person in chosen for image in persons[person]))

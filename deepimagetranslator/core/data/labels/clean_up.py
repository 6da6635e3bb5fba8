"""Clean-up of label maps after the network: islands, holes, and regions in the wrong place.

A region is a part of one class whose pixels touch at edges or corners (8-connected). What surrounds
regions, a hole or the outside, touches at edges only (4-connected), so that a closed line of
pixels separates its two sides. Each image, or slice of a volume, is treated on its own.

The *outside* is what lies beyond the image's edges, with all background that touches an edge. The
background is the class whose colour is black or 0, else the first. A region is connected to the
outside if one of its pixels is at most ``amount`` rows and columns from it: skin, which is a thin
line of another class, does not separate subcutaneous fat from the outside.

A region is bordered by a class if more than ``amount`` per cent of the pixels around it, which
touch its edges or corners, have that class. It then becomes that class.

Rules are applied by kind, in the order of ``KINDS``, and those of a kind in the order of the
classes. A region that is removed becomes the class that most of the pixels around it have; of
several the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.clean_up import (
    BORDER,
    HOLES,
    ISLANDS,
    KINDS,
    LARGEST,
    OUTSIDE,
    parse_rules,
)
from deepimagetranslator.core.data.labels.class_words import class_of_word, class_words
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError

Classes = NDArray[np.uint8]
_Labels = NDArray[Any]
_AROUND = np.ones((3, 3), np.uint8)
_LEFT, _TOP, _WIDTH, _HEIGHT, _AREA = range(5)  # columns of OpenCV's statistics


@dataclass(frozen=True)
class CleanUpStep:
    """A rule for one palette: classes as numbers; see ``CleanUpRule``."""

    kind: str
    of: int
    amount: int = 0
    other: int = 0


@dataclass(frozen=True)
class CleanUp:
    """Cleans class maps.

    Attributes:
        steps: the rules, in the order in which they are applied.
        background: the class of the background.
        texts: the rules as text.
    """

    steps: tuple[CleanUpStep, ...]
    background: int = 0
    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str], palette: Palette, owner: str) -> CleanUp | None:
        """The clean-up for the label maps of a palette; None without rules.

        Args:
            texts: a ``TranslationSpec.clean_up``.
            palette: the label colours.
            owner: whose label maps they are, for messages.

        Raises:
            UserError: a text is no rule, a class is not in the palette, or has two rules of a kind.
        """
        steps = [
            CleanUpStep(
                rule.kind,
                _class(rule.of, palette, owner),
                rule.amount,
                _class(rule.other, palette, owner) if rule.other else 0,
            )
            for rule in parse_rules(texts)
        ]
        for step in steps:
            if sum((step.kind, step.of) == (other.kind, other.of) for other in steps) > 1:
                raise UserError(
                    f"The clean-up has two rules of a kind for {class_words(palette)[step.of]}, "
                    "under two of its names; keep one."
                )
        steps.sort(key=lambda step: (KINDS.index(step.kind), step.of))
        return cls(tuple(steps), _background(palette), tuple(texts)) if steps else None

    def __call__(self, classes: Classes) -> Classes:
        """The cleaned class map; ``classes`` (height, width) stays as it is."""
        cleaned = classes.copy()
        for step in self.steps:
            if step.kind == OUTSIDE:
                self._move_inner(cleaned, step)
            elif step.kind == HOLES:
                _fill_holes(cleaned, step)
            else:
                _remove_regions(cleaned, step)
        return cleaned

    def _move_inner(self, classes: Classes, step: CleanUpStep) -> None:
        """Give the regions of a class that are not connected to the outside another class."""
        count, labels, _ = _regions(classes == step.of)
        connected = np.zeros(count, bool)
        connected[labels[_near_outside(classes == self.background, step.amount)]] = True
        connected[0] = True  # pixels of other classes
        classes[~connected[labels]] = step.other


def _class(word: str, palette: Palette, owner: str) -> int:
    number = class_of_word(word, palette)
    if number is None:
        raise UserError(
            f"The clean-up names '{word[:40]}', which is no class of {owner}; its classes are "
            f"{', '.join(class_words(palette))}."
        )
    return number


def _background(palette: Palette) -> int:
    black = (number for number, colour in enumerate(palette.colours) if not any(colour))
    return next(black, 0)


def _regions(mask: NDArray[np.bool_], connectivity: int = 8) -> tuple[int, _Labels, _Labels]:
    """The number of labels, the label of each pixel, and OpenCV's statistics; 0 is no region."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=connectivity
    )
    return count, labels, stats


def _at_edge(stats: _Labels, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which regions touch an edge of the image; never the first entry, which is no region."""
    left, top, width, height = (stats[:, column] for column in (_LEFT, _TOP, _WIDTH, _HEIGHT))
    touch = (left == 0) | (top == 0) | (left + width == shape[1]) | (top + height == shape[0])
    touch[0] = False
    return np.asarray(touch)


def _near_outside(background: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    """Where the outside is at most so many rows and columns away."""
    _, labels, stats = _regions(background, connectivity=4)
    outside = np.pad(_at_edge(stats, background.shape)[labels], 1, constant_values=True)
    reach = min(pixels, max(outside.shape))
    box = np.ones((2 * reach + 1, 1), np.uint8)
    near = cv2.dilate(cv2.dilate(outside.astype(np.uint8), box), box.T)
    return np.asarray(near[1:-1, 1:-1] > 0)


def _remove_regions(classes: Classes, step: CleanUpStep) -> None:
    """Remove regions: small ones, all but the largest (of several the first by rows), or those
    beside a class."""
    count, labels, stats = _regions(classes == step.of)
    areas = stats[1:, _AREA]
    if step.kind == ISLANDS:
        removed = 1 + np.flatnonzero(areas < step.amount)
    elif step.kind == LARGEST and count > 2:
        largest = 1 + np.flatnonzero(areas == areas.max())
        flat = labels.ravel()
        removed = np.setdiff1d(np.arange(1, count), flat[np.isin(flat, largest).argmax()])
    elif step.kind == BORDER:
        removed = np.arange(1, count)
    else:
        return
    for place, region, around in _with_surroundings(labels, stats, removed):
        counts = np.bincount(classes[place][around], minlength=step.other + 1)
        if step.kind == BORDER:
            if 100 * counts[step.other] > step.amount * counts.sum():
                classes[place][region] = step.other
        elif counts.any():  # else the region is the whole image
            classes[place][region] = counts.argmax()


def _with_surroundings(
    labels: _Labels, stats: _Labels, numbers: NDArray[Any]
) -> Iterator[tuple[tuple[slice, slice], NDArray[np.bool_], NDArray[np.bool_]]]:
    """For each region a rectangle of the image, and in it the region and the pixels around it."""
    for number in numbers:
        left, top, width, height = (int(stats[number, column]) for column in range(_AREA))
        place = (
            slice(max(0, top - 1), top + height + 1),
            slice(max(0, left - 1), left + width + 1),
        )
        region = labels[place] == number
        grown = cv2.dilate(region.astype(np.uint8), _AROUND) > 0
        yield place, region, grown & ~region


def _fill_holes(classes: Classes, step: CleanUpStep) -> None:
    """Give the holes in a class, which touch no edge of the image, that class."""
    _, labels, stats = _regions(classes != step.of, connectivity=4)
    filled = ~_at_edge(stats, classes.shape)
    filled[0] = False
    if step.amount:
        filled &= stats[:, _AREA] < step.amount
    classes[filled[labels]] = step.of

"""A label map that is painted: class numbers, what may be painted over, undo and redo.

A tool is a function that returns an ``Edit``; ``LabelMap.apply`` changes the pixels that the guard
leaves free, remembers the step, and returns the smallest rectangle that has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.labelling.history import History
from deepimagetranslator.core.labelling.rect import NOTHING, Rect, around

Classes = NDArray[np.uint8]
"""Class numbers, (height, width)."""
Mask = NDArray[np.bool_]
"""Chosen pixels, (height, width)."""

BACKGROUND = 0
_NUMBERS = 256
_COUNTED = 2**20  # pixels at a time, since counting takes eight bytes for each


@dataclass(frozen=True, eq=False)
class Edit:
    """What a tool would change.

    Attributes:
        rect: a rectangle of the label map.
        mask: the pixels of the rectangle that are to change.
        numbers: their new class: one number, or one for each pixel of the rectangle.
    """

    rect: Rect
    mask: Mask
    numbers: Classes | np.uint8

    @classmethod
    def fill(cls, rect: Rect, mask: Mask, number: int) -> Edit:
        """One class for all pixels of a mask."""
        return cls(rect, mask, np.uint8(number))


@dataclass(frozen=True)
class Guard:
    """Which pixels may be painted.

    Attributes:
        locked: classes that neither lose nor gain a pixel.
        only_over: the only class that may be painted over; None allows all.
    """

    locked: frozenset[int] = frozenset()
    only_over: int | None = None

    @cached_property
    def may_lose(self) -> Mask:
        """By class number, whether its pixels may be painted over."""
        found = np.full(_NUMBERS, self.only_over is None)
        if self.only_over is not None:
            found[self.only_over] = True
        found[list(self.locked)] = False
        return found

    @cached_property
    def may_gain(self) -> Mask:
        """By class number, whether pixels may get it."""
        found = np.ones(_NUMBERS, bool)
        found[list(self.locked)] = False
        return found


FREE = Guard()


class LabelMap:
    """The class numbers of one image.

    Args:
        numbers: (height, width) uint8; the object changes this array.
        history: of an earlier visit to the same label map; taken if it fits, see ``History.fits``.

    Attributes:
        numbers: the class numbers.
        history: the steps so far.
        counts: the number of pixels by class number, (256,).
        changes: the number of changes so far, undone ones too.
    """

    def __init__(self, numbers: Classes, history: History | None = None) -> None:
        self.numbers = numbers
        fits = history is not None and history.fits(numbers)
        self.history = history if history is not None and fits else History()
        self.counts = count_classes(numbers)
        self.changes = 0

    def apply(self, edit: Edit, guard: Guard = FREE) -> Rect:
        """Change the pixels of an edit that the guard allows.

        Returns:
            The smallest rectangle that holds all changed pixels; ``NOTHING`` if none changed.
        """
        if edit.rect.empty:
            return NOTHING
        part = self.numbers[edit.rect.slices]
        changed = edit.mask & (part != edit.numbers) & guard.may_lose[part]
        changed &= guard.may_gain[edit.numbers]
        inner = around(changed)
        if inner.empty:
            return NOTHING
        difference = np.where(changed, part ^ edit.numbers, np.uint8(0))[inner.slices]
        rect = Rect(
            edit.rect.top + inner.top,
            edit.rect.left + inner.left,
            edit.rect.top + inner.bottom,
            edit.rect.left + inner.right,
        )
        self._flip(rect, difference)
        self.history.add(rect, difference)
        return rect

    def undo(self) -> Rect:
        """Undo the last step; returns where, ``NOTHING`` if there is none."""
        step = self.history.undo()
        return NOTHING if step is None else self._flip(step.rect, step.difference)

    def redo(self) -> Rect:
        """Do the last undone step again; returns where, ``NOTHING`` if there is none."""
        step = self.history.redo()
        return NOTHING if step is None else self._flip(step.rect, step.difference)

    def _flip(self, rect: Rect, difference: Classes) -> Rect:
        part = self.numbers[rect.slices]
        self.counts -= count_classes(part)
        part ^= difference
        self.counts += count_classes(part)
        self.changes += 1
        return rect


def count_classes(numbers: Classes) -> NDArray[np.int64]:
    """The number of pixels by class number, (256,)."""
    found = np.zeros(_NUMBERS, np.int64)
    rows = max(1, _COUNTED // max(1, numbers.shape[1]))
    for first in range(0, numbers.shape[0], rows):
        found += np.bincount(numbers[first : first + rows].ravel(), minlength=_NUMBERS)
    return found

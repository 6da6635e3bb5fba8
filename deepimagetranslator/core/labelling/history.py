"""Undo and redo: the changed rectangles of one label map, compressed.

A step is the exclusive or of the class numbers before and after it, so undoing it and doing it
again are the same operation, and the steps of one stroke join to one. A stroke takes some hundred
bytes.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.labelling.rect import NOTHING, Rect

MOST_BYTES = 2**26
"""64 MiB of compressed steps for one label map; beyond them the oldest steps are forgotten."""
_FAST = 1

Difference = NDArray[np.uint8]
"""Exclusive or of class numbers before and after a step, (height, width)."""


@dataclass(frozen=True)
class Step:
    """One step that can be undone and done again.

    Attributes:
        rect: where the label map changed.
        packed: the difference, compressed.
    """

    rect: Rect
    packed: bytes

    @classmethod
    def of(cls, rect: Rect, difference: Difference) -> Step:
        """The step of a difference of the rectangle's pixels."""
        return cls(rect, zlib.compress(difference.tobytes(), _FAST))

    @property
    def difference(self) -> Difference:
        """The difference of the rectangle's pixels."""
        flat = np.frombuffer(zlib.decompress(self.packed), np.uint8)
        return flat.reshape(self.rect.shape)


class History:
    """The steps of one label map.

    Args:
        most_bytes: of all compressed steps; see ``MOST_BYTES``.

    Attributes:
        complete: whether undoing leads to the beginning: no step was forgotten.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.complete = True
        self._most_bytes = most_bytes
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._open: list[tuple[Rect, Difference]] | None = None
        self._left_at: int | None = None

    @property
    def bytes(self) -> int:
        """The size of all compressed steps."""
        return sum(len(step.packed) for step in (*self._done, *self._undone))

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return bool(self._done or self._open)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone step."""
        return bool(self._undone)

    def begin(self) -> None:
        """Join the following changes to one step, until ``end``."""
        self.end()
        self._open = []

    def end(self) -> bool:
        """End the step that ``begin`` has begun; whether there is one and it changes something."""
        parts, self._open = self._open, None
        if not parts:
            return False
        rect = NOTHING
        for part, _ in parts:
            rect = rect.union(part)
        total = np.zeros(rect.shape, np.uint8)
        for part, difference in parts:
            inside = (
                slice(part.top - rect.top, part.bottom - rect.top),
                slice(part.left - rect.left, part.right - rect.left),
            )
            total[inside] ^= difference
        changed = bool(total.any())
        if changed:
            self._add(Step.of(rect, total))
        return changed

    def add(self, rect: Rect, difference: Difference) -> None:
        """Remember a change; steps that were undone cannot be done again after it."""
        self._undone = []
        if self._open is not None:
            self._open.append((rect, difference))
        else:
            self._add(Step.of(rect, difference))

    def undo(self) -> Step | None:
        """The step to undo; None if there is none."""
        self.end()
        if not self._done:
            return None
        self._undone.append(self._done.pop())
        return self._undone[-1]

    def redo(self) -> Step | None:
        """The step to do again; None if there is none."""
        if not self._undone:
            return None
        self._done.append(self._undone.pop())
        return self._done[-1]

    def leave(self, numbers: NDArray[np.uint8]) -> None:
        """Remember what the label map holds while another image is in view."""
        self.end()
        self._left_at = _checksum(numbers)

    def fits(self, numbers: NDArray[np.uint8]) -> bool:
        """Whether the label map still holds what it held at ``leave``."""
        return self._left_at == _checksum(numbers)

    def _add(self, step: Step) -> None:
        self._done.append(step)
        while len(self._done) > 1 and self.bytes > self._most_bytes:
            self._done.pop(0)
            self.complete = False


def _checksum(numbers: NDArray[np.uint8]) -> int:
    return zlib.crc32(np.ascontiguousarray(numbers).data)

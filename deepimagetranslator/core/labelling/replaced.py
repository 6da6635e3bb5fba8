"""Merged and deleted classes that can be brought back, with the pixels that had them.

Merging and deleting change no label map: the class table says what has replaced a number. A label
map is written with the new numbers only when it is painted on, so what it held before is kept here
when it is read for that.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.label_map import Classes

_NONE = 255  # no class has this number
_FAST = 1


@dataclass(frozen=True)
class Replacement:
    """One class that was merged or deleted.

    Attributes:
        number: its number.
        before: the classes before.
    """

    number: int
    before: ClassTable

    @property
    def name(self) -> str:
        """The class's name."""
        return self.before.name(self.number)


@dataclass
class ReplacedClasses:
    """What brings classes back, the last one first; kept as long as the label maps are open.

    Attributes:
        steps: the merged and deleted classes in their order.
    """

    steps: list[Replacement] = field(default_factory=list)
    _kept: dict[ImageRef, bytes] = field(default_factory=dict)

    def note(self, image: ImageRef, held: Classes, table: ClassTable) -> None:
        """Keep what an image's file holds where it is read as another class.

        Args:
            image: the image.
            held: the numbers in the file, (height, width).
            table: the classes by which it is read.
        """
        read = table.meaning[held]
        gone = held != read
        if self.steps and gone.any():
            kept = self._of(image, held.shape)
            older = (kept != _NONE) & (table.meaning[kept] == read)  # of a class merged before
            found = np.where(gone & ~older, held, kept)
            self._kept[image] = zlib.compress(found.tobytes(), _FAST)

    @property
    def images(self) -> list[ImageRef]:
        """The images whose files may have lost pixels of a replaced class."""
        return list(self._kept)

    def put_back(
        self, image: ImageRef, held: Classes, before: ClassTable, after: ClassTable
    ) -> Classes:
        """The numbers of a file with the pixels that lost their class, unless they were repainted.

        Args:
            image: the image.
            held: the numbers in its file now, (height, width).
            before: the classes with that class.
            after: the classes without it, by which the file was written.
        """
        kept = self._of(image, held.shape)
        there = kept != _NONE
        original = np.where(there, kept, np.uint8(0))
        lost = there & (held == after.meaning[original])
        return np.where(lost, before.meaning[original], held)

    def forget(self) -> None:
        """Forget all, as files hold no replaced numbers any more."""
        self.steps.clear()
        self._kept.clear()

    def _of(self, image: ImageRef, shape: tuple[int, ...]) -> Classes:
        packed = self._kept.get(image)
        found = np.full(shape, _NONE, np.uint8)
        if packed is not None:
            flat = np.frombuffer(zlib.decompress(packed), np.uint8)
            if flat.size == found.size:
                found = flat.reshape(shape)
        return found

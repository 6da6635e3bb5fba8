"""Merged and deleted classes that can be brought back, with the pixels that had them.

Merging and deleting change no label map: the class table says what has replaced a number. A label
map is written with the new numbers only when it is painted on, so what it held before is kept here
when it is read for that.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.number_files import read_numbers
from deepimagetranslator.core.system.system_path import file_stamp

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

    def put_back(
        self, path_of: Callable[[ImageRef], Path], before: ClassTable, after: ClassTable
    ) -> Iterator[tuple[Path, Classes]]:
        """Files with the numbers that they should hold: pixels that lost their class have it again.

        Args:
            path_of: returns the file of an image.
            before: the classes with that class.
            after: the classes without it, by which the files were written.

        Raises:
            UserError: a file cannot be read.
        """
        for image in self._kept:
            path = path_of(image)
            if file_stamp(path) is None:
                continue
            held = read_numbers(path)
            kept = self._of(image, held.shape)
            there = kept != _NONE
            original = np.where(there, kept, np.uint8(0))
            lost = there & (held == after.meaning[original])  # not painted over since
            if (lost & (before.meaning[original] != held)).any():
                yield path, np.where(lost, before.meaning[original], held)

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

"""A weights file in memory.

HDF5 ends the process if the disk becomes full while it writes a file. Therefore it writes into
memory, from where ordinary calls, whose errors are exceptions, write the file.
"""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from deepimagetranslator.core.system.system_path import system_path

_BYTES_AN_ARRAY = 32 * 2**10  # more than HDF5 writes beside an array
_BYTES_A_FILE = 2**20


class MemoryFile(io.BytesIO):
    """A file in memory that is taken at once, as HDF5 also fails badly if that becomes short.

    The pages are those of a memory map: only used ones count, and the system gets them back as
    soon as the file is released. Keras and h5py accept it as it is an ``io.BytesIO``.
    """

    def __init__(self, size: int) -> None:
        """Take ``size`` bytes.

        Raises:
            MemoryError: they are not free.
        """
        super().__init__()
        self._room, self._end, self._place = _taken(size), 0, 0

    def __str__(self) -> str:
        return "memory.weights.h5"  # the ending that Keras asks for

    @property
    def content(self) -> memoryview:
        """What was written."""
        return memoryview(self._room)[: self._end]

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._end}
        self._place = start[whence] + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        self.truncate(max(self._end, self._place + view.nbytes))
        self._room[self._place : self._place + view.nbytes] = view
        self._place += view.nbytes
        return view.nbytes

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(view.nbytes, self._end - self._place))
        view[:count] = self.content[self._place : self._place + count]
        self._place += count
        return count

    def truncate(self, size: int | None = None, /) -> int:
        self._end = self._place if size is None else size
        if self._end > len(self._room):
            larger = _taken(2 * self._end)
            larger[: len(self._room)] = self._room[:]
            self._room = larger
        return self._end


def file_for(model: keras.Model, arrays: Iterable[np.ndarray]) -> MemoryFile:
    """An empty file that is large enough for a model, its optimizer, and further arrays.

    Raises:
        MemoryError: there is not enough memory.
    """
    optimizer = getattr(model, "optimizer", None)
    variables = [*model.variables, *(optimizer.variables if optimizer else ())]
    sizes = [int(np.prod(v.shape)) * np.dtype(v.dtype).itemsize for v in variables]
    sizes += [array.nbytes for array in arrays]
    return MemoryFile(sum(sizes) + _BYTES_AN_ARRAY * len(sizes) + _BYTES_A_FILE)


def copied(path: Path) -> MemoryFile:
    """The content of a file, with some room to grow.

    Raises:
        OSError: it cannot be read.
        MemoryError: there is not enough memory.
    """
    content = system_path(path).read_bytes()
    memory = MemoryFile(len(content) + _BYTES_A_FILE)
    memory.write(content)
    memory.seek(0)
    return memory


def _taken(size: int) -> mmap.mmap:
    try:
        return mmap.mmap(-1, size)
    except OSError as error:
        raise MemoryError(f"{size} bytes for a file in memory") from error

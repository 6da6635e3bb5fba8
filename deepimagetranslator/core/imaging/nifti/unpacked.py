"""Packed (.gz) files unpacked once, for reading single slices out of them.

They lie in the system's temporary folder, without a name where the system allows it; it removes
them when the program ends, however that comes about.
"""

from __future__ import annotations

import gzip
import tempfile
from collections import OrderedDict
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.imaging.header import UnreadableError
from deepimagetranslator.core.imaging.held_files import HELD

MAX_UNPACKED = 4 * 2**30
"""The largest content, in bytes, that is unpacked; what is larger is taken for a bomb."""
KEPT_BYTES = 2 * MAX_UNPACKED
"""How much unpacked content is kept, the latest."""
_STEP = 2**22
_MOST_PACKED = 1033  # bytes of content in one of the file, by the format's nature

Bytes = NDArray[np.uint8]


class Unpacked:
    """The files that were unpacked last. Threads may share it; one file is unpacked at a time."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._most = kept_bytes
        self._kept: OrderedDict[tuple[str, int, int], Bytes] = OrderedDict()
        self._lock = Lock()

    def content(self, path: Path, size: int) -> Bytes:
        """The first ``size`` bytes of a packed file's content, to be read only.

        Raises:
            UnreadableError: the content is larger than is unpacked.
            Exception: it is damaged, or has not so many bytes.
        """
        if size > MAX_UNPACKED:
            reason = f"is larger than {MAX_UNPACKED / 2**30:.0f} GiB when it is unpacked"
            raise UnreadableError(reason, "unpack it with a program such as gunzip or 7-Zip")
        facts = path.stat()
        if size > _MOST_PACKED * facts.st_size:
            raise UnreadableError("is damaged or incomplete")
        key = str(path), facts.st_mtime_ns, facts.st_size
        with self._lock:
            if key not in self._kept or len(self._kept[key]) < size:
                self._kept.pop(key, None)
                self._make_room(size)
                self._kept[key] = _unpack(path, size)
            self._kept.move_to_end(key)
            return self._kept[key][:size]

    def _make_room(self, size: int) -> None:
        while self._kept and sum(map(len, self._kept.values())) + size > self._most:
            self._kept.popitem(last=False)  # its file goes when nobody reads it any more


def _unpack(path: Path, size: int) -> Bytes:
    with (
        tempfile.TemporaryFile() as room,
        HELD.opened(path) as file,
        gzip.open(file) as packed,
    ):
        left = size
        while left:
            part = packed.read(min(left, _STEP))
            if not part:
                raise UnreadableError("is damaged or incomplete")
            room.write(part)
            left -= len(part)
        packed.read(1)  # at the end it compares the checksum
        room.flush()
        return np.memmap(room, np.uint8, "r", shape=(size,))


UNPACKED = Unpacked()

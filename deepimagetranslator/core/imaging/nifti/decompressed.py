"""A cache of decompressed .gz files, for reading single slices of them.

The data are in temporary files, without a name where the system allows it; the system removes them
when the program ends, even after a crash.
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

MAX_DECOMPRESSED = 4 * 2**30
"""The most bytes of decompressed content; larger files are refused as decompression bombs."""
KEPT_BYTES = 2 * MAX_DECOMPRESSED
"""The most bytes of decompressed content that are kept; the latest files stay."""
_STEP = 2**22
_MOST_COMPRESSED = 1033  # bytes of content for each byte of the file: the limit of deflate

Bytes = NDArray[np.uint8]


class Decompressed:
    """The files decompressed last. Thread-safe; one file is decompressed at a time."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._most = kept_bytes
        self._kept: OrderedDict[tuple[str, int, int], Bytes] = OrderedDict()
        self._lock = Lock()

    def content(self, path: Path, size: int) -> Bytes:
        """The first ``size`` bytes of a compressed file's content, read-only.

        Raises:
            UnreadableError: the content is larger than ``MAX_DECOMPRESSED``, or shorter than
                ``size``.
            Exception: it is damaged.
        """
        if size > MAX_DECOMPRESSED:
            reason = f"is larger than {MAX_DECOMPRESSED / 2**30:.0f} GiB when it is decompressed"
            raise UnreadableError(reason, "decompress it with a program such as gunzip or 7-Zip")
        facts = path.stat()
        if size > _MOST_COMPRESSED * facts.st_size:
            raise UnreadableError("is damaged or incomplete")
        key = str(path), facts.st_mtime_ns, facts.st_size
        with self._lock:
            if key not in self._kept or len(self._kept[key]) < size:
                self._kept.pop(key, None)
                self._make_room(size)
                self._kept[key] = _decompress(path, size)
            self._kept.move_to_end(key)
            return self._kept[key][:size]

    def _make_room(self, size: int) -> None:
        while self._kept and sum(map(len, self._kept.values())) + size > self._most:
            self._kept.popitem(last=False)  # removed after its last reader


def _decompress(path: Path, size: int) -> Bytes:
    with (
        tempfile.TemporaryFile() as room,
        HELD.opened(path) as file,
        gzip.open(file) as compressed,
    ):
        left = size
        while left:
            part = compressed.read(min(left, _STEP))
            if not part:
                raise UnreadableError("is damaged or incomplete")
            room.write(part)
            left -= len(part)
        compressed.read(1)  # at the end gzip verifies the checksum
        room.flush()
        return np.memmap(room, np.uint8, "r", shape=(size,))


DECOMPRESSED = Decompressed()

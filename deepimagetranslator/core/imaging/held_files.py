"""A cache of file contents, so that the data check reads each file from disk once.

The check needs a file for its checksum, its header and its pixels, and a volume for each of its
slices. While ``HELD`` holds a file, every reader takes its bytes from memory.
"""

from __future__ import annotations

import hashlib
import io
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from deepimagetranslator.core.system.system_path import Stamp, file_stamp, is_file, system_path

LARGEST = 2**29
"""The most bytes held in total. A larger file is read a second time for its checksum."""


@dataclass
class _Held:
    """One file. The first user takes the lock while reading it."""

    stamp: Stamp | None = None
    users: int = 0
    data: bytes | None = None
    checksum: str = ""
    lock: Lock = field(default_factory=Lock)


class HeldFiles:
    """The files that are being read. Thread-safe.

    Args:
        most_bytes: the most bytes held in total.
    """

    def __init__(self, most_bytes: int = LARGEST) -> None:
        self._most = most_bytes
        self._files: OrderedDict[Path, _Held] = OrderedDict()
        self._keeping = 0
        self._lock = Lock()

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Context in which files with several images stay in memory for their next image, while
        the limit allows."""
        with self._lock:
            self._keeping += 1
        try:
            yield
        finally:
            with self._lock:
                self._keeping -= 1
                if not self._keeping:
                    self._files.clear()

    @contextmanager
    def holding(
        self, file: Path, several: bool = False, most_bytes: int | None = None
    ) -> Iterator[None]:
        """Context in which ``checksum`` and all readers of the file share one read from disk.

        A file that cannot be read is not held; its reader reports the error.

        Args:
            file: its path.
            several: the file has several images, so more of it may be read soon.
            most_bytes: the largest file size that is held.
        """
        path = system_path(file)
        held = self._entry(path)
        with held.lock, suppress(OSError, MemoryError):
            self._take(held, path, self._most if most_bytes is None else most_bytes)
        try:
            yield
        finally:
            with self._lock:
                held.users -= 1
                needed = held.users or (several and self._keeping)
                if not needed and self._files.get(path) is held:
                    del self._files[path]

    def checksum(self, file: Path) -> str:
        """The SHA-256 of a file, as hexadecimal digits; computed once for a held file.

        Raises:
            OSError: it cannot be read.
        """
        path = system_path(file)
        held = self._files.get(path) or _Held()
        with held.lock:
            if not held.checksum:
                with self.opened(path) as opened:
                    held.checksum = hashlib.file_digest(opened, "sha256").hexdigest()
            return held.checksum

    def data(self, path: Path) -> bytes | None:
        """A held file's bytes, else None; ``path`` as the system opens it."""
        held = self._files.get(path)
        return None if held is None else held.data

    def opened(self, path: Path) -> io.BufferedReader | io.BytesIO:
        """A file for reading, from memory if it is held; ``path`` as the system opens it.

        Raises:
            OSError: it cannot be opened.
        """
        data = self.data(path)
        return path.open("rb") if data is None else io.BytesIO(data)

    def _entry(self, path: Path) -> _Held:
        """The file's entry; a new one if the file has changed since it was read."""
        stamp = file_stamp(path)
        with self._lock:
            held = self._files.get(path)
            if held is None or held.stamp != stamp:
                held = self._files[path] = _Held(stamp)
            held.users += 1
            self._files.move_to_end(path)
            return held

    def _take(self, held: _Held, path: Path, most_bytes: int) -> None:
        """Read a file that is not too large; drop the least recently used contents."""
        known = held.data is not None or held.checksum
        if known or held.stamp is None or held.stamp[0] > most_bytes or not is_file(path):
            return
        held.data = path.read_bytes()
        with self._lock:
            total = sum(len(other.data or b"") for other in self._files.values())
            for other in self._files.values():
                if total <= self._most:
                    break
                if other is not held:
                    total -= len(other.data or b"")
                    other.data = None


HELD = HeldFiles()

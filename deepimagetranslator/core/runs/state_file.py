"""Tells without HDF5 whether a weights file is whole.

A file with the state of a run begins with a head of 512 bytes, which HDF5 leaves to its users (the
"user block"): the epoch, and size and checksum of the rest. Files of version 2.0 and checkpoints
have none; HDF5 says in its first bytes where such a file ends (HDF5 file format specification,
"Superblock").
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.core.system.system_path import system_path

HEAD_BYTES = 512
_HEAD = re.compile(rb"DeepImageTranslator state\nepoch (\d+)\nbytes (\d+)\ncrc32 ([0-9a-f]{8})\n\0")
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_END_AT = {0: 40, 1: 44, 2: 28, 3: 28}  # by the superblock's version: where the end is told
_PIECE = 2**22


@dataclass(frozen=True)
class Head:
    """The head of a file with a run's state.

    Attributes:
        epoch: the last complete epoch, from 1.
        size: bytes after the head.
        checksum: CRC-32 of them, 8 hexadecimal digits.
    """

    epoch: int
    size: int
    checksum: str


def head_of(content: bytes | memoryview, epoch: int) -> bytes:
    """The head for a file's content.

    Args:
        content: a whole HDF5 file; what follows the head.
        epoch: the last complete epoch.
    """
    size, checksum = len(content), f"{zlib.crc32(content):08x}"
    text = f"DeepImageTranslator state\nepoch {epoch}\nbytes {size}\ncrc32 {checksum}\n"
    return text.encode().ljust(HEAD_BYTES, b"\0")


def read_head(path: Path) -> Head | None:
    """The head of a file; None if it has none or cannot be read."""
    return _head_in(_start_and_size(path)[0])


def looks_whole(path: Path) -> bool:
    """Whether a file exists, is a weights file by its first bytes, and is not cut short.

    This takes no longer for a large file.
    """
    start, size = _start_and_size(path)
    head = _head_in(start)
    if head is not None:
        return size == HEAD_BYTES + head.size
    if not start.startswith(_SIGNATURE) or size <= len(_SIGNATURE):
        return False
    end = _END_AT.get(start[len(_SIGNATURE)], 0)
    return size >= max(end + 8, int.from_bytes(start[end : end + 8], "little")) if end else True


def is_whole(path: Path) -> bool:
    """As ``looks_whole``; of a file with a head all bytes are compared with its checksum."""
    if not looks_whole(path):
        return False
    head = read_head(path)
    return head is None or _checksum(path) == head.checksum


def _start_and_size(path: Path) -> tuple[bytes, int]:
    """The first bytes of a file and its size; nothing of what is no file or cannot be read."""
    place = system_path(path)
    try:
        if not place.is_file():  # opening a named pipe would wait for ever
            return b"", 0
        with place.open("rb") as file:
            return file.read(HEAD_BYTES), place.stat().st_size
    except (OSError, ValueError):
        return b"", 0


def _head_in(start: bytes) -> Head | None:
    match = _HEAD.match(start)
    return Head(int(match[1]), int(match[2]), match[3].decode()) if match else None


def _checksum(path: Path) -> str:
    """The checksum of what follows the head; empty if it cannot be read."""
    found = 0
    try:
        with system_path(path).open("rb") as file:
            file.seek(HEAD_BYTES)
            while piece := file.read(_PIECE):
                found = zlib.crc32(piece, found)
    except OSError:
        return ""
    return f"{found:08x}"

"""Copies of files that are about to be replaced; none is ever overwritten."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path

from deepimagetranslator.core.system.atomic_write import AlreadyThereError, write_bytes, writing
from deepimagetranslator.core.system.system_path import is_file, system_path


def back_up(path: Path) -> Path:
    """Copy a file durably to NAME.bak beside it, or NAME.bak2 and so on if that exists.

    Returns:
        The copy; an earlier one if that has the same content.

    Raises:
        WriteError: the file cannot be copied.
    """
    with writing(path):
        content = system_path(path).read_bytes()
    for number in count(1):
        copy = path.with_name(f"{path.name}.bak{number if number > 1 else ''}")
        try:
            write_bytes(copy, content, durable=True, replace=False)
        except AlreadyThereError:
            if _holds(copy, content):
                return copy
        else:
            return copy
    raise AssertionError


def _holds(path: Path, content: bytes) -> bool:
    """Whether a file has this content; no if it cannot be read."""
    with suppress(OSError):
        return is_file(path) and system_path(path).read_bytes() == content
    return False

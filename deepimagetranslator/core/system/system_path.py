"""Paths as the operating system opens them, and by what a file is known to be unchanged."""

from __future__ import annotations

import os
from pathlib import Path


def system_path(path: str | Path) -> Path:
    """The path in the form the system opens; on Windows also if it is over 260 characters."""
    if os.name == "nt":
        return Path(long_path(os.path.abspath(path)))  # noqa: PTH100  Path.absolute keeps ".."
    return Path(path)


Stamp = tuple[int, int, int]
"""A file's size in bytes, time of its last change in ns, and inode (64 bits of it): it is taken for
unchanged while all three are."""


def file_stamp(path: str | Path) -> Stamp | None:
    """A file's stamp; None if there is no such file."""
    try:
        status = system_path(path).stat()
    except (OSError, ValueError):  # a name may hold what no system allows
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino & 2**64 - 1


def long_path(full: str) -> str:
    r"""A full Windows path with the prefix ``\\?\``, which lifts the limit of 260 characters."""
    if full.startswith("\\\\?\\"):
        return full
    return "\\\\?\\UNC" + full[1:] if full.startswith("\\\\") else "\\\\?\\" + full

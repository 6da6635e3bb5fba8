"""Paths as the operating system opens them, and by what a file is known to be unchanged."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from deepimagetranslator.core.errors import UserError

MOST_NAME = 255
"""The longest name of a file or folder on NTFS, APFS, ext4, XFS and Btrfs, see ``_length``."""
_MOST_PATH = 32_000 if os.name == "nt" else 1000 if sys.platform == "darwin" else 4000
_UNIT = "characters" if os.name == "nt" else "bytes"
_SHOWN = 60  # characters of a name that is too long


def system_path(path: str | Path) -> Path:
    """The path in the form the system opens; on Windows also if it is over 260 characters."""
    if os.name == "nt":
        return Path(long_path(os.path.abspath(path)))  # noqa: PTH100  Path.absolute keeps ".."
    return Path(path)


# Path.is_file and its like raise OSError for a name that is too long or a folder that may not be
# looked into; for these the answer is no, and opening the file gives the reason.


def is_file(path: str | Path) -> bool:
    """Whether there is an ordinary file (or a link to one) at a path."""
    return os.path.isfile(system_path(path))  # noqa: PTH113


def is_folder(path: str | Path) -> bool:
    """Whether there is a folder (or a link to one) at a path."""
    return os.path.isdir(system_path(path))  # noqa: PTH112


def exists(path: str | Path) -> bool:
    """Whether there is anything at a path; no for a link to nothing."""
    return os.path.exists(system_path(path))  # noqa: PTH110


def require_possible(*paths: Path) -> None:
    """Refuse paths that no file or folder can have, before something is done with them.

    Asking the system about such a path, even whether it exists, is an error.

    Raises:
        UserError: a name in a path, or a whole path, is too long; or it holds a zero character.
    """
    for path in paths:
        name = max(path.parts, key=_length, default="")
        if "\0" in str(path):
            raise UserError(f"{path} holds a character that no name can have; choose another name.")
        if _length(name) > MOST_NAME:
            raise UserError(
                f"The name {name[:_SHOWN]}... is too long ({_length(name)} {_UNIT}, at most "
                f"{MOST_NAME}); choose a shorter one."
            )
        if _length(str(path)) > _MOST_PATH:
            raise UserError(
                f"The path {str(path)[:_SHOWN]}... is too long ({_length(str(path))} {_UNIT}, at "
                f"most {_MOST_PATH}); choose a folder with a shorter path."
            )


def _length(text: str) -> int:
    """The length as the system counts it: in UTF-16 units on Windows, else in bytes."""
    if os.name == "nt":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text.encode("utf-8", "replace"))


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

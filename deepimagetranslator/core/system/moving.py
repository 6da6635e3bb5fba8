"""Moving a complete file to its final name: without replacing, and so that it survives a power
failure."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

_HERE = -100  # AT_FDCWD: paths are taken as everywhere else
_LINUX_NO_REPLACE, _MAC_NO_REPLACE = 1, 4  # RENAME_NOREPLACE, RENAME_EXCL
_one_at_a_time = threading.Lock()


def move_new(source: Path, destination: Path) -> None:
    """Rename a file; the file system refuses if there is anything under the new name.

    File systems without such a call get a second name for the file (a hard link). Those without
    hard links (FAT) are asked first whether the name is free: there another program can still
    come between.

    Raises:
        FileExistsError: the name is taken; the source stays.
        OSError: it cannot be renamed.
    """
    if sys.platform == "win32":
        source.rename(destination)  # refuses by itself
    else:
        try:
            _rename_exclusively(source, destination)
        except _Unsupported:
            _link_or_check(source, destination)


def flush_file(path: Path) -> None:
    """Wait until the content of a file is on the disk.

    Raises:
        OSError: it cannot be written there.
    """
    file = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        _flush(file)
    finally:
        os.close(file)


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; Windows has no call for that.

    Network file systems may refuse; they then keep names safe in their own way.
    """
    if sys.platform != "win32":
        with suppress(OSError):
            file = os.open(folder, os.O_RDONLY)
            try:
                _flush(file)
            finally:
                os.close(file)


def make_folder(folder: Path, durable: bool) -> None:
    """Make a folder and those above it.

    Args:
        folder: may exist.
        durable: wait until the names of the new folders are on the disk.

    Raises:
        OSError: it cannot be made.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in reversed(missing if durable else []):
        flush_folder(place.parent)


def _flush(file: int) -> None:
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415

        with suppress(OSError):  # fsync leaves the data in the disk's own memory
            fcntl.fcntl(file, fcntl.F_FULLFSYNC)
            return
    os.fsync(file)


def _link_or_check(source: Path, destination: Path) -> None:
    try:
        destination.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:
        with _one_at_a_time:
            if os.path.lexists(destination):
                raise _exists(destination) from None
            source.rename(destination)
    else:
        source.unlink()


class _Unsupported(OSError):
    """The system or the file system has no call that renames without replacing."""


def _rename_exclusively(source: Path, destination: Path) -> None:
    """Rename without replacing, by the system's own call.

    Raises:
        FileExistsError: the name is taken.
        _Unsupported: there is no such call here.
        OSError: it cannot be renamed.
    """
    names = os.fsencode(source), os.fsencode(destination)
    if sys.platform == "darwin":
        rename = _function("renamex_np")
        arguments: tuple[Any, ...] = (*names, _MAC_NO_REPLACE)
    else:
        rename = _function("renameat2")
        arguments = _HERE, names[0], _HERE, names[1], _LINUX_NO_REPLACE
    if rename is None:
        raise _Unsupported
    if rename(*arguments) == 0:
        return
    number = ctypes.get_errno()
    if number == errno.EEXIST:
        raise _exists(destination)
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM):
        raise _Unsupported
    raise OSError(number, os.strerror(number), str(source), None, str(destination))


@cache
def _function(name: str) -> Any:
    """A function of the C library; None if it has no such function."""
    return getattr(ctypes.CDLL(None, use_errno=True), name, None)


def _exists(path: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))

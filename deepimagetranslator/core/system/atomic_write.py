"""Atomic writing: a file appears under its final name only when it is complete."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.moving import flush_file, flush_folder, make_folder, move_new
from deepimagetranslator.core.system.system_path import system_path
from deepimagetranslator.core.system.temporary import temporary_name

_RETRIES = (0.05, 0.1, 0.2, 0.4)
_FULL = (errno.ENOSPC, errno.EDQUOT)


class WriteError(UserError):
    """A file cannot be written."""


class NoSpaceError(WriteError):
    """The disk is full, or the user's part of it."""


class AlreadyThereError(WriteError):
    """The file exists and must not be overwritten."""


@contextmanager
def atomic_write(
    path: str | Path, *, durable: bool = False, replace: bool = True
) -> Iterator[Path]:
    """Write a file under a temporary name, then move it to ``path``.

    Missing folders are created. If the block fails, the temporary file is deleted and an existing
    file stays as it is. What an ended process left is deleted by ``temporary.sweep``.

    Args:
        path: the file's final name.
        durable: wait until content and name are on the disk, so that a power failure leaves either
            the old file or the new one. This takes some milliseconds.
        replace: overwrite an existing file. Otherwise one that exists, or that appears while this
            one is being written, stays.

    Yields:
        The temporary path, in the same folder and with the same suffix.

    Raises:
        NoSpaceError: the disk is full.
        AlreadyThereError: there is a file, and ``replace`` is False.
        WriteError: it cannot be written (any other ``OSError`` inside).
    """
    final = system_path(path)
    beside = final.with_name(temporary_name(final.name))
    try:
        with writing(path):
            if not replace:
                _refuse_existing(path)
            make_folder(final.parent, durable)
            yield beside
            if durable:
                flush_file(beside)
            if replace:
                _patiently(lambda: beside.replace(final))
            else:
                _move_new(beside, final, path)
            if durable:
                flush_folder(final.parent)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_bytes(
    path: str | Path, data: bytes | memoryview, *, durable: bool = False, replace: bool = True
) -> None:
    """Write a whole file atomically, see ``atomic_write``.

    Raises:
        WriteError: it cannot be written.
    """
    with atomic_write(path, durable=durable, replace=replace) as beside:
        beside.write_bytes(data)


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn an ``OSError`` inside the block into the sentence that a file cannot be written.

    Raises:
        WriteError: that sentence.
    """
    try:
        yield
    except OSError as error:
        raise write_error(path, error) from error


def write_error(path: str | Path, error: OSError) -> WriteError:
    """The sentence for a file that could not be written."""
    reason = error.strerror or "it was not finished"
    if error.errno in _FULL:
        return NoSpaceError(
            f"{path} cannot be written ({reason}); free some space, or choose another folder."
        )
    message = f"{path} cannot be written ({reason}); choose another folder or free some space."
    return WriteError(message)


def _patiently(move: Callable[[], object]) -> None:
    for wait in _RETRIES:  # on Windows a virus scanner may hold a fresh file for a moment
        with suppress(PermissionError):
            move()
            return
        time.sleep(wait)
    move()


def _move_new(source: Path, final: Path, path: str | Path) -> None:
    try:
        _patiently(lambda: move_new(source, final))
    except FileExistsError:
        raise _already_there(path) from None


def _refuse_existing(path: str | Path) -> None:
    if os.path.lexists(system_path(path)):
        raise _already_there(path)


def _already_there(path: str | Path) -> AlreadyThereError:
    return AlreadyThereError(
        f"{path} exists already and is not overwritten; choose another name or folder."
    )

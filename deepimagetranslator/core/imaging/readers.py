"""Chooses the reader of a file by its first bytes, never by its name.

Every reader has ``inspect(path) -> Header`` (nothing is decoded) and ``read(path, number) ->
Array`` (one slice, from 1). It raises ``UnreadableError`` for known problems; any other exception
of a decoder means that the file is damaged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from deepimagetranslator.core.imaging import dicom, nifti, pictures, tiff
from deepimagetranslator.core.imaging.header import Header, UnreadableError
from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.imaging.place import Place
from deepimagetranslator.core.system.system_path import exists, is_file, is_folder
from deepimagetranslator.core.typing import Array

_START = 1024  # bytes; enough for a compressed NIfTI header


class Reader(Protocol):
    """A module that reads one kind of file."""

    def inspect(self, path: Path) -> Header: ...

    def read(self, path: Path, number: int) -> Array: ...


@runtime_checkable
class Placing(Reader, Protocol):
    """A reader of files that may state the place of an image in the patient."""

    def place(self, path: Path, number: int) -> Place | None: ...


def reader_of(path: Path) -> Reader:
    """The reader for a file.

    Raises:
        UnreadableError: it is empty, not an image of a known kind, or not an ordinary file.
        OSError: it cannot be opened.
    """
    if is_folder(path):
        raise UnreadableError("is a folder", "choose an image file")
    if exists(path) and not is_file(path):  # opening a pipe would wait for ever
        raise UnreadableError("is not an ordinary file", "choose an image file")
    with HELD.opened(path) as file:
        start = file.read(_START)
    if not start:
        raise UnreadableError("is empty (0 bytes)")
    if pictures.is_picture(start):
        return pictures
    if dicom.is_dicom(start):
        return dicom
    if tiff.is_tiff(start):
        return tiff
    if nifti.is_nifti(start):
        return nifti
    reason = "is not an image of a known kind, or its beginning is damaged"
    raise UnreadableError(reason, "convert it to PNG or TIFF, or take it out")

"""A file with several slices is handled as a folder of images.

Slice 7 of ``scan.nii.gz`` is the path ``scan.nii.gz/0007``, of a stack ``stack.tif/0007``; the
numbers begin at 1. Such a path stands in projects, pairs and previews as any other.
"""

from __future__ import annotations

from pathlib import Path

from deepimagetranslator.core.imaging.readers import reader_of
from deepimagetranslator.core.system.system_path import system_path


def locate(path: str | Path) -> tuple[Path, int | None]:
    """The file that a path names, and the slice's number if it names one.

    A path is a slice's if it ends in a number and what stands before is a file.
    """
    path = Path(path)
    number = path.name
    if number.isascii() and number.isdigit() and system_path(path.parent).is_file():
        return path.parent, int(number)
    return path, None


def slice_path(file: str | Path, number: int) -> Path:
    """The path of one slice of a file, from 1."""
    return Path(file) / f"{number:04}"


def shown_name(path: str | Path) -> str:
    """The file's name, of a slice with its number: "scan.nii.gz/0007"."""
    file, number = locate(path)
    return file.name if number is None else f"{file.name}/{Path(path).name}"


def expand(file: str | Path) -> list[Path]:
    """The slices of a file; the file itself if it holds one image or cannot be read."""
    try:
        path = system_path(file)
        slices = reader_of(path).inspect(path).slices
    except Exception:  # reading it will name the reason
        slices = 1
    if slices == 1:
        return [Path(file)]
    return [slice_path(file, number + 1) for number in range(slices)]

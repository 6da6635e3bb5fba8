"""A reference to an image: a file, or one slice of a file with several.

A text refers to slice 7 of ``scan.nii.gz`` as if the file were a folder: ``scan.nii.gz/0007``.
Project files, tables and messages hold such texts. They are parsed once, where they come in; all
other code works with ``ImageRef`` and needs no access to the disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from deepimagetranslator.core.system.system_path import is_file

_SEPARATORS = os.sep + (os.altsep or "")
_MOST_DIGITS = 9  # of a slice's number; a longer one is a name


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image file, or one of its slices. ``str`` gives the text that ``parse`` reads.

    Attributes:
        file: the path as the user or a folder's listing gives it.
        slice: number of the image in the file, from 1; None for the file as a whole, which is
            read as its first image.
    """

    file: Path
    slice: int | None = None

    @classmethod
    def parse(cls, text: str | Path) -> ImageRef:
        """The image that a text refers to; see ``parse_images``."""
        return parse_images((text,))[0]

    @property
    def path(self) -> Path:
        """The text as a path, for its name and folders. The path of a slice cannot be opened."""
        return self.file if self.slice is None else self.file / self.name

    @property
    def name(self) -> str:
        """The text's last part: "a.png", or of a slice "0007"."""
        return self.file.name if self.slice is None else f"{self.slice:04}"

    @property
    def shown_name(self) -> str:
        """The name shown to the user: "a.png", "scan.nii.gz/0007"."""
        return self.file.name if self.slice is None else f"{self.file.name}/{self.name}"

    @property
    def home(self) -> Path:
        """The file of a slice; the folder of a file, which may hold a series."""
        return self.file.parent if self.slice is None else self.file

    def absolute(self) -> ImageRef:
        """The same image with the file's full path."""
        return ImageRef(self.file.absolute(), self.slice)

    def __str__(self) -> str:
        return str(self.file) if self.slice is None else f"{self.file}{os.sep}{self.name}"


def parse_images(texts: Iterable[str | Path]) -> list[ImageRef]:
    """The images that texts refer to. Only this function looks at the disk to recognize slices.

    A text refers to a slice if it ends in a number and the part before is a file. The disk is
    asked once for each such file, and never for texts without a number at the end.
    """
    known: dict[str, bool] = {}
    found = []
    for text in map(str, texts):
        file, number = _divided(text)
        if number is not None and file not in known:
            known[file] = is_file(file)
        found.append(_known(file, number) if known.get(file) else _known(text, None))
    return found


def _divided(text: str) -> tuple[str, int | None]:
    """The part before a number at the end of a text, and the number; else the text and None.

    It works on texts, as thousands of ``Path`` objects would be slow.
    """
    before, digits = os.path.split(text.rstrip(_SEPARATORS))
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
        return before, int(digits)
    return text, None


@lru_cache(65_536)
def _known(file: str, number: int | None) -> ImageRef:
    """The image, cached, as a project and its undo history hold the same thousands of images."""
    return ImageRef(_path(file), number)


@lru_cache(65_536)
def _path(file: str) -> Path:
    return Path(file)

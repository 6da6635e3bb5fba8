"""An image, named: a file, or one slice of a file with several.

A text names slice 7 of ``scan.nii.gz`` as if the file were a folder: ``scan.nii.gz/0007``. Project
files, tables and messages hold such texts. They are parsed once, where they come in; everything
behind that works with an ``ImageRef`` and needs no look at the disk to know what is meant.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from deepimagetranslator.core.system.system_path import system_path

_SEPARATORS = os.sep + (os.altsep or "")
_MOST_DIGITS = 9  # of a slice's number; a longer one is a name


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image file, or one of its slices. Its text is what ``parse`` reads.

    Attributes:
        file: the file, as the user or a folder's listing names it.
        slice: which of the file's images, from 1; None for the file as a whole. Reading that gives
            its first image.
    """

    file: Path
    slice: int | None = None

    @classmethod
    def parse(cls, text: str | Path) -> ImageRef:
        """The image that a text names; see ``parse_images``."""
        return parse_images((text,))[0]

    @property
    def path(self) -> Path:
        """The text as a path, for its name and folders: the system cannot open that of a slice."""
        return self.file if self.slice is None else self.file / self.name

    @property
    def name(self) -> str:
        """The text's last part: "a.png", or of a slice "0007"."""
        return self.file.name if self.slice is None else f"{self.slice:04}"

    @property
    def shown_name(self) -> str:
        """The name that tells an image from others on a screen: "a.png", "scan.nii.gz/0007"."""
        return self.file.name if self.slice is None else f"{self.file.name}/{self.name}"

    def absolute(self) -> ImageRef:
        """The same image with the file's full path."""
        return ImageRef(self.file.absolute(), self.slice)

    def __str__(self) -> str:
        return str(self.file) if self.slice is None else f"{self.file}{os.sep}{self.name}"


def parse_images(texts: Iterable[str | Path]) -> list[ImageRef]:
    """The images that texts name; the only place that asks the disk whether one names a slice.

    A text names a slice if it ends in a number and what stands before is a file. That is looked up
    once for each such file, and never for a text that ends otherwise.
    """
    is_file: dict[str, bool] = {}
    found = []
    for text in map(str, texts):
        file, number = _divided(text)
        if number is not None and file not in is_file:
            is_file[file] = system_path(file).is_file()
        found.append(_known(file, number) if is_file.get(file) else _known(text, None))
    return found


def _divided(text: str) -> tuple[str, int | None]:
    """What stands before a number at a text's end, and the number; the text if there is none.

    Of texts, not paths, of which a project has thousands.
    """
    before, digits = os.path.split(text.rstrip(_SEPARATORS))
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
        return before, int(digits)
    return text, None


@lru_cache(65_536)
def _known(file: str, number: int | None) -> ImageRef:
    """The same object again for the same text: a project has thousands, in each of its versions."""
    return ImageRef(_path(file), number)


@lru_cache(65_536)
def _path(file: str) -> Path:
    return Path(file)

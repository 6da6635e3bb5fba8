"""How the record of labelled images names them, and the files of their label maps."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from deepimagetranslator.core.imaging.files import stem
from deepimagetranslator.core.imaging.image_ref import ImageRef

_KEPT_CHARACTERS = 60
_UNSAFE = re.compile(r"[^\w.-]")


def text_of(path: Path, home: Path) -> str:
    """A path relative to the project's folder ``home`` if it lies in it, else the whole path."""
    full, folder = (os.path.abspath(one) for one in (path, home))  # noqa: PTH100
    if Path(full).is_relative_to(folder):
        return Path(full).relative_to(folder).as_posix()
    return full


def file_name(image: ImageRef, text: str) -> str:
    """The file name of an image's label map.

    Args:
        image: the image.
        text: it, as ``text_of`` names it.
    """
    readable = _UNSAFE.sub("_", stem(image.file.name))[:_KEPT_CHARACTERS]
    number = "" if image.slice is None else f"-{image.slice:04}"
    key = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{readable}{number}-{key}.png"

"""What image files hold, as checksums: by them a resumed run knows its images wherever they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.system.system_path import system_path


def checksums(images: Sequence[ImageRef]) -> list[str]:
    """The sha256 of each file, which is read once; of a slice that of its file, and its number.

    Raises:
        OSError: a file is missing or cannot be read.
    """
    files = list(dict.fromkeys(image.file for image in images))
    with ThreadPoolExecutor() as pool:
        found = dict(zip(files, pool.map(_sha256, files), strict=True))
    return [
        found[image.file] if image.slice is None else f"{found[image.file]}/{image.slice}"
        for image in images
    ]


def _sha256(path: Path) -> str:
    with system_path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Checksums of image files, by which a resumed run recognizes its images after they were moved."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.imaging.image_ref import ImageRef


def checksum(image: ImageRef) -> str:
    """The SHA-256 of a file's bytes; for a slice followed by a slash and the slice number.

    Raises:
        OSError: the file is missing or cannot be read.
    """
    return of_image(HELD.checksum(image.file), image)


def checksums(images: Sequence[ImageRef]) -> list[str]:
    """``checksum`` of each; a file with several slices is read once.

    Raises:
        OSError: a file is missing or cannot be read.
    """
    files = list(dict.fromkeys(image.file for image in images))
    with ThreadPoolExecutor() as pool:
        found = dict(zip(files, pool.map(HELD.checksum, files), strict=True))
    return [of_image(found[image.file], image) for image in images]


def of_image(of_file: str, image: ImageRef) -> str:
    """The checksum of an image in a file whose checksum is known."""
    return of_file if image.slice is None else f"{of_file}/{image.slice}"

"""Reads images ahead of their use, in threads, within a memory limit."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future

import numpy as np

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, read_image
from deepimagetranslator.core.typing import Array

MOST_BYTES = 256 * 2**20


def read_ahead(
    images: Sequence[ImageRef], pool: Executor, count: int, most_bytes: int = MOST_BYTES
) -> Iterator[Array | UserError]:
    """The pixels of images, in order, each read before it is requested.

    An image of more than ``most_bytes`` is read alone, after the one before it has been used.

    Args:
        images: to read.
        pool: its threads read the images.
        count: the most images that are ready or being read.
        most_bytes: the most bytes of these together, including the image yielded last.

    Yields:
        An image, or the error why it cannot be read.
    """
    reading: deque[tuple[int, Future[Array]]] = deque()
    coming = deque(images)
    held = 0
    while coming or reading:
        while coming and len(reading) < count:
            size = _decoded_bytes(coming[0])
            if held and held + size > most_bytes:
                break
            reading.append((size, pool.submit(read_image, coming.popleft())))
            held += size
        size = reading[0][0]
        yield _result(reading.popleft()[1])  # no reference stays here while it is used
        held -= size


def _result(future: Future[Array]) -> Array | UserError:
    try:
        return future.result()
    except UserError as error:
        return error


def _decoded_bytes(image: ImageRef) -> int:
    """Bytes of the decoded image; 0 for an unreadable file, whose error comes when it is read."""
    try:
        height, width, channels, dtype = image_size(image)
    except UserError:
        return 0
    return height * width * channels * np.dtype(dtype).itemsize

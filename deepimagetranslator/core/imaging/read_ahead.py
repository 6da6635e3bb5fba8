"""Reading images ahead of their use, in threads, but never more than memory should hold."""

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
    """The pixels of images, in their order, each read before it is asked for.

    An image of more than ``most_bytes`` is read alone, when the one before it has been used.

    Args:
        images: to read.
        pool: whose threads read.
        count: how many images may be ready or being read.
        most_bytes: how large these may be together, the image last handed over included.

    Yields:
        An image, or why it cannot be read.
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
    """Of the image in memory; 0 for a file that cannot be read, as reading it will say."""
    try:
        height, width, channels, dtype = image_size(image)
    except UserError:
        return 0
    return height * width * channels * np.dtype(dtype).itemsize

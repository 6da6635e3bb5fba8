"""Reading ahead: in order, errors in their places, never more in memory than is allowed."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.imaging.read_ahead import read_ahead


class Pool:
    """Reads at once, and counts what was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def submit(self, function: Any, image: ImageRef) -> Future[Any]:
        self.asked.append(image.name)
        future: Future[Any] = Future()
        try:
            future.set_result(function(image))
        except UserError as error:
            future.set_exception(error)
        return future


def write(folder: Path, sides: list[int]) -> list[ImageRef]:
    paths = [folder / f"{number}.png" for number in range(len(sides))]
    for path, side in zip(paths, sides, strict=True):
        write_image(path, np.full((side, side, 1), int(path.stem), np.uint8))
    return list(map(ImageRef, paths))


def test_images_come_in_order_and_errors_in_their_places(tmp_path: Path) -> None:
    images = write(tmp_path, [8] * 5)
    images[2].file.write_bytes(b"nothing")
    found = list(read_ahead(images, Pool(), 3))  # type: ignore[arg-type]
    assert isinstance(found[2], UserError) and "2.png" in str(found[2])
    assert [int(i[0, 0, 0]) for i in found if not isinstance(i, UserError)] == [0, 1, 3, 4]
    assert not list(read_ahead([], Pool(), 3))  # type: ignore[arg-type]


def test_no_more_are_read_than_fit(tmp_path: Path) -> None:
    """Of 64 bytes each, three are allowed together; the large one is read alone."""
    pool = Pool()
    images = read_ahead(write(tmp_path, [8, 8, 8, 8, 30, 8, 8]), pool, 10, 192)  # type: ignore[arg-type]
    asked = []
    for _ in images:
        asked.append(len(pool.asked))
    assert asked == [3, 4, 4, 4, 5, 7, 7]


def test_no_more_than_the_count_are_read(tmp_path: Path) -> None:
    pool = Pool()
    images = read_ahead(write(tmp_path, [8] * 6), pool, 2)  # type: ignore[arg-type]
    assert [len(pool.asked) for _ in images] == [2, 3, 4, 5, 6, 6]

"""A few fixed validation images, translated after each epoch for the training monitor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.monitor_state import MonitorState
from deepimagetranslator.core.images import read_image, write_image
from deepimagetranslator.core.pairs import ImagePair
from deepimagetranslator.core.pixels import Array
from deepimagetranslator.core.protocol import PreviewReady, PreviewTranslation
from deepimagetranslator.core.run_folder import RunFolder

MOST_IMAGES = 4


class ValidationStrip:
    """Asks for the predictions of each epoch and keeps them in the monitor's state.

    Args:
        monitor: gets the pictures.
        background: reads and writes files.
        send: sends a request to the engine.
        next_number: a new number for a preview.
    """

    def __init__(
        self,
        monitor: MonitorState,
        background: Background,
        send: Callable[[PreviewTranslation], None],
        next_number: Callable[[], int],
    ) -> None:
        self._monitor = monitor
        self._background = background
        self._send = send
        self._next_number = next_number
        self._pairs: Sequence[ImagePair] = ()
        self._asked: dict[int, tuple[int, int]] = {}
        self._pictures: dict[int, dict[int, Array]] = {}

    def begin(self, pairs: Sequence[ImagePair]) -> None:
        """A training begins: choose some of its validation pairs and show them as they are."""
        step = max(1, len(pairs) // MOST_IMAGES)
        chosen = list(pairs[step // 2 :: step][:MOST_IMAGES])
        self._pairs, self._asked, self._pictures = chosen, {}, {}

        def read() -> tuple[list[Array], list[Array]]:
            return (
                [displayable(read_image(pair.input)) for pair in chosen],
                [displayable(read_image(pair.target)) for pair in chosen],
            )

        self._background.run(
            "strip", read, lambda read: self._monitor.set_preview_references(*read), _ignore
        )

    def ask(self, epoch: int) -> None:
        """An epoch has ended: have the images translated by its weights."""
        if self._monitor.run_dir is None:
            return
        weights, pairs = RunFolder(self._monitor.run_dir).last, self._pairs

        def read() -> list[tuple[str, Array]]:
            return [(pair.input.name, read_image(pair.input)) for pair in pairs]

        def send(images: list[tuple[str, Array]]) -> None:
            for place, (name, image) in enumerate(images):
                number = self._next_number()
                self._asked[number] = (epoch, place)
                self._send(PreviewTranslation(number, weights, image, name, keep=True))

        self._background.run(f"strip {epoch}", read, send, _ignore)

    def take(self, event: PreviewReady) -> bool:
        """Take up an answer; False if it was not for the strip."""
        if event.number not in self._asked:
            return False
        asked, place = self._asked.pop(event.number)
        epoch = event.epoch or asked  # a quick next epoch may have rewritten the file
        if event.image is not None:
            pictures = self._pictures.setdefault(epoch, {})
            pictures[place] = displayable(event.image)
            self._monitor.add_preview(epoch, [pictures[i] for i in sorted(pictures)])
            if place == 0:
                self._keep_thumbnail(epoch)
        return True

    def _keep_thumbnail(self, epoch: int) -> None:
        """Write the first picture beside the weights, for the list of epochs."""
        run_dir, pictures = self._monitor.run_dir, self._monitor.previews.get(epoch)
        if run_dir is None or not pictures or pictures[0].shape[2] not in (1, 3):
            return
        path = RunFolder(run_dir).preview(epoch)
        write = partial(write_image, path, pictures[0])
        self._background.run(f"thumbnail {epoch}", write, _ignore, _ignore)


def displayable(image: Array) -> Array:
    """An image of any type as uint8: 8 bits as they are, others by their own range."""
    if image.dtype == np.uint8:
        return image
    values = np.nan_to_num(image.astype(np.float32))
    low, high = float(values.min()), float(values.max())
    return ((values - low) * (255 / max(high - low, 1e-12))).astype(np.uint8)


def _ignore(_: object) -> None:
    """A picture that cannot be read or written is left out."""

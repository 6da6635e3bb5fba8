"""Translates a few fixed validation images after each epoch for the training monitor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.shown_classes import shown_classes
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.app.views import PREVIEW_SIDE
from deepimagetranslator.core.data.crops import middle_crop
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.imaging.pixels import within
from deepimagetranslator.core.messages.events import PreviewReady
from deepimagetranslator.core.messages.requests import PreviewTranslation
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.typing import Array

MOST_IMAGES = 4
_MOST_RECALLED = 200  # epochs whose thumbnails are read again


class ValidationStrip:
    """Requests the predictions of each epoch and stores them in the monitor's state.

    If training uses crops, the central crop of each image is shown.

    Args:
        monitor: the state that stores the images.
        background: reads and writes files.
        send: sends a request to the worker.
        next_number: returns a new number for a request.
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
        self._dataset: Dataset | None = None
        self._high: float | None = None
        self._asked: dict[int, tuple[int, int]] = {}
        self._pictures: dict[int, dict[int, Array]] = {}

    def begin(self, pairs: Sequence[ImagePair], dataset: Dataset | None = None) -> None:
        """Start with a new training: choose some of its pairs and show their inputs and targets.

        Args:
            pairs: the pairs to choose at most ``MOST_IMAGES`` from.
            dataset: the data set of the training; None if it is not known yet.
        """
        self._dataset = dataset
        high = self._high = shown_classes(dataset.palette).high if dataset is not None else None
        chosen = _chosen(pairs)
        self._pairs, self._asked, self._pictures = chosen, {}, {}

        def read() -> tuple[list[Array], list[Array]]:
            shown = [self._read(pair, target=True) for pair in chosen]
            targets = [displayable(target, high) for _, target in shown]
            return [displayable(image) for image, _ in shown], targets

        self._background.run(
            "strip", read, lambda read: self._monitor.set_preview_references(*read), _ignore
        )

    def recall(self, pairs: Sequence[ImagePair], dataset: Dataset | None = None) -> None:
        """Show the predictions of an earlier session, of which the run keeps one image each.

        Args:
            pairs: the pairs that ``begin`` got then.
            dataset: the data set of these pairs; None if it is not known yet.
        """
        self._dataset = dataset
        high = shown_classes(dataset.palette).high if dataset is not None else None
        run_dir, chosen = self._monitor.run_dir, _chosen(pairs)[:1]
        if run_dir is None:
            return

        def read() -> tuple[dict[int, Array], list[tuple[Array, Array]]]:
            kept = RunFolder(run_dir).previews()
            kept = kept[:: -(-len(kept) // _MOST_RECALLED) or 1] + kept[-1:]
            previews = {epoch: read_image(ImageRef(path)) for epoch, path in kept}
            return previews, [self._read(pair, target=True) for pair in chosen]

        def show(found: tuple[dict[int, Array], list[tuple[Array, Array]]]) -> None:
            previews, pairs = found
            if self._monitor.run_dir != run_dir or self._monitor.running:
                return
            self._monitor.set_preview_references(
                [displayable(x) for x, _ in pairs], [displayable(y, high) for _, y in pairs]
            )
            for epoch, image in previews.items():
                self._monitor.add_preview(epoch, [image])

        self._background.run("strip", read, show, _ignore)

    def ask(self, epoch: int) -> None:
        """Request translations by the weights of an epoch (from 1) that has just ended."""
        if self._monitor.run_dir is None:
            return
        weights, pairs = RunFolder(self._monitor.run_dir).last, self._pairs

        def read() -> list[tuple[str, Array]]:
            return [(pair.input.name, self._read(pair)[0]) for pair in pairs]

        def send(images: list[tuple[str, Array]]) -> None:
            for place, (name, image) in enumerate(images):
                number = self._next_number()
                self._asked[number] = (epoch, place)
                self._send(PreviewTranslation(number, weights, image, name, keep=True))

        self._background.run(f"strip {epoch}", read, send, _ignore)

    def _read(self, pair: ImagePair, target: bool = False) -> tuple[Array, Array]:
        """The input and target to show; the input twice if ``target`` is False."""
        image = read_image(pair.input)
        other = read_target(pair) if target else image
        if self._dataset is not None and self._dataset.crops:
            size = image.shape[0], image.shape[1]
            ours, theirs = middle_crop(size, self._dataset.model)
            image, other = ours.of(image), (theirs if target else ours).of(other)
        return within(image, PREVIEW_SIDE), within(other, PREVIEW_SIDE)

    def take(self, event: PreviewReady) -> bool:
        """Handle a translated image; returns False if it was not requested here."""
        if event.number not in self._asked:
            return False
        asked, place = self._asked.pop(event.number)
        epoch = event.epoch or asked  # the next epoch may have overwritten the weights meanwhile
        if event.image is not None:
            pictures = self._pictures.setdefault(epoch, {})
            pictures[place] = displayable(event.image, self._high)
            self._monitor.add_preview(epoch, [pictures[i] for i in sorted(pictures)])
            if place == 0:
                self._keep_thumbnail(epoch)
        return True

    def _keep_thumbnail(self, epoch: int) -> None:
        """Write the first image into the run's folder, as a thumbnail for the list of epochs."""
        run_dir, pictures = self._monitor.run_dir, self._monitor.previews.epochs.get(epoch)
        if run_dir is None or not pictures or pictures[0].shape[2] not in (1, 3):
            return
        path = RunFolder(run_dir).preview(epoch)
        write = partial(write_image, path, pictures[0])
        self._background.run(f"thumbnail {epoch}", write, _ignore, _ignore)


def _chosen(pairs: Sequence[ImagePair]) -> list[ImagePair]:
    """At most ``MOST_IMAGES`` pairs at equal distances."""
    step = max(1, len(pairs) // MOST_IMAGES)
    return list(pairs[step // 2 :: step][:MOST_IMAGES])


def displayable(image: Array, high: float | None = None) -> Array:
    """An image as uint8: 8-bit images unchanged, others scaled from their minimum to maximum.

    Args:
        image: (height, width, channels).
        high: the value of grey label maps that becomes 255, so that class numbers can be seen.
    """
    if high is not None:
        shown = np.clip(image.astype(np.float32) * (255 / high), 0, 255)
        return np.asarray(shown.astype(np.uint8))
    if image.dtype == np.uint8:
        return image
    values = np.nan_to_num(image.astype(np.float32))
    low, high = float(values.min()), float(values.max())
    return ((values - low) * (255 / max(high - low, 1e-12))).astype(np.uint8)


def _ignore(_: object) -> None:
    """Images that cannot be read or written are left out without a message."""

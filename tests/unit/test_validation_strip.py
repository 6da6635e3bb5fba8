"""The monitor's pictures: asked for after each epoch, filed under the epoch that made them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from waiting import wait_until

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.app.training.validation_strip import (
    MOST_IMAGES,
    ValidationStrip,
    displayable,
)
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.messages.events import PreviewReady
from deepimagetranslator.core.messages.requests import PreviewTranslation
from deepimagetranslator.core.runs.run_folder import RunFolder


@pytest.fixture
def background() -> Iterator[Background]:
    background = Background()
    yield background
    background.close()


def until(background: Background, condition: Callable[[], object]) -> None:
    wait_until(condition, background.poll)


def test_pictures_stand_under_the_epoch_of_their_weights(
    tmp_path: Path, background: Background
) -> None:
    pairs = []
    for i in range(9):
        for side in "it":
            write_image(tmp_path / f"{side}{i}.png", np.full((8, 8, 1), i, np.uint8))
        pairs.append(ImagePair(ImageRef(tmp_path / f"i{i}.png"), ImageRef(tmp_path / f"t{i}.png")))
    monitor, sent = MonitorState(), list[PreviewTranslation]()
    monitor.begin(tmp_path / "run")
    strip = ValidationStrip(monitor, background, sent.append, count(1).__next__)
    strip.begin(pairs)
    until(background, lambda: len(monitor.previews.inputs) == MOST_IMAGES)
    strip.ask(1)
    until(background, lambda: len(sent) == MOST_IMAGES)
    assert all(request.keep for request in sent)
    for request in sent:
        answer = np.full((8, 8, 3), 7, np.uint8)
        assert strip.take(PreviewReady(request.number, answer, epoch=2))
    assert not strip.take(PreviewReady(99, None, 0))
    assert list(monitor.previews.epochs) == [2]
    assert len(monitor.previews.epochs[2]) == MOST_IMAGES
    thumbnail = RunFolder(tmp_path / "run").preview(2)
    until(background, thumbnail.exists)
    assert np.array_equal(read_image(thumbnail), np.full((8, 8, 3), 7, np.uint8))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_every_type_can_be_shown(dtype: str) -> None:
    image = np.arange(100).reshape(10, 10, 1).astype(dtype)
    shown = displayable(image)
    assert shown.dtype == np.uint8
    assert (np.diff(shown.ravel().astype(int)) >= 0).all()
    assert displayable(np.zeros((2, 2, 1), dtype)).max() == 0
    if dtype != "uint8":
        assert (shown.min(), shown.max()) == (0, 255)

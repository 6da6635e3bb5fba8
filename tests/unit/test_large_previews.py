"""What the window's model shows of large images: reduced, or the crop in the middle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepimagetranslator.app import views
from deepimagetranslator.app.background import Background
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.app.training.validation_strip import ValidationStrip
from deepimagetranslator.app.views import TRANSLATED, Wanted
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.crops import default_shapes, middle_crop
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.intensity.normalization import BYTES
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.imaging.pixels import within


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 1), np.uint8)


def test_an_image_within_the_limit_stays_itself() -> None:
    image = picture(20, 30)
    assert within(image, 30) is image
    assert within(image, 15).shape == (10, 15, 1)
    assert within(picture(3, 300), 30).shape == (1, 30, 1)


@pytest.mark.parametrize(("limit", "expected"), [(100, (40, 60, 1)), (30, (20, 30, 1))])
def test_the_model_gets_a_large_image_reduced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, expected: tuple[int, ...]
) -> None:
    monkeypatch.setattr(views, "PREVIEW_SIDE", limit)
    write_image(tmp_path / "a.png", picture(40, 60))
    shown = views.load(Wanted(TRANSLATED, 0, 1, ImageRef(tmp_path / "a.png")))
    assert shown.input is not None and shown.for_model is not None
    assert shown.input.shape == (40, 60, 1) and shown.for_model.shape == expected
    assert (shown.for_model is shown.input) == (limit == 100)


def test_the_monitor_shows_the_middle_of_what_is_learnt_from_crops(tmp_path: Path) -> None:
    image = picture(40, 60)
    pair = ImagePair(ImageRef(tmp_path / "image.png"), ImageRef(tmp_path / "target.png"))
    write_image(pair.input.file, image)
    write_image(pair.target.file, image.repeat(2, axis=0).repeat(2, axis=1))
    model = ModelSpec(input_height=16, input_width=16, target_height=32, target_width=32)
    dataset = Dataset((pair,), (), model, BYTES, BYTES, None, sparse=False, crops=True)
    background = Background()
    try:
        strip = ValidationStrip(MonitorState(), background, lambda _: None, lambda: 1)
        strip.begin([pair], dataset)
        shown, target = strip._read(pair, target=True)
    finally:
        background.close()
    np.testing.assert_array_equal(shown, image[12:28, 22:38])
    np.testing.assert_array_equal(shown.repeat(2, axis=0).repeat(2, axis=1), target)


def test_the_middle_crop_and_the_default_size() -> None:
    model = ModelSpec(input_height=32, input_width=32, target_height=16, target_width=16)
    ours, theirs = middle_crop((100, 20), model)
    assert (ours.window.top, ours.window.left, theirs.window.top) == (34, 0, 17)
    assert ours.frame.size == (32, 32) and theirs.frame.size == (16, 16)
    assert default_shapes(((900, 700, 3), (450, 350, 1)), 5) == ((512, 512, 3), (256, 256, 1))

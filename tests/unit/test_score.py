"""The score of one image is what an evaluation finds for it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deepimagetranslator.core.data.intensity.normalization import BYTES
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.evaluation.comparison import by_classes
from deepimagetranslator.core.evaluation.measures import measure
from deepimagetranslator.core.evaluation.score import Score, score_of

RNG = np.random.default_rng(3)
COLOURS = Palette(((0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)), "uint8")
NUMBERS = Palette(((0,), (1,), (2,)), "uint8")
MASK = Palette(((0,), (255,)), "uint8")


@pytest.mark.parametrize("palette", [COLOURS, NUMBERS, MASK])
def test_label_maps_have_the_mean_dice_of_their_classes(palette: Palette) -> None:
    count = len(palette.colours)
    target, predicted = (
        palette.decode(RNG.integers(0, count, (20, 30)).astype(np.uint8)) for _ in range(2)
    )
    score = score_of(target, predicted, BYTES, palette, palette)
    measured = measure(*by_classes(palette, palette)(target, predicted, "a"))
    names = [str(i) for i in range(measured.target.size)]
    dice = [values["dice"] for name, values in measured.results(names).items() if name != "all"]
    assert score is not None and score.value == pytest.approx(np.mean(dice))
    assert str(score).startswith("Dice 0.")


def test_other_colours_of_the_translated_image_are_the_same_classes() -> None:
    written = Palette(((0,), (1,)), "uint8", written=((0,), (200,)))
    target = RNG.integers(0, 2, (9, 9, 1)).astype(np.uint8) * 255
    predicted = np.where(target > 0, np.uint8(200), np.uint8(0))
    score = score_of(target, predicted, BYTES, MASK, written)
    assert score == Score("dice", 1.0)


def test_a_class_in_neither_image_does_not_count() -> None:
    empty = np.zeros((9, 9, 1), np.uint8)
    score = score_of(empty, empty, BYTES, MASK, MASK)
    assert score is not None and math.isnan(score.value) and str(score) == "no object"
    half = np.zeros((9, 10, 3), np.uint8)
    half[:, :5, 0] = 255
    score = score_of(half, half, BYTES, COLOURS, COLOURS)
    assert score == Score("dice", 1.0)


def test_other_images_have_a_psnr() -> None:
    target = RNG.integers(0, 256, (20, 30, 1)).astype(np.uint8)
    predicted = np.clip(target.astype(int) + 9, 0, 255).astype(np.uint8)
    score = score_of(target, predicted, BYTES, None, None)
    mse = float(np.mean(((predicted.astype(float) - target) / 255) ** 2))
    assert score is not None and score.value == pytest.approx(-10 * math.log10(mse), rel=1e-5)
    assert str(score) == f"PSNR {score.value:.1f} dB"


def test_what_cannot_be_compared_has_none() -> None:
    image = np.zeros((8, 8, 1), np.uint8)
    assert score_of(image, image[:4], BYTES, MASK, MASK) is None
    assert score_of(image + 7, image, BYTES, MASK, MASK) is None

"""Exclusive classes: the likeliest of the channels' classes and the background."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.intensity.normalization import BYTES, IntensityNormalization
from deepimagetranslator.core.data.labels.choice import choose_palette
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.exclusive import decide
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.export.encodings import Network, choose_encoding

COLOURS = ((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0))
PLAIN = Palette(COLOURS, "uint8")
EXCLUSIVE = replace(PLAIN, exclusive=True)


def outputs(seed: int = 1) -> np.ndarray:
    """A network's outputs of all kinds, also of channels that are all high, or all low."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.1, 1.1, (40, 50, 3)).astype(np.float32) * rng.random((40, 50, 1), "f4")


def test_two_classes_that_share_a_pixel_leave_no_black_hole() -> None:
    between_fats = np.float32([[[0.48, 0.47, 0.02], [0.1, 0.2, 0.1], [0.3, 0.31, 0.0]]])
    assert PLAIN.nearest_classes(between_fats, BYTES).tolist() == [[0, 0, 0]]
    # The third pixel: 0.31 of green, but 0.39 of the background.
    assert EXCLUSIVE.nearest_classes(between_fats, BYTES).tolist() == [[3, 0, 0]]


def test_each_pixel_gets_the_class_of_the_highest_score() -> None:
    values = outputs().astype(np.float64)
    red, green, blue = np.moveaxis(values, -1, 0)
    scores = np.stack([1 - (red + green + blue), blue, green, red])
    np.testing.assert_array_equal(EXCLUSIVE.nearest_classes(values, BYTES), scores.argmax(axis=0))


def test_what_is_over_half_is_decided_as_before() -> None:
    values = outputs()
    classes, before = (p.nearest_classes(values, BYTES) for p in (EXCLUSIVE, PLAIN))
    sure = before > 0
    assert 100 < sure.sum() < sure.size - 100
    np.testing.assert_array_equal(classes[sure], before[sure])
    assert (classes[~sure] > 0).any()


def test_without_the_setting_every_pixel_gets_the_nearest_colour() -> None:
    """Weights of the version before hold no such mark."""
    stored = PLAIN.to_json()
    assert "exclusive" not in stored and Palette.from_json(stored) == PLAIN
    values = outputs()
    distances = [((values - np.float32(colour) / 255) ** 2).sum(-1) for colour in COLOURS]
    np.testing.assert_array_equal(PLAIN.nearest_classes(values, BYTES), np.argmin(distances, 0))


def test_the_setting_is_stored_with_the_palette() -> None:
    assert Palette.from_json(EXCLUSIVE.to_json()) == EXCLUSIVE != PLAIN


@pytest.mark.parametrize(
    "colours",
    [
        ((0,), (255,)),
        ((0,), (1,), (2,)),
        ((0, 0, 0), (255, 0, 0)),
        ((0, 0, 0), (255, 255, 0), (0, 0, 255)),
        ((0, 0, 0), (128, 0, 0), (0, 255, 0)),
        ((0, 0, 0), (200, 0, 0), (255, 0, 0), (0, 255, 0)),
        ((0, 0, 255), (0, 255, 0), (255, 0, 0)),
    ],
)
def test_other_classes_are_decided_by_the_nearest_colour(colours: tuple) -> None:
    palette = Palette(colours, "uint8")
    marked = replace(palette, exclusive=True)
    assert marked.class_channels(BYTES) == ()
    values = np.random.default_rng(2).random((9, 9, len(colours[0])), np.float32)
    expected = palette.nearest_classes(values, BYTES)
    np.testing.assert_array_equal(marked.nearest_classes(values, BYTES), expected)


def test_what_is_on_follows_from_the_normalization() -> None:
    palette = Palette(((0, 0, 0), (9, 0, 0), (0, 0, 9)), "uint16", exclusive=True)
    scaling = IntensityNormalization("data", 0, 9, "uint16")
    assert palette.class_channels(scaling) == (-1, 0, 2)
    # Green is no class: it takes no part.
    found = palette.nearest_classes(np.float32([[[0.4, 0.9, 0.3], [0.3, 0.9, 0.2]]]), scaling)
    assert found.tolist() == [[1, 0]]


def test_of_equal_scores_the_background_counts_then_the_first_channel() -> None:
    values = np.float32([[[0.5, 0, 0], [0.25, 0.5, 0.25], [0.375, 0.375, 0]]])
    assert decide(values, (-1, 2, 1, 0)).tolist() == [[0, 2, 3]]
    third = np.float32([[[0.25, 0.25, 0.25]]])
    assert decide(third, (-1, 2, 1, 0)).tolist() == [[0]]


def test_colours_and_class_numbers_are_written_by_the_same_decision() -> None:
    values = outputs()
    network = Network("w", 3, by_class=False, scaling=BYTES, palette=EXCLUSIVE)
    numbers = choose_encoding(network, "classes").image(values)[..., 0]
    np.testing.assert_array_equal(numbers, EXCLUSIVE.nearest_classes(values, BYTES))
    labels = choose_encoding(network, "labels").image(values)
    np.testing.assert_array_equal(labels, EXCLUSIVE.decode(numbers))


@pytest.mark.parametrize("labels", [(), ("0,0,0=background", "0,0,255", "0,255,0", "255,0,0")])
@pytest.mark.parametrize("blurred", [False, True])
@pytest.mark.parametrize("exclusive", [False, True])
def test_the_palette_takes_the_setting(labels: tuple, blurred: bool, exclusive: bool) -> None:
    image = PLAIN.decode(
        np.random.default_rng(3).integers(0, 4, (5, 5)).repeat(32, 0).repeat(32, 1)
    )
    count = ColourCount()
    count.add(cv2.GaussianBlur(image, (0, 0), 1.0) if blurred else image)
    data = DataSpec(labels=labels, snap_labels=blurred, exclusive_classes=exclusive)
    palette, problems = choose_palette(data, count, ColourCount())
    assert problems == [] and palette is not None and palette.exclusive == exclusive

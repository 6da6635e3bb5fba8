"""Which part of an image is drawn, at which size, in which colours; no window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from deepimagetranslator.gui.viewer import shading, viewport
from deepimagetranslator.gui.viewer.viewport import FIT, View

Pump = Callable[..., None]
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (40, 60, 1)).astype(np.uint8)
TARGET = RNG.integers(0, 256, (40, 60, 3)).astype(np.uint8)
PREDICTION = RNG.integers(0, 256, (40, 60, 3)).astype(np.uint8)


# --- which part, at which size ---


def test_an_image_keeps_its_shape_and_stands_in_the_middle() -> None:
    rect = viewport.place(IMAGE, 600, 500, FIT)
    assert (rect.left, rect.top, rect.width, rect.height) == (0, 50, 600, 400)


def test_zooming_keeps_the_point_under_the_pointer() -> None:
    at, before = (150, 200), viewport.place(IMAGE, 600, 500, FIT)
    view = viewport.zoomed(FIT, 3, IMAGE, 600, 500, at)
    after = viewport.place(IMAGE, 600, 500, view)
    assert before.relative(*at) == pytest.approx(after.relative(*at), abs=0.002)
    assert after.width == pytest.approx(3 * before.width)


def test_zoom_is_bounded_and_panning_leaves_no_empty_border() -> None:
    view = viewport.zoomed(FIT, 1e9, IMAGE, 600, 500, (0, 0))
    assert viewport.place(IMAGE, 600, 500, view).scale(IMAGE) == pytest.approx(64)
    view = viewport.panned(view, 1e9, -1e9, IMAGE, 600, 500)
    rect = viewport.place(IMAGE, 600, 500, view)
    assert rect.left == pytest.approx(0) and rect.top + rect.height == pytest.approx(500)
    assert viewport.clamped(View(0.001), IMAGE, 600, 500).zoom == pytest.approx(0.1)


def test_enlarged_pixels_are_squares_of_their_exact_value() -> None:
    rect = viewport.place(IMAGE, 600, 400, FIT)
    expected = IMAGE.repeat(10, axis=0).repeat(10, axis=1)
    np.testing.assert_array_equal(viewport.sample(IMAGE, rect, 600, 400), expected)


def test_reduced_images_are_averaged() -> None:
    fine = np.zeros((400, 400, 1), np.float32)
    fine[::2] = 1
    rect = viewport.place(fine, 100, 100, FIT)
    np.testing.assert_allclose(viewport.sample(fine, rect, 100, 100), 0.5)


@pytest.mark.parametrize("zoom", [1, 1.3, 2.7, 9, 40])
@pytest.mark.parametrize("pane", [(33, 47), (200, 90), (61, 401)])
@pytest.mark.parametrize("shape", [(1, 1, 1), (500, 3, 3), (40, 60, 3), (900, 700, 1)])
def test_the_sample_is_as_large_as_what_is_visible(
    zoom: float, pane: tuple[int, int], shape: tuple[int, int, int]
) -> None:
    image = np.zeros(shape, np.uint16)
    rect = viewport.place(image, *pane, View(zoom, 0.7, 0.2))
    left, top, right, bottom = rect.visible(*pane)
    drawn = viewport.sample(image, rect, *pane)
    assert drawn.shape == (bottom - top, right - left, shape[2])
    assert drawn.dtype == np.uint16


# --- how values look ---


@pytest.mark.parametrize(
    ("image", "levels"),
    [
        (np.array([0, 3, 200], np.uint8), (0, 255)),
        (np.array([0, 1, 3], np.uint8), (0, 3)),
        (np.array([0, 0, 0], np.uint8), (0, 255)),
        (np.array([100, 4000], np.uint16), (100, 4000)),
        (np.array([7, 7], np.uint16), (7, 8)),
        (np.array([0.25, 0.5], np.float32), (0, 1)),
        (np.array([-1000, 400, np.nan], np.float32), (-1000, 400)),
        (np.array([np.nan], np.float32), (0, 1)),
    ],
)
def test_levels_show_any_type_well(image: np.ndarray, levels: tuple[float, float]) -> None:
    assert shading.levels_of(image.reshape(1, -1, 1)) == levels


def test_a_hot_pixel_does_not_make_an_image_black() -> None:
    image = RNG.integers(0, 1000, (200, 200, 1)).astype(np.uint16)
    image[0, 0] = 65535
    assert shading.levels_of(image)[1] < 1100


def test_values_between_the_levels_become_grey() -> None:
    values = np.array([[[-5.0], [0.0], [5.0], [10.0], [99.0], [np.nan]]], np.float32)
    rgb = shading.to_rgb(values, (0, 10))
    assert rgb[0, :, 0].tolist() == [0, 0, 127, 255, 255, 0]
    assert rgb.shape == (1, 6, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_grey_difference_tells_higher_from_lower(dtype: type) -> None:
    target = np.array([[[100], [100], [100]]], dtype)
    prediction = np.array([[[100], [200], [0]]], dtype)
    same, higher, lower = shading.difference_to_rgb(prediction, target, (0, 255))[0].tolist()
    assert same == [0, 0, 0]
    assert higher[0] > higher[2] and lower[2] > lower[0]


def test_a_colour_difference_is_black_where_equal() -> None:
    changed = TARGET.copy()
    changed[3, 4, 1] ^= 128
    drawn = shading.difference_to_rgb(changed, TARGET, (0, 255))
    assert drawn[3, 4].tolist() == [0, 255, 0]
    assert drawn.astype(int).sum() == 255


def test_a_grey_prediction_of_a_colour_target_has_a_difference() -> None:
    drawn = shading.difference_to_rgb(IMAGE, TARGET, (0, 255))
    assert drawn.shape == TARGET.shape

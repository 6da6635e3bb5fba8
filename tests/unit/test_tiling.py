"""Tiles: every pixel covered, weights that add up to one, no seam, mirrored where too small."""

from __future__ import annotations

import numpy as np
import pytest

from deepimagetranslator.core.data.tiling import cut, plan_tiles, resized_bands, whole_step
from deepimagetranslator.core.imaging.pixels import resize

SIZES = [
    # image, tile, output of a tile
    ((64, 64), (32, 32), (32, 32)),
    ((65, 97), (32, 32), (32, 32)),
    ((33, 200), (32, 48), (32, 48)),
    ((20, 100), (32, 32), (32, 32)),  # lower than a tile
    ((5, 7), (32, 32), (32, 32)),
    ((61, 77), (32, 32), (64, 64)),
    ((61, 77), (32, 32), (16, 16)),
    ((61, 77), (30, 32), (20, 48)),
    ((61, 77), (31, 32), (17, 29)),  # no whole ratio
    ((9, 9), (1, 1), (1, 1)),
    ((40, 40), (8, 8), (1, 1)),
]


def whole(plan, outputs) -> np.ndarray:
    """All bands in one array, each copied before the next is asked for."""
    parts, row = [], 0
    for first, rows in plan.bands(outputs):
        assert first == row
        row += len(rows)
        parts.append(rows.copy())
    return np.concatenate(parts)


@pytest.mark.parametrize(("image", "tile", "output"), SIZES)
def test_every_pixel_is_covered_and_weights_add_up_to_one(image, tile, output):
    plan = plan_tiles(image, tile, output)
    for axis, length in zip((plan.rows, plan.columns), image, strict=True):
        total = np.zeros(axis.out_starts[-1] + axis.out_tile)
        for start, weights in zip(axis.out_starts, axis.weights, strict=True):
            assert (weights > 0).all()
            total[start : start + axis.out_tile] += weights
        np.testing.assert_allclose(total, 1, rtol=1e-5)
        assert len(total) >= axis.out_length
        assert axis.starts[0] == 0 and axis.starts[-1] + axis.tile >= length
        steps = np.diff(axis.starts)
        assert (steps <= max(1, axis.tile // 2)).all()
    expected = tuple(
        max(1, round(length * after / before))
        for length, before, after in zip(image, tile, output, strict=True)
    )
    ones = [np.ones((*output, 2), np.float32)] * plan.count
    result = whole(plan, ones)
    assert result.shape == (*expected, 2)
    np.testing.assert_allclose(result, 1, rtol=1e-5)


def test_tiles_are_half_a_tile_apart_and_the_last_ends_where_the_image_ends():
    plan = plan_tiles((100, 300), (64, 64), (64, 64))
    assert plan.rows.starts == (0, 32, 36)
    assert plan.columns.starts == (0, 32, 64, 96, 128, 160, 192, 224, 236)
    assert plan.count == 27


def test_weights_are_a_gaussian_of_an_eighth_of_the_tile():
    plan = plan_tiles((64, 96), (64, 64), (64, 64))
    np.testing.assert_array_equal(plan.rows.weights, np.ones((1, 64)))
    first, second = plan.columns.weights
    at = 40  # of the image: 40 in the first tile, 8 in the second
    near, far = (np.exp(-0.5 * ((x - 31.5) / 8) ** 2) for x in (at, at - 32))
    assert first[at] == pytest.approx(near / (near + far), rel=1e-5)
    assert second[at - 32] == pytest.approx(far / (near + far), rel=1e-5)


@pytest.mark.parametrize("length", [65, 70, 96, 137, 201, 300])
def test_a_tiles_edge_inside_the_image_hardly_counts(length):
    axis = plan_tiles((64, length), (64, 64), (64, 64)).columns
    assert axis.weights[1:, 0].max() < 1.5e-3
    assert axis.weights[:-1, -1].max() < 1.5e-3


@pytest.mark.parametrize(("image", "tile", "output"), SIZES[:5])
def test_tiles_that_stay_what_they_are_give_the_image_back(image, tile, output):
    pixels = np.random.default_rng(1).random((*image, 3), dtype=np.float32)
    plan = plan_tiles(image, tile, output)
    np.testing.assert_allclose(whole(plan, plan.tiles(pixels)), pixels, atol=1e-6)


@pytest.mark.parametrize("ratio", [2, 0.5])
def test_a_ratio_of_target_to_input_is_kept_to_the_pixel(ratio):
    pixels = np.random.default_rng(1).random((61, 77, 1), dtype=np.float32)
    size = int(32 * ratio)
    plan = plan_tiles((61, 77), (32, 32), (size, size))
    if ratio == 2:
        grow = lambda tile: tile.repeat(2, axis=0).repeat(2, axis=1)  # noqa: E731
        result, expected = whole(plan, map(grow, plan.tiles(pixels))), grow(pixels)
    else:
        halve = lambda tile: tile[::2, ::2]  # noqa: E731
        result, expected = whole(plan, map(halve, plan.tiles(pixels))), halve(pixels)
        expected = expected[: result.shape[0], : result.shape[1]]
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_no_seam_where_tiles_differ_most():
    """Tiles with a ramp each: a hard border would jump by half the ramp."""
    size = 64
    ramp = np.broadcast_to(
        np.linspace(0, 1, size, dtype=np.float32)[None, :, None], (size, size, 1)
    )
    plan = plan_tiles((200, 300), (size, size), (size, size))
    blended = whole(plan, [ramp] * plan.count)
    # Two Gaussians of deviation s, half a tile d apart, blend as a logistic curve of the greatest
    # slope d / 4s^2; tiles differ by half a ramp, or by more at the last, which overlaps more.
    slope = (size / 2) / (4 * (size / 8) ** 2)
    steepest = slope * 0.5 + 1 / (size - 1)
    assert np.abs(np.diff(blended[..., 0], axis=1)).max() <= steepest * 1.01
    assert np.abs(np.diff(blended[..., 0], axis=0)).max() < 1e-6
    hard = np.abs(np.diff(np.concatenate([ramp[0, :48, 0], ramp[0, 16:, 0]]))).max()
    assert hard > 3 * steepest


def test_a_random_jump_from_tile_to_tile_is_smoothed():
    rng = np.random.default_rng(3)
    size = 64
    plan = plan_tiles((300, 300), (size, size), (size, size))
    constants = [np.full((size, size, 1), rng.integers(2), np.float32) for _ in range(plan.count)]
    blended = whole(plan, constants)
    assert blended.min() >= -1e-6 and blended.max() <= 1 + 1e-6
    slope = (size / 2) / (4 * (size / 8) ** 2)
    for axis in (0, 1):
        assert np.abs(np.diff(blended, axis=axis)).max() <= 1.3 * slope


def test_beyond_the_image_stands_its_mirror_image():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    part = cut(image, (1, 2), (4, 5))[..., 0]
    np.testing.assert_array_equal(
        part, [[6, 7, 7, 6, 6], [10, 11, 11, 10, 10], [10, 11, 11, 10, 10], [6, 7, 7, 6, 6]]
    )
    inside = cut(image, (1, 1), (2, 2))
    assert np.shares_memory(inside, image)


def test_a_mirrored_target_of_twice_the_size_stays_on_its_input():
    image = np.random.default_rng(1).random((5, 7, 1), dtype=np.float32)
    double = image.repeat(2, axis=0).repeat(2, axis=1)
    small, large = cut(image, (0, 0), (13, 16)), cut(double, (0, 0), (26, 32))
    np.testing.assert_array_equal(small.repeat(2, axis=0).repeat(2, axis=1), large)


@pytest.mark.parametrize(
    ("tile", "output", "step"),
    [(512, 512, 1), (512, 1024, 1), (512, 256, 2), (500, 333, 1), (30, 20, 3)],
)
def test_steps_of_whole_output_pixels(tile, output, step):
    assert whole_step(tile, output) == step


@pytest.mark.parametrize("size", [(700, 640), (701, 20), (10, 900), (700, 30)])
def test_bands_are_the_resized_image(size, monkeypatch):
    monkeypatch.setattr("deepimagetranslator.core.data.tiling._BAND_VALUES", 10_000)
    image = np.random.default_rng(1).random((40, 30, 2), dtype=np.float32)
    bands = [(first, rows.copy()) for first, rows in resized_bands(image, *size)]
    joined = np.concatenate([rows for _, rows in bands])
    assert [first for first, _ in bands] == list(
        np.cumsum([0, *(len(rows) for _, rows in bands)])[:-1]
    )
    if size[0] > 40:
        assert len(bands) > 1
    np.testing.assert_allclose(joined, resize(image, *size), atol=1e-5)

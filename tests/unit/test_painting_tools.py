"""Painting tools against slow references over single pixels, on random shapes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import flood

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling import between, borders, regions, shapes, strokes
from deepimagetranslator.core.labelling.label_map import Classes, Edit, Guard, LabelMap
from deepimagetranslator.core.labelling.progress import Stopped
from deepimagetranslator.core.labelling.rect import NOTHING, Rect
from deepimagetranslator.core.labelling.values import Range, range_of, values_of

sizes = st.integers(1, 9)
coordinates = st.floats(-4, 14, allow_nan=False).map(lambda value: round(value * 8) / 8)
points = st.tuples(coordinates, coordinates)
maps = st.tuples(sizes, sizes).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 3))
)


def pairs_of_maps(count: int) -> st.SearchStrategy[list[Classes]]:
    def of(shape: tuple[int, int]) -> st.SearchStrategy[list[Classes]]:
        one = arrays(np.uint8, shape, elements=st.integers(0, 3))
        return st.lists(one, min_size=count, max_size=count)

    return st.tuples(sizes, sizes).flatmap(of)


def after(classes: Classes, edit: Edit, guard: Guard | None = None) -> Classes:
    label_map = LabelMap(classes.copy())
    label_map.apply(edit, guard or Guard())
    return label_map.numbers


# ---- strokes ---------------------------------------------------------------------------------


def near_line(pixel: tuple[int, int], ends: list[tuple[float, float]], reach: float) -> bool:
    """Whether a pixel's centre is near one of the lines, in exact steps over the line's points."""
    centre = np.array(pixel) + 0.5
    for first, last in zip(ends, ends[1:] or ends, strict=False):
        a, b = np.array(first), np.array(last)
        length = float(((b - a) ** 2).sum())
        along = 0.0 if not length else min(1.0, max(0.0, float((centre - a) @ (b - a)) / length))
        if float(((centre - a - along * (b - a)) ** 2).sum()) <= reach**2 + 1e-4:
            return True
    return False


@given(st.tuples(sizes, sizes), st.lists(points, min_size=1, max_size=4), st.integers(1, 8))
@settings(max_examples=60)
def test_a_stroke_is_what_lies_within_half_a_diameter(
    shape: tuple[int, int], path: list[tuple[float, float]], diameter: int
) -> None:
    edit = strokes.brush(shape, path, diameter, 2)
    odd = diameter % 2
    ends = [
        (np.floor(y) + 0.5, np.floor(x) + 0.5) if odd else (np.round(y), np.round(x))
        for y, x in path
    ]
    expected = np.array(
        [[near_line((r, c), ends, diameter / 2) for c in range(shape[1])] for r in range(shape[0])]
    )
    painted = after(np.zeros(shape, np.uint8), edit) == 2
    assert np.array_equal(painted, expected)


@pytest.mark.parametrize("diameter", range(1, 12))
def test_a_brush_is_as_wide_as_it_says(diameter: int) -> None:
    painted = after(
        np.zeros((40, 40), np.uint8), strokes.brush((40, 40), [(20.2, 20.2)], diameter, 1)
    )
    assert painted.any(axis=0).sum() == painted.any(axis=1).sum() == diameter


def test_the_eraser_makes_background_and_outside_nothing_is_painted() -> None:
    full = np.full((6, 6), 3, np.uint8)
    assert after(full, strokes.eraser((6, 6), [(2.5, 2.5)], 1))[2, 2] == 0
    assert strokes.brush((6, 6), [(-20, -20)], 5, 1).rect == NOTHING


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_threshold_brush_paints_values_in_its_range_only(dtype: str) -> None:
    image = (np.arange(64).reshape(8, 8, 1) * 3).astype(dtype)
    if dtype == "float32":
        image[0, 0] = np.nan
    edit = strokes.threshold_brush(image, [(4, 4)], 40, 1, Range(30, 60))
    expected = (image[..., 0] >= 30) & (image[..., 0] <= 60)
    assert np.array_equal(after(np.zeros((8, 8), np.uint8), edit) == 1, expected)


def test_values_are_grey_or_luma_and_a_range_leaves_outliers_out() -> None:
    colour = np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8)
    assert values_of(colour)[0] == pytest.approx([76.245, 29.07], abs=0.01)
    assert range_of(np.array([np.nan, np.inf])) is None
    found = range_of(np.r_[np.arange(1001), np.nan])
    assert found is not None and (found.low, found.high) == (10, 990)


# ---- polygons --------------------------------------------------------------------------------


@given(st.tuples(sizes, sizes), st.lists(points, min_size=0, max_size=7))
@settings(max_examples=80)
def test_an_outline_is_filled_by_the_even_odd_rule(
    shape: tuple[int, int], corners: list[tuple[float, float]]
) -> None:
    def inside(y: float, x: float) -> bool:
        crossings = 0
        for (y0, x0), (y1, x1) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (y0 <= y) != (y1 <= y):
                # to the left, or right on the border, as the interval of a row is half-open
                crossings += x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x
        return crossings % 2 == 1

    expected = np.zeros(shape, bool)
    if len(corners) >= 3:
        for row, column in np.ndindex(*shape):
            expected[row, column] = inside(row + 0.5, column + 0.5)
    painted = after(np.zeros(shape, np.uint8), shapes.polygon(shape, corners, 1)) == 1
    assert np.array_equal(painted, expected)


# ---- regions ---------------------------------------------------------------------------------


@given(
    st.tuples(sizes, sizes).flatmap(
        lambda shape: arrays(np.float32, shape, elements=st.sampled_from([0, 1, 2, 3, 2.5, np.nan]))
    ),
    st.integers(0, 80),
    st.sampled_from([0, 0.5, 1, 2, 100]),
)
@settings(max_examples=80)
def test_the_bucket_fills_what_is_connected_at_edges_within_the_tolerance(
    values: NDArray[np.float32], place: int, tolerance: float
) -> None:
    start = divmod(place % values.size, values.shape[1])
    painted = after(np.zeros(values.shape, np.uint8), regions.bucket(values, start, tolerance, 1))
    if np.isnan(values[start]):
        expected = np.zeros(values.shape, bool)
    else:
        fits = np.abs(values - values[start]) <= tolerance
        expected = flood(fits, start, connectivity=1) & fits
    assert np.array_equal(painted == 1, expected)


def test_the_bucket_takes_large_values_and_stops_at_walls() -> None:
    values = np.full((5, 7), 40_000, np.float32)
    walls = np.zeros((5, 7), bool)
    walls[:, 3] = True
    painted = after(np.zeros((5, 7), np.uint8), regions.bucket(values, (2, 1), 0, 1, walls))
    assert painted[:, :3].all() and not painted[:, 3:].any()
    assert regions.bucket(values, (2, 3), 0, 1, walls).rect.empty


@given(maps, st.integers(1, 3))
@settings(max_examples=60)
def test_seeds_grow_over_connected_background_in_the_range(classes: Classes, number: int) -> None:
    values = (np.indices(classes.shape).sum(axis=0) % 4).astype(np.float32)
    grown = after(classes, regions.grow(classes, values, number, Range(1, 3)))
    room = ((classes == 0) & (values >= 1)) | (classes == number)
    expected = classes.copy()
    for row, column in np.argwhere(classes == number):
        expected[flood(room, (row, column), connectivity=1) & room] = number
    assert np.array_equal(grown, expected)


@given(maps, st.integers(0, 80))
@settings(max_examples=60)
def test_an_island_is_removed_or_kept(classes: Classes, place: int) -> None:
    pixel = divmod(place % classes.size, classes.shape[1])
    island = flood(classes, pixel, connectivity=2)
    removed = after(classes, regions.remove_island(classes, pixel))
    assert np.array_equal(removed, np.where(island, 0, classes))
    kept = after(classes, regions.keep_island(classes, pixel))
    assert np.array_equal(kept, np.where((classes == classes[pixel]) & ~island, 0, classes))


def test_holes_are_filled_and_specks_removed() -> None:
    ring = np.zeros((9, 9), np.uint8)
    ring[1:6, 1:6] = 1
    ring[3, 3] = 0
    ring[8, 8] = 1
    assert after(ring, regions.fill_holes(ring, 1))[3, 3] == 1
    cleaned = after(ring, regions.remove_specks(ring, 1, 2))
    assert cleaned[8, 8] == 0 and cleaned[1, 1] == 1 and cleaned[3, 3] == 0


# ---- borders ---------------------------------------------------------------------------------


@given(maps, st.integers(0, 3), st.integers(-3, 3))
@settings(max_examples=80)
def test_a_border_moves_by_the_distance_of_pixel_centres(
    classes: Classes, number: int, pixels: int
) -> None:
    moved = after(classes, borders.move_border(classes, number, pixels))
    inside, expected = classes == number, classes.copy()
    if pixels >= 0 and inside.any():
        expected[ndimage.distance_transform_edt(~inside) <= pixels] = number
    elif inside.any() and not inside.all():
        lost = inside & (ndimage.distance_transform_edt(inside) <= -pixels)
        for pixel in np.argwhere(lost):
            distances = ((np.argwhere(~inside) - pixel) ** 2).sum(axis=1)
            nearest = np.argwhere(~inside)[distances == distances.min()]
            expected[tuple(pixel)] = min(classes[tuple(other)] for other in nearest)
    assert np.array_equal(moved, expected)


@given(maps, st.integers(0, 3), st.integers(1, 2))
@settings(max_examples=40)
def test_smoothing_takes_the_majority_around_a_pixel(
    classes: Classes, number: int, reach: int
) -> None:
    wide = np.pad(classes, reach, mode="edge")
    expected = classes.copy()
    for row, column in np.ndindex(*classes.shape):
        around = Counter(wide[row : row + 2 * reach + 1, column : column + 2 * reach + 1].ravel())
        own = classes[row, column]
        best = min(around, key=lambda one: (-around[one], one))
        if around[best] > around[own] and number in (own, best):
            expected[row, column] = best
    assert np.array_equal(after(classes, borders.smooth(classes, number, reach)), expected)


# ---- from others -----------------------------------------------------------------------------


@given(pairs_of_maps(3))
@settings(max_examples=60)
def test_an_interpolation_is_exact_at_its_ends(three: list[Classes]) -> None:
    classes, first, last = three
    for position, expected in ((0.0, first), (1.0, last)):
        found = after(classes, between.interpolate(classes, first, last, position))
        assert np.array_equal(found, expected)


def test_between_two_discs_lies_a_disc_of_the_size_between() -> None:
    rows, columns = np.indices((81, 81)) - 40
    small, large = ((np.hypot(rows, columns) <= radius).astype(np.uint8) for radius in (10, 30))
    middle = after(small, between.interpolate(small, small, large, 0.5))
    expected = np.hypot(rows, columns) <= 20
    assert (middle != expected).mean() < 0.01
    nowhere = np.zeros_like(small)
    assert after(small, between.interpolate(small, nowhere, nowhere, 0.5)).max() == 0


def test_a_copy_takes_all_or_one_class_and_needs_the_size() -> None:
    classes, other = np.full((3, 3), 2, np.uint8), np.zeros((3, 3), np.uint8)
    other[0] = 1
    assert np.array_equal(after(classes, between.copy(classes, other, "it")), other)
    one = after(classes, between.copy(classes, other, "it", only=1))
    assert (one[0] == 1).all() and (one[1:] == 2).all()
    with pytest.raises(UserError, match="The slice before has 3 x 2 pixels and this image 3 x 3"):
        between.copy(classes, other[:2], "The slice before")


def test_slow_tools_can_be_stopped() -> None:
    def stop(_part: float) -> None:
        raise Stopped

    classes = np.eye(5, dtype=np.uint8)
    for tool in (
        lambda: borders.smooth(classes, 1, 1, stop),
        lambda: borders.move_border(classes, 1, -1, stop),
        lambda: between.interpolate(classes, classes, classes, 0.5, stop),
    ):
        with pytest.raises(Stopped):
            tool()


# ---- label maps, undo and redo ---------------------------------------------------------------


@given(maps, st.lists(st.tuples(points, st.integers(1, 5), st.integers(0, 3)), max_size=8))
@settings(max_examples=60)
def test_undo_and_redo_give_the_same_bytes(
    classes: Classes, steps: list[tuple[tuple[float, float], int, int]]
) -> None:
    label_map = LabelMap(classes.copy())
    guard = Guard(frozenset({3}), None)
    seen = [classes.copy()]
    for point, diameter, number in steps:
        label_map.history.begin()
        for other in (point, point[::-1]):
            label_map.apply(strokes.brush(classes.shape, [other], diameter, number), guard)
        label_map.history.end()
        if not np.array_equal(label_map.numbers, seen[-1]):
            seen.append(label_map.numbers.copy())
    for expected in reversed(seen[:-1]):
        assert label_map.undo() != NOTHING
        assert label_map.numbers.tobytes() == expected.tobytes()
    assert label_map.undo() == NOTHING
    for expected in seen[1:]:
        assert label_map.redo() != NOTHING
        assert label_map.numbers.tobytes() == expected.tobytes()
    assert label_map.redo() == NOTHING
    assert np.array_equal(label_map.counts, np.bincount(label_map.numbers.ravel(), minlength=256))


def test_locked_classes_stay_and_only_one_class_is_painted_over() -> None:
    classes = np.array([[0, 1, 2, 3]], np.uint8)
    everything = strokes.brush((1, 4), [(0.5, 2)], 20, 1)
    assert after(classes, everything, Guard(frozenset({2}))).tolist() == [[1, 1, 2, 1]]
    assert after(classes, everything, Guard(only_over=3)).tolist() == [[0, 1, 2, 1]]
    assert after(classes, everything, Guard(frozenset({1}))).tolist() == [[0, 1, 2, 3]]


def test_the_changed_rectangle_of_a_large_image_is_small() -> None:
    label_map = LabelMap(np.zeros((4096, 4096), np.uint8))
    rect = label_map.apply(strokes.brush((4096, 4096), [(2000, 3000), (2000, 3010)], 20, 5))
    assert rect == Rect(1990, 2990, 2010, 3020)
    assert label_map.counts[5] == (label_map.numbers[rect.slices] == 5).sum()
    assert label_map.history.bytes < 500
    assert label_map.undo() == rect and not label_map.numbers.any()


def test_a_history_is_bounded_and_says_so() -> None:
    noise = np.random.default_rng(1).integers(0, 32, (64, 64), np.uint8)
    label_map = LabelMap(np.zeros((64, 64), np.uint8))
    label_map.history._most_bytes = 4000
    for turn in range(4):
        label_map.apply(regions.of_map(label_map.numbers, np.roll(noise, turn)))
    assert not label_map.history.complete and label_map.history.can_undo
    assert label_map.history.bytes < 8000


def test_a_history_is_taken_up_only_by_the_label_map_it_left() -> None:
    label_map = LabelMap(np.zeros((4, 4), np.uint8))
    label_map.apply(strokes.brush((4, 4), [(2, 2)], 2, 1))
    history = label_map.history
    history.leave(label_map.numbers)
    again = LabelMap(label_map.numbers.copy(), history)
    assert again.undo() != NOTHING and not again.numbers.any()
    history.leave(label_map.numbers)
    assert not LabelMap(np.ones((4, 4), np.uint8), history).history.can_undo


def test_an_image_of_one_pixel_is_painted() -> None:
    dot = np.zeros((1, 1), np.uint8)
    values = np.zeros((1, 1), np.float32)
    edits = [
        strokes.brush((1, 1), [(0.5, 0.5)], 1, 7),
        shapes.polygon((1, 1), [(0, 0), (0, 1), (1, 1), (1, 0)], 7),
        regions.bucket(values, (0, 0), 0, 7),
        between.copy(dot, np.full((1, 1), 7, np.uint8), "it"),
    ]
    for edit in edits:
        assert after(dot, edit).tolist() == [[7]]
    seven = np.full((1, 1), 7, np.uint8)
    assert after(seven, regions.remove_island(seven, (0, 0))).tolist() == [[0]]
    for edit in (
        regions.fill_holes(seven, 7),
        regions.remove_specks(seven, 7, 5),
        borders.smooth(seven, 7, 2),
        borders.move_border(seven, 7, -2),
        regions.grow(seven, values, 7, Range(0, 0)),
    ):
        assert after(seven, edit).tolist() == [[7]]

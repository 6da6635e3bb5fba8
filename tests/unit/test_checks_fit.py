"""Outlines tell which target belongs to which input, and say nothing where they know nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from deepimagetranslator.core.checks.outlines import likeness
from deepimagetranslator.core.checks.outlines.fit import Fit, fit_of
from deepimagetranslator.core.data.facts import FileFacts, PairFacts, thumbnail_of
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.imaging.image_ref import ImageRef

SIZE = 96
Image = NDArray[np.float32]


def noise(rng: np.random.Generator, smooth: float) -> Image:
    drawn = rng.normal(0, 1, (SIZE, SIZE)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), smooth) * smooth)


def cells(rng: np.random.Generator, count: int) -> Image:
    """A mask of round cells."""
    mask = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(count):
        column, row, radius = (int(n) for n in rng.integers((0, 0, 4), (SIZE, SIZE, 12)))
        cv2.circle(mask, (column, row), radius, 1, -1)
    return mask


def pairs_of(inputs: list[Image], targets: list[Image]) -> list[PairFacts]:
    def facts(image: Image) -> FileFacts:
        return FileFacts(shape=(SIZE, SIZE, 1), thumbnail=thumbnail_of(image[..., None]))

    return [
        PairFacts(
            ImagePair(ImageRef(Path(f"i{number}")), ImageRef(Path(f"t{number}"))),
            facts(one),
            facts(other),
        )
        for number, (one, other) in enumerate(zip(inputs, targets, strict=True))
    ]


def cell_images(count: int, strength: float, each: int = 8) -> tuple[list[Image], list[Image]]:
    """Images of bright cells in a cloudy background, and their masks."""
    rng = np.random.default_rng(7)
    masks = [cells(rng, each) for _ in range(count)]
    return [strength * mask + noise(rng, 3) + noise(rng, 0.8) / 4 for mask in masks], masks


def test_true_pairs_are_confirmed() -> None:
    fit = fit_of(pairs_of(*cell_images(30, 6)))
    assert fit == Fit(confirmed=True)


@pytest.mark.parametrize("strength", [0, 0.2, 0.7, 1.5])
@pytest.mark.parametrize("each", [1, 8])
def test_nothing_is_said_where_outlines_hardly_show(strength: float, each: int) -> None:
    fit = fit_of(pairs_of(*cell_images(40, strength, each)))
    assert (fit.shifts, fit.better, fit.exchange) == ({}, {}, {})
    assert strength > 0 or not fit.confirmed


def test_an_exchange_is_found_and_undone() -> None:
    images, masks = cell_images(30, 6)
    masks[4], masks[11], masks[20] = masks[11], masks[20], masks[4]
    fit = fit_of(pairs_of(images, masks))
    assert fit.exchange == {4: 20, 11: 4, 20: 11}
    assert fit.better == fit.exchange
    assert not fit.confirmed
    assert fit.shifts == {}


def test_a_set_that_is_wrong_throughout_is_found() -> None:
    images, masks = cell_images(20, 6)
    fit = fit_of(pairs_of(images, [*masks[1:], masks[0]]))
    assert fit.exchange == {number: (number - 1) % 20 for number in range(20)}


@pytest.mark.parametrize(("down", "right"), [(6, 0), (-9, 3), (0, 12)])
def test_a_shift_is_found_with_its_way(down: int, right: int) -> None:
    images, masks = cell_images(30, 6)
    masks[5] = np.roll(masks[5], (down, right), (0, 1))
    fit = fit_of(pairs_of(images, masks))
    assert list(fit.shifts) == [5]
    found = np.array(fit.shifts[5]) * SIZE / 64
    assert np.abs(found - (down, right)).max() <= 1.5
    assert fit.better == {}


def test_a_shift_of_the_whole_set_is_its_own_way() -> None:
    images, masks = cell_images(30, 6)
    fit = fit_of(pairs_of(images, [np.roll(mask, 3, 0) for mask in masks]))
    assert (fit.shifts, fit.better) == ({}, {})


def test_a_shift_is_told_from_the_way_that_the_whole_set_has() -> None:
    images, masks = cell_images(30, 6)
    masks = [np.roll(mask, 4, 0) for mask in masks]
    masks[5] = np.roll(masks[5], 9, 0)
    fit = fit_of(pairs_of(images, masks))
    assert list(fit.shifts) == [5]
    assert np.abs(np.array(fit.shifts[5]) * SIZE / 64 - (9, 0)).max() <= 1.5


def test_few_pairs_and_own_targets_are_not_judged() -> None:
    images, masks = cell_images(4, 6)
    assert fit_of(pairs_of(images, masks[::-1])) == Fit()
    assert fit_of([]) == Fit()


@pytest.mark.parametrize("shift", [(0, 0), (3, -5), (16, -16), (-16, 16)])
def test_offsets_are_scored_as_by_moving_one_image_over_the_other(shift: tuple[int, int]) -> None:
    """Nothing of the other edge gets in, also at the largest offset."""
    rng = np.random.default_rng(3)
    ours, theirs = rng.normal(0, 1, (2, 1, 64, 64)).astype(np.float32)
    window = np.outer(*[np.hanning(66)[1:-1]] * 2)
    (one, other) = (side[0] * window / np.linalg.norm(side[0] * window) for side in (ours, theirs))
    moved = np.zeros((128, 128))
    moved[32 + shift[0] : 96 + shift[0], 32 + shift[1] : 96 + shift[1]] = one
    offsets, tables = likeness.best_offsets(ours, theirs)
    wanted = float((moved[32:96, 32:96] * other).sum())
    assert tables.shape == (1, 33, 33)
    assert tables[0, 16 + shift[0], 16 + shift[1]] == pytest.approx(wanted, abs=1e-6)
    place = np.unravel_index(tables[0].argmax(), (33, 33))
    assert tuple(offsets[0]) == (place[0] - 16, place[1] - 16)

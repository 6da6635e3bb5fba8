"""The drawn sample set: exact, complete, reproducible, and not solvable by intensity."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from deepimagetranslator.core.phantom.person import BUILDS
from deepimagetranslator.core.phantom.scanner import COLOURS
from deepimagetranslator.core.sample import SAMPLE_PEOPLE, draw_slice, write_sample

NUMBERS = range(1, len(SAMPLE_PEOPLE) + 1)
RED, GREEN, LEAN = 1, 2, 3


@cache
def person(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Every fourth of a person's slices: images (8, 128, 128), classes (8, 128, 128)."""
    drawn = [draw_slice(number, index, 128) for index in range(0, 30, 4)]
    images = np.stack([image[..., 0] for image, _ in drawn])
    return images, np.stack([classes(target) for _, target in drawn])


def classes(target: np.ndarray) -> np.ndarray:
    """0 to 3 for black, red, green and blue; fails on any other colour."""
    found = (target[..., None, :] == COLOURS).all(axis=-1)
    assert found.any(axis=-1).all()
    return found.argmax(axis=-1)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_there_are_six_people_or_more_with_names_in_order() -> None:
    assert len(SAMPLE_PEOPLE) >= 6
    assert tuple(f"person{number:02d}" for number in NUMBERS) == SAMPLE_PEOPLE


@pytest.mark.parametrize("size", [64, 100, 128, 512])
def test_a_slice_has_its_size_and_only_the_four_colours(size: int) -> None:
    image, target = draw_slice(2, 12, size)
    assert image.shape == (size, size, 1)
    assert target.shape == (size, size, 3)
    assert image.dtype == target.dtype == np.uint8
    assert set(np.unique(classes(target))) == {0, RED, GREEN, LEAN}


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    first, again, other = (draw_slice(3, 7, 64, seed) for seed in (5, 5, 6))
    for a, b, c in zip(first, again, other, strict=True):
        assert np.array_equal(a, b)
        assert not np.array_equal(a, c)


def test_every_size_shows_the_same_anatomy() -> None:
    small, large = (classes(draw_slice(1, 15, size)[1]) for size in (128, 512))
    shrunk = large[2::4, 2::4]
    for kind in (RED, GREEN, LEAN):
        assert dice(small == kind, shrunk == kind) > 0.9


@pytest.mark.parametrize("number", NUMBERS)
def test_every_person_has_a_good_part_of_each_tissue(number: int) -> None:
    _, labels = person(number)
    body = (labels > 0).sum()
    for kind, least in ((RED, 0.1), (GREEN, 0.08), (LEAN, 0.3)):
        assert (labels == kind).sum() > least * body


def test_who_is_built_with_more_of_a_fat_shows_more_of_it() -> None:
    built, drawn = [], []
    for (half_width, fat, visceral, *_), number in zip(BUILDS, NUMBERS, strict=True):
        red, green, lean = ((person(number)[1] == kind).sum() for kind in (RED, GREEN, LEAN))
        built.append((fat / half_width, visceral))
        drawn.append((red / (green + lean), green / (green + lean)))
    for wanted, seen in zip(np.transpose(built), np.transpose(drawn), strict=True):
        assert np.corrcoef(wanted, seen)[0, 1] > 0.9
        assert seen.max() > 1.3 * seen.min()


@pytest.mark.parametrize("number", NUMBERS)
def test_subcutaneous_fat_is_outermost_and_the_wall_parts_it_from_visceral_fat(number: int) -> None:
    for labels in person(number)[1]:
        near_visceral = cv2.dilate((labels == GREEN).astype(np.uint8), np.ones((3, 3), np.uint8))
        assert ((near_visceral == 1) & (labels == RED)).sum() <= 0.01 * (labels == GREEN).sum()
        for turned in (labels, labels[:, ::-1], labels.T, labels.T[:, ::-1]):
            lines = turned[(turned > 0).any(axis=1)]
            outermost = lines[np.arange(len(lines)), (lines > 0).argmax(axis=1)]
            assert (outermost == RED).mean() > 0.85


@pytest.mark.parametrize("number", NUMBERS)
def test_slices_change_little_by_little(number: int) -> None:
    drawn = [classes(draw_slice(number, index, 64)[1]) for index in range(8, 14)]
    for one, following in pairwise(drawn):
        assert 0.8 < (one == following).mean() < 0.999
        assert dice(one == RED, following == RED) > 0.75


def test_people_differ() -> None:
    middle = [person(number)[1][4] for number in NUMBERS]
    for i, one in enumerate(middle):
        for other in middle[i + 1 :]:
            assert (one != other).mean() > 0.05


@pytest.mark.parametrize("number", NUMBERS)
def test_both_fats_have_the_same_brightness_and_grain(number: int) -> None:
    images, labels = person(number)
    core = np.ones((5, 5), np.uint8)
    means, spreads = [], []
    for kind in (RED, GREEN):
        deep = np.stack([cv2.erode((part == kind).astype(np.uint8), core) for part in labels])
        values = images[deep.astype(bool)].astype(float)
        means.append(values.mean())
        spreads.append(values.std())
    assert abs(means[0] - means[1]) < 2.0
    assert abs(spreads[0] - spreads[1]) < 1.0
    assert means[0] == pytest.approx((-100 + 250) / 500 * 255, abs=4)


def windows(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """What is seen of pixels, (n, 51): the 5x5 window, its values in order, their spread."""
    padded = np.pad(image.astype(np.float32) / 255, 2, mode="edge")
    raw = np.lib.stride_tricks.sliding_window_view(padded, (5, 5)).reshape(-1, 25)[pixels]
    return np.hstack([raw, np.sort(raw, axis=1), 4 * raw.std(axis=1, keepdims=True)])


class WindowClassifier:
    """Least squares on 300 random cosine features (an approximate Gaussian-kernel machine).

    The classes are balanced. A vote of the 25 nearest windows was about as good.
    """

    def __init__(self, numbers: list[int]) -> None:
        rng = np.random.default_rng(0)
        seen, said = [], []
        for number in numbers:
            for image, labels in zip(*person(number), strict=True):
                flat = labels.ravel()
                for kind in range(4):
                    picked = rng.permutation(np.flatnonzero(flat == kind))[:60]
                    seen.append(windows(image, picked))
                    said.append(flat[picked])
        values = np.vstack(seen)
        self.mean, self.spread = values.mean(axis=0), values.std(axis=0)
        self.waves = rng.normal(0, 0.12, (values.shape[1], 300)).astype(np.float32)
        self.phases = rng.uniform(0, 2 * np.pi, 300).astype(np.float32)
        known = self._features(values)
        votes = np.eye(4)[np.concatenate(said)]
        square = known.T @ known + 0.1 * np.eye(300)
        self.weights = np.linalg.solve(square, known.T @ votes).astype(np.float32)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        return (self._features(values) @ self.weights).argmax(axis=1)

    def _features(self, values: np.ndarray) -> np.ndarray:
        return np.cos((values - self.mean) / self.spread @ self.waves + self.phases)


@pytest.mark.parametrize("held_out", [3, 6])
def test_a_window_of_5x5_pixels_tells_fat_from_lean_but_not_fat_from_fat(held_out: int) -> None:
    classify = WindowClassifier([number for number in NUMBERS if number != held_out])
    images, labels = person(held_out)
    pixels = np.arange(0, labels[0].size, 3)
    guessed = np.concatenate([classify(windows(image, pixels)) for image in images])
    labels = labels.reshape(len(labels), -1)[:, pixels].ravel()
    red, green, lean = (dice(guessed == kind, labels == kind) for kind in (RED, GREEN, LEAN))
    fat = dice((guessed == RED) | (guessed == GREEN), (labels == RED) | (labels == GREEN))
    print(f"5x5 windows, person {held_out}: {red=:.3f} {green=:.3f} {fat=:.3f} {lean=:.3f}")
    assert fat > 0.93  # it is no poor classifier
    assert lean > 0.93
    assert min(red, green) < 0.6


def test_the_set_is_written_completely_under_its_names(tmp_path) -> None:
    folder = tmp_path / "Beispiel – 例"
    told: list[tuple[int, int]] = []
    sample = write_sample(folder, 64, (1, 6), 3, report=lambda done, of: told.append((done, of)))
    assert told == [(done, 6) for done in range(1, 7)]
    assert list(sample.pairs) == ["person01", "person06"]
    expected = {
        folder / name / kind / f"{name}_slice{index:03d}.png"
        for name in sample.pairs
        for kind in ("images", "targets")
        for index in (1, 2, 3)
    }
    written = {path for pairs in sample.pairs.values() for pair in pairs for path in pair}
    assert written == expected == {path for path in folder.rglob("*") if path.is_file()}
    for number, pairs in zip((1, 6), sample.pairs.values(), strict=True):
        for index, (image_path, target_path) in enumerate(pairs):
            image, target = draw_slice(number, index, 64, slices=3)
            assert np.array_equal(decoded(image_path), image[..., 0])
            assert np.array_equal(decoded(target_path)[..., ::-1], target)


def decoded(path) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize(
    ("number", "index", "size"), [(0, 0, 64), (99, 0, 64), (1, 30, 64), (1, 0, 4)]
)
def test_what_cannot_be_drawn_is_refused(number: int, index: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"There is no|needs at least"):
        draw_slice(number, index, size)

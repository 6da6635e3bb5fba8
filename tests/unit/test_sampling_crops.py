"""Crops: the same place in input and target, reproducible, in full resolution, without black."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepimagetranslator.core.augmentation import sampling
from deepimagetranslator.core.augmentation.pipeline import margin
from deepimagetranslator.core.augmentation.sampling import PairReader, PairSampler
from deepimagetranslator.core.config.specs import AugmentationSpec, ModelSpec
from deepimagetranslator.core.data.crops import default_side, random_crop
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image

SIDE = 32
HEIGHT, WIDTH = 90, 120
BIG = 2**30
UNITS = IntensityNormalization("type", 0.0, 65535.0, "uint16")
STILL = AugmentationSpec(
    **{
        f"{name}_{side}": False
        for name in ("scaling", "rotation", "translation", "flip")
        for side in ("input", "target")
    }
)
MOVED = AugmentationSpec(scaling=6.0, translation=5.0, elastic_input=True, elastic_target=True)


def pixels(number: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Values that are all different, and none black: they tell their place."""
    return (1000 * (number + 1) + np.arange(height * width, dtype=np.uint16)).reshape(
        height, width, 1
    )


def dataset(folder: Path, ratio: int = 1, size: tuple[int, int] = (HEIGHT, WIDTH), **rest: Any):
    """Three pairs; a target is its input, each pixel repeated ``ratio`` times down and across."""
    pairs = []
    for number in range(3):
        image = pixels(number, *size)
        pair = ImagePair(
            ImageRef(folder / f"image{number}.png"), ImageRef(folder / f"target{number}.png")
        )
        write_image(pair.input.file, image)
        write_image(pair.target.file, image.repeat(ratio, axis=0).repeat(ratio, axis=1))
        pairs.append(pair)
    model = ModelSpec(
        depth=3,
        input_height=SIDE,
        input_width=SIDE,
        input_channels=1,
        target_height=SIDE * ratio,
        target_width=SIDE * ratio,
        target_channels=1,
        final_activation="linear",
    )
    found = Dataset(tuple(pairs), tuple(pairs), model, UNITS, UNITS, None, sparse=False, crops=True)
    return replace(found, **rest)


def sampler(
    data: Dataset,
    augmentation: AugmentationSpec = STILL,
    *,
    seed: int = 1,
    cache: int = BIG,
    validation: bool = False,
) -> PairSampler:
    return PairSampler(PairReader(data, cache), data.train, augmentation, seed, validation)


def place(x: np.ndarray, number: int) -> tuple[int, int]:
    """Where in the image a crop comes from; every pixel must be right."""
    values = UNITS.from_unit(x)
    row, column = divmod(int(values[0, 0, 0]) - 1000 * (number + 1), WIDTH)
    whole = pixels(number)[row : row + SIDE, column : column + SIDE]
    np.testing.assert_array_equal(values, whole)
    return row, column


def test_a_crop_is_a_part_of_the_image_and_every_place_occurs(tmp_path):
    draw = sampler(dataset(tmp_path)).sample
    places = {place(draw(epoch, 1)[0], 1) for epoch in range(1, 200)}
    assert len(places) > 150
    rows, columns = (np.array(side) for side in zip(*places, strict=True))
    assert rows.min() < 6 and rows.max() > HEIGHT - SIDE - 6
    assert columns.min() < 6 and columns.max() > WIDTH - SIDE - 6


def test_the_first_and_the_last_place_occur_as_often_as_the_others():
    model = ModelSpec(input_height=4, input_width=4, target_height=4, target_width=4)
    rng = np.random.default_rng(1)
    windows = [random_crop((6, 5), model, (0, 0), rng)[0].window for _ in range(600)]
    found = Counter((window.top, window.left) for window in windows)
    assert found.keys() == {(top, left) for top in range(3) for left in range(2)}
    assert min(found.values()) > 60


@pytest.mark.parametrize("ratio", [1, 2])
def test_input_and_target_are_cut_at_the_same_place(tmp_path, ratio):
    draw = sampler(dataset(tmp_path, ratio)).sample
    for epoch in range(1, 9):
        x, y = draw(epoch, 2)
        assert x.shape == (SIDE, SIDE, 1) and y.shape == (SIDE * ratio, SIDE * ratio, 1)
        np.testing.assert_array_equal(x.repeat(ratio, axis=0).repeat(ratio, axis=1), y)


def test_a_target_of_half_the_size_is_cut_on_whole_pixels():
    model = ModelSpec(input_height=32, input_width=32, target_height=16, target_width=16)
    rng = np.random.default_rng(1)
    for _ in range(50):
        ours, theirs = random_crop((91, 77), model, (7, 9), rng)
        for part in ("window", "frame"):
            mine, other = getattr(ours, part), getattr(theirs, part)
            assert (mine.top, mine.left) == (2 * other.top, 2 * other.left)
        assert theirs.frame.size == (16, 16)


def test_a_draw_depends_only_on_seed_epoch_and_position(tmp_path):
    data = dataset(tmp_path)
    first = [sampler(data, MOVED).sample(epoch, 0)[0] for epoch in (1, 2)]
    again = sampler(data, MOVED, cache=0)
    again.sample(7, 1)
    np.testing.assert_array_equal(again.sample(2, 0)[0], first[1])
    np.testing.assert_array_equal(again.sample(1, 0)[0], first[0])
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(sampler(data, MOVED, seed=2).sample(1, 0)[0], first[0])


def test_augmentation_does_not_move_the_place(tmp_path):
    data = dataset(tmp_path)
    noisy = replace(STILL, brightness_input=True)
    still, bright = sampler(data).sample(3, 0)[1], sampler(data, noisy).sample(3, 0)[1]
    np.testing.assert_array_equal(still, bright)


def test_validation_takes_one_fixed_crop_per_image(tmp_path):
    draw = sampler(dataset(tmp_path), MOVED, validation=True).sample
    places = []
    for number in range(3):
        x, _ = draw(1, number)
        np.testing.assert_array_equal(x, draw(5, number)[0])
        places.append(place(x, number))
    assert len(set(places)) == 3


@pytest.mark.parametrize("size", [(20, 50), (9, 12), (20, 20)])
@pytest.mark.parametrize("ratio", [1, 2])
def test_a_smaller_image_is_continued_by_its_mirror_image(tmp_path, size, ratio):
    x, y = sampler(dataset(tmp_path, ratio, size)).sample(1, 0)
    np.testing.assert_array_equal(x.repeat(ratio, axis=0).repeat(ratio, axis=1), y)
    values = UNITS.from_unit(x)[..., 0]
    mirrored = np.concatenate([values[: size[0]], values[: size[0]][::-1]])[:SIDE]
    np.testing.assert_array_equal(values[: len(mirrored)], mirrored)
    assert set(values.ravel()) <= set(pixels(0, *size).ravel())


@pytest.mark.parametrize("stretch", [1.0, 1.3])
def test_turning_moving_and_stretching_bring_in_the_image_not_black(tmp_path, stretch):
    """In the middle of an image all that augmentation asks for is there."""
    size = (200, 220)
    data = dataset(tmp_path, 2, size)
    turned = replace(
        MOVED, rotation=180.0, stretch=stretch, stretch_input=True, stretch_target=True
    )
    around = margin(turned, (SIDE, SIDE))
    draw = sampler(data, turned)
    inside = 0
    for epoch in range(1, 60):
        ours, _ = random_crop(
            size, data.model, around, sampling.sample_generator(draw.seed, epoch, 0)
        )
        full = (SIDE + 2 * around[0], SIDE + 2 * around[1])
        if ours.window.size == full:
            inside += 1
            x, y = draw.sample(epoch, 0)
            assert x.min() > 990 / 65535 and y.min() > 990 / 65535
    assert inside > 10


def test_input_and_target_move_together(tmp_path):
    """A horizontal ramp and its target of twice the size stay equal after every movement."""
    data = dataset(tmp_path, 2)
    ramp = np.linspace(5000, 60000, WIDTH * 2).astype(np.uint16)
    for pair in data.train:
        write_image(
            pair.target.file, np.broadcast_to(ramp[None, :, None], (HEIGHT * 2, WIDTH * 2, 1))
        )
        small = ramp.reshape(WIDTH, 2).mean(axis=1).astype(np.uint16)
        write_image(pair.input.file, np.broadcast_to(small[None, :, None], (HEIGHT, WIDTH, 1)))
    for epoch in range(1, 20):
        x, y = sampler(data, MOVED).sample(epoch, 1)
        halved = y.reshape(SIDE, 2, SIDE, 2).mean(axis=(1, 3))
        there = (x[..., 0] > 0.05) & (halved > 0.05)
        there[[0, -1]] = there[:, [0, -1]] = False  # black comes in where the image ends
        difference = np.abs(x[..., 0] - halved)[there]
        assert np.median(difference) < 2e-3


def test_2021s_augmentation_sees_the_crop_alone(tmp_path):
    data = dataset(tmp_path)
    old = replace(AugmentationSpec(), behaviour="2021", rotation=45.0)
    assert margin(old, (SIDE, SIDE)) == (0, 0)
    blacks = [float((sampler(data, old).sample(epoch, 0)[0] == 0).mean()) for epoch in range(1, 9)]
    assert max(blacks) > 0.05  # its black corners


def test_operations_that_do_not_apply_need_no_margin():
    ticked = replace(STILL, rotation_input=True)
    assert margin(STILL, (64, 64)) == (0, 0)
    assert margin(ticked, (64, 64))[0] > 0
    assert margin(ticked, (64, 64), validation=True) == (0, 0)
    assert margin(replace(STILL, rotation_target=True), (64, 64)) == margin(ticked, (64, 64))
    assert margin(replace(ticked, rotation=180.0), (64, 64)) == (14, 14)  # the half diagonal
    assert margin(replace(STILL, translation_input=True), (64, 32)) == (30, 30)
    assert margin(replace(STILL, stretch_input=True, stretch=1.5), (64, 32)) == (16, 8)
    assert margin(replace(STILL, stretch_input=True, behaviour="2021"), (64, 32)) == (0, 0)


def test_label_maps_are_cut_as_classes(tmp_path):
    data = dataset(tmp_path)
    colours = np.array([(0, 0, 0), (255, 0, 0), (0, 0, 255)], np.uint8)
    for number, pair in enumerate(data.train):
        write_image(pair.target.file, colours[pixels(number)[..., 0] % 3])
    palette = Palette(tuple(tuple(map(int, colour)) for colour in colours), "uint8")
    model = replace(data.model, target_channels=3, final_activation="softmax")
    data = replace(data, palette=palette, model=model)
    for epoch in (1, 2, 3):
        x, y = sampler(data).sample(epoch, 0)
        assert y.shape == (SIDE, SIDE, 1)
        np.testing.assert_array_equal(
            np.rint(y * 255).astype(int), UNITS.from_unit(x).astype(int) % 3
        )


def test_a_range_per_image_is_that_of_the_whole_image(tmp_path):
    scaling = IntensityNormalization("image", 0.0, 65535.0, "uint16")
    x, _ = sampler(dataset(tmp_path, input_scaling=scaling)).sample(1, 0)
    low, high = pixels(0).min(), pixels(0).max()
    _, y = sampler(dataset(tmp_path)).sample(1, 0)
    np.testing.assert_allclose(x, (y * 65535 - low) / (high - low), atol=1e-4)


def test_images_beyond_the_budget_are_read_again_one_at_a_time(tmp_path, monkeypatch):
    data = dataset(tmp_path)
    monkeypatch.setattr(sampling, "_LARGE_BYTES", 1)
    none, all_of_them = sampler(data, MOVED, cache=0), sampler(data, MOVED)
    for position in range(3):
        np.testing.assert_array_equal(
            none.sample(4, position)[0], all_of_them.sample(4, position)[0]
        )
    assert not none.reader._kept and len(all_of_them.reader._kept) == 3
    assert not none.reader._one_at_a_time.locked()


def test_the_side_that_is_taken_if_none_is_chosen():
    assert default_side([(10_000, 15_000), (3000, 2000)], 5) == 512
    assert default_side([(700, 300), (400, 500)], 5) == 288  # 300 is not halved four times
    assert default_side([(9, 700)], 5) == 16

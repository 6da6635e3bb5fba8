"""The 2021 behaviour against recordings of that program, and against Augmentor's Distort.

The recordings lie in ``tests/data/augmentation_2021``, two of each operation: its inputs, settings,
outputs, and every random number that it drew.
"""

import json
import random
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from Augmentor.Operations import Distort
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from deepimagetranslator.core.augmentation.legacy_2021 import GeneratorSource, run
from deepimagetranslator.core.augmentation.pipeline import augment, sample_generator
from deepimagetranslator.core.config.specs import OPERATIONS, OPERATIONS_2021, AugmentationSpec

ROOT = Path(__file__).parents[2]
RECORDINGS = sorted((ROOT / "tests/data/augmentation_2021").glob("*.npz"))

# That program's names of amounts, and of operations in its ticks.
AMOUNTS = {
    "s_p": "scaling",
    "r_d": "rotation",
    "t_p": "translation",
    "d_n": "drop_count",
    "d_s": "drop",
    "b_p": "blur",
    "n_p": "noise",
    "b_u": "brightness",
    "c_u": "contrast",
    "rp_prob": "ripple",
}
TICKS = {
    "s": "scaling",
    "r": "rotation",
    "t": "translation",
    "f": "flip",
    "d": "drop",
    "b": "blur",
    "n": "noise",
    "br": "brightness",
    "c": "contrast",
    "rp": "ripple",
}
SIDES = {"in": "input", "tar": "target"}


class Replay:
    """Gives recorded draws in their order, and insists on being asked for just these."""

    def __init__(self, kinds, rows):
        self._draws = list(zip(kinds.tolist(), rows.tolist(), strict=True))
        self._next = 0

    def _take(self, kind, low, high):
        found, (found_low, found_high, value) = self._draws[self._next]
        assert (found, found_low, found_high) == (kind, low, high), f"draw {self._next}"
        self._next += 1
        return value

    def uniform(self, low, high):
        return self._take("uniform", low, high)

    def randint(self, low, high):
        return int(self._take("randint", low, high))

    def ripple(self, size):
        pixels = [(self.randint(7, 12), self.uniform(0, 1)) for _ in range(size[0] * size[1])]
        return tuple(np.array(part).reshape(size) for part in zip(*pixels, strict=True))

    def noise(self, size, probability):
        drawn = [
            self._take("normal", 0, 1) if self.uniform(0, 1) < probability else 0.0
            for _ in range(size[0] * size[1])
        ]
        return np.array(drawn).reshape(size)

    @property
    def finished(self):
        return self._next == len(self._draws)


def ticked(*operations, target=True, **amounts):
    """A spec of the 2021 behaviour in which just these operations are ticked."""
    ticks = {
        f"{name}_{side}": name in operations and (side == "input" or target)
        for name in OPERATIONS
        for side in ("input", "target")
    }
    return AugmentationSpec(behaviour="2021", **ticks, **amounts)


def spec_of(recorded):
    values = dict.fromkeys(
        (f"{name}_{side}" for name in OPERATIONS for side in SIDES.values()), False
    )
    for key, value in recorded.items():
        if key in AMOUNTS:
            values[AMOUNTS[key]] = value
        else:
            side, operation = key.split("_")
            values[f"{TICKS[operation]}_{SIDES[side]}"] = bool(value)
    return AugmentationSpec(behaviour="2021", **values)


def assert_repeats(path):
    record = np.load(path)
    replay = Replay(record["draw_kind"], record["draw_low_high_value"])
    spec = spec_of(json.loads(str(record["settings"])))
    outputs = run([record["input"], record["target"]], spec, lambda _name: replay)
    np.testing.assert_array_equal(outputs[0], record["input_out"])
    np.testing.assert_array_equal(outputs[1], record["target_out"])
    assert replay.finished


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_gives_the_recorded_outputs_for_the_recorded_draws(path):
    assert_repeats(path)


def test_every_operation_was_recorded():
    recorded = {path.stem.rsplit("-")[0] for path in RECORDINGS}
    assert recorded >= set(OPERATIONS_2021) - {"elastic"} | {
        "geometry",
        "noise_both",
        "ripple_both",
    }


class _PythonSource(GeneratorSource):
    """As Augmentor draws: from Python's generator."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def randint(self, low, high):
        return self._random.randint(low, high)

    def uniform(self, low, high):
        return low


@pytest.mark.parametrize("size", [(32, 48), (45, 64), (50, 30), (13, 30)])
def test_elastic_is_augmentors_distort(size):
    height, width = size
    image = np.random.default_rng(3).integers(0, 256, (*size, 3), dtype=np.uint8)
    state = random.getstate()
    random.seed(11)
    distort = Distort(1.0, width // 7, height // 7, 2)
    (expected,) = distort.perform_operation([Image.fromarray(image)])
    random.setstate(state)

    def draws(name):
        return _PythonSource(11 if name == "elastic" else 0)

    given_both = run([image, image], ticked("elastic", elastic=2.0), draws)
    np.testing.assert_array_equal(given_both[0], np.array(expected))
    np.testing.assert_array_equal(given_both[1], np.array(expected))


def pair(seed=0, size=(40, 56), target_size=None):
    rng = np.random.default_rng(seed)
    values = [rng.integers(0, 256, (*s, 3)) for s in (size, target_size or size)]
    return tuple(v.astype(np.float32) / np.float32(255) for v in values)


@pytest.mark.parametrize("operation", OPERATIONS_2021)
def test_each_operation_does_something_in_steps_of_255_with_one_draw_for_both_sides(operation):
    image = pair()[0]
    spec = ticked(operation)
    changed = 0
    for index in range(8):
        one, other = augment((image, image), spec, sample_generator(1, 0, index))
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.float32
        assert one.min() >= 0
        assert one.max() <= 1
        np.testing.assert_allclose(one * 255, np.rint(one * 255), atol=1e-4)
        changed += not np.array_equal(one, image)
    assert changed >= 3


@given(seed=st.integers(0, 2**40), epoch=st.integers(0, 999), index=st.integers(0, 99999))
@settings(max_examples=10)
def test_draws_depend_on_seed_epoch_and_index_alone(seed, epoch, index):
    images = pair()
    spec = ticked(*OPERATIONS)
    first = augment(images, spec, sample_generator(seed, epoch, index))
    again = augment(images, spec, sample_generator(seed, epoch, index))
    assert [a.tobytes() for a in first] == [a.tobytes() for a in again]


def test_a_draw_stays_when_another_operation_is_ticked():
    images = pair()
    alone = augment(images, ticked("noise", target=False), sample_generator(1, 2, 3))
    both = augment(images, ticked("noise", "drop", target=False), sample_generator(1, 2, 3))
    same = (alone[0] == both[0]).all(axis=2)
    assert same.mean() > 0.3
    assert (both[0][~same] == 0).mean() > 0.9


def test_values_wrap_modulo_256():
    grey = np.full((64, 64, 3), 0.5, np.float32)
    noisy, _ = augment((grey, None), ticked("noise", noise=1.0), sample_generator(0, 0, 1))
    touched = noisy[noisy != noisy[0, 0]]
    assert np.ptp(touched) > 0.95
    # Clipped values would pile up at both ends; wrapped ones spread.
    assert (noisy == 0).mean() + (noisy == 1).mean() < 0.05


def test_the_side_without_a_tick_keeps_all_its_bits():
    image, target = pair()
    target = target + np.float32(0.001)
    result = augment((image, target), ticked(*OPERATIONS, target=False), sample_generator(0, 0, 0))
    np.testing.assert_array_equal(result[1], target)


@pytest.mark.parametrize("operation", OPERATIONS_2021)
@pytest.mark.parametrize("sizes", [((40, 56), (20, 28)), ((30, 44), (45, 50)), ((5, 5), (3, 9))])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6])
def test_targets_of_another_size_and_any_channels_are_taken(operation, sizes, channels):
    image, target = pair(0, *sizes)
    target = np.repeat(target[..., :1], channels, axis=2)
    spec = ticked(operation)
    results = augment((image, target), spec, sample_generator(4, 0, 0))
    for before, after in zip((image, target), results, strict=True):
        assert after.shape == before.shape
        assert after.dtype == np.float32
        assert np.isfinite(after).all()


def test_a_smaller_target_moves_with_its_input():
    y, x = np.mgrid[:64, :96].astype(np.float32)
    image = np.repeat((np.hypot(y - 20, x - 60) < 12)[..., None], 3, axis=2).astype(np.float32)
    target = image[::2, ::2]
    spec = ticked("rotation", "scaling", "translation", "flip", scaling=8.0, translation=8.0)
    for index in range(6):
        big, small = augment((image, target), spec, sample_generator(9, 0, index))
        assert np.abs(big[::2, ::2] - small).mean() < 0.04


def test_a_label_target_gets_no_new_colours():
    image, target = pair()
    target = np.where(target > 0.5, np.float32(1), np.float32(0))
    for index in range(4):
        _, changed = augment(
            (image, target), ticked(*OPERATIONS), sample_generator(0, 0, index), label_target=True
        )
        assert np.isin(changed, (0, 1)).all()


def test_the_names_of_amounts_are_those_of_the_spec():
    names = {field.name for field in fields(AugmentationSpec)}
    assert set(AMOUNTS.values()) <= names
    assert set(TICKS.values()) < set(OPERATIONS_2021)


def test_operations_that_2021_did_not_have_do_nothing():
    images = pair()
    spec = ticked(*set(OPERATIONS) - set(OPERATIONS_2021))
    assert augment(images, spec, sample_generator(0, 0, 0)) == images
    some = ("noise", "rotation", "drop")
    alone, beside = (
        augment(images, ticked(*names), sample_generator(0, 0, 0)) for names in (some, OPERATIONS)
    )
    without = augment(images, ticked(*OPERATIONS_2021), sample_generator(0, 0, 0))
    assert [a.tobytes() for a in beside] == [a.tobytes() for a in without]
    assert [a.tobytes() for a in alone] != [a.tobytes() for a in without]

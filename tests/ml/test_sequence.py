"""Batches: the same whatever the threads, labels exact, errors plain, no thread left."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import COLOURS, STILL, classes_of, picture, project_of, target, write_set

from deepimagetranslator.core.augmentation import sampling
from deepimagetranslator.core.augmentation.sampling import PairReader, PairSampler
from deepimagetranslator.core.checks.examination import prepare
from deepimagetranslator.core.config.specs import AugmentationSpec
from deepimagetranslator.core.data import targets
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.ml import devices, sequence
from deepimagetranslator.ml.sequence import PairSequence

RESTLESS = AugmentationSpec(
    scaling=4.0, translation=4.0, elastic_input=True, elastic_target=True, noise_input=True
)
UNLIMITED = 2**30


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return write_set(tmp_path_factory.mktemp("sets"), range(7), size=(24, 40))


def dataset_of(files, **choices: Any) -> Dataset:
    return prepare(project_of(files, **choices).specs)


def batches_of(
    data: Dataset,
    augmentation: AugmentationSpec = RESTLESS,
    *,
    seed: int = 1,
    batch_size: int = 2,
    epoch: int = 1,
    cache: int = UNLIMITED,
    validation: bool = False,
    steps: int = 0,
) -> PairSequence:
    sampler = PairSampler(PairReader(data, cache), data.train, augmentation, seed, validation)
    return PairSequence(sampler, batch_size, epoch, steps=steps)


def one_epoch(batches: PairSequence, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """All of an epoch, in the order of the pairs, asked for as Keras asks."""
    batches.epoch = epoch
    parts = [batches[index] for index in range(len(batches))]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    back = np.argsort(batches.sampler.order(epoch))
    return x[back], y[back]


def test_a_batch_depends_only_on_seed_epoch_and_pair(files, monkeypatch):
    data = dataset_of(files)
    found = []
    for processors, batch_size, cache in ((1, 2, UNLIMITED), (4, 3, 0), (2, 7, 3000)):
        monkeypatch.setattr(sequence.os, "cpu_count", lambda n=processors: n)
        batches = batches_of(data, batch_size=batch_size, cache=cache)
        try:
            found.append([one_epoch(batches, epoch) for epoch in (1, 2)])
        finally:
            batches.close()
    for other in found[1:]:
        for (x, y), (other_x, other_y) in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(x, other_x)
            np.testing.assert_array_equal(y, other_y)
    assert not np.array_equal(found[0][0][0], found[0][1][0])  # another epoch, another draw


def test_a_run_that_begins_later_draws_the_same_epoch(files):
    data = dataset_of(files)
    early, late = batches_of(data), batches_of(data, epoch=3)
    try:
        # Keras fetches the first items before the first epoch begins.
        assert late[0][0].shape == early[0][0].shape
        one_epoch(early, 1)
        one_epoch(early, 2)
        for ours, theirs in zip(one_epoch(late, 3), one_epoch(early, 3), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    finally:
        early.close()
        late.close()


def test_a_number_of_steps_goes_on_pass_after_pass(files):
    data = dataset_of(files)
    usual, chosen = batches_of(data, batch_size=1), batches_of(data, batch_size=2, steps=5)
    try:
        assert (len(chosen), chosen.images, usual.images) == (5, 10, len(data.train))
        expected = [
            usual.sampler.sample(done, int(position))[0]
            for done in (1, 2, 3)
            for position in usual.sampler.order(done)
        ]
        found = []
        for epoch in (1, 2):
            chosen.epoch = epoch
            found += [chosen[index][0] for index in range(5)]
            named = [image for index in range(5) for image in chosen.inputs(index)]
            assert len(named) == 10
        assert all(len(batch) == 2 for batch in found)
        np.testing.assert_array_equal(np.concatenate(found), np.stack(expected[:20]))
    finally:
        usual.close()
        chosen.close()


def test_one_image_makes_an_epoch_of_many_steps(files):
    data = dataset_of(files)
    only = batches_of(replace(data, train=data.train[:1]), steps=4)
    try:
        only.epoch = 1
        batches = [only[index][0] for index in range(4)]
        assert [len(batch) for batch in batches] == [2] * 4
        images = np.concatenate(batches)
        assert not any(np.array_equal(images[0], other) for other in images[1:])
    finally:
        only.close()


def test_another_seed_draws_otherwise(files):
    data = dataset_of(files)
    one, other = batches_of(data), batches_of(data, seed=2)
    try:
        assert not np.array_equal(one.batch(1, 0)[0], other.batch(1, 0)[0])
    finally:
        one.close()
        other.close()


def test_each_epoch_sees_every_pair_once_in_an_order_of_its_own(files):
    batches = batches_of(dataset_of(files), STILL, batch_size=3)
    try:
        assert len(batches) == 3
        orders = [tuple(batches.sampler.order(epoch)) for epoch in range(1, 20)]
        assert all(sorted(order) == list(range(7)) for order in orders)
        assert len(set(orders)) > 15
        assert [len(batches.batch(4, index)[0]) for index in range(3)] == [3, 3, 1]
        for position, x in enumerate(one_epoch(batches, 4)[0]):
            np.testing.assert_array_equal(x, picture(position, 24, 40) / np.float32(255))
    finally:
        batches.close()


def test_validation_keeps_order_and_one_draw_per_image(files):
    noisy = replace(STILL, noise_input=True, noise_validation=True, flip_input=True)
    batches = batches_of(dataset_of(files), noisy, validation=True)
    try:
        first, later = (one_epoch(batches, epoch) for epoch in (1, 5))
        np.testing.assert_array_equal(first[0], later[0])
        assert list(batches.sampler.order(3)) == list(range(7))
        clean = np.stack([picture(n, 24, 40) / np.float32(255) for n in range(7)])
        assert not np.array_equal(first[0], clean)  # the noise is there, the flips are not
        assert np.abs(first[0] - clean).mean() < 0.15
        np.testing.assert_array_equal(
            first[1], np.stack([target(n, 24, 40) / np.float32(255) for n in range(7)])
        )
    finally:
        batches.close()


def test_label_colours_stay_exact_after_augmentation(files):
    batches = batches_of(dataset_of(files))
    try:
        colours = {
            tuple(colour)
            for epoch in range(1, 4)
            for colour in one_epoch(batches, epoch)[1].reshape(-1, 3).tolist()
        }
        assert colours <= {tuple(colour) for colour in (COLOURS / 255).tolist()}
    finally:
        batches.close()


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_classes_come_as_numbers_or_one_hot(files, loss):
    data = dataset_of(files, training={"loss": loss})
    assert data.palette is not None and data.classes == 3
    # The palette is in the order of values: black, blue (the core), red (the disc).
    numbers = np.array([0, 2, 1])[classes_of(0, 24, 40)]
    batches = batches_of(data, STILL, batch_size=7)
    moving = batches_of(data, batch_size=7)
    try:
        y = one_epoch(batches, 1)[1]
        if data.sparse:
            np.testing.assert_array_equal(y[0, ..., 0], numbers)
            assert set(np.unique(one_epoch(moving, 1)[1])) <= {0.0, 1.0, 2.0}
        else:
            np.testing.assert_array_equal(y[0], np.eye(3)[numbers])
            moved = one_epoch(moving, 1)[1]
            assert moved.shape == (7, 24, 40, 3)
            assert set(np.unique(moved)) == {0.0, 1.0} and (moved.sum(-1) == 1).all()
    finally:
        batches.close()
        moving.close()


def test_deep_supervision_gets_the_target_twice(files):
    batches = batches_of(dataset_of(files, model={"deep_supervision": True}))
    try:
        y = batches.batch(1, 0)[1]
        assert set(y) == {"final", "coarse"}
        np.testing.assert_array_equal(y["final"], y["coarse"])
    finally:
        batches.close()


def test_images_of_other_sizes_become_the_networks(tmp_path):
    small = write_set(tmp_path / "a", range(2), size=(24, 40))
    large = write_set(tmp_path / "b", range(2, 4), size=(31, 50))
    both = (small[0] + large[0], small[1] + large[1])
    data = dataset_of(both, model={"target_height": 48, "target_width": 70})
    batches = batches_of(data, STILL, batch_size=4)
    try:
        x, y = one_epoch(batches, 1)
        assert x.shape == (4, 24, 40, 1) and y.shape == (4, 48, 70, 3)
        colours = {tuple(colour) for colour in y.reshape(-1, 3).tolist()}
        assert colours <= {tuple(colour) for colour in (COLOURS / 255).tolist()}
    finally:
        batches.close()


def test_a_file_is_read_once_within_the_budget_and_again_beyond(files, monkeypatch):
    reads: list[Path] = []
    real = sampling.read_image

    def counted(path):
        reads.append(path)
        return real(path)

    for module in (sampling, targets):
        monkeypatch.setattr(module, "read_image", counted)
    data = dataset_of(files)
    pair_bytes = 24 * 40 * (1 + 3)
    for budget, read_each_epoch in ((UNLIMITED, 0), (3 * pair_bytes, 4), (0, 7)):
        batches = batches_of(data, cache=budget)
        try:
            for epoch in (1, 2):
                reads.clear()
                for index in range(len(batches)):
                    batches.batch(epoch, index)
        finally:
            batches.close()
        assert len(reads) == 2 * read_each_epoch


def test_a_bad_file_arrives_as_the_original_error(tmp_path):
    files = write_set(tmp_path, range(4))
    data = dataset_of(files)
    Path(files[0][2]).write_bytes(b"no image any more")
    batches = batches_of(data)
    try:
        with pytest.raises(UserError, match=r"slice02\.png") as caught:
            one_epoch(batches, 1)
        assert batches.error is caught.value
    finally:
        batches.close()


def test_a_label_colour_that_appears_later_is_named(tmp_path):
    files = write_set(tmp_path, range(3))
    data = dataset_of(files, training={"loss": "categorical_crossentropy"})
    wrong = target(1)
    wrong[5, 6] = (1, 2, 3)
    write_image(files[1][1], wrong)
    batches = batches_of(data)
    try:
        with pytest.raises(UserError, match=r"slice01\.png has the colour \(1, 2, 3\)"):
            one_epoch(batches, 1)
    finally:
        batches.close()


def test_the_engine_is_fed_all_batches_in_order_and_tunes_nothing(files):
    batches = batches_of(dataset_of(files), batch_size=3)
    try:
        fed = devices.feed(batches)
        assert {spec.shape[0] for spec in fed.element_spec} == {None}
        assert {spec.shape[0] for spec in devices.feed(batches, True).element_spec} == {1}
        assert len(fed) == len(batches) == 3
        for epoch in (1, 2):
            batches.epoch = epoch
            for index, (x, y) in enumerate(fed):
                ours = batches.batch(epoch, index)
                np.testing.assert_array_equal(x, ours[0])
                np.testing.assert_array_equal(y, ours[1])
        # tf.data's tuner would let every second epoch or so wait for seconds.
        assert fed.options().autotune.enabled is False
    finally:
        batches.close()


def test_close_ends_the_threads_and_drops_the_images(files):
    before = threading.active_count()
    batches = batches_of(dataset_of(files))
    batches[0]
    assert threading.active_count() > before
    batches.close()
    assert threading.active_count() == before
    assert not batches._ahead and not batches.sampler.reader._kept

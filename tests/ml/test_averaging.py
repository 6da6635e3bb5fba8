"""The moving average of the weights: what is kept, validated and resumed.

``test_devices.py`` has it with float16 and on two devices.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from tiny import project_of, write_set

from deepimagetranslator.core.augmentation.sampling import PairReader, PairSampler
from deepimagetranslator.core.checks.examination import prepare
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import AugmentationSpec
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import training, weights
from deepimagetranslator.ml.network.averaging import WeightAverage, newest_share
from deepimagetranslator.ml.network.losses import build_loss
from deepimagetranslator.ml.progress import ProgressCallback
from deepimagetranslator.ml.sequence import PairSequence

SHARE = 0.2
RESTLESS = AugmentationSpec(noise_input=True, drop_input=True, scaling=4.0)
EPOCHS = 3


def mean_of(values: list[np.ndarray], averaging: float) -> np.ndarray:
    """The mean in which value i, from 1, counts Gamma(i + p) / Gamma(i), about i to the power p."""
    power = 1 / averaging - 2
    counts = [math.exp(math.lgamma(i + power) - math.lgamma(i)) for i in range(1, len(values) + 1)]
    return np.average(values, axis=0, weights=counts)


# --- the average itself ------------------------------------------------------------------------


@pytest.mark.parametrize("averaging", [0.02, 0.1, 0.35, 0.5])
def test_the_average_has_its_mean_age_and_its_weights(averaging):
    variable = keras.Variable(np.zeros(2), dtype="float32")
    average = WeightAverage([variable], averaging)
    values = [np.array([step, (7 * step) % 5]) for step in range(1, 61)]
    for step, value in enumerate(values, start=1):
        variable.assign(value)
        average.update(step)
        (found,) = average.arrays().values()
        assert step - found[0] == pytest.approx(averaging * (step - 1), abs=1e-4)
    np.testing.assert_allclose(found, mean_of(values, averaging), rtol=1e-5)


def test_the_limits_are_the_last_weights_and_the_plain_mean():
    assert [newest_share(0.0, step) for step in (1, 2, 50)] == [1, 1, 1]
    assert [newest_share(0.5, step) for step in (1, 2, 50)] == pytest.approx([1, 1 / 2, 1 / 50])


def test_steps_that_were_skipped_leave_the_first_weights():
    variable = keras.Variable([3.0])
    average = WeightAverage([variable], SHARE)
    for step in (0, 0, 1):  # float16 overflows: the optimizer counts no step
        average.update(step)
        assert average.arrays()["average_0"] == pytest.approx(3)


def test_the_networks_own_weights_come_back_unrounded_whatever_happens():
    own = np.float32([1e-30, 1 / 3, 1e30])
    variable = keras.Variable(own)
    average = WeightAverage([variable], SHARE)
    average.update(1)
    variable.assign(own * 3)
    with pytest.raises(Cancelled), average.in_place():
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), own)
        raise Cancelled
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), own * 3)


# --- a training --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """Muon, dropout, augmentation, two steps of unequal size an epoch."""
    folder = tmp_path_factory.mktemp("averaging")
    return project_of(
        write_set(folder / "train", range(3)),
        write_set(folder / "val", range(6, 8)),
        model={"depth": 1, "dropout": 0.4},
        training={
            "epochs": EPOCHS,
            "averaging": SHARE,
            "learning_rate": 0.01,
            "schedule": "constant",
            "recognize_unlike": False,
        },
        augmentation=RESTLESS,
    )


def with_training(project: Project, **choices: Any) -> Project:
    spec = replace(project.specs.training, **choices)
    return replace(project, specs=replace(project.specs, training=spec))


def run(project: Project, folder: Path, **options: Any) -> RunFolder:
    training.train(project, folder, **options)
    return RunFolder(folder)


def column(folder: RunFolder, *names: str) -> list[float]:
    return [row[name] for row in folder.read_history() for name in names]


def numbers(path: Path) -> list[np.ndarray]:
    """The weights that a file gives to whoever loads it."""
    return weights.load(path)[0].get_weights()


def layers(path: Path) -> list[np.ndarray]:
    """The weights of the layers as the file holds them."""
    found = []

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and name.startswith("layers/"):
            found.append(item[()])

    with h5py.File(path) as file:
        file.visititems(take)
    return found


def assert_same_state(one: RunFolder, other: RunFolder) -> None:
    """All that the runs go on with is equal: weights, averages, optimizer, random states."""
    found, expected = ({}, {})  # type: tuple[dict[str, Any], dict[str, Any]]
    for folder, arrays in ((one, found), (other, expected)):

        def take(name: str, item: Any, arrays: dict[str, Any] = arrays) -> None:
            if isinstance(item, h5py.Dataset) and item.dtype != np.uint8:
                arrays[name] = item[()]

        with h5py.File(folder.last) as file:
            file.visititems(take)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.fixture(scope="module")
def whole(project, tmp_path_factory) -> tuple[RunFolder, list[list[np.ndarray]]]:
    """A whole run, and the network's own weights after each of its steps."""
    steps: list[list[np.ndarray]] = []
    real = ProgressCallback.on_train_batch_end

    def watched(self: Any, batch: int, logs: Any = None) -> None:
        steps.append(self.model.get_weights())
        real(self, batch, logs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProgressCallback, "on_train_batch_end", watched)
        folder = run(project, tmp_path_factory.mktemp("runs") / "whole")
    return folder, steps


def test_checkpoints_hold_the_average_of_all_steps_so_far(whole):
    folder, steps = whole
    assert len(steps) == 2 * EPOCHS
    assert folder.improvements()
    for improvement in folder.improvements():
        until = steps[: 2 * improvement.epoch]
        for found, *values in zip(numbers(improvement.path), *until, strict=True):
            np.testing.assert_allclose(found, mean_of(values, SHARE), atol=1e-6)
    assert weights.read_card(folder.best).training["averaging"] == SHARE


def test_the_state_holds_the_last_weights_and_gives_the_average(whole):
    folder, steps = whole
    own = {array.tobytes() for array in steps[-1] if array.size > 1}
    assert {array.tobytes() for array in layers(folder.last)} >= own
    for found, *values in zip(numbers(folder.last), *steps, strict=True):
        np.testing.assert_allclose(found, mean_of(values, SHARE), atol=1e-6)


def test_validation_is_that_of_the_average(whole, project):
    dataset = prepare(project.specs)
    sampler = PairSampler(PairReader(dataset, 0), dataset.val, RESTLESS, 1, True)
    x, y = PairSequence(sampler, 2, 1, 1).batch(1, 0)
    network, card = weights.load(whole[0].last)
    loss = build_loss(project.specs.training.loss, card.model.final_activation)
    expected = float(loss(y, network(x)))
    assert column(whole[0], "val_loss")[-1] == pytest.approx(expected, abs=1e-5)


def test_resumed_after_its_end_and_in_a_validation_it_is_the_same(
    whole, project, tmp_path, monkeypatch
):
    """Nothing of the average depends on the planned number of steps, or on what was interrupted."""
    run(with_training(project, epochs=1), tmp_path / "run")
    control = JobControl()
    real = ProgressCallback.on_test_batch_end

    def cancelling(self: Any, batch: int, logs: Any = None) -> None:
        if self._epoch == EPOCHS:
            control.cancel.set()
        real(self, batch, logs)

    with monkeypatch.context() as patch, pytest.raises(Cancelled):
        patch.setattr(ProgressCallback, "on_test_batch_end", cancelling)
        run(project, tmp_path / "run", resume=True, control=control)
    assert weights.read_state(tmp_path / "run" / "last.weights.h5")["epoch"] == EPOCHS - 1
    resumed = run(project, tmp_path / "run", resume=True)
    assert column(resumed, "loss", "val_loss") == column(whole[0], "loss", "val_loss")
    assert_same_state(resumed, whole[0])

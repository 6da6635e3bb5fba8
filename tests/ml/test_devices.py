"""Several devices, tried with two made out of the processor; and float16 with loss scaling.

Two devices need a process of their own (``several_devices.py``), which trains all cases in turn;
each is trained here too, on one device.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import several_devices

from deepimagetranslator.ml import devices, training_job
from deepimagetranslator.ml.network.sharing import LossScaling

CHILD_SECONDS = 1200  # of a machine ten times slower

# Five training and three validation pairs. Two devices split batches of 2, 2, 1 and 2, 1 into equal
# shares and one of no image at all; 3, 2 and 3 into shares of 2 and 1 image.
SAME: dict[str, dict[str, Any]] = {
    "no image for one": {
        "model": {"normalization": "none", "initialization": "data_dependent"},
        "training": {
            "batch_size": 2,
            "loss": "dice_crossentropy",
            "metrics": ("mse", "dice", "dice_score", "psnr"),
            "epochs": 3,
        },
    },
    "unequal shares": {
        "model": {"depth": 3, "deep_supervision": True, "normalization": "group"},
        "training": {
            "batch_size": 3,
            "loss": "sparse_categorical_crossentropy",
            # Adam would make much of the rounding in gradients that should be zero: those of
            # biases before a normalization.
            "optimizer": "sgd",
            "metrics": ("mse", "iou"),
            "averaging": 0.3,
        },
    },
    "a batch that cannot be split": {"model": {}, "training": {"batch_size": 1, "epochs": 1}},
}
HALF = {
    "model": {"dropout": 0.3},
    "training": {
        "batch_size": 2,
        "precision": "float16",
        "epochs": 3,
        "metrics": ("mse",),
        "averaging": 0.2,
    },
}


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> dict[str, Any]:
    """What came of all cases on two devices."""
    cases = SAME | {"half": HALF, "half, resumed": HALF | {"cancel_in": 3}}
    folder = tmp_path_factory.mktemp("two devices")
    child = subprocess.Popen(
        [sys.executable, several_devices.__file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, problems = child.communicate(json.dumps(cases), CHILD_SECONDS)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    assert child.returncode == 0, problems
    return json.loads(out.splitlines()[-1])


@pytest.mark.parametrize("name", SAME)
def test_two_devices_train_as_one_does_with_the_same_batches(two, name, tmp_path):
    one = several_devices.train(tmp_path, "run", **SAME[name])
    assert len(one["rows"]) == len(two[name]["rows"]) == SAME[name]["training"].get("epochs", 2)
    for ours, theirs in zip(one["rows"], two[name]["rows"], strict=True):
        assert all(math.isfinite(value) for value in ours.values())
        assert theirs == pytest.approx(ours, abs=1e-4, rel=1e-5)
    assert two[name]["best"] == pytest.approx(one["best"], abs=1e-3)


def test_the_user_is_told_of_the_split(two):
    assert "Each step is split over 2 CPUs." in two["no image for one"]["log"]
    assert (
        "Batch size 1 uses 1 of 2 CPUs; a batch size of 2 or more would use all."
        in two["a batch that cannot be split"]["log"]
    )


def test_a_cancelled_float16_training_on_two_devices_resumes_exactly(two):
    whole, resumed = two["half"], two["half, resumed"]
    assert resumed["rows"] == whole["rows"]
    assert resumed["last"] == whole["last"]


def test_tensorflow_gets_its_own_copy_of_each_batch(monkeypatch):
    # It wrote a device's results over validation images, whose loss then changed at random.
    import tensorflow as tf  # noqa: PLC0415

    taken: list[Any] = []
    made = tf.data.Dataset.from_generator

    def from_generator(generator: Any, **options: Any) -> Any:
        taken.extend(generator())
        return made(generator, **options)

    monkeypatch.setattr(tf.data.Dataset, "from_generator", from_generator)
    x, y = np.ones((1, 8, 8, 3), np.float32), np.ones((1, 8, 8, 1), np.float32)
    devices.feed([(x, {"final": y})])
    ((copied, outputs),) = taken
    assert np.array_equal(copied, x) and not np.shares_memory(copied, x)
    assert np.array_equal(outputs["final"], y) and not np.shares_memory(outputs["final"], y)


def test_an_overflow_on_any_device_skips_the_step(two):
    assert two["overflow"] == {"unchanged": True, "scale": 4.0}


def test_one_device_needs_no_strategy():
    context, sentence = devices.distribution(4)
    with context:
        assert not devices.sharing()
    assert sentence == ""


def test_a_float16_training_resumes_exactly(tmp_path):
    whole = several_devices.train(tmp_path, "whole", **HALF)
    resumed = several_devices.train(tmp_path, "resumed", **HALF, cancel_in=2)
    assert resumed["rows"] == whole["rows"]
    assert resumed["last"] == whole["last"]


def test_steps_whose_gradients_overflow_are_skipped_and_training_goes_on(tmp_path, monkeypatch):
    scales: list[float] = []

    class Watched(LossScaling):
        def save_own_variables(self, store: Any) -> None:
            scales.append(float(self.dynamic_scale))
            super().save_own_variables(store)

    monkeypatch.setattr(
        training_job, "LossScaling", lambda inner: Watched(inner, initial_scale=2.0**120)
    )
    case = {"model": {}, "training": {"batch_size": 1, "precision": "float16", "epochs": 30}}
    rows = several_devices.train(tmp_path, "run", **case)["rows"]
    losses = [row["loss"] for row in rows]
    # Five steps an epoch, all of them skipped at first: nothing is learnt, and nothing breaks.
    assert scales[0] == 2.0**115
    assert losses[1] == pytest.approx(losses[0], abs=1e-6)
    assert rows[1]["val_loss"] == rows[0]["val_loss"]
    assert np.isfinite(losses).all()
    assert 1 <= scales[-1] < 2.0**40
    assert losses[-1] < losses[0] - 0.05


def test_other_backends_do_not_fuse_normalization(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setattr(devices, "gpu_names", list)
    assert not devices.fuses_normalization()
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert devices.fuses_normalization()
    monkeypatch.setattr(devices, "gpu_names", lambda: ["a GPU"])
    assert not devices.fuses_normalization()

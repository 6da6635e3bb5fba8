"""The learning rate's way through a training, and Muon's steps."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from deepimagetranslator.core.config.specs import TrainingSpec
from deepimagetranslator.ml.network import optimizers
from deepimagetranslator.ml.network.optimizers import Muon, build_optimizer


def rates(steps: int, **choices: object) -> list[float]:
    """The learning rate before each step and after the last."""
    training = TrainingSpec(learning_rate=0.01, **choices)
    optimizer = build_optimizer(training, steps)
    found = []
    for step in range(steps + 1):
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    return found


def test_cosine_rises_evenly_and_falls_to_zero():
    found = rates(100, warmup=9)
    np.testing.assert_allclose(found[:10], np.linspace(0.001, 0.01, 10), rtol=1e-5)
    falling = 0.01 * (1 + np.cos(np.pi * np.arange(92) / 91)) / 2
    np.testing.assert_allclose(found[9:], falling, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("steps", [1, 2, 4, 5, 12])
def test_a_short_training_warms_up_for_a_fifth_of_it(steps):
    found = rates(steps, warmup=20)
    assert np.argmax(found) == steps // 5
    assert max(found) == pytest.approx(0.01)
    assert found[-1] == pytest.approx(0, abs=1e-8)


def test_without_warmup_and_without_schedule():
    assert rates(10, warmup=0)[0] == pytest.approx(0.01)
    np.testing.assert_allclose(rates(5, schedule="constant"), 0.01)


KERNELS = {"square": (3, 3, 4, 36), "tall": (3, 3, 16, 8), "wide": (3, 3, 1, 16)}


def steps(optimizer: keras.optimizers.Optimizer, start: np.ndarray, count: int = 3) -> np.ndarray:
    """A variable after some steps along random gradients."""
    variable = keras.Variable(start, dtype="float32")
    gradients = np.random.default_rng(2).normal(size=(count, *start.shape))
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient, "float32")], [variable])
    return keras.ops.convert_to_numpy(variable)


@pytest.mark.parametrize("shape", KERNELS.values(), ids=KERNELS)
def test_muon_moves_a_kernel_as_keras_moves_its_matrix(shape):
    start = np.random.default_rng(1).normal(size=shape)
    keras_own = keras.optimizers.Muon(0.1, weight_decay=None, adam_weight_decay=None)
    expected = steps(keras_own, start.reshape(-1, shape[-1]))
    np.testing.assert_allclose(steps(Muon(0.1), start).reshape(expected.shape), expected, atol=2e-5)
    assert np.abs(expected.ravel() - start.ravel()).max() > 0.01


@pytest.mark.parametrize("shape", [(7,), (1, 1, 8, 3)], ids=["bias", "last layer"])
def test_muon_moves_all_else_as_adam_does(shape):
    start = np.random.default_rng(1).normal(size=shape)
    adam = keras.optimizers.Adam(0.1)
    np.testing.assert_allclose(steps(Muon(0.1), start), steps(adam, start), atol=1e-6)


def rounded(values: Any) -> Any:
    """Float32 with the seven bits of bfloat16: fewer than the ten that TF32 leaves."""
    return keras.ops.cast(keras.ops.cast(values, "bfloat16"), "float32")


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e6])
@pytest.mark.parametrize("rank", [0, 1, 5])
@pytest.mark.parametrize("exact", [True, False], ids=["float32", "rounded products"])
def test_muon_steps_by_its_learning_rate_whatever_the_gradients(rank, size, exact, monkeypatch):
    if not exact:
        matmul = keras.ops.matmul
        monkeypatch.setattr(optimizers.ops, "matmul", lambda a, b: matmul(rounded(a), rounded(b)))
    random = np.random.default_rng(3)
    gradient = size * random.normal(size=(288, rank)) @ random.normal(size=(rank, 64))
    variable = keras.Variable(np.zeros((3, 3, 32, 64)), dtype="float32")
    Muon(0.1).apply(
        [keras.ops.convert_to_tensor(gradient.reshape(3, 3, 32, 64), "float32")], [variable]
    )
    moved = keras.ops.convert_to_numpy(variable)
    assert np.isfinite(moved).all()
    # At full rank the root mean square would be 0.2 of the rate.
    expected = 0.1 * 0.2 * np.sqrt(rank / 64)
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(expected, rel=0.35, abs=1e-9)

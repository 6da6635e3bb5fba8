"""The learning rate's way through a training."""

from __future__ import annotations

import numpy as np
import pytest

from deepimagetranslator.core.specs import TrainingSpec
from deepimagetranslator.ml.optimizers import build_optimizer


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

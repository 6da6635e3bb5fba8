"""A moving average of the weights over the training steps, which is validated and kept.

Weights near the end of a training step around a minimum; their mean lies nearer to it. After
Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992. The average is
that of Shamir and Zhang, "Stochastic gradient descent for non-smooth optimization", ICML 2013, the
weights after step i counting in proportion to a power of i. As in Karras et al., "Analyzing and
improving the training dynamics of diffusion models", CVPR 2024, it is given by a share of the
training: an average over a share of the steps so far needs no warm-up, as the weights after the
first step are its beginning, and is the same share of every training, however many steps it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from deepimagetranslator.ml.network.sharing import SharedModel
from deepimagetranslator.ml.weights_contents import AVERAGE


def newest_share(averaging: float, step: Any) -> Any:
    """The share of the weights after a step in the average after it.

    The mean age of the weights in the average is then ``averaging * (step - 1)`` steps.

    Args:
        averaging: from 0, where only the newest weights count, to 0.5, where all count alike.
        step: from 1.
    """
    return (1 - averaging) / (averaging * step + 1 - 2 * averaging)


class WeightAverage:
    """The moving average of some variables.

    Args:
        variables: those of a network, which keeps its own values.
        averaging: a ``TrainingSpec.averaging`` over 0.
    """

    def __init__(self, variables: Sequence[Any], averaging: float) -> None:
        self._variables = list(variables)
        self._averages = [keras.Variable(variable, trainable=False) for variable in variables]
        self._averaging = averaging

    def update(self, step: Any) -> None:
        """Add the weights after a step, counted from 1.

        Steps are not counted while float16 overflows: up to the first one the average is the
        weights themselves.
        """
        step = ops.maximum(ops.cast(step, "float32"), 1)
        share = newest_share(self._averaging, step)
        for average, variable in zip(self._averages, self._variables, strict=True):
            average.assign_add(share * (ops.stop_gradient(variable) - average))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside the block the network has the average weights; afterwards its own, unrounded."""
        own = [np.array(ops.convert_to_numpy(variable)) for variable in self._variables]
        try:
            _assign(self._variables, self._averages)
            yield
        finally:
            _assign(self._variables, own)

    def arrays(self) -> dict[str, np.ndarray]:
        """The averages by the names under which a state stores them."""
        return {
            f"{AVERAGE}{number}": np.array(ops.convert_to_numpy(average))
            for number, average in enumerate(self._averages)
        }

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Take the averages from a state."""
        _assign(self._averages, [stored[f"{AVERAGE}{n}"] for n in range(len(self._averages))])


class AveragedModel(SharedModel):
    """A model that keeps an average of its weights, which ``evaluate`` and validation use.

    Attributes:
        average: to be set before the first step.
    """

    average: WeightAverage

    def train_step(self, data: Any) -> Any:
        logs = super().train_step(data)
        self.average.update(self.optimizer.iterations)
        return logs

    def evaluate(self, *arguments: Any, **options: Any) -> Any:
        with self.average.in_place():
            return super().evaluate(*arguments, **options)


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)

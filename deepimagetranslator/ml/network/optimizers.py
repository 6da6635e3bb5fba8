"""Optimizers by name with their learning-rate schedule, and Muon for convolutions."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from deepimagetranslator.core.config.specs import TrainingSpec

_FACTORS_AT_ONCE = 3


def build_optimizer(training: TrainingSpec, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer with its learning-rate schedule.

    The cosine schedule is that of Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts. Its
    linear warm-up is after Goyal et al., "Accurate, large minibatch SGD", 2017.

    Args:
        training: has the optimizer, learning rate and schedule.
        steps: total number of planned training steps; the cosine schedule reaches 0 after them.
    """
    rate: Any = training.learning_rate
    if training.schedule == "cosine":
        warmup = min(training.warmup, steps // 5)
        rate = keras.optimizers.schedules.CosineDecay(
            rate / (warmup + 1),
            decay_steps=max(1, steps - warmup),
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    classes = {
        "muon": Muon,
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
        "adagrad": keras.optimizers.Adagrad,
        "adadelta": keras.optimizers.Adadelta,
    }
    return classes[training.optimizer](learning_rate=rate)


class Muon(keras.optimizers.Muon):
    """Keras' Muon, which is limited to matrices, extended to 3x3 convolution kernels.

    The update of a kernel is its orthogonalized momentum, so that directions with small gradients
    are learnt as fast as others. After Jordan et al., "Muon: An optimizer for hidden layers in
    neural networks", 2024. A kernel is flattened to a matrix (height * width * input channels,
    output channels). Updates are scaled as in Liu et al., "Muon is scalable for LLM training",
    2025, so that learning rates for Adam fit. All other weights are updated by Adam (Kingma and
    Ba, "Adam", ICLR 2015). There is no weight decay.

    Args:
        learning_rate: a number or a schedule.
    """

    def __init__(self, learning_rate: Any) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=None, adam_weight_decay=None)

    def _should_use_adamw(self, variable: Any) -> bool:
        # A private hook of Keras, which would use Adam for everything but matrices.
        return len(variable.shape) != 4 or variable.shape[0] == 1

    def lr_adjust(self, x: Any) -> Any:
        """Scale an orthogonalized update to a root mean square of about ``rms_rate``.

        The root mean square is lower if the gradients have low rank.
        """
        return x * (self.rms_rate * max(np.prod(x.shape[:-1]), x.shape[-1]) ** 0.5)

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Orthogonalize a kernel by Newton-Schulz iteration, see Jordan et al. 2024.

        The result has the same singular vectors and nearly equal singular values, 0.7 to 1.2.

        Keras multiplies the whole matrix X by a quadratic polynomial of X'X in each of the
        ``steps``. Here the product of up to three such factors is computed from the small matrix
        X'X alone, which takes a third of the time. With more factors rounding errors would grow
        too much: on a GPU that multiplies in TF32 the result for gradients of low rank would be
        useless.

        Args:
            x: the momentum of a kernel, (height, width, input channels, output channels).
            steps: the number of iterations.
        """
        matrix = ops.reshape(x, (-1, x.shape[-1]))
        matrix = matrix / (ops.sqrt(ops.sum(ops.square(matrix))) + self.epsilon)
        unit = np.eye(x.shape[-1], dtype="float32")
        for done in range(0, steps, _FACTORS_AT_ONCE):
            square, product = ops.matmul(ops.transpose(matrix), matrix), unit
            for _ in range(done, min(done + _FACTORS_AT_ONCE, steps)):
                factor = self.muon_a * unit + self.muon_b * square
                factor = factor + self.muon_c * ops.matmul(square, square)
                product = ops.matmul(product, factor)
                square = ops.matmul(ops.matmul(square, factor), factor)
            matrix = ops.matmul(matrix, product)
        return ops.reshape(matrix, x.shape)

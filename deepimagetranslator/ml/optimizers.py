"""The optimizers by name, each with its learning rate's schedule; Muon for convolutions."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from deepimagetranslator.core.config.specs import TrainingSpec

_FACTORS_AT_ONCE = 3


def build_optimizer(training: TrainingSpec, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer with its schedule.

    Args:
        training: names optimizer, learning rate and schedule.
        steps: planned training steps in all; the cosine schedule (Loshchilov and Hutter 2017,
            SGDR, without restarts) reaches zero after them. Its linear warm-up is after Goyal et
            al., "Accurate, large minibatch SGD", 2017.
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
    """Keras' Muon, which it keeps to matrices, for the 3x3 convolutions too.

    Every step of a kernel is its momentum made orthogonal, so that all directions are learnt alike,
    those with small gradients too. After Jordan et al., "Muon: An optimizer for hidden layers in
    neural networks", 2024, who flatten a kernel to (height * width * channels in, channels out);
    with the scale of Liu et al., "Muon is scalable for LLM training", 2025, by which Adam's
    learning rates fit. Whatever is no 3x3 kernel learns by Adam. Without weight decay, as Adam.

    Args:
        learning_rate: a number or a schedule.
    """

    def __init__(self, learning_rate: Any) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=None, adam_weight_decay=None)

    def _should_use_adamw(self, variable: Any) -> bool:
        # Keras' own hook, though its name is private: it would keep to Adam but for matrices.
        return len(variable.shape) != 4 or variable.shape[0] == 1

    def lr_adjust(self, x: Any) -> Any:
        """A change of a kernel, scaled to a root mean square of ``rms_rate`` times the rate.

        About that, if all its directions are learnt; less, if the gradients have but a few.
        """
        return x * (self.rms_rate * max(np.prod(x.shape[:-1]), x.shape[-1]) ** 0.5)

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """A kernel with the same directions and nearly equal singular values, 0.7 to 1.2.

        Keras multiplies the whole matrix X by p(X'X) in each of the ``steps``, p being a quadratic
        polynomial. The product of three such factors is the same if made from the small X'X alone,
        which takes a third of the time. Made of more, it would let rounding grow: where gradients
        have few directions, to nonsense on a GPU that multiplies in TF32.
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

"""The optimizers by name, each with its learning rate's schedule."""

from __future__ import annotations

from typing import Any

import keras

from deepimagetranslator.core.specs import TrainingSpec


def build_optimizer(training: TrainingSpec, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer with its schedule.

    Args:
        training: names optimizer, learning rate and schedule.
        steps: planned training steps in all; the cosine schedule (Loshchilov and Hutter 2017,
            SGDR, without restarts) reaches zero after them.
    """
    rate: Any = training.learning_rate
    if training.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, decay_steps=max(1, steps))
    classes = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
        "adagrad": keras.optimizers.Adagrad,
        "adadelta": keras.optimizers.Adadelta,
    }
    return classes[training.optimizer](learning_rate=rate)

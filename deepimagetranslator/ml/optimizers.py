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
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
        "adagrad": keras.optimizers.Adagrad,
        "adadelta": keras.optimizers.Adadelta,
    }
    return classes[training.optimizer](learning_rate=rate)

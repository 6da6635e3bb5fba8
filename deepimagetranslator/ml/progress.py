"""A Keras callback that reports the progress of training and handles requests to end it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from deepimagetranslator.core.checks.context import named
from deepimagetranslator.core.config.chosen import info_of
from deepimagetranslator.core.config.specs import TrainingSpec
from deepimagetranslator.core.errors import Remedy, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages.events import BatchEnded, EpochStarted, Report
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.ml.network.unet import COARSE, FINAL
from deepimagetranslator.ml.sequence import PairSequence

_SECONDS_BETWEEN_BATCH_EVENTS = 0.2
_NAMED = 4  # images of a batch


def not_a_number(epoch: int, training: TrainingSpec, images: Sequence[ImageRef] = ()) -> UserError:
    """The error for a loss that is not finite; the remedy is a tenth of the learning rate.

    Args:
        epoch: the epoch, from 1.
        training: the settings.
        images: the inputs of the batch; none in validation.
    """
    where = f" at the batch of {named(images, _NAMED)}" if images else ""
    message = (
        f"The loss became nan or infinite in epoch {epoch}{where}; the best weights so far are "
        "kept. Choose a smaller learning rate, or precision float32, and train again from the best "
        "weights; if it happens at the same images, check their values."
    )
    low = info_of("training.learning_rate").low or 0.0
    return UserError(
        message, remedy=Remedy((("training.learning_rate", max(low, training.learning_rate / 10)),))
    )


def renamed(logs: Mapping[str, Any]) -> dict[str, float]:
    """Rename Keras' losses and metrics to the names in history.csv.

    With deep supervision ``loss`` and the metrics are those of the final output alone, and Keras'
    weighted sum is ``total_loss``; the same holds for names with ``val_``.
    """
    values = {name: float(value) for name, value in logs.items()}
    result = {}
    for name, value in values.items():
        prefix = "val_" if name.startswith("val_") else ""
        bare = name.removeprefix("val_")
        if f"{prefix}{FINAL}_loss" in values and bare == "loss":
            result[f"{prefix}total_loss"] = value
        elif not bare.startswith(f"{COARSE}_"):
            result[prefix + bare.removeprefix(f"{FINAL}_")] = value
    return dict(sorted(result.items(), key=_column))


def _column(item: tuple[str, float]) -> tuple[bool, bool, bool]:
    """Sort key: training before validation; loss, then total_loss, then the metrics."""
    bare = item[0].removeprefix("val_")
    return bare != item[0], bare != "loss", bare != "total_loss"


class ProgressCallback(keras.callbacks.Callback):
    """Reports EpochStarted and BatchEnded, cancels, and stops if the loss is nan or infinite.

    Args:
        train: the training batches; their ``epoch`` is set when an epoch begins.
        training: the settings, with the total number of epochs.
        report: called with each event.
        control: the caller's requests.
        epoch_ended: called after each complete epoch with its number (from 1), its values and its
            duration in seconds; returns True to end the training.
    """

    def __init__(
        self,
        train: PairSequence,
        training: TrainingSpec,
        report: Report,
        control: JobControl,
        epoch_ended: Callable[[int, dict[str, float], float], bool],
    ) -> None:
        super().__init__()
        self._train = train
        self._training = training
        self._epochs = training.epochs
        self._report = report
        self._control = control
        self._epoch_ended = epoch_ended
        self._epoch = 0
        self._epoch_start = 0.0
        self._epoch_seconds: list[float] = []
        self._reported = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch + 1
        self._train.epoch = self._epoch
        self._epoch_start = time.monotonic()
        self._report(EpochStarted(self._epoch, self._epochs, len(self._train)))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._control.between_steps()
        if not math.isfinite(logs["loss"]):
            raise not_a_number(self._epoch, self._training, self._train.inputs(batch))
        now = time.monotonic()
        last = batch + 1 == len(self._train)
        if not last and now - self._reported < _SECONDS_BETWEEN_BATCH_EVENTS:
            return
        self._reported = now
        loss = renamed(logs)["loss"]
        left = self._seconds_left(batch + 1, now)
        self._report(BatchEnded(self._epoch, batch + 1, len(self._train), loss, left))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._control.between_steps()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.monotonic() - self._epoch_start
        self._epoch_seconds.append(seconds)
        if self._epoch_ended(epoch + 1, renamed(logs or {}), seconds):
            self.model.stop_training = True

    def _seconds_left(self, batches_done: int, now: float) -> float | None:
        """Estimated seconds to the end of the training.

        The estimate uses the mean of the last five epochs; in the first epoch, its steps so far.
        """
        elapsed = now - self._epoch_start
        part = batches_done / len(self._train)
        if self._epoch_seconds:
            recent = self._epoch_seconds[-5:]
            per_epoch = sum(recent) / len(recent)
        elif batches_done > 1:
            per_epoch = elapsed / part
        else:
            return None
        return max(0.0, per_epoch * (self._epochs - self._epoch + 1 - part))

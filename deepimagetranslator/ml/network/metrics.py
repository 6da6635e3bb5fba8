"""Metrics by name: the losses, PSNR and SSIM, and Dice and IoU per channel.

They take the same arrays as the losses: ``y_pred`` (batch, height, width, channels), and
``y_true`` of that shape or, if the targets are sparse, (batch, height, width, 1) class numbers.
They accumulate over the epoch in float32 and are never nan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from deepimagetranslator.core.data.labels.exclusive import region
from deepimagetranslator.core.evaluation.measures import THRESHOLD
from deepimagetranslator.ml.network import losses

Tensor = Any

BEST_PSNR = 100.0
SPARSE_LOSS = "sparse_categorical_crossentropy"


def build_metrics(
    names: Sequence[str],
    channels: int,
    channel_names: Sequence[str],
    final_activation: str,
    sparse: bool,
    exclusive: Sequence[int] = (),
) -> list[keras.metrics.Metric]:
    """New metrics for ``compile(metrics=...)``, in the order of ``names``.

    Args:
        names: some of ``core.config.specs.METRICS``. A loss becomes its mean over images; the
            sparse cross-entropy is replaced by the categorical one if the targets are one-hot.
        channels: the number of output channels.
        channel_names: one per channel. "dice_score" makes a metric ``dice_<name>`` for every
            channel, "iou" a metric ``iou_<name>``.
        final_activation: sigmoid, softmax or linear.
        sparse: whether the targets are class numbers.
        exclusive: the channels of exclusive classes (``core.data.labels.exclusive``), which are
            decided among themselves; empty to compare each channel with 0.5.
    """
    found: list[keras.metrics.Metric] = []
    for name in names:
        if name in ("dice_score", "iou"):
            found += [
                ChannelOverlap(
                    name.removesuffix("_score"),
                    i,
                    channel,
                    final_activation,
                    sparse,
                    exclusive if i in exclusive else (),
                )
                for i, channel in zip(range(channels), channel_names, strict=True)
            ]
        else:
            function = _image_function(name, channels, final_activation, sparse)
            found.append(keras.metrics.MeanMetricWrapper(function, name=name, dtype="float32"))
    return found


def psnr(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image in dB, (batch,), for a data range of 1.

    It is 10 log10(1 / mse), limited to 100 dB: equal images would make the mean infinite.
    """
    return -10 * ops.log10(ops.maximum(losses.mse(y_true, y_pred), 10 ** (-BEST_PSNR / 10)))


def _image_function(
    name: str, channels: int, activation: str, sparse: bool
) -> Callable[[Tensor, Tensor], Tensor]:
    """The function (y_true, y_pred) -> (batch,) for a metric that is a mean over images."""
    one_hot = sparse and name != SPARSE_LOSS
    if name == SPARSE_LOSS and not sparse:
        name = "categorical_crossentropy"
    loss = losses.LOSSES.get(name)
    likeness = psnr if name == "psnr" else losses.ssim

    def per_image(y_true: Tensor, y_pred: Tensor) -> Tensor:
        if one_hot:
            y_true = ops.one_hot(ops.cast(ops.squeeze(y_true, -1), "int32"), channels)
        y_true, y_pred = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        return loss(y_true, y_pred, activation) if loss else likeness(y_true, y_pred)

    return per_image


class ChannelOverlap(keras.metrics.Metric):
    """Overlap of the predicted region P and the target region T of a channel, over the epoch.

    "dice" is 2 |T and P| / (|T| + |P|), "iou" (Jaccard index) is |T and P| / |T or P|, both from 0
    to 1. A pixel belongs to a region if its value is over 0.5; with softmax it belongs to P if this
    channel has its highest value, with exclusive classes if this channel's class is the likeliest.
    Two empty regions give 1.
    """

    def __init__(
        self,
        score: str,
        channel: int,
        channel_name: str,
        final_activation: str,
        sparse: bool,
        exclusive: Sequence[int] = (),
    ) -> None:
        super().__init__(name=f"{score}_{channel_name}", dtype="float32")
        self.score = score
        self.channel = channel
        self.softmax = final_activation == "softmax"
        self.sparse = sparse
        self.exclusive = tuple(exclusive)
        self.overlap = self.add_weight(name="overlap", initializer="zeros")
        self.size = self.add_weight(name="size", initializer="zeros")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: None = None) -> None:
        if self.sparse:
            target = ops.equal(ops.cast(y_true[..., 0], "int32"), self.channel)
        else:
            target = y_true[..., self.channel] > THRESHOLD
        if self.softmax:
            predicted = ops.equal(ops.argmax(y_pred, axis=-1), self.channel)
        elif self.exclusive:
            predicted = region(y_pred, self.exclusive, self.channel)
        else:
            predicted = y_pred[..., self.channel] > THRESHOLD
        target, predicted = ops.cast(target, "float32"), ops.cast(predicted, "float32")
        self.overlap.assign_add(ops.sum(target * predicted))
        self.size.assign_add(ops.sum(target + predicted))

    def result(self) -> Tensor:
        if self.score == "dice":
            part, whole = 2 * self.overlap, self.size
        else:
            part, whole = self.overlap, self.size - self.overlap
        return ops.where(whole > 0, part / ops.maximum(whole, 1), 1.0)

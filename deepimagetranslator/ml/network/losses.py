"""Loss functions by name.

Each loss is a function ``(y_true, y_pred, activation) -> (batch,)``: one value per image, and the
mean over the images is the loss. ``y_pred`` is the network's output, (batch, height, width,
channels) float32, and ``activation`` its final activation. ``y_true`` has the same shape and values
in [0, 1], one-hot if the channels are classes; only the sparse loss takes (batch, height, width, 1)
class numbers. Losses and gradients are float32 and finite, also for outputs of exactly 0 and 1 and
for empty targets.

Cross-entropies are Keras' own. They use the logits behind a sigmoid or softmax, so that the
gradient with respect to the logits, ``y_pred - y_true``, does not vanish for confident errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from deepimagetranslator.core.config.specs import CATEGORICAL_LOSSES, VALUE_LOSSES
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.evaluation.measures import SSIM_C1, SSIM_C2, gaussian_window
from deepimagetranslator.ml import devices

Tensor = Any
LossFunction = Callable[[Tensor, Tensor, str], Tensor]

EPSILON = 1e-7
DICE_SMOOTHING = 1.0
SSIM_WEIGHT = 0.84


def binary_crossentropy(y_true: Tensor, y_pred: Tensor, activation: str) -> Tensor:
    """Binary cross-entropy, the mean over pixels and channels."""
    if activation != "sigmoid":
        y_pred = ops.clip(y_pred, EPSILON, 1 - EPSILON)
    return _image_mean(ops.binary_crossentropy(y_true, y_pred))


def categorical_crossentropy(y_true: Tensor, y_pred: Tensor, activation: str) -> Tensor:
    """Cross-entropy of classes; ``y_true`` is one-hot."""
    y_pred = _class_probabilities(y_pred, activation)
    return _image_mean(ops.categorical_crossentropy(y_true, y_pred))


def sparse_categorical_crossentropy(y_true: Tensor, y_pred: Tensor, activation: str) -> Tensor:
    """Cross-entropy of classes; ``y_true`` holds class numbers, (batch, height, width, 1)."""
    y_pred = _class_probabilities(y_pred, activation)
    return _image_mean(ops.sparse_categorical_crossentropy(ops.cast(y_true, "int32"), y_pred))


def mse(y_true: Tensor, y_pred: Tensor, activation: str = "") -> Tensor:
    """Mean squared error."""
    return _image_mean(ops.square(y_pred - y_true))


def mae(y_true: Tensor, y_pred: Tensor, activation: str = "") -> Tensor:
    """Mean absolute error."""
    return _image_mean(ops.abs(y_pred - y_true))


def dice(y_true: Tensor, y_pred: Tensor, activation: str) -> Tensor:
    """Soft Dice loss: 1 - (2 sum(t p) + s) / (sum(t) + sum(p) + s), the mean over channels.

    Sums run over the whole batch, so that an image without a class is not counted as an error;
    all images get the same value. With softmax the background is a channel like the others. For a
    single channel (a mask) the loss is the mean of foreground and background Dice.

    After Milletari, Navab and Ahmadi, "V-Net", 3DV 2016, but without the squares in the
    denominator: the gradient 2p of sum(p^2) vanishes for small p, so that weak false positives
    would hardly be penalized. For values of 0 and 1 both variants equal the Dice of
    ``core.evaluation.measures``. With the smoothing s = 1 pixel an empty channel that is predicted
    empty has a loss of 0.
    """
    if activation == "linear":
        y_pred = ops.clip(y_pred, 0, 1)
    if y_pred.shape[-1] == 1:
        y_true, y_pred = (ops.concatenate([y, 1 - y], axis=-1) for y in (y_true, y_pred))
    overlap = devices.total(_channel_sum(y_true * y_pred))
    size = devices.total(_channel_sum(y_true) + _channel_sum(y_pred))
    score = (2 * overlap + DICE_SMOOTHING) / (size + DICE_SMOOTHING)
    return ops.broadcast_to(1 - ops.mean(score), ops.shape(y_pred)[:1])


def dice_crossentropy(y_true: Tensor, y_pred: Tensor, activation: str) -> Tensor:
    """The sum of soft Dice and cross-entropy (categorical with softmax, else binary).

    Dice balances small and large classes; cross-entropy has a gradient at every pixel, also in
    empty channels. The sum is unweighted, as in Isensee et al., "nnU-Net", Nature Methods 2021.
    """
    entropy = categorical_crossentropy if activation == "softmax" else binary_crossentropy
    return dice(y_true, y_pred, activation) + entropy(y_true, y_pred, activation)


def ssim_mae(y_true: Tensor, y_pred: Tensor, activation: str = "") -> Tensor:
    """0.84 (1 - SSIM) + 0.16 mae.

    The weights are those of Zhao, Gallo, Frosio and Kautz, "Loss functions for image restoration
    with neural networks", IEEE TCI 2017. SSIM preserves contrast and edges; mae preserves the
    brightness, to which SSIM is hardly sensitive. The paper uses several scales and weights the
    absolute differences by a Gaussian. Here one scale is used, which is much cheaper and works for
    small images, and plain means, which differ little.
    """
    dissimilarity = 1 - ssim(y_true, y_pred)
    return SSIM_WEIGHT * dissimilarity + (1 - SSIM_WEIGHT) * mae(y_true, y_pred)


LOSSES: dict[str, LossFunction] = {
    "binary_crossentropy": binary_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
    "mse": mse,
    "mae": mae,
    "dice": dice,
    "dice_crossentropy": dice_crossentropy,
    "ssim_mae": ssim_mae,
}


class NamedLoss(keras.losses.Loss):
    """One of ``LOSSES`` as a Keras loss, for a given final activation."""

    def __init__(self, name: str, final_activation: str) -> None:
        super().__init__(name=name, dtype="float32")
        self.final_activation = final_activation
        self._function = LOSSES[name]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        values = self._function(y_true, y_pred, self.final_activation)
        # Devices may have unequal shares of the batch, even empty ones. The mean of their means,
        # which Keras would take, is then not the mean over the images.
        count = devices.total(ops.sum(ops.ones_like(values)))
        return ops.reshape(devices.total(ops.sum(values)) / count, (1,))

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "final_activation": self.final_activation}


def build_loss(name: str, final_activation: str) -> keras.losses.Loss:
    """The loss ``name`` for a network that ends in ``final_activation``.

    Args:
        name: one of ``core.config.specs.LOSSES``.
        final_activation: sigmoid, softmax or linear; "automatic" must be replaced before.

    Raises:
        UserError: the loss does not fit the final activation.
    """
    if name in CATEGORICAL_LOSSES and final_activation != "softmax":
        raise UserError(
            f"The loss '{name}' needs the final activation softmax, not {final_activation}; "
            "choose softmax or automatic."
        )
    if name not in VALUE_LOSSES and final_activation == "linear":
        raise UserError(
            f"The loss '{name}' needs outputs between 0 and 1, which the final activation linear "
            "does not give; choose automatic, or one of the losses mse, mae and ssim_mae."
        )
    return NamedLoss(name, final_activation)


def ssim(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Structural similarity of each image, (batch,), for a data range of 1.

    The formula and its source (Wang et al. 2004) are in ``core.evaluation.measures.ssim``. The
    window is separable: two one-dimensional convolutions per map. Four maps suffice, since only
    the sum of the two variances is needed.
    """
    sides = [side for side in y_pred.shape[1:3] if side] or [11]
    window = gaussian_window(min(sides), min(sides))
    mean_t, mean_p = _windowed(y_true, window), _windowed(y_pred, window)
    power = _windowed(ops.square(y_true) + ops.square(y_pred), window)
    product = 2 * mean_t * mean_p
    squares = ops.square(mean_t) + ops.square(mean_p)
    covariance = 2 * _windowed(y_true * y_pred, window) - product
    numerator = (product + SSIM_C1) * (covariance + SSIM_C2)
    denominator = (squares + SSIM_C1) * (power - squares + SSIM_C2)
    return _image_mean(numerator / denominator)


def _windowed(images: Tensor, window: Any) -> Tensor:
    """Windowed means of (batch, height, width, channels), with the window inside the image."""
    column = ops.reshape(ops.convert_to_tensor(window, "float32"), (-1, 1, 1, 1))
    column = ops.tile(column, (1, 1, images.shape[-1], 1))
    images = ops.depthwise_conv(images, column, padding="valid", data_format="channels_last")
    row = ops.transpose(column, (1, 0, 2, 3))
    return ops.depthwise_conv(images, row, padding="valid", data_format="channels_last")


def _class_probabilities(y_pred: Tensor, activation: str) -> Tensor:
    """Class probabilities: softmax output unchanged, with its logits; others clipped and scaled."""
    if activation == "softmax":
        return y_pred
    y_pred = ops.clip(y_pred, EPSILON, 1 - EPSILON)
    return y_pred / ops.sum(y_pred, axis=-1, keepdims=True)


def _image_mean(values: Tensor) -> Tensor:
    return ops.mean(values, axis=tuple(range(1, len(values.shape))))


def _channel_sum(values: Tensor) -> Tensor:
    """Sums of (batch, height, width, channels) over all but the channels: (channels,).

    The sum over rows comes first. On the CPU TensorFlow adds float32 values one after the other,
    which over a whole image of 4096 x 4096 pixels would lose two per cent.
    """
    return ops.sum(ops.sum(values, axis=1), axis=(0, 1))

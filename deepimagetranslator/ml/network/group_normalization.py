"""Group normalization, computed as one scale and shift per channel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from deepimagetranslator.ml import devices


class GroupNormalization(keras.layers.GroupNormalization):
    """Keras' layer of this name, computed in fewer passes over the image.

    After Wu and He, "Group normalization", ECCV 2018. Mean and variance are computed in float32
    and combined with gamma and beta into one scale and one shift for each channel of each image,
    which are applied in the layer's precision. The class has the name of Keras' own, since weights
    files store it.

    Fused, it makes two passes over the image and rounds only once, which is faster on a processor
    and a little more accurate. The last bits of results differ, so that it is a choice.
    """

    def __init__(self, groups: int, *, fused: bool = False, **options: Any) -> None:
        """Make the layer.

        Args:
            groups: a divisor of the number of channels.
            fused: batches whose only image is known when the network is traced are normalized by
                fused operations of the backend, where it has them (``devices``).
            options: of Keras' layer.
        """
        super().__init__(groups, **options)
        self.fused = fused and devices.fuses_normalization()

    def call(self, inputs: Any) -> Any:
        if self.fused and inputs.shape[0] == 1:
            gamma, beta = (ops.cast(x, "float32") for x in (self.gamma, self.beta))
            return _fused(inputs, gamma, beta, self.groups, self.epsilon)
        channels = inputs.shape[-1]
        size = channels // self.groups

        def of_groups(values: Any) -> Any:
            """Group means of (batch, channels), repeated for each channel of the group."""
            grouped = ops.mean(ops.reshape(values, (-1, self.groups, size)), axis=-1)
            return ops.repeat(grouped, size, axis=-1)

        exact = ops.cast(inputs, "float32")
        mean = of_groups(_image_means(exact))
        variance = of_groups(_image_means(ops.square(exact))) - ops.square(mean)
        scale = ops.rsqrt(ops.maximum(variance, 0) + self.epsilon) * self.gamma
        shift = self.beta - mean * scale
        scale, shift = (ops.cast(x, self.compute_dtype)[:, None, None, :] for x in (scale, shift))
        return inputs * scale + shift


def _fused(image: Any, gamma: Any, beta: Any, groups: int, epsilon: float) -> Any:
    """Group normalization of a single image: batch normalization with the groups' moments.

    Args:
        image: (1, height, width, channels) in any precision, which the result has too.
        gamma, beta: float32 tensors of (channels,).
        groups, epsilon: of the layer.
    """
    _, height, width, channels = image.shape

    def of_groups(values: Any) -> Any:
        """Group means of (channels,), repeated for each channel of the group."""
        size = channels // groups
        return ops.repeat(ops.mean(ops.reshape(values, (groups, size)), axis=-1), size)

    @ops.custom_gradient
    def normalized(image: Any, gamma: Any, beta: Any) -> Any:
        channel_mean, channel_variance = devices.channel_moments(image)
        mean = of_groups(channel_mean)
        variance = of_groups(channel_variance + ops.square(channel_mean - mean))

        def gradient(upstream: Any) -> Any:
            """With the moments constant first; then what the image does by way of the moments."""
            to_image, to_gamma, to_beta = devices.normalization_gradients(
                upstream, image, mean, variance, gamma, epsilon
            )
            inverse = -ops.rsqrt(variance + epsilon) / (height * width)
            by_variance, by_mean = (inverse * of_groups(gamma * x) for x in (to_gamma, to_beta))
            by_moments = devices.normalize_channels(
                image, mean, variance, by_variance, by_mean, epsilon
            )
            return to_image + by_moments, to_gamma, to_beta

        return devices.normalize_channels(image, mean, variance, gamma, beta, epsilon), gradient

    return normalized(image, gamma, beta)


def _image_means(values: Any) -> Any:
    """Means of (batch, height, width, channels) over each image: (batch, channels).

    The mean over rows comes first, which keeps the float32 sums accurate enough on the CPU.
    """
    return ops.mean(ops.mean(values, axis=1), axis=1)

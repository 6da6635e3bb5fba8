"""Group normalization, computed as one scale and shift per channel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class GroupNormalization(keras.layers.GroupNormalization):
    """Keras' layer of this name, computed in fewer passes over the image.

    After Wu and He, "Group normalization", ECCV 2018. Mean and variance are computed in float32
    and combined with gamma and beta into one scale and one shift for each channel of each image,
    which are applied in the layer's precision. The class has the name of Keras' own, since weights
    files store it.
    """

    def call(self, inputs: Any) -> Any:
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


def _image_means(values: Any) -> Any:
    """Means of (batch, height, width, channels) over each image: (batch, channels).

    The mean over rows comes first, which keeps the float32 sums accurate enough on the CPU.
    """
    return ops.mean(ops.mean(values, axis=1), axis=1)

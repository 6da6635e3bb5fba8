"""Group normalization as one scale and shift per channel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class GroupNormalization(keras.layers.GroupNormalization):
    """Keras' own layer of that name, computed in fewer passes over the image.

    Statistics are taken in float32 and folded with gamma and beta into one factor and one summand
    for each channel of each image, which are applied in the layer's precision. The name is Keras'
    too, since weights files hold it.
    """

    def call(self, inputs: Any) -> Any:
        channels = inputs.shape[-1]
        size = channels // self.groups

        def of_groups(values: Any) -> Any:
            """The mean of (batch, channels) over each group, for each channel again."""
            grouped = ops.mean(ops.reshape(values, (-1, self.groups, size)), axis=-1)
            return ops.repeat(grouped, size, axis=-1)

        exact = ops.cast(inputs, "float32")
        mean = of_groups(_image_means(exact))
        variance = of_groups(_image_means(ops.square(exact))) - ops.square(mean)
        factor = ops.rsqrt(ops.maximum(variance, 0) + self.epsilon) * self.gamma
        summand = self.beta - mean * factor
        factor, summand = (
            ops.cast(x, self.compute_dtype)[:, None, None, :] for x in (factor, summand)
        )
        return inputs * factor + summand


def _image_means(values: Any) -> Any:
    """(batch, height, width, channels) to (batch, channels); rows first, which keeps float32 exact
    enough on the CPU."""
    return ops.mean(ops.mean(values, axis=1), axis=1)

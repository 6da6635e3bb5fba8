"""Group normalization as one scale and shift per channel."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


class GroupNormalization(keras.layers.GroupNormalization):
    """Keras' own layer of that name, computed in fewer passes over the image.

    Statistics are taken in float32 and folded with gamma and beta into one factor and one summand
    for each channel of each image, which are applied in the layer's precision. The name is Keras'
    too, since weights files hold it.
    """

    def call(self, inputs: Any) -> Any:
        # From values of channels to the means of their groups, for each channel again.
        size = inputs.shape[-1] // self.groups
        of_groups = np.kron(np.eye(self.groups), np.full((size, size), 1 / size)).astype(np.float32)
        exact = ops.cast(inputs, "float32")
        mean = ops.matmul(_image_means(exact), of_groups)
        square = ops.matmul(_image_means(ops.square(exact)), of_groups)
        variance = ops.maximum(square - ops.square(mean), 0)
        factor = ops.rsqrt(variance + self.epsilon) * self.gamma
        summand = self.beta - mean * factor
        return inputs * self._spread(factor) + self._spread(summand)

    def _spread(self, values: Any) -> Any:
        """(batch, channels) to (batch, 1, 1, channels) in the layer's precision."""
        return ops.cast(values, self.compute_dtype)[:, None, None, :]


def _image_means(values: Any) -> Any:
    """(batch, height, width, channels) to (batch, channels).

    Column by column, as TensorFlow adds float32 one after the other on the CPU.
    """
    return ops.mean(ops.mean(values, axis=1), axis=1)

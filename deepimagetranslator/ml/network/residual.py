"""The output of a network that learns the difference from its input to the target."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class AddToInput(keras.layers.Layer):
    """Adds the network's input, in the normalization of the targets, to a difference.

    After Zhang, Zuo, Chen, Meng and Zhang, "Beyond a Gaussian denoiser: residual learning of deep
    CNN for image denoising", IEEE TIP 2017.

    Attributes:
        gain, shift: ``gain * input + shift`` is the input in the normalization of the targets.
            They are weights, so that each file of weights has them, but they are not trained.
    """

    def build(self, input_shape: Any) -> None:
        self.gain = self.add_weight(shape=(), initializer="ones", trainable=False, name="gain")
        self.shift = self.add_weight(shape=(), initializer="zeros", trainable=False, name="shift")

    def call(self, inputs: Any) -> Any:
        """The sum of shape (batch, height, width, channels), from input and difference alike."""
        image, difference = inputs
        return self.gain * ops.cast(image, "float32") + self.shift + difference

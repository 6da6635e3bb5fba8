"""The U-Net, made of Keras layers and ``keras.ops`` only, so that it runs on any Keras backend.

After Ronneberger, Fischer and Brox, "U-Net: Convolutional networks for biomedical image
segmentation", MICCAI 2015, with "same" convolutions and up-sampling by interpolation.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from deepimagetranslator.core.config import validation
from deepimagetranslator.core.config.network_plan import (
    Block,
    group_count,
    is_normalized,
    plan_blocks,
)
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.ml.network.group_normalization import GroupNormalization
from deepimagetranslator.ml.network.residual import AddToInput

FINAL = "final"
COARSE = "coarse"
_CONVOLUTION = "convolution_"
_LEAST_VARIANCE = 1e-10
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def build_unet(spec: ModelSpec, precision: str = "float32", seed: int = 1) -> keras.Model:
    """Build the network of a spec, not compiled.

    Args:
        spec: all sizes and channels must be given; an automatic final activation becomes sigmoid.
        precision: "float32", "bfloat16" or "float16", in which the layers compute. Weights and
            outputs are always float32.
        seed: the seed of the initial weights and of dropout.

    Returns:
        A model from (batch, input height, width, channels) float32 to (batch, target height,
        width, channels) float32; with deep supervision to two of them, named "final" and
        "coarse".

    Raises:
        UserError: the spec cannot be built; the message says which field is wrong and why.
    """
    inputs, outputs = unet_tensors(spec, precision, seed)
    return keras.Model(inputs, outputs, name="unet")


def unet_tensors(spec: ModelSpec, precision: str = "float32", seed: int = 1) -> tuple[Any, Any]:
    """Input and output tensors of ``build_unet``, to make several models that share layers."""
    _refuse_unbuildable(spec)
    layers = _Layers(spec, POLICIES[precision], seed)
    inputs = keras.Input((spec.input_height, spec.input_width, spec.input_channels), name="input")
    return inputs, _outputs(layers, inputs)


def lsuv_initialize(model: keras.Model, spec: ModelSpec, precision: str, images: Any) -> None:
    """Data-dependent initialization (LSUV): scale the initial weights to some training images.

    Afterwards the outputs of each selected convolution (``_Fitting.deviation``) have mean 0 and a
    given standard deviation in each channel over these images. All layers can then learn from the
    first step on, whatever the brightness of the images. The effect is that of a normalization
    layer at the start of training, without its cost. A channel with constant output is not changed.

    After Mishkin and Matas, "All you need is a good init", ICLR 2016, with a scale and shift for
    each channel as in Krähenbühl et al., "Data-dependent initializations of convolutional neural
    networks", ICLR 2016.

    Args:
        model: a new network of the spec.
        spec, precision: the arguments with which the network was built.
        images: some training inputs, (images, input height, width, channels) float32.
    """
    fitting = _Fitting(spec, POLICIES[precision], seed=0, convolutions=convolutions(model))
    with suppress(_AllFitted):
        _outputs(fitting, ops.convert_to_tensor(images))


def convert_inputs(model: keras.Model, gain: float, shift: float) -> None:
    """Let the residual outputs of a network, if it has any, add ``gain * input + shift``."""
    for layer in residuals(model):
        layer.gain.assign(gain)
        layer.shift.assign(shift)


def residuals(model: keras.Model) -> list[AddToInput]:
    """The layers that add the input; empty if the network has no residual output."""
    return [layer for layer in model.layers if isinstance(layer, AddToInput)]


def _outputs(layers: _Layers, inputs: Any) -> Any:
    """Connect the layers: the network's outputs for its input."""
    spec = layers.spec
    blocks = plan_blocks(spec)
    x = inputs
    skips = []
    for block in blocks[:-1]:
        x = layers.two_convolutions(x, block.filters)
        skips.append(x)
        x = keras.layers.MaxPooling2D(2, dtype=layers.policy)(x)
    x = layers.two_convolutions(x, blocks[-1].filters)
    if spec.dropout:
        x = keras.layers.Dropout(spec.dropout, seed=layers.seed, dtype=layers.policy)(x)
    decoded = [x]
    for block, skip in zip(reversed(blocks[:-1]), reversed(skips), strict=True):
        x = layers.up(x, block, skip)
        decoded.append(x)
    x = _resized(x, spec.target_height, spec.target_width)
    final = layers.output(inputs, layers.to_target_channels(x), FINAL)
    if not spec.deep_supervision:
        return final
    # Nearest-neighbour up-sampling after the 1x1 convolution gives the same result as before it,
    # at a 16th of the cost. The activation comes last, so that the losses find its logits.
    coarse = layers.to_target_channels(decoded[-3])
    coarse = keras.layers.UpSampling2D(4, dtype="float32")(coarse)
    coarse = _resized(coarse, spec.target_height, spec.target_width)
    return {FINAL: final, COARSE: layers.output(inputs, coarse, COARSE)}


def convolutions(model: keras.Model) -> list[keras.layers.Conv2D]:
    """The convolutions of a U-Net in the order of ``network_plan.convolution_shapes``.

    The order of ``model.layers`` differs if there are two outputs.
    """
    found = [layer for layer in model.layers if layer.name.startswith(_CONVOLUTION)]
    return sorted(found, key=lambda layer: layer.name)


@dataclass
class _Layers:
    """Makes the layers of one network; each convolution has its own seed."""

    spec: ModelSpec
    policy: str
    seed: int
    made: int = 0

    def two_convolutions(self, x: Any, filters: int) -> Any:
        """Two 3x3 "same" convolutions, each followed by normalization (if chosen) and ReLU."""
        for _ in range(2):
            x = self._convolution(filters, 3, self.policy)(x)
            if is_normalized(self.spec, filters):
                x = GroupNormalization(
                    group_count(filters), fused=self.spec.fused_normalization, dtype=self.policy
                )(x)
            x = keras.layers.ReLU(dtype=self.policy)(x)
        return x

    def up(self, x: Any, block: Block, skip: Any) -> Any:
        """Up-sample, resize both to the block's size, concatenate, convolve twice."""
        x = keras.layers.UpSampling2D(2, interpolation=self.spec.upsampling, dtype=self.policy)(x)
        x = _resized(x, block.up_height, block.up_width)
        skip = _resized(skip, block.up_height, block.up_width)
        x = keras.layers.Concatenate(dtype=self.policy)([x, skip])
        return self.two_convolutions(x, block.filters)

    def to_target_channels(self, x: Any) -> Any:
        """A 1x1 convolution to the target's channels, in float32."""
        return self._convolution(self.spec.target_channels, 1, "float32")(x)

    def output(self, inputs: Any, x: Any, name: str) -> Any:
        """The final activation in float32, or the sum with the input; an output of the network."""
        if self.spec.residual:
            inputs = _resized(inputs, self.spec.target_height, self.spec.target_width)
            return AddToInput(dtype="float32", name=name)([inputs, x])
        activation = self.spec.final_activation
        activation = "sigmoid" if activation == "automatic" else activation
        return keras.layers.Activation(activation, dtype="float32", name=name)(x)

    def _convolution(self, filters: int, size: int, policy: str) -> Any:
        self.made += 1
        glorot = self.spec.initialization == "glorot_uniform"
        kind = keras.initializers.GlorotUniform if glorot else keras.initializers.HeNormal
        initializer = kind(seed=self.seed * 1000 + self.made)
        if size == 1 and self.spec.residual:
            initializer = keras.initializers.Zeros()
        return keras.layers.Conv2D(
            filters,
            size,
            padding="same",
            kernel_initializer=initializer,
            dtype=policy,
            name=f"{_CONVOLUTION}{self.made:03d}",
        )


class _AllFitted(Exception):
    """All selected convolutions are scaled; the rest of the network need not be computed."""


@dataclass
class _Fitting(_Layers):
    """The layers of an existing network; each selected convolution is scaled when it is called."""

    convolutions: Sequence[keras.layers.Conv2D] = ()

    def _convolution(self, filters: int, size: int, policy: str) -> Any:
        self.made += 1
        layer, deviation = self.convolutions[self.made - 1], self.deviation(self.made)
        if not any(map(self.deviation, range(self.made, len(self.convolutions) + 1))):
            raise _AllFitted

        def fitted(x: Any) -> Any:
            if size > 1 and deviation:
                _standardize(layer, layer(x), deviation)
            return layer(x)

        return fitted

    def deviation(self, number: int) -> float:
        """The standard deviation for the outputs of a 3x3 convolution; 0 keeps its weights.

        Convolutions are counted from 1. Convolutions before a normalization layer keep their
        weights, as larger ones would only learn more slowly. If the deeper blocks are normalized,
        the skip connection of the first block gets half the standard deviation of the deeper
        features. In trials with three seeds this was the best compromise: with 1 texture
        (membranes) was learnt later, without scaling brightness (CT) was learnt later.
        """
        if self.spec.normalization == "none":
            return 1
        return {1: 1, 2: 0.5}.get(number, 0) if self.spec.normalization == "deep" else 0


def _standardize(layer: keras.layers.Conv2D, outputs: Any, deviation: float) -> None:
    """Change a convolution's weights so that each output channel has mean 0 and this deviation."""
    outputs = ops.cast(outputs, "float32")
    mean, variance = (ops.convert_to_numpy(x) for x in ops.moments(outputs, axes=(0, 1, 2)))
    kernel, bias = layer.get_weights()
    varies = variance > _LEAST_VARIANCE
    scale = np.where(varies, deviation / np.sqrt(np.maximum(variance, _LEAST_VARIANCE)), 1)
    shift = np.where(varies, mean, 0)
    layer.set_weights([kernel * scale, (bias - shift) * scale])


def _resized(x: Any, height: int, width: int) -> Any:
    """Bilinear resize to (height, width) pixels; ``x`` itself if it has this size already."""
    if tuple(x.shape[1:3]) == (height, width):
        return x
    return keras.ops.image.resize(x, (height, width), interpolation="bilinear")


def _refuse_unbuildable(spec: ModelSpec) -> None:
    problems = validation.problems(spec)
    if problems:
        raise UserError(str(problems[0].message))
    for name in (
        "input_height",
        "input_width",
        "input_channels",
        "target_height",
        "target_width",
        "target_channels",
    ):
        if getattr(spec, name) == 0:
            raise UserError(f"The network's {name.replace('_', ' ')} is not known; choose it.")

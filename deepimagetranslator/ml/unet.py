"""The U-Net: blocks first, then ``build_unet`` which puts them together.

Pure Keras: its own layers and ``keras.ops``, so that any Keras backend can run it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from deepimagetranslator.core import specs
from deepimagetranslator.core.network_plan import Block, group_count, plan_blocks
from deepimagetranslator.core.problem import UserError
from deepimagetranslator.core.specs import ModelSpec

FINAL = "final"
COARSE = "coarse"
_CONVOLUTION = "convolution_"
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def build_unet(spec: ModelSpec, precision: str = "float32", seed: int = 1) -> keras.Model:
    """The network of a spec, not compiled.

    Args:
        spec: all sizes and channels chosen; an automatic final activation is taken as sigmoid.
        precision: "float32", "bfloat16" or "float16": what the layers compute in. Weights and
            the outputs are float32 always.
        seed: of the initial weights and of dropout.

    Returns:
        A model from (batch, input height, width, channels) float32 to (batch, target height,
        width, channels) float32; with deep supervision to two of them, named "final" and
        "coarse".

    Raises:
        UserError: the spec cannot be built; the sentence says which field is wrong and why.
    """
    inputs, outputs = unet_tensors(spec, precision, seed)
    return keras.Model(inputs, outputs, name="unet")


def unet_tensors(spec: ModelSpec, precision: str = "float32", seed: int = 1) -> tuple[Any, Any]:
    """Input and output tensors of ``build_unet``, for making several models of one network."""
    _refuse_unbuildable(spec)
    layers = _Layers(spec, POLICIES[precision], seed)
    blocks = plan_blocks(spec)
    inputs = keras.Input((spec.input_height, spec.input_width, spec.input_channels), name="input")
    x = inputs
    skips = []
    for block in blocks[:-1]:
        x = layers.two_convolutions(x, block.filters)
        skips.append(x)
        x = keras.layers.MaxPooling2D(2, dtype=layers.policy)(x)
    x = layers.two_convolutions(x, blocks[-1].filters)
    if spec.dropout:
        x = keras.layers.Dropout(spec.dropout, seed=seed, dtype=layers.policy)(x)
    decoded = [x]
    for block, skip in zip(reversed(blocks[:-1]), reversed(skips), strict=True):
        x = layers.up(x, block, skip)
        decoded.append(x)
    x = _resized(x, spec.target_height, spec.target_width)
    final = layers.activated(layers.to_target_channels(x), FINAL)
    if not spec.deep_supervision:
        return inputs, final
    # Nearest up-sampling after the 1x1 convolution gives the same as before it, at a 16th of the
    # cost. The activation comes last, so that the losses find its logits.
    coarse = layers.to_target_channels(decoded[-3])
    coarse = keras.layers.UpSampling2D(4, dtype="float32")(coarse)
    coarse = _resized(coarse, spec.target_height, spec.target_width)
    return inputs, {FINAL: final, COARSE: layers.activated(coarse, COARSE)}


def convolutions(model: keras.Model) -> list[keras.layers.Conv2D]:
    """The convolutions of a U-Net in the order of ``network_plan.convolution_shapes``.

    Keras' own order differs with two outputs.
    """
    found = [layer for layer in model.layers if layer.name.startswith(_CONVOLUTION)]
    return sorted(found, key=lambda layer: layer.name)


@dataclass
class _Layers:
    """Makes the layers of one network, each with its own seed."""

    spec: ModelSpec
    policy: str
    seed: int
    made: int = 0

    def two_convolutions(self, x: Any, filters: int) -> Any:
        """Two 3x3 "same" convolutions, each with normalization (if chosen) and ReLU."""
        for _ in range(2):
            x = self._convolution(filters, 3, self.policy)(x)
            if self.spec.normalization == "group":
                groups = group_count(filters)
                x = keras.layers.GroupNormalization(groups, dtype=self.policy)(x)
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

    def activated(self, x: Any, name: str) -> Any:
        """The final activation, in float32: an output of the network."""
        activation = self.spec.final_activation
        activation = "sigmoid" if activation == "automatic" else activation
        return keras.layers.Activation(activation, dtype="float32", name=name)(x)

    def _convolution(self, filters: int, size: int, policy: str) -> Any:
        self.made += 1
        initializers = {
            "he_normal": keras.initializers.HeNormal,
            "glorot_uniform": keras.initializers.GlorotUniform,
        }
        initializer = initializers[self.spec.initialization](seed=self.seed * 1000 + self.made)
        return keras.layers.Conv2D(
            filters,
            size,
            padding="same",
            kernel_initializer=initializer,
            dtype=policy,
            name=f"{_CONVOLUTION}{self.made:03d}",
        )


def _resized(x: Any, height: int, width: int) -> Any:
    """Bilinear resize to (height, width) pixels; nothing where the size is right already."""
    if tuple(x.shape[1:3]) == (height, width):
        return x
    return keras.ops.image.resize(x, (height, width), interpolation="bilinear")


def _refuse_unbuildable(spec: ModelSpec) -> None:
    problems = specs.problems(spec)
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

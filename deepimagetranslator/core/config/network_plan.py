"""Sizes, channels, parameters and memory of the U-Net of a ``ModelSpec``, computed without Keras.

``ml.network.unet`` builds the network from this plan and the model dialog shows it, so both agree.
U-Net: Ronneberger, Fischer and Brox, "U-Net: Convolutional networks for biomedical image
segmentation", MICCAI 2015.
"""

from __future__ import annotations

from dataclasses import dataclass

from deepimagetranslator.core.config.specs import ModelSpec

MOST_GROUPS = 8
ENGINE_BYTES = 65 * 2**20
"""Memory in bytes that TensorFlow takes at the first training step of even the smallest network."""


@dataclass(frozen=True)
class Block:
    """One resolution level of the U-Net: two 3x3 convolutions in the encoder, two in the decoder.

    The deepest block, the bridge, has no decoder part.

    Attributes:
        filters: output channels of its convolutions.
        height, width: feature-map size in the encoder, in pixels.
        up_height, up_width: feature-map size in the decoder, in pixels.
    """

    filters: int
    height: int
    width: int
    up_height: int
    up_width: int


def plan_blocks(spec: ModelSpec) -> list[Block]:
    """The blocks from full resolution (first) to the bridge (last).

    Each pooling halves a side and rounds down. In the decoder a block is resized to
    int(side * target side / input side), as in the 2021 program.

    Args:
        spec: all sizes must be given (not 0).
    """
    blocks = []
    height, width = spec.input_height, spec.input_width
    for level in range(spec.depth):
        up_height = max(1, int(height * spec.target_height / spec.input_height))
        up_width = max(1, int(width * spec.target_width / spec.input_width))
        blocks.append(Block(spec.base_filters * 2**level, height, width, up_height, up_width))
        height, width = height // 2, width // 2
    return blocks


def embedding_channels(spec: ModelSpec) -> int:
    """The channels of the deepest block; 0 for a network of one block, which has no embedding."""
    return spec.base_filters * 2 ** (spec.depth - 1) if spec.depth > 1 else 0


def group_count(channels: int) -> int:
    """The groups of a group normalization: the largest divisor of ``channels`` up to 8."""
    return next(n for n in range(min(MOST_GROUPS, channels), 0, -1) if channels % n == 0)


def is_normalized(spec: ModelSpec, filters: int) -> bool:
    """Whether the convolutions of the block with ``filters`` channels have group normalization."""
    deep = spec.normalization == "deep" and filters > spec.base_filters
    return deep or spec.normalization == "group"


def convolution_shapes(spec: ModelSpec) -> list[tuple[int, int, int, int]]:
    """Kernel shapes (height, width, input channels, output channels) of all convolutions.

    The order is encoder, bridge, decoder, final output and, with deep supervision, coarse output,
    as in the weights files of the 2021 program. Image sizes may be 0.
    """
    filters = [spec.base_filters * 2**level for level in range(spec.depth)]
    shapes = []
    channels = spec.input_channels
    for out in filters:
        shapes += [(3, 3, channels, out), (3, 3, out, out)]
        channels = out
    for out in reversed(filters[:-1]):
        shapes += [(3, 3, channels + out, out), (3, 3, out, out)]
        channels = out
    shapes.append((1, 1, channels, spec.target_channels))
    if spec.deep_supervision:
        shapes.append((1, 1, filters[2], spec.target_channels))
    return shapes


def count_parameters(spec: ModelSpec) -> int:
    """The number of trainable parameters, as Keras counts them."""
    total = 0
    for height, width, channels, out in convolution_shapes(spec):
        total += height * width * channels * out + out
        if height == 3 and is_normalized(spec, out):
            total += 2 * out
    return total


def step_memory_bytes(
    spec: ModelSpec, batch_size: int, precision: str, *, averaged: bool = False
) -> int:
    """Estimate the peak memory of a training step in bytes, without the loaded libraries.

    The peak comes early in the backward pass: all activations of the forward pass are still in
    memory, together with the gradients of the largest block. The error on a CPU is under 25 per
    cent (tests/benchmarks/bench_memory.py).

    Args:
        spec: all sizes and channels must be given (not 0).
        batch_size: images per training step.
        precision: a ``TrainingSpec.precision``; "automatic" counts as float32, which needs most.
        averaged: a moving average of the weights is kept.
    """
    bytes_each = 2 if precision in ("bfloat16", "float16") else 4
    blocks = plan_blocks(spec)
    kept = normalized = most_gradients = 0.0
    for block in blocks:
        down = block.filters * block.height * block.width
        kept += 2 * down  # two convolutions
        normalized += 2 * down * is_normalized(spec, block.filters)
        if block is blocks[-1]:
            gradients = 2.0 * down
        else:
            up = block.filters * block.up_height * block.up_width
            kept += down / 4  # pooled
            # up-sampled (2 times the filters), concatenated with the skip (3), two convolutions
            kept += 2 * up + 3 * up + 2 * up
            if (block.up_height, block.up_width) != (block.height, block.width):
                kept += up  # the resized skip
            normalized += 2 * up * is_normalized(spec, block.filters)
            gradients = 5.0 * up  # of the concatenation (3), of a convolution and its ReLU
        most_gradients = max(most_gradients, gradients)
    # Half precision holds some values in float32 too, while they are cast between layers.
    factor = 1.0 if bytes_each == 4 else 1.25
    numbers = (kept + most_gradients) * bytes_each * factor
    numbers += 2 * 4 * normalized  # normalization keeps its input and its square in float32
    outputs = 2 if spec.deep_supervision else 1
    target = spec.target_height * spec.target_width * spec.target_channels
    # outputs, targets, loss and their gradients; the input that is added
    numbers += (8 + 2 * spec.residual) * 4 * outputs * target
    # Weights, gradients, Adam's two moments, and two temporary copies during the update.
    weights = count_parameters(spec) * (
        6 * 4 + (0 if bytes_each == 4 else bytes_each) + 4 * averaged
    )
    return ENGINE_BYTES + weights + int(batch_size * numbers)


def predict_memory_bytes(spec: ModelSpec, batch_size: int, precision: str) -> int:
    """Estimate the peak memory of a prediction in bytes, without the loaded libraries.

    The peak is in the last decoder block: its up-sampled, concatenated and convolved maps, and the
    maps that wait for the decoder. Measured: 6.5 to 7.1 maps of the first block (float32).

    Args:
        spec: the network; without a size, that of a tile of 512 x 512 pixels.
        batch_size: images at once.
        precision: as in ``step_memory_bytes``.
    """
    bytes_each = 2 if precision in ("bfloat16", "float16") else 4
    height = max(spec.input_height, spec.target_height) or 512
    width = max(spec.input_width, spec.target_width) or 512
    maps = 7 * bytes_each * spec.base_filters * height * width
    return ENGINE_BYTES + 4 * count_parameters(spec) + batch_size * maps

"""The U-Net of a ``ModelSpec`` as arithmetic: sizes and channels of each block, parameters.

The network builder follows this plan and the dialog shows it, so both always agree. Nothing
here needs Keras.
"""

from __future__ import annotations

from dataclasses import dataclass

from deepimagetranslator.core.config.specs import ModelSpec

MOST_GROUPS = 8
ENGINE_BYTES = 65 * 2**20
"""What the engine takes at its first training step, however small the network."""


@dataclass(frozen=True)
class Block:
    """One level of the U-Net: two 3x3 convolutions down and, but for the bridge, two up.

    Attributes:
        filters: channels of its convolutions.
        height, width: size in pixels on the way down (input's scale).
        up_height, up_width: size in pixels on the way up (target's scale).
    """

    filters: int
    height: int
    width: int
    up_height: int
    up_width: int


def plan_blocks(spec: ModelSpec) -> list[Block]:
    """The blocks from full size (first) to the bridge (last).

    Each pooling halves a side and rounds down. On the way up a block is resized to
    int(side * target side / input side), as the 2021 program did.

    Args:
        spec: a spec whose sizes are all chosen.
    """
    blocks = []
    height, width = spec.input_height, spec.input_width
    for level in range(spec.depth):
        up_height = max(1, int(height * spec.target_height / spec.input_height))
        up_width = max(1, int(width * spec.target_width / spec.input_width))
        blocks.append(Block(spec.base_filters * 2**level, height, width, up_height, up_width))
        height, width = height // 2, width // 2
    return blocks


def group_count(channels: int) -> int:
    """Groups of a group normalization: the largest divisor of ``channels`` up to eight."""
    return next(n for n in range(min(MOST_GROUPS, channels), 0, -1) if channels % n == 0)


def is_normalized(spec: ModelSpec, filters: int) -> bool:
    """Whether group normalization follows the convolutions of the block with so many channels."""
    deep = spec.normalization == "deep" and filters > spec.base_filters
    return deep or spec.normalization == "group"


def convolution_shapes(spec: ModelSpec) -> list[tuple[int, int, int, int]]:
    """Kernel shapes (height, width, channels in, channels out) in the order of the layers.

    Encoder, bridge, decoder, output, and with deep supervision the coarse output: the order in
    which the 2021 program's weights files hold them. Sizes need not be chosen.
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


def step_memory_bytes(spec: ModelSpec, batch_size: int, precision: str) -> int:
    """An estimate of the memory that training needs at its peak, beyond the loaded engine.

    The peak comes early on the way back: everything computed on the way forth is still there, and
    the largest block's gradients with it. tests/benchmarks/bench_memory.py measures how good the
    estimate is (within 25 per cent on a CPU).

    Args:
        spec: a spec whose sizes and channels are all chosen.
        batch_size: images per training step.
        precision: a ``TrainingSpec.precision``; "automatic" is counted as float32, the most.
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
            kept += 2 * up + 3 * up + 2 * up  # up-sampled, joined with the skip, two convolutions
            if (block.up_height, block.up_width) != (block.height, block.width):
                kept += up  # the resized skip
            normalized += 2 * up * is_normalized(spec, block.filters)
            gradients = 5.0 * up  # of the joined channels, of a convolution and its ReLU
        most_gradients = max(most_gradients, gradients)
    # Half precision keeps some values in float32 too, on their way in and out of layers.
    factor = 1.0 if bytes_each == 4 else 1.25
    numbers = (kept + most_gradients) * bytes_each * factor
    numbers += 2 * 4 * normalized  # the layer and its square, in float32 always
    outputs = 2 if spec.deep_supervision else 1
    target = spec.target_height * spec.target_width * spec.target_channels
    numbers += 8 * 4 * outputs * target  # outputs, targets, loss and their gradients
    # Weights, gradients, Adam's two averages, and two copies while they are made and changed.
    weights = count_parameters(spec) * (6 * 4 + (0 if bytes_each == 4 else bytes_each))
    return ENGINE_BYTES + weights + int(batch_size * numbers)

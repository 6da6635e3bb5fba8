"""The choice of the network."""

from __future__ import annotations

from dataclasses import dataclass

from deepimagetranslator.core.config.fields import choice, flag, number


@dataclass(frozen=True)
class ModelSpec:
    """The network, a U-Net."""

    depth: int = number(
        5,
        1,
        12,
        "Number of layers/blocks",
        "Resolution levels: a network of depth 5 halves the image four times.",
    )
    base_filters: int = number(
        16,
        1,
        1024,
        "Channels of the first convolution",
        "Doubled at each deeper level. More channels can learn more but need more time and memory.",
    )
    deep_supervision: bool = flag(
        False,
        "Deep supervision",
        "A second output at half resolution is trained too, which can stabilize deep networks. "
        "Needs depth 3 or more.",
    )
    normalization: str = choice(
        "deep",
        ("none", "deep", "group"),
        "Normalization",
        "Group normalization helps with texture. 'deep': in all blocks but the first, which "
        "preserves absolute intensities, as in CT, and costs little time; 'group': in all blocks.",
    )
    input_height: int = number(0, 0, 16384, "Input height", "0: the first image's.", "pixels")
    input_width: int = number(0, 0, 16384, "Input width", "0: the first image's.", "pixels")
    input_channels: int = number(
        0, 0, 64, "Input channels", "1 grey, 3 colour; 0: the first image's."
    )
    target_height: int = number(0, 0, 16384, "Target height", "0: the first target's.", "pixels")
    target_width: int = number(0, 0, 16384, "Target width", "0: the first target's.", "pixels")
    target_channels: int = number(
        0,
        0,
        256,
        "Target channels",
        "1 grey, 3 colour; the number of classes for a categorical loss; 0: the first target's.",
    )
    dropout: float = number(
        0.0,
        0.0,
        0.9,
        "Dropout",
        "The fraction of the values in the deepest block that training sets to zero at random, "
        "against overfitting.",
    )
    upsampling: str = choice(
        "nearest", ("nearest", "bilinear"), "Up-sampling", "How the decoder doubles the resolution."
    )
    initialization: str = choice(
        "data_dependent",
        ("data_dependent", "he_normal", "glorot_uniform"),
        "Initialization",
        "How the weights are initialized. Data-dependent: he_normal, which suits ReLU, then each "
        "layer scaled to unit variance on a few training images (LSUV).",
    )
    final_activation: str = choice(
        "automatic",
        ("automatic", "sigmoid", "softmax", "linear"),
        "Final activation",
        "Automatic chooses softmax for the categorical losses, linear for mse, mae and ssim_mae, "
        "sigmoid otherwise.",
    )
    residual: bool = flag(
        False,
        "Residual output",
        "The network learns the difference from the input to the target and begins by giving back "
        "the input, as suits denoising. For images of values, with equal channels and a linear "
        "final activation.",
    )
    fused_normalization: bool = flag(
        False,
        "Fused normalization",
        "Group normalization in fewer passes over the image: with batch size 1 on a processor both "
        "training steps and translations take about 0.7 of the time. The last bits of results "
        "differ from those without it.",
    )

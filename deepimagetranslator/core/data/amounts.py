"""Suggested amounts of the augmentation in pixels, in proportion to the size of the images.

The amounts of the 2021 paper are for images of 512 pixels; 30 pixels are most of a small image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deepimagetranslator.core.config.chosen import value_of
from deepimagetranslator.core.config.presets import RECOMMENDED, preset
from deepimagetranslator.core.config.specs import Specs
from deepimagetranslator.core.data.crops import default_side

SIDE_2021 = 512
FIELDS = frozenset(
    f"augmentation.{name}" for name in ("scaling", "translation", "drop", "elastic", "blur")
)
"""The amounts in pixels; they follow from the images' size until the user has chosen them."""

Size = tuple[int, int]
"""Height and width, in pixels."""


def network_size(specs: Specs, sizes: Sequence[Size]) -> Size | None:
    """Height and width of the network's input; None while nothing is known.

    Args:
        specs: may set the size.
        sizes: those of the training inputs, that of the first one first.
    """
    model = specs.model
    if model.input_height and model.input_width:
        return model.input_height, model.input_width
    if not sizes:
        return None
    if specs.data.large_images == "crop":
        side = default_side(sizes, model.depth)
        return side, side
    return sizes[0]


def amounts_for(specs: Specs, sizes: Sequence[Size]) -> Mapping[str, float]:
    """The suggested amounts by field; empty while the network's size is unknown.

    The 2021 version of the augmentation keeps the amounts of 2021.
    """
    size = network_size(specs, sizes)
    if size is None:
        return {}
    if specs.augmentation.behaviour == "2021":
        return {name: value_of(preset("2021"), name) for name in FIELDS}
    recommended, scale = preset(RECOMMENDED), min(size) / SIDE_2021
    return {name: _rounded(value_of(recommended, name) * scale) for name in FIELDS}


def reason(specs: Specs, sizes: Sequence[Size]) -> str:
    """Why these amounts are suggested, as a clause; empty if none are."""
    size = network_size(specs, sizes)
    if size is None or specs.augmentation.behaviour == "2021":
        return ""
    return f"the network's input is {size[1]} x {size[0]} pixels"


def _rounded(amount: float) -> float:
    """One decimal, and at least 0.1."""
    return max(0.1, round(amount, 1))

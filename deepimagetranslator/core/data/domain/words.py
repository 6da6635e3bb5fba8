"""The words about images that are unlike the training images."""

from __future__ import annotations

from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization

UNKNOWN = {
    "old": "These weights do not say which images they suit, so images unlike those of the "
    "training are not marked.",
    "training": "The training of these weights has not ended normally, or they are not its best "
    "ones, so images unlike those of the training are not marked; resume the training to its end.",
    "short": "The training of these weights was too short to find out which images they suit, so "
    "images unlike those of the training are not marked.",
    "poor": "These weights do too poorly on their own validation images to find out which images "
    "they suit, so images unlike those of the training are not marked.",
}
"""Why it is not known which images weights suit, by the word that they keep."""

_REASONS = {
    "values": ("values", "its values are distributed unlike those of any training image"),
    "noise": ("less noise than any training image", "noisier than the training images"),
    "sharpness": ("smoother than any training image", "sharper than any training image"),
    "size": (
        "what it shows is smaller in the image than in training",
        "what it shows is larger in the image than in training",
    ),
    "content": ("content", "its content is unlike that of the training images"),
    "doubt": ("doubt", "the network is far less sure of it than of its validation images"),
}


def reason(kind: str, deviation: float, scaling: IntensityNormalization) -> str:
    """A clause on how an image deviates.

    Args:
        kind: one of ``KINDS`` of ``core.data.domain.reference``.
        deviation: below or above 0.
        scaling: the network's normalization, for brightness in the values of files.
    """
    if kind == "brightness":
        return _brightness(deviation, scaling)
    text = _REASONS[kind][deviation > 0]
    if kind == "noise":
        return f"{text} (by a factor of {2 ** abs(deviation):.1f})"
    return text


def _brightness(deviation: float, scaling: IntensityNormalization) -> str:
    side = "brighter" if deviation > 0 else "darker"
    if scaling.kind == "image":
        return f"{side} than the training images, by {abs(deviation):.0%} of its own range"
    range_ = scaling.high - scaling.low
    amount = float(f"{abs(deviation) * range_:.2g}")
    return f"{side} than the training images by about {amount:g} (the range has {range_:g})"

"""The choice of augmentation operations, their amounts and where they act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deepimagetranslator.core.config.fields import choice, flag, number

OPERATIONS_2021 = (
    "ripple",
    "scaling",
    "rotation",
    "translation",
    "flip",
    "drop",
    "elastic",
    "blur",
    "noise",
    "brightness",
    "contrast",
)
"""The augmentation operations that the 2021 program has as well."""
OPERATIONS = (*OPERATIONS_2021, "offset", "gain", "gamma", "low_resolution", "stretch")
"""All augmentation operations; the place of one decides which random values it gets."""


def _tick(side: str, on: bool, words: str) -> Any:
    return flag(on, side, words)


def _input(on: bool) -> Any:
    return _tick("Input images", on, "Apply it to the input images.")


def _target(on: bool) -> Any:
    return _tick("Target images", on, "Apply it to the target images, with the same random values.")


def _validation() -> Any:
    return _tick(
        "Validation inputs",
        False,
        "Apply it to validation inputs too, with values that are fixed for each image. This is for "
        "denoising, where validation inputs must be noisy as well.",
    )


@dataclass(frozen=True)
class AugmentationSpec:
    """The random augmentation operations: the amount of each, and where it applies.

    Amounts are upper bounds of values that are sampled for each pair and epoch: every image is
    changed, most of them by less. Amounts in pixels refer to the network's input, fractions of the
    range to values after normalization, 0 to 1. An operation that is ticked nowhere is not applied.
    """

    ripple: float = number(
        0.7, 0.0, 1.0, "Ripple effect", "Dark and bright rings around the centre.", "probability"
    )
    ripple_input: bool = _input(False)
    ripple_target: bool = _target(False)
    ripple_validation: bool = _validation()
    scaling: float = number(
        30.0,
        0.0,
        4096.0,
        "Scaling (perspective)",
        "Each corner moves by up to this much.",
        "pixels",
    )
    scaling_input: bool = _input(True)
    scaling_target: bool = _target(True)
    scaling_validation: bool = _validation()
    rotation: float = number(
        70.0, 0.0, 180.0, "Rotation", "Rotated by up to this angle either way.", "degrees"
    )
    rotation_input: bool = _input(True)
    rotation_target: bool = _target(True)
    rotation_validation: bool = _validation()
    translation: float = number(
        30.0, 0.0, 4096.0, "Translation", "Shifted by up to this much.", "pixels"
    )
    translation_input: bool = _input(True)
    translation_target: bool = _target(True)
    translation_validation: bool = _validation()
    flip_input: bool = _input(True)
    flip_target: bool = _target(True)
    flip_validation: bool = _validation()
    drop_count: int = number(
        12, 0, 10_000, "Drop (cutout) up to", "Black rectangles at random places.", "rectangles"
    )
    drop: float = number(20.0, 0.0, 4096.0, "of", "The rectangles' largest side.", "pixels")
    drop_input: bool = _input(False)
    drop_target: bool = _target(False)
    drop_validation: bool = _validation()
    elastic: float = number(
        2.0, 0.0, 256.0, "Elastic transform", "A grid's corners move by up to this much.", "pixels"
    )
    elastic_input: bool = _input(False)
    elastic_target: bool = _target(False)
    elastic_validation: bool = _validation()
    blur: float = number(
        3.0, 0.0, 256.0, "Gaussian blur", "Blurred with up to this radius.", "pixels"
    )
    blur_input: bool = _input(False)
    blur_target: bool = _target(False)
    blur_validation: bool = _validation()
    noise: float = number(
        0.1,
        0.0,
        1.0,
        "Gaussian noise",
        "Noise with up to this standard deviation (SD), as a fraction of the full range.",
        "SD as a fraction of the range",
    )
    noise_input: bool = _input(False)
    noise_target: bool = _target(False)
    noise_validation: bool = _validation()
    brightness: float = number(
        1.5, 1.0, 100.0, "Brightness", "Brighter or darker by up to this factor.", "factor"
    )
    brightness_input: bool = _input(False)
    brightness_target: bool = _target(False)
    brightness_validation: bool = _validation()
    contrast: float = number(
        1.5, 1.0, 100.0, "Contrast", "More or less contrast by up to this factor.", "factor"
    )
    contrast_input: bool = _input(False)
    contrast_target: bool = _target(False)
    contrast_validation: bool = _validation()
    offset: float = number(
        0.04,
        0.0,
        1.0,
        "Offset",
        "Brighter or darker by up to this much: 0.04 is 20 HU in a window of 500 HU. Black and "
        "white stay. As between scanners.",
        "fraction of the range",
    )
    offset_input: bool = _input(False)
    offset_target: bool = _target(False)
    offset_validation: bool = _validation()
    gain: float = number(
        1.05,
        1.0,
        10.0,
        "Gain",
        "More or less distance from the middle of the range, by up to this factor. Black and white "
        "stay. As between scanners.",
        "factor",
    )
    gain_input: bool = _input(False)
    gain_target: bool = _target(False)
    gain_validation: bool = _validation()
    gamma: float = number(
        1.1,
        1.0,
        10.0,
        "Gamma",
        "Values to the power of up to this number or its inverse: mid-tones become darker or "
        "brighter.",
        "exponent",
    )
    gamma_input: bool = _input(False)
    gamma_target: bool = _target(False)
    gamma_validation: bool = _validation()
    low_resolution: float = number(
        2.0,
        1.0,
        64.0,
        "Low resolution",
        "Reduced by up to this factor and enlarged again, as if the pixels had been larger.",
        "factor",
    )
    low_resolution_input: bool = _input(False)
    low_resolution_target: bool = _target(False)
    low_resolution_validation: bool = _validation()
    stretch: float = number(
        1.25,
        1.0,
        10.0,
        "Stretch",
        "Height and width each larger or smaller by up to this factor, as in persons of another "
        "build and images of another pixel size.",
        "factor",
    )
    stretch_input: bool = _input(False)
    stretch_target: bool = _target(False)
    stretch_validation: bool = _validation()
    behaviour: str = choice(
        "current",
        ("current", "2021"),
        "Version",
        "'2021' reproduces the operations of the 2021 program exactly, including its errors; "
        "offset, gain, gamma, low resolution and stretch, which it did not have, do nothing.",
    )

    def ticks(self, operation: str) -> tuple[bool, bool, bool]:
        """Whether ``operation`` (of ``OPERATIONS``) applies to input, target, validation input."""
        input_on, target_on, validation_on = (
            bool(getattr(self, f"{operation}_{side}")) for side in ("input", "target", "validation")
        )
        return input_on, target_on, validation_on

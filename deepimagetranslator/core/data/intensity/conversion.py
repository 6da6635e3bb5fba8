"""Converts values of one intensity normalization to another by their constants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization


@dataclass(frozen=True)
class Conversion:
    """A linear function from [0, 1] of one normalization to [0, 1] of another.

    Attributes:
        factor, summand: the result is ``factor * value + summand``.
    """

    factor: float
    summand: float

    def __call__(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """The converted values, of the same shape; they may lie outside [0, 1]."""
        return values.astype(np.float32) * np.float32(self.factor) + np.float32(self.summand)


def input_to_target(
    model: ModelSpec, inputs: IntensityNormalization, targets: IntensityNormalization
) -> Conversion | None:
    """From the normalization of a network's inputs to that of its targets.

    Returns:
        None if an input cannot be compared with its target: they differ in size, in channels or in
        what their values mean.
    """
    ours = model.input_height, model.input_width, model.input_channels
    theirs = model.target_height, model.target_width, model.target_channels
    return conversion(inputs, targets) if ours == theirs else None


def conversion(
    source: IntensityNormalization, destination: IntensityNormalization
) -> Conversion | None:
    """The conversion that keeps the meaning of a value; None if that is unknown.

    It is known if both divide each image by the maximum of its own type, if both are of the same
    file values, or if both are of real units: float files hold them, and so do integer files with
    an offset. It is unknown if one of them uses the range of each image.
    """
    scalings = source, destination
    kinds = {scaling.kind for scaling in scalings}
    if "image" in kinds:
        return None
    if kinds == {"type"}:
        return Conversion(1.0, 0.0)
    if source.dtype == destination.dtype:
        alike = source.offset == destination.offset
    else:
        alike = all(scaling.dtype == "float32" or scaling.offset for scaling in scalings)
    if not alike:
        return None
    span = destination.high - destination.low
    return Conversion((source.high - source.low) / span, (source.low - destination.low) / span)

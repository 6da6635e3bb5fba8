"""The intensity normalization of inputs and targets that a project's settings give."""

from __future__ import annotations

from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.config.validation import problems
from deepimagetranslator.core.data.intensity.normalization import (
    IntensityNormalization,
    ValueRange,
    choose_normalization,
)


def chosen_normalizations(
    data: DataSpec, inputs: ValueRange, targets: ValueRange
) -> tuple[IntensityNormalization, IntensityNormalization]:
    """The normalizations of inputs and targets to [0, 1].

    Args:
        data: a valid data spec.
        inputs, targets: the values of the training set.
    """
    return chosen_normalization(data, "input", inputs), chosen_normalization(
        data, "target", targets
    )


def chosen_normalization(data: DataSpec, side: str, values: ValueRange) -> IntensityNormalization:
    """The normalization of one side, "input" or "target", to [0, 1]."""
    return choose_normalization(
        values,
        getattr(data, f"{side}_scaling"),
        target=side == "target",
        window=(getattr(data, f"{side}_low"), getattr(data, f"{side}_high")),
        percentile=data.percentile,
        offset=getattr(data, f"{side}_offset"),
    )


def chosen_windows(
    data: DataSpec,
) -> tuple[IntensityNormalization | None, IntensityNormalization | None]:
    """The normalizations that are known before files are read: windows; None for others."""
    if "window" not in (data.input_scaling, data.target_scaling) or problems(data):
        return None, None
    deep = ValueRange(dtypes={"float32"})
    inputs, targets = chosen_normalizations(data, deep, deep)
    return (
        inputs if data.input_scaling == "window" else None,
        targets if data.target_scaling == "window" else None,
    )

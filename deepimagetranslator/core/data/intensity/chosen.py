"""Which scaling a project's choices come to, for its inputs and for its targets."""

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
    """How values of inputs and of targets become [0, 1].

    Args:
        data: the choices, without problems.
        inputs, targets: what the training set holds.
    """
    return (
        choose_normalization(
            inputs,
            data.input_scaling,
            window=(data.input_low, data.input_high),
            percentile=data.percentile,
            offset=data.input_offset,
        ),
        choose_normalization(
            targets,
            data.target_scaling,
            target=True,
            window=(data.target_low, data.target_high),
            percentile=data.percentile,
            offset=data.target_offset,
        ),
    )


def chosen_windows(
    data: DataSpec,
) -> tuple[IntensityNormalization | None, IntensityNormalization | None]:
    """The scalings that are known before the files are read: windows; None for any other."""
    if "window" not in (data.input_scaling, data.target_scaling) or problems(data):
        return None, None
    deep = ValueRange(dtypes={"float32"})
    inputs, targets = chosen_normalizations(data, deep, deep)
    return (
        inputs if data.input_scaling == "window" else None,
        targets if data.target_scaling == "window" else None,
    )

"""Checks of specs, and choices that follow from other choices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from deepimagetranslator.core.config import target_changes
from deepimagetranslator.core.config.classes import parse_classes
from deepimagetranslator.core.config.clean_up import parse_rules
from deepimagetranslator.core.config.fields import field_problems
from deepimagetranslator.core.config.specs import (
    CATEGORICAL_LOSSES,
    OPERATIONS,
    SECTIONS,
    VALUE_LOSSES,
    AugmentationSpec,
    DataSpec,
    ModelSpec,
    Specs,
    TranslationSpec,
)
from deepimagetranslator.core.errors import Problem, Remedy, UserError

WITHOUT_RESIDUAL = Remedy((("model.residual", False),))


def problems(spec: Any) -> list[Problem]:
    """The problems of one spec, each about one field; empty if it can be used."""
    found = field_problems(spec)
    if not found and isinstance(spec, DataSpec):
        found += _data_problems(spec)
    if not found and isinstance(spec, ModelSpec):
        found += _model_problems(spec)
    if not found and isinstance(spec, TranslationSpec):
        found += _translation_problems(spec)
    if not found and isinstance(spec, AugmentationSpec):
        found += _augmentation_problems(spec)
    return found


def specs_problems(specs: Specs) -> list[Problem]:
    """The problems of all sections, each with the field as SECTION.FIELD for its subject."""
    return [
        problem
        for section in SECTIONS
        for problem in in_section(section, problems(getattr(specs, section)))
    ]


def in_section(section: str, found: Iterable[Problem]) -> list[Problem]:
    """The problems of one spec, with SECTION.FIELD for their subjects."""
    return [replace(problem, subject=f"{section}.{problem.subject}") for problem in found]


def deepest(height: int, width: int) -> int:
    """The greatest network depth that an image of this size, in pixels, allows.

    Each level but the first halves the size; at least one pixel must remain.
    """
    return min(height, width).bit_length()


def with_sizes(
    model: ModelSpec, input_shape: tuple[int, int, int], target_shape: tuple[int, int, int]
) -> ModelSpec:
    """The spec with its missing sizes and channels taken from these shapes.

    Args:
        model: a size or number of channels of 0 is missing.
        input_shape, target_shape: (height, width, channels).
    """
    return replace(
        model,
        input_height=model.input_height or input_shape[0],
        input_width=model.input_width or input_shape[1],
        input_channels=model.input_channels or input_shape[2],
        target_height=model.target_height or target_shape[0],
        target_width=model.target_width or target_shape[1],
        target_channels=model.target_channels or target_shape[2],
    )


def with_final_activation(model: ModelSpec, loss: str) -> ModelSpec:
    """The spec with an automatic final activation replaced by the one that suits the loss."""
    if model.final_activation != "automatic":
        return model
    # With mae, a sigmoid that has learnt "all black" (the median of many images) saturates there
    # and hardly ever recovers; a linear output does.
    if model.residual:
        return replace(model, final_activation="linear")
    by_loss = dict.fromkeys(CATEGORICAL_LOSSES, "softmax") | dict.fromkeys(VALUE_LOSSES, "linear")
    return replace(model, final_activation=by_loss.get(loss, "sigmoid"))


def _data_problems(spec: DataSpec) -> list[Problem]:
    found = []
    for side in ("input", "target"):
        low, high = getattr(spec, f"{side}_low"), getattr(spec, f"{side}_high")
        if getattr(spec, f"{side}_scaling") == "window" and not low < high:
            message = (
                f"The {side} window goes from {low:g} to {high:g}; give it a lower and a higher "
                "limit."
            )
            found.append(Problem(f"{side}_low", message))
    try:
        parse_classes(spec.labels)
    except UserError as error:
        found.append(Problem("labels", str(error)))
    return found + _change_problems(spec)


def _change_problems(spec: DataSpec) -> list[Problem]:
    """A problem for the first text of ``target_changes`` that this version cannot follow."""
    for text in spec.target_changes:
        try:
            target_changes.parse(text)
        except ValueError as error:
            message = (
                f"{error}; give CHANGE: TARGET with one of {', '.join(target_changes.NAMES)}, or "
                "open the project with a newer version."
            )
            return [Problem("target_changes", message)]
    return []


def _translation_problems(spec: TranslationSpec) -> list[Problem]:
    try:
        parse_rules(spec.clean_up)
    except UserError as error:
        return [Problem("clean_up", str(error))]
    if spec.value_type == "automatic":
        return []
    if spec.output in ("labels", "classes"):
        message = "Label maps have a type of their own; leave the value type automatic."
        return [Problem("value_type", message)]
    if spec.value_type == "float" and spec.file_format in ("png", "dicom"):
        holder = {"png": "PNG", "dicom": "A DICOM image"}[spec.file_format]
        message = f"{holder} cannot hold floating-point values; choose the format tif or 16-bit."
        return [Problem("value_type", message)]
    return []


def _model_problems(spec: ModelSpec) -> list[Problem]:
    found = []
    if spec.deep_supervision and spec.depth < 3:
        message = f"Deep supervision needs a depth of 3 or more, not {spec.depth}."
        found.append(Problem("deep_supervision", message))
    found += _residual_problems(spec)
    for side in ("input", "target"):
        height, width = getattr(spec, f"{side}_height"), getattr(spec, f"{side}_width")
        if (height == 0) != (width == 0):
            message = f"Give both the {side}'s height and width, or leave both 0."
            found.append(Problem(f"{side}_height", message))
    most = deepest(spec.input_height, spec.input_width)
    if not found and spec.input_height and spec.depth > most:
        found.append(
            Problem(
                "depth",
                f"An input of {spec.input_width} x {spec.input_height} pixels allows a depth of "
                f"at most {most}, not {spec.depth}; choose {most} or larger images.",
            )
        )
    if spec.base_filters * 2 ** (spec.depth - 1) > 65536:
        message = (
            "The deepest block would have more than 65536 channels; choose a smaller depth or "
            "fewer channels of the first convolution."
        )
        found.append(Problem("base_filters", message))
    return found


def _residual_problems(spec: ModelSpec) -> list[Problem]:
    """What a residual output, which is a sum of the input and a difference, does not go with."""
    if not spec.residual:
        return []
    if spec.final_activation not in ("automatic", "linear"):
        message = (
            f"A residual output needs a linear final activation, not {spec.final_activation}; "
            "choose automatic, or switch the residual output off."
        )
        remedy = Remedy((("model.final_activation", "automatic"),))
        return [Problem("residual", message, remedy=remedy)]
    channels = spec.input_channels, spec.target_channels
    if all(channels) and channels[0] != channels[1]:
        message = (
            "A residual output needs as many target channels as input channels, not "
            f"{channels[1]} and {channels[0]}; switch it off, or choose equal numbers of channels."
        )
        return [Problem("residual", message, remedy=WITHOUT_RESIDUAL)]
    return []


def _augmentation_problems(spec: AugmentationSpec) -> list[Problem]:
    return [
        Problem(
            f"{operation}_validation",
            f"'{operation}' can act on validation inputs only if it acts on the training inputs; "
            "switch it on there, or off for validation.",
            remedy=Remedy(((f"augmentation.{operation}_validation", False),)),
        )
        for operation in OPERATIONS
        if spec.ticks(operation)[2] and not spec.ticks(operation)[0]
    ]

"""Start a network with the weights of another one."""

from __future__ import annotations

from typing import Any

import keras

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.ml.network.unet import residuals


def transfer(source: keras.Model, destination: keras.Model) -> list[str]:
    """Copy the weights of one U-Net into another, which may differ in its output layers.

    Returns:
        The names of the layers that keep their initial weights: output layers with another number
        of target channels, and those that the source lacks; all output layers if only one of the
        networks has a residual output.

    Raises:
        UserError: other layers differ.
    """
    givers, takers = (
        {
            is_output: [x for x in _trained(model) if _is_output(x) == is_output]
            for is_output in (False, True)
        }
        for model in (source, destination)
    )
    if [_shapes(x) for x in givers[False]] != [_shapes(x) for x in takers[False]]:
        raise UserError(
            "The weights belong to another network: depth, channels of the first convolution, "
            "input channels and normalization must be the same. Change the model to fit, or "
            "train from the beginning."
        )
    if bool(residuals(source)) != bool(residuals(destination)):
        givers[True] = []
    renewed = [layer.name for layer in takers[True][len(givers[True]) :]]
    for giver, taker in zip(
        givers[False] + givers[True], takers[False] + takers[True], strict=False
    ):
        if _shapes(giver) != _shapes(taker):
            renewed.append(taker.name)
            continue
        for old, new in zip(giver.trainable_variables, taker.trainable_variables, strict=True):
            new.assign(old)
    return renewed


def _trained(model: keras.Model) -> list[Any]:
    """The layers with weights in the order in which they were made."""
    found = [layer for layer in model.layers if layer.trainable_variables]
    return sorted(found, key=_made)


def _made(layer: Any) -> tuple[str, int]:
    """Kind and number of a layer; Keras counts all layers of a process, so 10 comes after 9."""
    kind, _, number = layer.name.rpartition("_")
    return (kind, int(number)) if number.isdigit() else (layer.name, 0)


def _is_output(layer: Any) -> bool:
    return getattr(layer, "kernel_size", None) == (1, 1)


def _shapes(layer: Any) -> list[tuple[int, ...]]:
    return [tuple(variable.shape) for variable in layer.trainable_variables]

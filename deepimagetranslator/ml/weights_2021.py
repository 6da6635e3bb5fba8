"""Weights files of the 2021 program, recognised by their content.

There are two kinds. "Save current model weights" wrote layer names and arrays; a checkpoint of
training also has the configuration of the network. Files of TensorFlow 2.4 lack newer keys of the
configuration, so only the necessary keys are read, and missing ones are tolerated.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import h5py
import numpy as np

from deepimagetranslator.core.config.fields import field_problems
from deepimagetranslator.core.config.network_plan import convolution_shapes
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.errors import UserError


def is_2021_file(file: h5py.File) -> bool:
    """Whether an open HDF5 file has the layout of Keras 2, as files of the 2021 program have."""
    return "layer_names" in _layers_group(file).attrs


def read_2021_file(file: h5py.File, name: str) -> tuple[ModelSpec, list[np.ndarray]]:
    """Read the network and its arrays.

    Args:
        file: an open HDF5 file for which ``is_2021_file`` holds.
        name: the file's name, for errors.

    Returns:
        The spec, with sizes of 0 if the file has none, and the kernels and biases, alternating, in
        the order of the layers.

    Raises:
        UserError: the arrays do not fit any network of the 2021 program.
    """
    arrays = _arrays(_layers_group(file))
    spec = _spec_of([array.shape for array in arrays], name)
    configuration = file.attrs.get("model_config")
    if configuration is not None:
        spec = _with_sizes(spec, _text(configuration), name)
    return spec, arrays


def _layers_group(file: h5py.File) -> Any:
    group = file.get("model_weights", file)
    return group if isinstance(group, h5py.Group) else file


def _arrays(group: Any) -> list[np.ndarray]:
    arrays: dict[Any, np.ndarray] = {}
    for layer_name in group.attrs["layer_names"]:
        layer = group[_text(layer_name)]
        for name in layer.attrs.get("weight_names", ()):
            array = layer[_text(name)]
            if not isinstance(array, h5py.Dataset) or array.dtype.kind != "f":
                raise ValueError("no array of numbers")
            if array in arrays:  # a file could list one array many times and fill the memory
                raise ValueError("one array in two places")
            arrays[array] = np.asarray(array)
    return list(arrays.values())


def _spec_of(shapes: list[tuple[int, ...]], name: str) -> ModelSpec:
    kernels, biases = shapes[0::2], shapes[1::2]
    if not kernels or any(len(kernel) != 4 for kernel in kernels):
        raise UserError(_no_network(name, "it holds layers other than convolutions"))
    wide = sum(kernel[:2] == (3, 3) for kernel in kernels)
    depth = (wide + 2) // 4
    spec = replace(
        PRESETS["2021"].model,
        depth=depth,
        base_filters=kernels[0][3],
        input_channels=kernels[0][2],
        target_channels=kernels[-1][3],
        deep_supervision=len(kernels) - wide == 2,
    )
    if wide < 2 or (spec.deep_supervision and depth < 3):
        raise UserError(_no_network(name, f"it holds {wide} convolutions of 3 x 3"))
    expected = convolution_shapes(spec)
    if kernels != expected or biases != [(kernel[3],) for kernel in expected]:
        found = next((k for k, e in zip(kernels, expected, strict=False) if k != e), kernels[-1])
        raise UserError(_no_network(name, f"a kernel of shape {found} is out of place"))
    return spec


def _no_network(name: str, why: str) -> str:
    return (
        f"{name} is not a weights file of a U-Net of the 2021 program: {why}. Choose a file of "
        "weights that this program saved or its training wrote."
    )


def _with_sizes(spec: ModelSpec, configuration: str, name: str) -> ModelSpec:
    """Add the input size (input layer) and target size (last Resizing), if they can be read."""
    try:
        layers = json.loads(configuration)["config"]["layers"]
        first = layers[0]["config"]
        shape = first.get("batch_input_shape") or first.get("batch_shape")
        input_size = (int(shape[1]), int(shape[2]))
        resizings = [layer["config"] for layer in layers if layer["class_name"] == "Resizing"]
        target_size = input_size
        if resizings:
            target_size = (int(resizings[-1]["height"]), int(resizings[-1]["width"]))
    except (ValueError, KeyError, TypeError, IndexError):
        return spec
    sized = replace(
        spec,
        input_height=input_size[0],
        input_width=input_size[1],
        target_height=target_size[0],
        target_width=target_size[1],
    )
    found = field_problems(sized)
    if found:
        raise UserError(_no_network(name, found[0].message.rstrip(".")))
    return sized


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)

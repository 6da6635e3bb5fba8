"""Weights files of other programs, and such as claim, unpack to or would build huge things."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from fuzz_registry import Bombs
from fuzz_weights import CARD

from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.intensity.normalization import BYTES

BOMBS = Bombs("weights")
Fill = Callable[[h5py.File], None]


def _holding(name: str) -> Callable[[Fill], Fill]:
    """A file that the function fills."""

    def add(fill: Fill) -> Fill:
        def make(path: Path) -> None:
            with h5py.File(path, "w", libver="latest") as file:
                fill(file)

        BOMBS[name] = make
        return fill

    return add


def _layers(file: h5py.File, shapes: list[tuple[int, ...]], **options: Any) -> None:
    """Layers as the 2021 program's Keras wrote them."""
    file.attrs["layer_names"] = [f"layer{n}".encode() for n in range(len(shapes))]
    for number, shape in enumerate(shapes):
        layer = file.create_group(f"layer{number}")
        layer.attrs["weight_names"] = [b"kernel", b"bias"]
        layer.create_dataset("kernel", shape, "f4", **options)
        layer.create_dataset("bias", shape[-1:], "f4", **options)


@_holding("dense.h5")
def _dense(file: h5py.File) -> None:
    _layers(file, [(784, 32), (32, 10)])


@_holding("huge layers.h5")
def _huge_layers(file: h5py.File) -> None:
    _layers(file, [(3, 3, 2**20, 2**20)] * 4, chunks=True)


@_holding("huge network.h5")
def _huge_network(file: h5py.File) -> None:
    """Kernels that would make a U-Net, of which nothing is stored."""
    wide, last = (3, 3, 3, 2048), (1, 1, 2048, 3)
    _layers(file, [wide, (3, 3, 2048, 2048), last], chunks=True)


@_holding("many layers.h5")
def _many_layers(file: h5py.File) -> None:
    file.attrs["layer_names"] = np.array([b"layer"] * 4000)
    layer = file.create_group("layer")
    layer.attrs["weight_names"] = np.array([b"kernel"] * 4000)
    layer["kernel"] = np.zeros((3, 3, 3, 3), "f4")


@_holding("large layers.h5")
def _large_layers(file: h5py.File) -> None:
    """One array of 256 MiB, packed, named again and again."""
    file.attrs["layer_names"] = np.array([b"layer"] * 4000)
    layer = file.create_group("layer")
    layer.attrs["weight_names"] = np.array([b"kernel"] * 4000)
    layer.create_dataset("kernel", (3, 3, 2048, 3641), "f4", chunks=(3, 3, 64, 64), compression=1)


@_holding("keras model.h5")
def _keras_model(file: h5py.File) -> None:
    file.attrs["keras_version"] = "2.4.0"
    file.attrs["model_config"] = json.dumps(
        {"class_name": "Functional", "config": {"layers": [{"class_name": "Lambda"}]}}
    )
    _layers(file.create_group("model_weights"), [(3, 3, 3, 8), (784, 32)])


@_holding("table.h5")
def _table(file: h5py.File) -> None:
    file["table"] = np.zeros((9, 9))


@_holding("many groups.h5")
def _many_groups(file: h5py.File) -> None:
    for number in range(20_000):
        file.create_group(f"g{number}")


@_holding("deep groups.h5")
def _deep_groups(file: h5py.File) -> None:
    file.create_group("/".join(["g"] * 2000))


@_holding("virtual.h5")
def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2**30,), "u1")
    layout[:] = h5py.VirtualSource("/dev/zero", "x", (2**30,))
    file.create_virtual_dataset(CARD, layout)


@_holding("card only.h5")
def _card_only(file: h5py.File) -> None:
    file[CARD] = np.frombuffer(b'{"format": 1}', np.uint8)


@_holding("huge card.h5")
def _huge_card(file: h5py.File) -> None:
    file.create_dataset(CARD, (2**28,), "u1", chunks=(2**20,), compression=9)


@_holding("deep card.h5")
def _deep_card(file: h5py.File) -> None:
    file[CARD] = np.frombuffer(b"[" * 3_000_000, np.uint8)


@_holding("pickled object.h5")
def _pickled_object(file: h5py.File) -> None:
    file[CARD] = np.frombuffer(pickle.dumps([1]), np.uint8)
    file.attrs["PICKLE"] = np.void(pickle.dumps([1]))


@_holding("large network.h5")
def _card_of_a_large_network(file: h5py.File) -> None:
    model = fields.to_json(ModelSpec(10, 512, False, "group", 8, 8, 1, 8, 8, 1))
    card = {"format": 1, "program": "", "preset": "", "model": model, "palette": None}
    card |= {"input_scaling": BYTES.to_json(), "target_scaling": BYTES.to_json(), "training": {}}
    file[CARD] = np.frombuffer(json.dumps(card).encode(), np.uint8)

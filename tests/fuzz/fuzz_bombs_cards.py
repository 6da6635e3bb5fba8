"""Weights files that are whole but for one claim: of their card, their numbers, or their sizes.

Each begins as a good file of version 2.0 or of the 2021 program.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from fuzz_registry import Bombs
from fuzz_weights import CARD, STATE, with_text

from deepimagetranslator.core.data.domain.reference import KINDS

BOMBS = Bombs("translated weights")
_DATA = Path(__file__).parents[1] / "data"
_VALUES = _DATA / "version_2_0" / "values.weights.h5"
_LABELS = _DATA / "version_2_0" / "labels.weights.h5"
_OLD = _DATA / "weights_2021" / "deep-checkpoint.hdf5"
_ENDING = ".weights.h5"

_WRONG: dict[str, Any] = {
    "null": None,
    "true": True,
    "text": "a\n\u2028\u0007\ud800" + "b" * 9000,
    "list": [[[]]],
    "object": {"__class__": "os.system", "class_name": "Lambda"},
    "minus": -1,
    "nan": float("nan"),
    "infinity": float("inf"),
    "1e400": 10**400,
    "1e308": 1e308,
}
_SIDES = ("input_height", "input_width", "target_height", "target_width")


def _card(name: str, change: Callable[[dict[str, Any]], object], good: Path = _VALUES) -> None:
    """A good file with another card."""

    def make(path: Path) -> None:
        content = good.read_bytes()
        with h5py.File(good, "r") as file:
            card = json.loads(bytes(file[CARD][()]))
        change(card)
        text = json.dumps(card, ensure_ascii=False).encode("utf-8", "surrogatepass")
        path.write_bytes(with_text(content, CARD, text))

    BOMBS[f"{name}{_ENDING}"] = make


def _field(place: str, wrong: str, good: Path = _VALUES) -> None:
    *above, last = place.split(".")

    def change(card: dict[str, Any]) -> None:
        for part in above:
            card = card[part]
        card[last] = _WRONG[wrong]

    _card(f"{place} {wrong}", change, good)


def _domain(place: str, wrong: str) -> None:
    """A good file whose record of its training images is good but for one place."""
    *above, last = place.split(".")

    def change(card: dict[str, Any]) -> None:
        model = card["model"]
        channels = model["base_filters"] * 2 ** (model["depth"] - 1)
        traits = dict.fromkeys(("low", "mean", "high"), [0.0] * 5)
        rows = {"histogram": [0.0] * 64, "embedding": [0.0] * channels, "spread": [1.0] * channels}
        inner = {
            "reference": traits | rows,
            "limits": {key: [-1.0, 1.0] for key in KINDS},
            "images": 1,
            "spacing": [1.0, 1.0, 2.0, 2.0],
        }
        card["domain"] = inner
        for part in above:
            card = card[part]
        card[last] = _WRONG[wrong]

    _card(f"{place} {wrong}", change)


_RECORD = ("limits", "limits.noise", "reference", "reference.mean", "reference.spread", "spacing")
for _number, _place in enumerate(("domain", *(f"domain.{part}" for part in _RECORD))):
    for _wrong in [*_WRONG][_number % 3 :: 3]:
        _domain(_place, _wrong)
_FIELDS = ("format", "program", "preset", "model", "input_scaling", "training", "large_images")
_MORE = ("reading", "input_statistics", "target_scaling.kind", "calibration")
for _number, _place in enumerate((*_FIELDS, *_MORE)):
    for _wrong in [*_WRONG][_number % 2 :: 2]:
        _field(_place, _wrong)
for _number, _place in enumerate(("input_scaling.low", "target_scaling.high", "training.epoch")):
    for _wrong in [*_WRONG][_number % 2 :: 2]:
        _field(_place, _wrong)
for _number, _place in enumerate(("palette", "palette.colours", "palette.names", "palette.rest")):
    for _wrong in [*_WRONG][_number % 3 :: 3]:
        _field(_place, _wrong, _LABELS)


def _model(name: str, **changes: Any) -> None:
    _card(name, lambda card: card["model"].update(changes))


def _range(low: float, high: float) -> dict[str, Any]:
    return {"kind": "data", "low": low, "high": high, "dtype": "float32", "offset": 0}


_model("largest", **dict.fromkeys(_SIDES, 16384))
_model("large", **dict.fromkeys(_SIDES, 6000))
_model("large target", target_height=16384, target_width=16384)
_model("narrow", input_height=2, input_width=16384)
_model("one pixel", input_height=1, input_width=1)
_model("deep and large", depth=12, **dict.fromkeys(_SIDES, 16384))
_model("channels", input_channels=64, target_channels=256)
_model("no channels", input_channels=0, target_channels=0)
_model("half a size", input_height=0)
_model("dropout", dropout=0.9, upsampling="bilinear", final_activation="linear")
_card("wide range", lambda card: card.update(target_scaling=_range(-1e308, 1e308)))
_card("wide inputs", lambda card: card.update(input_scaling=_range(-1e308, 1e308)))
_card("no range", lambda card: card.update(input_scaling=_range(0, 5e-324)))
_card("beyond float32", lambda card: card.update(target_scaling=_range(0, 1e300)))
_CALIBRATION = {"kind": "values", "raw": [0.1], "observed": [0.1], "images": 1, "pixels": 9}
_card("calibration beyond", lambda card: card.update(calibration=_CALIBRATION | {"raw": [10**400]}))
_card("calibration nan", lambda card: card.update(calibration=_CALIBRATION | {"observed": [1e999]}))
_card("no card", lambda card: card.clear())
_card("many notes", lambda card: card["training"].update({f"n{n}": n for n in range(100_000)}))


def _arrays(name: str, value: float, good: Path = _VALUES) -> None:
    """A good file whose weights are all this value."""

    def make(path: Path) -> None:
        shutil.copyfile(good, path)

        def fill(_: str, found: Any) -> None:
            if isinstance(found, h5py.Dataset) and found.dtype.kind == "f":
                found[...] = value

        with h5py.File(path, "a") as file:
            file.visititems(fill)

    BOMBS[f"{name}{good.suffix if good is _OLD else _ENDING}"] = make


for _name, _value in (("nan", np.nan), ("infinite", np.inf), ("huge", 3e38), ("minus", -np.inf)):
    _arrays(f"{_name} values", _value)
    _arrays(f"{_name} labels", _value, _LABELS)
    _arrays(f"{_name} old", _value, _OLD)


def _old(name: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """A checkpoint of the 2021 program with another configuration of its layers."""

    def make(path: Path) -> None:
        shutil.copyfile(_OLD, path)
        with h5py.File(path, "a") as file:
            configuration = json.loads(file.attrs["model_config"])
            change(configuration["config"]["layers"])
            del file.attrs["model_config"]
            file.attrs["model_config"] = json.dumps(configuration)

    BOMBS[f"old {name}.hdf5"] = make


def _shaped(shape: Any) -> Callable[[list[dict[str, Any]]], None]:
    def change(layers: list[dict[str, Any]]) -> None:
        layers[0]["config"]["batch_input_shape"] = shape

    return change


def _resized(value: Any) -> Callable[[list[dict[str, Any]]], None]:
    def change(layers: list[dict[str, Any]]) -> None:
        resizing = {"height": value, "width": value}
        layers.append({"class_name": "Resizing", "config": resizing})

    return change


for _size in (0, -5, 1, 40_000, 2**31, 2**63, 10**30, 1e300, "12", None, [], True):
    _old(f"size {_size!s:.12}", _shaped([None, _size, _size, 1]))
    _old(f"resized {_size!s:.12}", _resized(_size))
_old("largest", _shaped([None, 16384, 16384, 1]))
_old("lambda", lambda layers: layers.insert(1, {"class_name": "Lambda", "config": {"function": 1}}))
_old("custom", lambda layers: layers.insert(1, {"class_name": "os>system", "module": "os"}))
_old("no layers", lambda layers: layers.clear())


def _cut(path: Path, share: int) -> None:
    content = _VALUES.read_bytes()
    path.write_bytes(content[: len(content) * share // 16])


for _share in range(1, 16):
    BOMBS[f"cut {_share}{_ENDING}"] = lambda path, share=_share: _cut(path, share)  # type: ignore[misc]


def _state(text: bytes) -> Callable[[Path], object]:
    content = (_DATA / "version_2_0" / "run" / "last.weights.h5").read_bytes()
    return lambda path: path.write_bytes(with_text(content, f"{STATE}/values", text))


for _name, _text in (("list", b"[1]"), ("number", b"3"), ("broken", b"{"), ("deep", b"[" * 99_999)):
    BOMBS[f"state {_name}{_ENDING}"] = _state(_text)

"""What a weights file claims is held against what it is, before memory is taken for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from networks import write_network

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.ml import memory, weights
from deepimagetranslator.ml.translator import Translator

OLD = Path(__file__).parents[1] / "data" / "weights_2021"
CARD = "deepimagetranslator/card"
IMAGE = np.full((16, 24, 1), 7, np.uint8)


def with_card(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A good file with a changed description."""
    path = write_network(folder, "x", 0.5)
    with h5py.File(path, "a") as file:
        card = json.loads(bytes(file[CARD][()]))
        change(card)
        del file[CARD]
        file[CARD] = np.frombuffer(json.dumps(card).encode(), np.uint8)
    return path


def with_sizes(folder: Path, **sizes: int) -> Path:
    return with_card(folder, lambda card: card["model"].update(sizes))


def _kernels(file: h5py.File) -> list[h5py.Dataset]:
    """The network's kernels, without the optimizer's arrays."""
    found: list[h5py.Dataset] = []

    def gather(name: str, one: Any) -> None:
        if isinstance(one, h5py.Dataset) and one.ndim == 4 and "optimizer" not in name:
            found.append(one)

    file.visititems(gather)
    return found


@pytest.mark.parametrize(
    ("source", "value"),
    [("ours", np.nan), ("plain-weights.hdf5", np.inf), ("deep-checkpoint.hdf5", -np.inf)],
)
def test_one_weight_that_is_not_finite(tmp_path: Path, source: str, value: float) -> None:
    if source == "ours":
        path = write_network(tmp_path, "x", 0.5)
    else:
        path = Path(shutil.copyfile(OLD / source, tmp_path / source))
    with h5py.File(path, "a") as file:
        _kernels(file)[-1][0, 0, 0, 0] = value
    weights.read_card(path)
    with pytest.raises(
        UserError, match=f"{path.name}: its weights hold values that are not finite"
    ):
        weights.load(path, size=(32, 32))


def test_a_network_that_overflows_is_not_silent(tmp_path: Path) -> None:
    path = write_network(tmp_path, "x", 0.5, final_activation="linear")
    with h5py.File(path, "a") as file:
        *others, last = _kernels(file)
        for kernel in others:
            kernel[...] = 1.0
        last[...] = 3e38  # the last alone, as ReLU turns NaN into 0 on some processors
    with pytest.raises(UserError, match=r"x\.weights\.h5 gives values that are not finite"):
        Translator(path).translate(IMAGE)


@pytest.mark.parametrize(
    "sizes",
    [
        dict.fromkeys(("input_height", "input_width", "target_height", "target_width"), 16384),
        dict.fromkeys(("target_height", "target_width"), 16384),
    ],
)
def test_a_small_image_is_not_enlarged_beyond_sense(tmp_path: Path, sizes: dict[str, int]) -> None:
    path = with_sizes(tmp_path, **sizes)
    with pytest.raises(UserError, match=r"24 x 16 pixels, but x\.weights\.h5 .* 16384 x 16384"):
        Translator(path).translate(IMAGE, "a.png")


def test_an_output_larger_than_any_image_is_refused(tmp_path: Path) -> None:
    path = with_sizes(tmp_path, target_height=1600, target_width=2400)
    with pytest.raises(UserError, match="200,000,000 are the most"):
        Translator(path).predict([np.zeros((200, 240, 1), np.uint8)], ["a.png"])


def test_a_network_that_memory_cannot_hold_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_network(tmp_path, "x", 0.5)
    monkeypatch.setattr(memory, "_free", lambda: 1000)
    with pytest.raises(
        UserError, match=r"x\.weights\.h5 needs about 65 MiB of memory for an image"
    ):
        Translator(path).translate(IMAGE)
    for free in (0, 2**30):  # unknown; enough
        monkeypatch.setattr(memory, "_free", lambda free=free: free)
        Translator(path).translate(IMAGE)


@pytest.mark.parametrize("size", [-5, 40_000, 2**31, 10**30])
@pytest.mark.parametrize("part", ["input", "target"])
def test_a_2021_file_of_impossible_sizes(tmp_path: Path, part: str, size: int) -> None:
    path = Path(shutil.copyfile(OLD / "deep-checkpoint.hdf5", tmp_path / "x.hdf5"))
    with h5py.File(path, "a") as file:
        configuration = json.loads(file.attrs["model_config"])
        layers = configuration["config"]["layers"]
        if part == "input":
            layers[0]["config"]["batch_input_shape"] = [None, size, size, 1]
        else:
            resizing = {"height": size, "width": size}
            layers.append({"class_name": "Resizing", "config": resizing})
        file.attrs["model_config"] = json.dumps(configuration)
    with pytest.raises(UserError, match=r"x\.hdf5 .*height must be a whole number from 0 to 16384"):
        weights.read_card(path)


@pytest.mark.parametrize(
    "change",
    [
        {"target_scaling": {"kind": "data", "low": -1e308, "high": 1e308, "dtype": "float32"}},
        {"input_scaling": {"kind": "data", "low": 0, "high": 5e-324, "dtype": "float32"}},
        {"large_images": "nope"},
        {"large_images": None},
        {"training": 3},
        {"palette": [1]},
    ],
)
def test_a_description_with_impossible_values(tmp_path: Path, change: dict[str, Any]) -> None:
    path = with_card(tmp_path, lambda card: card.update(change))
    with pytest.raises(UserError, match=r"x\.weights\.h5: the description .* is damaged"):
        weights.read_card(path)


@pytest.mark.parametrize("epoch", ["a", None, [], 1e308, float("nan"), 10**400])
def test_an_epoch_of_another_kind_is_no_error(tmp_path: Path, epoch: Any) -> None:
    card = weights.read_card(with_card(tmp_path, lambda c: c["training"].update(epoch=epoch)))
    assert isinstance(card.epoch, int)


def test_the_description_fits_a_window(tmp_path: Path) -> None:
    notes = {"a\nb\u2028": "c\x1b" * 100_000}
    card = weights.read_card(with_card(tmp_path, lambda c: c["training"].update(notes)))
    assert all(len(line) <= 2000 and line.isprintable() for line in card.lines())


def test_a_network_that_cannot_be_built_names_its_file(tmp_path: Path) -> None:
    path = with_sizes(tmp_path, input_height=1, input_width=1)
    with pytest.raises(UserError, match=r"x\.weights\.h5 describes no possible network: .*depth"):
        weights.load(path)

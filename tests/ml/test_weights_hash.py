"""The hash of a weights file's arrays: equal in equal trainings, other with any other value."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from deepimagetranslator.core.system.file_hash import file_sha256
from deepimagetranslator.ml.weights_hash import arrays_sha256


def write(path: Path, card: bytes, value: float = 1.0, **state: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        file["layers/conv2d/vars/0"] = np.array([[value, 2.0]], np.float32)
        file["optimizer/vars/0"] = np.int64(7)
        file["deepimagetranslator/card"] = np.frombuffer(card, np.uint8)
        for name, array in state.items():
            file[f"deepimagetranslator/state/{name}"] = array
    return path


def test_the_date_does_not_count_and_every_value_does(tmp_path: Path) -> None:
    first = write(tmp_path / "a", b"written today", history=np.arange(3, dtype=np.uint8))
    again = write(tmp_path / "b", b"written on another day")
    assert file_sha256(first) != file_sha256(again)
    assert arrays_sha256(first) == arrays_sha256(again)
    other = write(tmp_path / "c", b"written today", 1.0000001)
    assert arrays_sha256(other) != arrays_sha256(first)


def test_the_moving_average_counts(tmp_path: Path) -> None:
    plain = write(tmp_path / "a", b"")
    averaged = write(tmp_path / "b", b"", average_0=np.ones(2, np.float32))
    other = write(tmp_path / "c", b"", average_0=np.zeros(2, np.float32))
    assert len({arrays_sha256(path) for path in (plain, averaged, other)}) == 3


def test_shape_and_type_count(tmp_path: Path) -> None:
    hashes = set()
    for number, array in enumerate(
        (np.zeros((2, 3), np.float32), np.zeros((3, 2), np.float32), np.zeros((2, 3), np.int32))
    ):
        with h5py.File(tmp_path / str(number), "w") as file:
            file["x"] = array
        hashes.add(arrays_sha256(tmp_path / str(number)))
    assert len(hashes) == 3

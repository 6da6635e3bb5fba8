"""A good weights file with one thing in it that may be of any size, or lead anywhere: refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.weights_contents import MOST

GOOD = Path(__file__).parents[1] / "data" / "weights_2021" / "plain-weights.hdf5"
Add = Callable[[h5py.File], object]


def _link(link: object) -> Add:
    return lambda file: file.__setitem__("x", link)


def _array(**options: Any) -> Add:
    return lambda file: file.create_dataset("x", **options)


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((9,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (9,))
    file.create_virtual_dataset("x", layout)


def _many(file: h5py.File) -> None:
    for number in range(MOST + 1):
        file.create_group(f"{number}")


STRANGE: dict[str, Add] = {
    "link to another file": _link(h5py.ExternalLink("/etc/passwd", "/")),
    "link inside": _link(h5py.SoftLink("/")),
    "many groups": _many,
    "deep groups": lambda file: file.create_group("/".join("g" * 30)),
    "virtual": _virtual,
    "stored outside": _array(shape=(9,), dtype="u1", external=[("/etc/passwd", 0, 9)]),
    "packed": _array(data=np.zeros(9), compression="gzip"),
    "in pieces": _array(shape=(2**40,), dtype="f4", chunks=(1024,)),
    "larger than the file": _array(shape=(2**40,), dtype="f4"),
    "ragged": _array(shape=(4,), dtype=h5py.vlen_dtype(np.int32)),
    "references": _array(shape=(4,), dtype=h5py.ref_dtype),
}


def with_addition(folder: Path, add: Add) -> Path:
    path = folder / "strange.hdf5"
    shutil.copyfile(GOOD, path)
    with h5py.File(path, "a", libver="latest") as file:
        add(file)
    return path


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("read", [weights.read_card, weights.load])
def test_what_no_weights_file_has_is_refused(
    tmp_path: Path, name: str, read: Callable[[Path], object]
) -> None:
    path = with_addition(tmp_path, STRANGE[name])
    with pytest.raises(UserError, match=path.name):
        read(path)


def test_a_plain_array_more_is_not_refused(tmp_path: Path) -> None:
    path = with_addition(tmp_path, lambda file: file.create_dataset("note", data=np.zeros(9, "f4")))
    assert weights.read_card(path) == weights.read_card(GOOD)

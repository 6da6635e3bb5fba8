"""Files that change or vanish after they were first read: no later epoch uses them unnoticed."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from deepimagetranslator.core.augmentation.sampling import PairReader
from deepimagetranslator.core.checks.examination import prepare
from deepimagetranslator.core.config.specs import DataSpec, Specs, TrainingSpec
from deepimagetranslator.core.data.facts import ImageChangedError
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import write_image

SIZE = (24, 32)


def image(number: int, size: tuple[int, int] = SIZE, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (*size, channels)).astype(np.uint8)


def volume(path: Path, number: int) -> None:
    voxels = np.random.default_rng(number).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    data = nibabel.Nifti1Image(voxels, np.eye(4)).to_bytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def reader_of(folder: Path, cache: int = 0, ending: str = ".png") -> PairReader:
    """A reader of three pairs of which each was read once, as in the first epoch."""
    files = {}
    for side in ("inputs", "targets"):
        names = []
        for number in range(3):
            path = folder / side / f"{number}{ending}"
            path.parent.mkdir(exist_ok=True)
            if ending == ".png":
                write_image(path, image(number + 10 * (side == "targets")))
            else:
                volume(path, number + 10 * (side == "targets"))
            names.append(f"{path}/0002" if "nii" in ending else str(path))
        files[f"train_{side}"] = tuple(names)
    data = DataSpec(**files)
    dataset = prepare(Specs(data=data, training=TrainingSpec(loss="mae", metrics=())))
    reader = PairReader(dataset, cache, dataset.contents)
    read_all(reader)
    return reader


def read_all(reader: PairReader) -> None:
    for pair in reader.dataset.train:
        reader.read(pair)


def rewrite(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file again, with a later time."""
    write(path)
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1_000_000))


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda path: write_image(path, image(99)),
    "size": lambda path: write_image(path, image(1, (48, 16))),
    "colours": lambda path: write_image(path, image(1, SIZE, 3)),
    "type": lambda path: write_image(path, image(1).astype(np.uint16)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("side", ["inputs", "targets"])
def test_a_changed_file_stops_the_training_and_is_named(tmp_path, side, change):
    reader = reader_of(tmp_path)
    rewrite(tmp_path / side / "1.png", CHANGES[change])
    with pytest.raises(ImageChangedError, match=rf"{side}.1\.png has changed since"):
        read_all(reader)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_a_changed_volume_stops_the_training_and_its_slice_is_named(tmp_path, ending):
    reader = reader_of(tmp_path, ending=ending)
    rewrite(tmp_path / "inputs" / f"1{ending}", lambda path: volume(path, 99))
    with pytest.raises(ImageChangedError, match=rf"1{ending}.0002 has changed since"):
        read_all(reader)


def test_a_file_that_is_written_again_unchanged_goes_on(tmp_path):
    reader = reader_of(tmp_path)
    for side in ("inputs", "targets"):
        path = tmp_path / side / "1.png"
        data = path.read_bytes()
        path.unlink()
        rewrite(path, lambda path, data=data: path.write_bytes(data))
    read_all(reader)


@pytest.mark.parametrize("side", ["inputs", "targets"])
def test_a_removed_file_stops_the_training_and_is_named(tmp_path, side):
    reader = reader_of(tmp_path)
    (tmp_path / side / "2.png").unlink()
    with pytest.raises(UserError, match=rf"{side}.2\.png does not exist"):
        read_all(reader)


def test_a_pair_in_memory_needs_its_files_no_longer(tmp_path):
    reader = reader_of(tmp_path, cache=2**20)
    rewrite(tmp_path / "inputs" / "1.png", CHANGES["content"])
    (tmp_path / "inputs" / "2.png").unlink()
    read_all(reader)

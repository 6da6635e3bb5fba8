"""A held file is read once: afterwards every reader takes its bytes from memory."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import dicom_samples
import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from deepimagetranslator.core.data.checksums import checksum
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.held_files import HELD, HeldFiles
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image

PIXELS = np.random.default_rng(1).integers(0, 255, (24, 20), np.uint8)
STACK = np.random.default_rng(2).integers(0, 60_000, (5, 24, 20)).astype(np.uint16)


def written(folder: Path, name: str) -> Path:
    """An image, or a volume of five, of each kind that is read."""
    path = folder / name
    if name.startswith("stack"):
        tifffile.imwrite(path, STACK, photometric="minisblack", compression="deflate")
    elif ".nii" in name:
        nibabel.save(nibabel.Nifti1Image(STACK.T, np.eye(4)), path)
    elif name.endswith(".dcm"):
        frames = {} if name == "one.dcm" else {"NumberOfFrames": 5}
        pixels = STACK[0] if name == "one.dcm" else STACK
        dicom_samples.write(path, dicom_samples.dataset(pixels, **frames))
    elif name == "deep.png":
        write_image(path, np.stack([STACK[0]] * 3, axis=-1))
    else:
        Image.fromarray(PIXELS).save(path)
    return path


SINGLE = ["x.png", "deep.png", "x.jpg", "x.bmp", "x.gif", "x.tif", "one.dcm"]
KINDS = [*SINGLE, "stack.tif", "many.dcm", "x.nii", "x.nii.gz"]


def spoil(path: Path) -> None:
    """Other bytes in a file that looks unchanged."""
    status = path.stat()
    with path.open("r+b") as file:
        file.write(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("name", KINDS)
def test_readers_take_a_held_files_bytes_from_memory(tmp_path, name):
    path = written(tmp_path, name)
    (tmp_path / "twin").mkdir()
    twin = written(tmp_path / "twin", name)
    slices = [None] if name in SINGLE else range(1, 6)
    expected = [read_image(ImageRef(twin, number)) for number in slices]
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    with HELD.keeping():
        for number, image in zip(slices, expected, strict=True):
            ref = ImageRef(path, number)
            with HELD.holding(path, several=number is not None):
                if image is expected[0]:
                    spoil(path)
                np.testing.assert_array_equal(read_image(ref), image)
                assert checksum(ref) == (sha if number is None else f"{sha}/{number}")
    with pytest.raises(UserError):
        read_image(path)


def test_a_file_is_held_no_longer_than_it_is_needed(tmp_path):
    single, volume = written(tmp_path, "x.png"), written(tmp_path, "stack.tif")
    with HELD.keeping():
        for path, several in ((single, False), (volume, True)):
            with HELD.holding(path, several):
                assert HELD.data(path) == path.read_bytes()
        assert HELD.data(single) is None
        assert HELD.data(volume) == volume.read_bytes()
    assert HELD.data(volume) is None
    with HELD.holding(volume, several=True):
        assert HELD.data(volume)
    assert HELD.data(volume) is None  # nobody said that more of it will be read


def test_a_file_that_changed_is_read_again(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(b"before")
    with HELD.keeping():
        with HELD.holding(path, several=True):
            assert HELD.checksum(path) == hashlib.sha256(b"before").hexdigest()
        path.write_bytes(b"afterwards")
        with HELD.holding(path, several=True):
            assert HELD.checksum(path) == hashlib.sha256(b"afterwards").hexdigest()
            assert HELD.opened(path).read() == b"afterwards"


def test_no_more_is_held_than_there_is_room_for(tmp_path):
    held = HeldFiles(most_bytes=100)
    sizes = {"a": 60, "b": 30, "c": 40, "large": 101}
    files = {name: tmp_path / name for name in sizes}
    for name, size in sizes.items():
        files[name].write_bytes(name.encode()[:1] * size)
    with held.keeping():
        for name in ("a", "b", "c", "large"):
            with held.holding(files[name], several=True):
                pass
        kept = {name: held.data(file) is not None for name, file in files.items()}
        assert kept == {"a": False, "b": True, "c": True, "large": False}
        for file in files.values():
            assert held.opened(file).read() == file.read_bytes()
            assert held.checksum(file) == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("what", ["missing", "folder"])
def test_what_is_no_file_is_left_to_its_reader(tmp_path, what):
    (tmp_path / "folder").mkdir()
    path = tmp_path / what
    with HELD.holding(path):
        assert HELD.data(path) is None
        with pytest.raises(UserError, match=what):
            read_image(path)

"""What an earlier version read otherwise is known; slices of old projects are renumbered."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from dicom_samples import carried, dataset, group, write
from pydicom.dataset import Dataset
from real_images import small

from deepimagetranslator.core.config.project import load_project, new_project, save_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.imaging.reading import (
    READING_VERSION,
    changed_since,
    remarks,
    renumbered,
)

GREY = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
FILM = {"Modality": "CR", "PhotometricInterpretation": "MONOCHROME1"}


def head_first(path: Path, heights: tuple[int, ...] = (2, 1, 0)) -> Path:
    """An enhanced file whose frame n, from 0, holds n."""
    pixels = np.stack([np.full((4, 6), n, np.uint16) for n in range(len(heights))])
    file = dataset(pixels)
    plane = group("PlaneOrientationSequence", ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    file.SharedFunctionalGroupsSequence = [plane]
    file.PerFrameFunctionalGroupsSequence = [
        group("PlanePositionSequence", ImagePositionPatient=[0, 0, z]) for z in heights
    ]
    return write(path, file)


def mapped(**more: object) -> Dataset:
    file, item = dataset(GREY, Modality="MR", **more), Dataset()
    item.RealWorldValueSlope, item.RealWorldValueIntercept = 0.5, 1.0
    file.add_new(0x00409096, "SQ", [item])
    return file


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (dataset(GREY, **FILM, RescaleSlope=2, RescaleType="US"), "is inverted"),
        (dataset(GREY, **FILM, RescaleSlope=1, RescaleType="HU"), "no longer inverted"),
        (mapped(), "real-world value mapping"),
        (dataset(GREY, **FILM), ""),
        (dataset(GREY, **FILM, RescaleSlope=2, RescaleType="HU"), ""),
        (dataset(GREY, RescaleSlope=1, RescaleIntercept=-1024), ""),
        (mapped(RescaleSlope=3), ""),
    ],
)
def test_what_version_1_read_otherwise(tmp_path: Path, file: Dataset, change: str) -> None:
    path = write(tmp_path / "a.dcm", file)
    found = changed_since(path, 1)
    assert change in found and bool(found) == bool(change)
    assert changed_since(path, READING_VERSION) == ""


def test_overlay_bits_of_compressed_pixels_only(tmp_path: Path) -> None:
    file = dataset(GREY, BitsStored=12, HighBit=11)
    file.add_new(0x60000102, "US", 12)
    assert changed_since(write(tmp_path / "a.dcm", file), 1) == ""
    file.compress("1.2.840.10008.1.2.4.90", generate_instance_uid=False)
    assert "overlays" in changed_since(write(tmp_path / "b.dcm", file), 1)


def test_files_of_other_kinds_and_real_ones_have_not_changed(tmp_path: Path) -> None:
    files = [image.file for image in list_images(small("ct_dicom/crlm_1006"))]
    files += [carried(name) for name in ("CT_small.dcm", "MR_small.dcm", "rtdose.dcm")]
    (tmp_path / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM")
    files += [tmp_path / "broken.dcm", tmp_path / "missing.png"]
    assert remarks(files, 1) == []


def test_each_change_is_told_once(tmp_path: Path) -> None:
    files = [head_first(tmp_path / f"{n}.dcm") for n in range(3)]
    files.append(write(tmp_path / "m.dcm", mapped()))
    told = remarks([*files, *files], 1)
    assert len(told) == 2
    assert "0.dcm (and 2 more files) is read otherwise" in told[0]
    assert "in order of place" in told[0] and "real-world" in told[1]


def test_parts_of_files_that_are_not_read_are_told_whatever_the_version(tmp_path: Path) -> None:
    for name in ("a.tif", "b.tif"):
        with tifffile.TiffWriter(tmp_path / name) as tif:
            tif.write(GREY, metadata=None)
            tif.write(GREY[:8, :8], metadata=None)
    write_image(tmp_path / "c.png", GREY.astype(np.uint8))
    told = remarks([tmp_path / name for name in ("a.tif", "b.tif", "c.png")], READING_VERSION)
    assert len(told) == 1
    assert "a.tif (and 1 more file) has 1 more page (8 x 8 pixels)" in told[0]


def test_slices_of_an_older_project_are_renumbered(tmp_path: Path) -> None:
    path = head_first(tmp_path / "a.dcm", (3, 0, 2, 1))
    other = write(tmp_path / "b.dcm", dataset(np.stack([GREY] * 3)))
    old = [ImageRef(path, 1), ImageRef(path, 2), ImageRef(path), ImageRef(other, 3)]
    old += [ImageRef(path, 9), ImageRef(tmp_path / "gone.dcm", 2)]
    new = renumbered(old, 1)
    assert [read_image(image)[0, 0, 0] for image in new[:2]] == [0, 1]  # the same frames
    assert [image.slice for image in new] == [4, 1, None, 3, 9, 2]
    assert renumbered(old, READING_VERSION) == old


def test_a_project_file_records_the_version_it_was_written_with(tmp_path: Path) -> None:
    path = head_first(tmp_path / "a.dcm")
    project = new_project("recommended", {"train_inputs": tuple(map(str, list_images([path])))})
    file = tmp_path / "p.json"
    save_project(project, file)
    assert load_project(file).specs == project.specs
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert stored["reading"] == READING_VERSION
    del stored["reading"]  # as version 2.0.0 wrote it
    file.write_text(json.dumps(stored), encoding="utf-8")
    loaded = load_project(file)
    assert loaded.reading == READING_VERSION
    assert loaded.specs.data.train_inputs == project.specs.data.train_inputs[::-1]
    save_project(loaded, file)  # once only
    assert load_project(file).specs == loaded.specs
    assert load_project(file).reading == READING_VERSION


def test_slices_of_a_missing_file_are_renumbered_when_it_is_back(tmp_path: Path) -> None:
    path, other = head_first(tmp_path / "a.dcm"), head_first(tmp_path / "b.dcm")
    images = tuple(str(image) for image in list_images([path, other]))
    file = tmp_path / "p.json"
    save_project(replace(new_project("2021", {"train_inputs": images}), reading=1), file)
    path.rename(tmp_path / "away")
    loaded = load_project(file)
    assert (loaded.reading, loaded.specs.data.train_inputs) == (1, images)
    save_project(loaded, file)
    (tmp_path / "away").rename(path)
    loaded = load_project(file)
    expected = (*images[2::-1], *images[:2:-1])
    assert (loaded.reading, loaded.specs.data.train_inputs) == (READING_VERSION, expected)


@pytest.mark.parametrize("reading", [READING_VERSION + 1, "two", None, 1.5])
def test_a_reading_version_that_cannot_be_is_refused(tmp_path: Path, reading: object) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps({"format": 1, "reading": reading}), encoding="utf-8")
    words = "newer version" if reading == READING_VERSION + 1 else "damaged"
    with pytest.raises(UserError, match=words):
        load_project(file)

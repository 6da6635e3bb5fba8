"""Files with several slices as folders: their paths, their order, and their pairs."""

import random
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from deepimagetranslator.core.data.pairs import match_pairs
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import expand, list_images, stem
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image


def volume(path: Path, slices: int = 3, offset: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    voxels = np.arange(slices, dtype=np.uint8)[None, None] + np.full((4, 5, 1), offset, np.uint8)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([-1, -1, 1, 1])), path)
    return path


def test_a_volume_has_so_many_slices(tmp_path: Path) -> None:
    path = volume(tmp_path / "x.nii.gz", 2)
    assert expand(path) == [ImageRef(path, 1), ImageRef(path, 2)]
    for number in (0, 3):
        with pytest.raises(UserError, match=f"has 2 slices and no slice {number}"):
            read_image(ImageRef(path, number))


def test_what_is_one_image_or_none_stays_itself(tmp_path: Path) -> None:
    single = volume(tmp_path / "one.nii", 1)
    (tmp_path / "broken.nii.gz").write_bytes(b"\x1f\x8bhello")
    (tmp_path / "empty.tif").touch()
    frames = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (1, 2)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    files = sorted(tmp_path.iterdir())
    for file in files:
        assert expand(file) == [ImageRef(file)]
    assert list_images(tmp_path) == list(map(ImageRef, files))
    assert (read_image(tmp_path / "film.gif") == 1).all()
    assert read_image(ImageRef(single, 1)).shape == (5, 4, 1)


def test_volumes_are_listed_by_their_slices(tmp_path: Path) -> None:
    volume(tmp_path / "p10.nii.gz", 2)
    volume(tmp_path / "p2.nii", 2)
    tifffile.imwrite(tmp_path / "p3.tif", np.zeros((2, 4, 4), np.uint8), photometric="minisblack")
    Image.new("L", (4, 4)).save(tmp_path / "p4.png")
    listed = [image.path.relative_to(tmp_path).as_posix() for image in list_images(tmp_path)]
    stacks = [f"{name}/000{number}" for name in ("p2.nii", "p3.tif") for number in (1, 2)]
    assert listed == [*stacks, "p4.png", "p10.nii.gz/0001", "p10.nii.gz/0002"]
    volume_file = tmp_path / "p10.nii.gz"
    second = ImageRef(volume_file, 2)
    for given in ([second, volume_file / "0002"], [str(second), second]):
        assert list_images(given) == [second]
    # A file that was given with one of its slices is there once, in whole.
    assert list_images([second, volume_file]) == [second, ImageRef(volume_file, 1)]
    with pytest.raises(UserError, match="does not exist"):
        list_images(tmp_path / "none.nii.gz" / "0001")


def test_pictures_are_not_opened_to_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        (tmp_path / f"{number}.png").touch()
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("opened"))
    assert len(list_images(tmp_path)) == 50


def test_dicom_without_an_ending_is_found(tmp_path: Path) -> None:
    mark = bytes(128) + b"DICM"
    for name, content in {
        "IM0001": mark,
        "1.2.840.17": mark,
        "DICOMDIR": mark,
        "notes": b"hello",
        "1.5": b"1.5",
        "README.txt": mark,
    }.items():
        (tmp_path / name).write_bytes(content)
    assert [file.name for file in list_images(tmp_path)] == ["1.2.840.17", "IM0001"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("scan.nii.gz", "scan"),
        ("Scan.NII", "Scan"),
        ("a.b.tif", "a.b"),
        ("1.2.840.17", "1.2.840.17"),
        ("1.2.dcm", "1.2"),
        ("x.dat", "x"),
        ("IM0001", "IM0001"),
    ],
)
def test_names_without_their_endings(name: str, expected: str) -> None:
    assert stem(name) == expected


@pytest.mark.parametrize(
    ("image", "target"),
    [
        ("images/{}.nii.gz", "masks/{}.nii.gz"),
        ("images/{}.nii.gz", "masks/{}.tif"),
        ("{}_image.nii.gz", "{}_seg.nii.gz"),
        ("{}/image.nii.gz", "{}/mask.nii.gz"),
        ("imgs/{}.nii", "labels/{}_labels.nii.gz"),
    ],
)
def test_volumes_are_paired_with_their_masks(tmp_path: Path, image: str, target: str) -> None:
    people = ["anna", "ben2", "ben10"]
    inputs, targets = [], []
    for person in people:
        inputs.append(volume(tmp_path / image.format(person)))
        masks = tmp_path / target.format(person)
        if masks.suffix == ".tif":
            masks.parent.mkdir(exist_ok=True)
            stack = np.zeros((3, 5, 4), np.uint8)
            tifffile.imwrite(masks, stack, photometric="minisblack")
        else:
            volume(masks)
        targets.append(masks)
    shuffled = list_images(targets)
    random.Random(1).shuffle(shuffled)
    pairing = match_pairs(list_images(inputs), shuffled)
    assert not pairing.problems
    expected = {
        (ImageRef(one, number), ImageRef(other, number))
        for one, other in zip(inputs, targets, strict=True)
        for number in (1, 2, 3)
    }
    assert {(pair.input, pair.target) for pair in pairing.pairs} == expected


def test_a_single_volume_is_paired_with_its_mask_slice_by_slice(tmp_path: Path) -> None:
    scan, mask = volume(tmp_path / "scan.nii.gz"), volume(tmp_path / "scan_seg.nii.gz")
    pairing = match_pairs(list_images(scan), list_images(mask))
    assert [(pair.input, pair.target) for pair in pairing.pairs] == [
        (ImageRef(scan, number), ImageRef(mask, number)) for number in (1, 2, 3)
    ]
    assert not pairing.problems
    flat = volume(tmp_path / "a" / "p1.nii.gz", 1), volume(tmp_path / "b" / "p1_mask.nii.gz", 1)
    (pair,) = match_pairs(*([ImageRef(file)] for file in flat)).pairs
    assert pair.target.file == flat[1]

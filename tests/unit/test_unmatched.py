"""The headers of unmatched files are opened before their names are blamed."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile
from dicom_samples import dataset, write

from deepimagetranslator.core.checks.repairs import repaired
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.dataset import match
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.evaluation.pairing import pairs_to_evaluate
from deepimagetranslator.core.imaging.files import list_images

GREY = np.zeros((4, 8, 8), np.uint16)


def spec_of(folder: Path) -> DataSpec:
    both = (tuple(map(str, list_images(folder / side))) for side in ("images", "targets"))
    return DataSpec(**dict(zip(("train_inputs", "train_targets"), both, strict=True)))


def problems_of(folder: Path) -> list[Problem]:
    return [one for one in match(spec_of(folder)).problems if one.subject != "training"]


def write_tiff(path: Path, pixels: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, pixels, photometric="minisblack", **options)


@pytest.mark.parametrize(
    ("options", "meaning"),
    [
        ({"imagej": True, "metadata": {"axes": "CYX"}}, " (channels)"),
        ({"imagej": True, "metadata": {"axes": "TYX"}}, " (time points)"),
        ({"ome": True, "metadata": {"axes": "ZYX"}}, " (depths)"),
        ({"metadata": None}, ""),
    ],
)
def test_another_number_of_slices_is_named(
    tmp_path: Path, options: dict[str, object], meaning: str
) -> None:
    for name in ("a", "b"):
        write_tiff(tmp_path / "images" / f"{name}.tif", GREY, **options)
        write_tiff(tmp_path / "targets" / f"{name}_mask.tif", GREY[0])
    found = problems_of(tmp_path)
    assert len(found) == 2
    assert f"a.tif has 4 slices{meaning}, its target a_mask.tif 1;" in found[0].message
    specs = Specs(data=spec_of(tmp_path))
    for problem in found:
        assert problem.repair is not None
        specs = repaired(specs, problem.repair)
    assert not specs.data.train_inputs and not specs.data.train_targets


def test_a_series_in_time_and_a_mask_in_nifti(tmp_path: Path) -> None:
    for side, shape in (("images", (4, 5, 6, 2)), ("targets", (4, 5, 6))):
        (tmp_path / side).mkdir()
        nibabel.save(
            nibabel.Nifti1Image(np.zeros(shape, np.uint8), np.eye(4)),
            tmp_path / side / "scan.nii.gz",
        )
    found = problems_of(tmp_path)
    assert len(found) == 1
    words = "scan.nii.gz has 12 slices (6 of each of 2 volumes), its target scan.nii.gz 6;"
    assert words in found[0].message


def test_many_files_are_summed_up_without_opening_them(tmp_path: Path) -> None:
    for number in range(9):
        write_tiff(tmp_path / "images" / f"{number}.tif", GREY)
        write_tiff(tmp_path / "targets" / f"{number}.tif", GREY[0])
    found = problems_of(tmp_path)
    assert len(found) == 6
    assert found[-1].message.startswith("4 more files do not fit their targets")
    assert len({file for problem in found for file in problem.files}) == 9 * 5


@pytest.mark.parametrize("kind", ["RTSTRUCT", "SR", "text"])
def test_a_file_without_an_image_is_named(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "images" / "1.dcm", dataset(GREY[0]))
    bad = tmp_path / "targets" / "contours.dcm"
    if kind == "text":
        bad.parent.mkdir()
        bad.write_bytes(b"no image" * 200)
    else:
        write(bad, dataset(GREY[0], Modality=kind, PixelData=None, Rows=None, Columns=None))
    first, second = problems_of(tmp_path)
    words = "without an image" if kind != "text" else "not an image of a known kind"
    assert words in first.message and str(bad) in first.message
    assert ("export its contours as masks" in first.message) == (kind == "RTSTRUCT")
    assert "has no target of the same name" in second.message
    _, problems = pairs_to_evaluate(
        list_images(tmp_path / "images"), list_images(tmp_path / "targets")
    )
    assert words in problems[0].message


def test_files_that_only_lack_a_partner_are_told_as_before(tmp_path: Path) -> None:
    for name in "abcdefgh":
        write_tiff(tmp_path / "images" / f"{name}.tif", GREY[0])
    write_tiff(tmp_path / "targets" / "a.tif", GREY[0])
    found = problems_of(tmp_path)
    assert len(found) == 6
    assert "has no target of the same name" in found[0].message
    assert "2 more files have no certain partner" in found[-1].message

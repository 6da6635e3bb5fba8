"""Pairs whose files state different places in the patient: found, named in mm, and repaired.

Every repaired target is compared with the voxels from which its file was made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from dicom_samples import dataset as dicom_dataset
from dicom_samples import write as write_dicom
from placed_samples import CT, LPS, MASK, found, mirrored, nifti, series, shifted, specs_of
from real_images import whole

from deepimagetranslator.core.checks.examination import examine, prepare
from deepimagetranslator.core.checks.repairs import repaired
from deepimagetranslator.core.data.dataset import match
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.errors import DataProblems, UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, read_place, write_image
from deepimagetranslator.core.imaging.place import Place, agree, difference
from deepimagetranslator.ml.evaluation import evaluate


def truth(number: int) -> np.ndarray:
    """The mask of displayed slice ``number``, from 1: columns to the left, rows to the back."""
    return MASK[:, :, number - 1].T[..., np.newaxis]


def as_shown(image: ImageRef) -> np.ndarray:
    """The mask of an input's slice, mirrored if the program shows the input so."""
    k, pixels = number_of(image) - 1, read_image(image)[..., 0]
    turns = [lambda slice_: slice_.T, lambda slice_: slice_.T[:, ::-1]]
    (mask,) = [turn(MASK[..., k]) for turn in turns if np.array_equal(turn(CT[..., k]), pixels)]
    return mask[..., np.newaxis]


def number_of(image: ImageRef) -> int:
    return image.slice or int(image.file.stem) + 1


# --- each way to go wrong: what lies in the folder, and the repairs in order ----------------------


def identity(folder: Path) -> None:
    nifti(folder / "img/p1.nii.gz", CT, LPS)
    nifti(folder / "lab/p1.nii.gz", MASK, np.eye(4), 2)


def itk_default(folder: Path) -> None:
    nifti(folder / "img/p1.nii", CT, LPS, qform=LPS)
    nifti(folder / "lab/p1.nii", MASK, np.diag([-1.0, -1, 1, 1]))


def image_of_two_forms(folder: Path) -> None:
    nifti(folder / "img/p1.nii.gz", CT, mirrored(LPS, 0), 2, qform=LPS)
    nifti(folder / "lab/p1.nii.gz", MASK, None, qform=LPS)


def mask_of_two_forms(folder: Path) -> None:
    nifti(folder / "img/p1.nii.gz", CT, LPS)
    nifti(folder / "lab/p1.nii.gz", MASK, shifted(LPS, 0, 24), 2, qform=LPS)


def three_slices_up(folder: Path) -> None:
    nifti(folder / "img/p1.nii.gz", CT, LPS)
    voxels = np.zeros_like(MASK)
    voxels[..., :9] = MASK[..., 3:]
    nifti(folder / "lab/p1.nii.gz", voxels, shifted(LPS, 0, 0, 15))


def fewer_slices(folder: Path) -> None:
    nifti(folder / "img/p1.nii.gz", CT, LPS)
    nifti(folder / "lab/p1.nii.gz", np.ascontiguousarray(MASK[..., 2:11]), shifted(LPS, 0, 0, 10))


def cropped(folder: Path) -> None:
    nifti(folder / "img/p1.nii.gz", CT, LPS)
    inside = np.ascontiguousarray(MASK[:22, 1:18])
    nifti(folder / "lab/p1.nii.gz", inside, shifted(LPS, 0, -6))


def wrong_direction(folder: Path) -> None:
    nifti(folder / "img/p1.nii.gz", CT, LPS)
    nifti(folder / "lab/p1.nii.gz", MASK, mirrored(LPS, 1))


def far_away(folder: Path) -> None:
    nifti(folder / "img/p1.nii.gz", CT, LPS)
    nifti(folder / "lab/p1.nii.gz", MASK, shifted(LPS, 500))


def dicom_and_identity(folder: Path) -> None:
    series(folder / "img", CT, LPS)
    nifti(folder / "lab/p1.nii.gz", MASK, np.eye(4), 2)


def dicom_and_shifted(folder: Path) -> None:
    series(folder / "img", CT, LPS)
    three_slices_up(folder / "other")
    (folder / "lab").mkdir()
    (folder / "other/lab/p1.nii.gz").rename(folder / "lab/p1.nii.gz")


def two_series(folder: Path) -> None:
    series(folder / "img", CT, LPS)
    voxels = np.zeros_like(MASK)
    voxels[..., :9] = MASK[..., 3:]
    series(folder / "lab", voxels, shifted(LPS, 0, 0, 15), "SEG")


@dataclass(frozen=True)
class Wrong:
    """A way to go wrong.

    Attributes:
        made: writes the folders img and lab.
        repairs: the names of the repairs, the first one right.
        words: in the message.
        also_right: further repairs after which every target is right.
    """

    made: Callable[[Path], None]
    repairs: tuple[str, ...]
    words: tuple[str, ...]
    also_right: tuple[str, ...] = field(default=())


WRONG = [
    Wrong(identity, ("array_order",), ("spacing (1 x 1 x 1 mm, not 6 x 6 x 5 mm)", "know none")),
    Wrong(itk_default, ("array_order",), ("extent (20 x 24 x 12 mm, not 120 x 144 x 60 mm)",)),
    Wrong(
        image_of_two_forms,
        ("other_form", "resampled", "array_order"),
        ("qform and the sform of the input disagree", "position (by"),
        ("array_order",),
    ),
    Wrong(
        mask_of_two_forms,
        ("other_form", "resampled", "array_order"),
        ("qform and the sform of the target disagree", "position (by 24 mm)"),
        ("array_order",),
    ),
    Wrong(three_slices_up, ("by_place", "resampled", "array_order"), ("by 15 mm",), ("resampled",)),
    Wrong(fewer_slices, ("by_place", "resampled"), ("60 mm", "45 mm", "by 10 mm"), ("resampled",)),
    Wrong(cropped, ("resampled",), ("extent (102 x 132 x 60 mm, not 120 x 144 x 60 mm)",)),
    Wrong(dicom_and_identity, ("array_order",), ("spacing (1 x 1 mm, not 6 x 6 mm)", "know none")),
    Wrong(
        dicom_and_shifted,
        ("by_place", "resampled", "array_order"),
        ("by 15 mm",),
        ("resampled",),
    ),
    Wrong(
        two_series,
        ("by_place", "resampled", "array_order"),
        ("position (by 15 mm)",),
        ("resampled",),
    ),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.made.__name__)
def test_another_place_is_an_error_with_repairs(wrong: Wrong, tmp_path: Path) -> None:
    wrong.made(tmp_path)
    specs = specs_of(tmp_path)
    if wrong.made.__name__.startswith(("dicom", "two_series")):
        specs = replace(specs, data=replace(specs.data, pairing="order"))
    (problem,) = found(specs)
    assert problem.fatal and all(words in problem.message for words in wrong.words)
    assert [repair.name for repair in problem.repairs] == [*wrong.repairs, "leave_out"]
    assert all(repair.guess for repair in problem.repairs)
    for repair in problem.repairs:
        if repair.name in (wrong.repairs[0], *wrong.also_right):
            after = repaired(specs, repair)
            assert found(after) == found(after, "sizes") == found(after, "unmatched") == []
            pairs = match(after.data).train
            assert len(pairs) >= 9
            for pair in pairs:
                np.testing.assert_array_equal(read_target(pair), as_shown(pair.input))


@pytest.mark.parametrize(("made", "names"), [(wrong_direction, 3), (far_away, 2)])
def test_a_place_that_is_wrong_is_ignored_or_left_out(
    made: Callable[[Path], None], names: int, tmp_path: Path
) -> None:
    made(tmp_path)
    specs = specs_of(tmp_path)
    (problem,) = found(specs)
    repairs = {repair.name: repair for repair in problem.repairs}
    assert list(repairs) == ["resampled", "array_order", "leave_out"][-names:]
    for pair in match(repaired(specs, repairs["array_order"]).data).train:
        np.testing.assert_array_equal(read_target(pair), as_shown(pair.input))
    assert not match(repaired(specs, repairs["leave_out"]).data).train


@pytest.mark.parametrize("kind", ["nifti", "dicom"])
def test_slices_of_twice_the_thickness_are_resampled(kind: str, tmp_path: Path) -> None:
    """The target has six slices of 10 mm, the input twelve of 5 mm."""
    if kind == "nifti":
        nifti(tmp_path / "img/p1.nii.gz", CT, LPS)
    else:
        series(tmp_path / "img", CT, LPS)
    thick = LPS @ np.diag([1, 1, 2, 1.0])
    nifti(tmp_path / "lab/p1.nii.gz", np.ascontiguousarray(MASK[..., ::2]), shifted(thick, 0, 0, 2))
    specs = specs_of(tmp_path)
    specs = replace(specs, data=replace(specs.data, pairing="order"))
    (problem,) = found(specs)
    (repair,) = (one for one in problem.repairs if one.name == "resampled")
    after = repaired(specs, repair)
    assert found(after) == found(after, "unmatched") == []
    pairs = match(after.data).train
    assert len(pairs) == 12 and "leaves out" not in repair.label
    for pair in pairs:
        below = (number_of(pair.input) + 1) // 2 * 2 - 1
        np.testing.assert_array_equal(read_target(pair), truth(below))


@pytest.mark.parametrize(("case", "repair"), [("a_eye", "array_order"), ("b_qs", "other_form")])
def test_the_reported_files_raise_their_finding(case: str, repair: str) -> None:
    specs = specs_of(whole("reports/01_nifti_geometry") / case)
    (problem,) = found(specs)
    assert problem.fatal and problem.repairs[0].name == repair
    with pytest.raises(DataProblems, match="another place in the patient"):
        prepare(specs)
    after = repaired(specs, problem.repairs[0])
    assert found(after) == []


def test_several_volumes_of_a_kind_are_one_finding(tmp_path: Path) -> None:
    for name in ("p1", "p2", "p3"):
        nifti(tmp_path / f"img/{name}.nii.gz", CT, LPS)
        nifti(tmp_path / f"lab/{name}.nii.gz", MASK, np.eye(4) if name != "p2" else LPS)
    specs = specs_of(tmp_path)
    (problem,) = found(specs)
    assert "p1.nii.gz and p3.nii.gz state another place" in problem.message
    specs = repaired(specs, problem.repairs[0])
    assert found(specs) == [] and len(specs.data.target_changes) == 2
    for pair in match(specs.data).train:
        np.testing.assert_array_equal(read_target(pair), as_shown(pair.input))


def test_training_and_evaluation_refuse_another_place_too(tmp_path: Path) -> None:
    identity(tmp_path)
    record = tmp_path / "p.facts"
    for _ in range(2):  # the record of a check holds no such pairs
        with pytest.raises(DataProblems, match="another place in the patient"):
            prepare(specs_of(tmp_path), record=record)
        examine(specs_of(tmp_path), record=record)
    with pytest.raises(UserError, match=r"spacing \(1 x 1 x 1 mm, not 6 x 6 x 5 mm\)") as caught:
        evaluate([tmp_path / "img"], [tmp_path / "lab"])
    assert len(str(caught.value).splitlines()) == 2  # one sentence for the whole volume


def test_an_evaluation_leaves_another_place_out_or_reads_it_as_chosen(tmp_path: Path) -> None:
    nifti(tmp_path / "img/p1.nii.gz", MASK, LPS)
    nifti(tmp_path / "img/p2.nii.gz", MASK, LPS)
    nifti(tmp_path / "lab/p1.nii.gz", MASK, LPS)
    nifti(tmp_path / "lab/p2.nii.gz", MASK, np.eye(4))
    result = evaluate([tmp_path / "img"], [tmp_path / "lab"])
    assert result.images == 12 and len(result.problems) == 1
    result = evaluate([tmp_path / "img"], [tmp_path / "lab"], changes=["array_order"])
    assert result.images == 24 and not result.problems
    assert {values.get("dice") for values in result.whole_volume().values()} <= {1.0, None}


# --- what is right -----------------------------------------------------------------------------


def stored_otherwise(folder: Path) -> None:
    nifti(folder / "img/p1.nii.gz", CT, LPS)
    turned = nibabel.as_closest_canonical(nibabel.Nifti1Image(MASK, LPS))
    nifti(folder / "lab/p1.nii.gz", np.asarray(turned.dataobj), turned.affine)


def twice_the_size(folder: Path) -> None:
    nifti(folder / "img/p1.nii.gz", CT, LPS)
    affine = LPS @ np.diag([0.5, 0.5, 1, 1])
    affine[:3, 3] = (LPS @ [-0.25, -0.25, 0, 1])[:3]
    nifti(folder / "lab/p1.nii.gz", MASK.repeat(2, 0).repeat(2, 1), affine)


def rounded(folder: Path) -> None:
    fine = LPS @ np.diag([0.7421875 / 6, 0.7421875 / 6, 1.2503 / 5, 1])
    nifti(folder / "img/p1.nii.gz", CT, shifted(fine, 0.12345))
    nifti(folder / "lab/p1.nii.gz", MASK, np.round(shifted(fine, 0.12345), 3))


def stated_by_nobody(folder: Path) -> None:
    nifti(folder / "img/p1.nii.gz", CT, LPS)
    nifti(folder / "lab/p1.nii.gz", np.ascontiguousarray(MASK), None)


def dicom_and_nifti(folder: Path) -> None:
    series(folder / "img", CT, LPS)
    nifti(folder / "lab/p1.nii.gz", MASK, LPS)


def dicom_and_pictures(folder: Path) -> None:
    series(folder / "img", CT, LPS)
    (folder / "lab").mkdir()
    for number in range(1, 13):
        write_image(folder / f"lab/{number:03}.png", truth(number), spacing=(1.0, 1.0))


@pytest.mark.parametrize(
    "made",
    [
        stored_otherwise,
        twice_the_size,
        rounded,
        stated_by_nobody,
        dicom_and_nifti,
        dicom_and_pictures,
    ],
)
def test_right_pairs_raise_nothing(made: Callable[[Path], None], tmp_path: Path) -> None:
    made(tmp_path)
    specs = specs_of(tmp_path)
    specs = replace(specs, data=replace(specs.data, pairing="order"))
    assert found(specs) == found(specs, "two_forms") == []
    assert len(match(specs.data).train) == 12


def place(affine: np.ndarray, *shape: int, index: int = 0) -> Place:
    height, width, slices = shape
    return Place(affine, (height, width, slices), index)


def test_half_a_pixel_of_a_large_image_is_noticed_and_rounding_is_not() -> None:
    fine = np.diag([0.7421875, 0.7421875, 1.25, 1.0])
    ours = place(fine, 512, 512, 300, index=299)
    for decimals in (2, 3, 4):
        assert agree(ours, place(np.round(fine, decimals), 512, 512, 300, index=299))
    for axis in range(3):
        half = fine.copy()
        half[axis, 3] += fine[axis, axis] / 2
        assert not agree(ours, place(half, 512, 512, 300, index=299))
    wider = np.diag([0.7454, 0.7454, 1.25, 1.0])  # as far from it, but no rounded number
    assert not agree(ours, place(wider, 512, 512, 300, index=299))
    twice = fine @ np.diag([0.5, 0.5, 1, 1])  # of twice the size, but with the same first centre
    assert not agree(ours, place(twice, 1024, 1024, 300, index=299))


def test_a_quaternion_of_32_bits_states_the_same_place() -> None:
    """Near half a turn its rounding turns the volume by up to 0.04 degrees."""
    for angle in (0.001, 0.03, 0.3, 1.0):
        turn = nibabel.eulerangles.euler2mat(0, angle, np.pi - 1e-4)
        affine = nibabel.affines.from_matvec(turn @ np.diag([0.75, 0.75, 1.0]), [100, -30, 20])
        header = nibabel.Nifti1Header()
        header.set_data_shape((512, 512, 300))
        header.set_qform(affine, 1)
        again = nibabel.Nifti1Header(header.binaryblock).get_qform()
        assert agree(place(affine, 512, 512, 300), place(again, 512, 512, 300))


def test_a_file_that_states_two_places_is_named(tmp_path: Path) -> None:
    for name in ("img", "lab"):  # both read by the same form: the pair is right
        nifti(tmp_path / name / "p1.nii.gz", CT, LPS, 2, qform=shifted(LPS, 0, 30))
    specs = specs_of(tmp_path)
    assert found(specs) == []
    (note,) = found(specs, "two_forms")
    assert not note.fatal and "position (by 30 mm)" in note.message and len(note.files) == 2


def test_places_are_those_of_nibabel_and_pydicom(tmp_path: Path) -> None:
    oblique = nibabel.eulerangles.euler2mat(0.2, 0.1, 0.3) @ np.diag([2.0, 3.0, 4.0])
    affine = nibabel.affines.from_matvec(oblique, [10, 20, 30])
    nifti(tmp_path / "x.nii", CT, affine)
    image = list_images(tmp_path / "x.nii")[4]
    ours = read_place(image)
    assert ours is not None
    pixels = nibabel.load(tmp_path / "x.nii").get_fdata()
    for row, column in ((0, 0), (3, 17), (19, 2)):
        mm = ours.at(np.array(row), np.array(column), ours.index)
        i, j, k = np.rint(np.linalg.inv(affine) @ [*mm, 1])[:3].astype(int)
        assert pixels[i, j, k] == read_target(image)[row, column, 0]
    series(tmp_path / "d", CT, LPS)
    for number in (0, 7):
        file = tmp_path / f"d/{number:03}.dcm"
        position = pydicom.dcmread(file).ImagePositionPatient
        there = read_place(file)
        assert there is not None
        np.testing.assert_allclose(there.affine[:3, 3] * [-1, -1, 1], position)
        np.testing.assert_allclose(
            there.at(np.array(2), np.array(5), 0), (LPS @ [5, 2, number, 1])[:3]
        )


@pytest.mark.parametrize("value", [0.0, 1e30, 1e-30])
def test_impossible_numbers_state_no_place(value: float, tmp_path: Path) -> None:
    for row, column in ((0, 0), (2, 2), (1, 3)):
        broken = LPS.copy()
        broken[row, column] = value
        nifti(tmp_path / "x.nii", CT, broken)
        ours, right = read_place(tmp_path / "x.nii"), column == 3 and abs(value) < 1
        assert (ours is not None) == right
    file = dicom_dataset(
        np.zeros((4, 4), np.uint8),
        ImagePositionPatient=[0, 0, 0],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[str(value), "1"],
    )
    assert read_place(write_dicom(tmp_path / "x.dcm", file)) is None


def test_frames_of_a_dose_lie_where_their_offsets_say(tmp_path: Path) -> None:
    about = {
        "ImagePositionPatient": [0, 0, 10],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelSpacing": [2, 2],
        "SliceThickness": 3,
    }
    for offsets, heights in (([0, 3, 6], [10, 13, 16]), (None, [None] * 3)):
        file = dicom_dataset(np.zeros((3, 4, 4), np.uint8), GridFrameOffsetVector=offsets, **about)
        path = write_dicom(tmp_path / "x.dcm", file)
        found = [read_place(ImageRef(path, number)) for number in (1, 2, 3)]
        assert [None if one is None else one.affine[2, 3] for one in found] == heights


def test_what_differs_is_said_in_mm() -> None:
    ours = place(np.diag([2.0, 2, 5, 1]), 10, 20, 4)
    turned = np.diag([2.0, 2, 5, 1])[[1, 0, 2, 3]]
    words = difference(ours, place(turned, 10, 20, 4))
    assert "direction (rows by 90 degrees and columns by 90" in words
    higher = place(shifted(ours.affine, 0, 0, 15), 10, 20, 4)
    assert difference(ours, higher) == "position (by 15 mm)"

"""DICOM targets at another place than their inputs: repaired as NIfTI targets are.

What is right is computed from what pydicom reads: the target's voxel that is nearest to a pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_samples import dataset, group, write
from placed_samples import CT, LPS, MASK, found, mirrored, nifti, placed, series, shifted, specs_of

from deepimagetranslator.core.checks.examination import examine
from deepimagetranslator.core.checks.repairs import repaired
from deepimagetranslator.core.config.specs import Specs
from deepimagetranslator.core.data.dataset import match
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image

Volume = tuple[np.ndarray, np.ndarray]  # voxels (i, j, k) and their affine in RAS


def multi_frame(path: Path, volume: Volume, order: list[int], segments: int = 1) -> None:
    """One file with the slices of a volume in an order, once for each segment."""
    voxels, affine = volume
    frames = []
    for segment in range(1, segments + 1):
        for k in order:
            about = placed(affine, k)
            frame = group("PlanePositionSequence", ImagePositionPatient=about.pop(_POSITION))
            numbered = group("SegmentIdentificationSequence", ReferencedSegmentNumber=segment)
            frame.update(numbered)
            frames.append(frame)
    shared = group("PlaneOrientationSequence", ImageOrientationPatient=about[_ORIENTATION])
    rest = {name: about[name] for name in ("PixelSpacing", "SliceThickness")}
    shared.update(group("PixelMeasuresSequence", **rest))
    pixels = np.stack([voxels[..., k].T for _ in range(segments) for k in order])
    write(
        path,
        dataset(
            np.ascontiguousarray(pixels),
            SharedFunctionalGroupsSequence=[shared],
            PerFrameFunctionalGroupsSequence=frames,
        ),
    )


_POSITION, _ORIENTATION = "ImagePositionPatient", "ImageOrientationPatient"


def halves(step: int) -> list[int]:
    """The numbers of twelve slices, not in order of place."""
    return [*range(0, 12 // step, 2), *range(1, 12 // step, 2)]


def cropped() -> Volume:
    return np.ascontiguousarray(MASK[:22, 1:18]), shifted(LPS, 0, -6)


def coarse() -> Volume:
    affine = LPS @ np.diag([1.7, 1.6, 1, 1.0])
    return np.ascontiguousarray(MASK[:14, :12]), shifted(affine, -1.1, -0.9, 1.0)


def thick() -> Volume:
    affine = LPS @ np.diag([1, 1, 2, 1.0])
    return np.ascontiguousarray(MASK[..., ::2]), shifted(affine, 0, 0, 2)


def quarter_turn() -> Volume:
    """Rows and columns of the target are exchanged, and one is mirrored."""
    voxels = np.ascontiguousarray(MASK.transpose(1, 0, 2)[:, ::-1])
    to_mask = np.array([[0.0, -1, 0, 23], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    return voxels, LPS @ to_mask


def raised() -> Volume:
    voxels = np.zeros_like(MASK)
    voxels[..., :9] = MASK[..., 3:]
    return voxels, shifted(LPS, 0, 0, 15)


def write_target(folder: Path, kind: str, volume: Volume, order: list[int] | None = None) -> None:
    if kind == "series":
        series(folder, *volume, "SEG")
    else:
        order = order or halves(12 // volume[0].shape[2])
        multi_frame(folder / "seg.dcm", volume, order)


def write_input(folder: Path, kind: str, order: list[int] | None = None) -> None:
    if kind == "series":
        series(folder, CT, LPS)
    elif kind == "frames":
        multi_frame(folder / "ct.dcm", (CT, LPS), order or halves(1))
    else:
        nifti(folder / "p1.nii.gz", CT, LPS)


def in_order(folder: Path) -> Specs:
    specs = specs_of(folder)
    return replace(specs, data=replace(specs.data, pairing="order"))


def by_name(problem: Problem) -> dict[str, object]:
    return {repair.name: repair for repair in problem.repairs}


def slices_of(folder: Path) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each slice in DICOM files: pixels, the corner and both steps in mm (LPS), by pydicom."""
    found = []
    for path in sorted(folder.iterdir()):
        file = pydicom.dcmread(path)
        frames = file.get("PerFrameFunctionalGroupsSequence")
        shared = file.SharedFunctionalGroupsSequence[0] if frames else None
        plane = shared.PlaneOrientationSequence[0] if shared else file
        measures = shared.PixelMeasuresSequence[0] if shared else file
        along_row, along_column = np.array(plane.ImageOrientationPatient, float).reshape(2, 3)
        rows, columns = map(float, measures.PixelSpacing)
        steps = np.stack([along_column * rows, along_row * columns])
        pixels = file.pixel_array if frames else file.pixel_array[np.newaxis]
        for number, image in enumerate(pixels):
            position = frames[number].PlanePositionSequence[0] if frames else file
            found.append((image, np.array(position.ImagePositionPatient, float), steps))
    return found


def by_hand(folder: Path) -> np.ndarray:
    """For every voxel (i, j, k) of the input the value of the target's voxel nearest to it; 0 for
    those outside of the target's rows and columns."""
    slices = slices_of(folder)
    result = np.zeros_like(MASK)
    for k in range(12):
        i, j = np.indices(MASK.shape[:2])
        places = (np.stack([i, j, np.full_like(i, k), np.ones_like(i)], -1) @ LPS.T)[..., :3]
        places = places.reshape(-1, 3) * [-1, -1, 1]
        best = min(slices, key=lambda one: abs((places[0] - one[1]) @ np.cross(*one[2])))
        image, corner, steps = best
        grid = np.indices(image.shape).reshape(2, -1).T
        there = corner + grid @ steps
        nearest = ((places[:, None] - there[None]) ** 2).sum(axis=2).argmin(axis=1)
        beyond = (places - there[nearest]) @ np.linalg.pinv(steps)
        inside = (np.abs(beyond) <= 0.5 + 1e-6).all(axis=1)
        values = np.where(inside, image.ravel()[nearest], 0)
        result[..., k] = values.reshape(MASK.shape[:2])
    return result


def assert_right(pairs: tuple[ImagePair, ...], right: np.ndarray) -> None:
    """Every target is the slice of ``right`` that belongs to its input, as the input is shown."""
    for pair in pairs:
        pixels = read_image(pair.input)[..., 0]
        slices = [(CT[..., k].T, right[..., k].T) for k in range(12)]
        slices += [(ours[:, ::-1], theirs[:, ::-1]) for ours, theirs in slices]
        (wanted,) = [theirs for ours, theirs in slices if np.array_equal(ours, pixels)]
        np.testing.assert_array_equal(read_target(pair)[..., 0], wanted)


@pytest.mark.parametrize(
    ("made", "targets", "inputs"),
    [
        (cropped, "frames", "series"),
        (cropped, "series", "nifti"),
        (coarse, "series", "frames"),
        (coarse, "frames", "nifti"),
        (thick, "series", "series"),
        (thick, "frames", "frames"),
        (quarter_turn, "series", "series"),
        (quarter_turn, "frames", "nifti"),
        (raised, "series", "frames"),
        (raised, "frames", "series"),
    ],
)
def test_a_dicom_target_is_resampled(
    made: Callable[[], Volume], targets: str, inputs: str, tmp_path: Path
) -> None:
    write_input(tmp_path / "img", inputs)
    write_target(tmp_path / "lab", targets, made())
    specs = in_order(tmp_path)
    (problem,) = found(specs)
    after = repaired(specs, by_name(problem)["resampled"])
    assert not {"displaced", "sizes", "unmatched"} & {one.kind for one in examine(after)[2]}
    pairs = match(after.data).train
    assert len(pairs) == (9 if made is raised else 12)
    right = by_hand(tmp_path / "lab")
    assert right.any() and not (made in (thick, raised) and np.array_equal(right, MASK))
    assert_right(pairs, right)


@pytest.mark.parametrize(
    ("wrong", "targets", "inputs"),
    [
        (shifted(LPS, 500), "series", "series"),
        (shifted(LPS, 500), "frames", "nifti"),
        (mirrored(LPS, 1), "series", "series"),
        (mirrored(LPS, 1), "series", "nifti"),
        (mirrored(LPS, 1), "frames", "frames"),
        (mirrored(LPS, 1), "frames", "series"),
        (np.diag([1.0, 1, 1, 1]), "series", "nifti"),
        (np.diag([1.0, 1, 1, 1]), "frames", "series"),
    ],
)
def test_the_place_of_a_dicom_target_is_ignored(
    wrong: np.ndarray, targets: str, inputs: str, tmp_path: Path
) -> None:
    """Slices of a mirrored one are sorted from head to foot, so their numbers count."""
    order = halves(1) if inputs == targets else list(range(12))
    write_input(tmp_path / "img", inputs, order)
    write_target(tmp_path / "lab", targets, (MASK, wrong), order)
    specs = in_order(tmp_path)
    (problem,) = found(specs)
    after = repaired(specs, by_name(problem)["array_order"])
    assert not {"displaced", "sizes", "unmatched"} & {one.kind for one in examine(after)[2]}
    pairs = match(after.data).train
    assert len(pairs) == 12
    assert_right(pairs, MASK)


@pytest.mark.parametrize("name", ["array_order", "resampled"])
def test_each_time_point_of_an_input_has_the_targets(name: str, tmp_path: Path) -> None:
    nifti(tmp_path / "img" / "p1.nii", np.stack([CT, CT], axis=-1), LPS)
    write_target(tmp_path / "lab", "series", (MASK, shifted(LPS, 6)))
    specs = in_order(tmp_path)
    (problem,) = found(specs)
    pairs = match(repaired(specs, by_name(problem)[name]).data).train
    assert [pair.input.slice for pair in pairs] == [*range(1, 25)]
    assert_right(pairs, MASK if name == "array_order" else by_hand(tmp_path / "lab"))


def test_a_tilted_slice_and_segments_of_one_place_are_not_resampled(tmp_path: Path) -> None:
    """Parts of a tilted slice lie nearer to other slices; which segment is meant nobody knows."""
    series(tmp_path / "img", CT, LPS)
    tilt = np.eye(4)
    tilt[1:3, 1:3] = [[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]]
    series(tmp_path / "lab", MASK, tilt @ LPS, "SEG")
    (problem,) = found(in_order(tmp_path))
    assert list(by_name(problem)) == ["array_order", "leave_out"]
    pair = ImagePair(*(ImageRef(tmp_path / side / "005.dcm") for side in ("img", "lab")))
    with pytest.raises(UserError, match="covers less than half"):
        read_target(replace(pair, changes=("resampled",)))

    series(tmp_path / "two/img", CT, LPS)
    multi_frame(tmp_path / "two/lab/seg.dcm", cropped(), list(range(12)), segments=2)
    specs = in_order(tmp_path / "two")
    assert "resampled" not in {r.name for one in found(specs) for r in one.repairs}


def test_a_slice_far_from_its_input_is_not_read_as_its_target(tmp_path: Path) -> None:
    """As ``evaluate`` may, which reads the pairs as they are."""
    series(tmp_path / "img", CT, LPS)
    series(tmp_path / "lab", *raised(), "SEG")
    pair = ImagePair(*(ImageRef(tmp_path / side / "005.dcm") for side in ("img", "lab")))
    with pytest.raises(UserError, match="covers less than half"):
        read_target(replace(pair, changes=("resampled",)))
    near = replace(pair, target=ImageRef(tmp_path / "lab/002.dcm"), changes=("resampled",))
    np.testing.assert_array_equal(read_target(near)[..., 0], MASK[..., 5].T)

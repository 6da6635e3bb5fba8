"""The slices of a DICOM file are in order of place, whatever the order of its frames."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_samples import dataset, group, write
from pydicom.dataset import Dataset

from deepimagetranslator.core.export.dicom_derived import DerivedSeries
from deepimagetranslator.core.imaging import dicom
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import read_image

AXIAL, SAGITTAL, FEET_UP = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1], [1, 0, 0, 0, -1, 0]


def enhanced(
    path: Path, corners: list[list[float]], planes: list[list[int]], **own: list[int]
) -> Path:
    """An enhanced file whose frame n, from 0, has the value n everywhere.

    Args:
        path: the file to write.
        corners: the position of each frame.
        planes: the orientation of each frame, or one for all.
        own: further sequences with an attribute's value for each frame, as SEQUENCE__ATTRIBUTE.
    """
    shared, groups = Dataset(), []
    if len(planes) == 1:
        shared = group("PlaneOrientationSequence", ImageOrientationPatient=planes[0])
    for number, corner in enumerate(corners):
        one = group("PlanePositionSequence", ImagePositionPatient=corner)
        if len(planes) > 1:
            plane = group("PlaneOrientationSequence", ImageOrientationPatient=planes[number])
            one.update(plane)
        for names, values in own.items():
            sequence, attribute = names.split("__")
            one.update(group(sequence, **{attribute: values[number]}))
        groups.append(one)
    pixels = np.stack([np.full((4, 6), n, np.uint16) for n in range(len(corners))])
    file = dataset(pixels, FrameOfReferenceUID="1.7")
    file.SharedFunctionalGroupsSequence = [shared]
    file.PerFrameFunctionalGroupsSequence = groups
    return write(path, file)


def order_of(path: Path) -> list[int]:
    """The frame of each slice, by its value."""
    return [int(read_image(image)[0, 0, 0]) for image in list_images([path])]


def heights(*numbers: float) -> list[list[float]]:
    return [[-5, -5, 5.0 * number] for number in numbers]


@pytest.mark.parametrize("heads", [[0, 1, 2, 3], [3, 2, 1, 0], [3, 0, 5, 1, 4, 2], [1.5, 0.5, 1]])
def test_slices_are_sorted_by_place(tmp_path: Path, heads: list[float]) -> None:
    path = enhanced(tmp_path / "a.dcm", heights(*heads), [AXIAL])
    assert order_of(path) == np.argsort(heads).tolist()


@pytest.mark.parametrize("plane", [AXIAL, FEET_UP, SAGITTAL])
def test_one_file_and_a_series_of_files_have_the_same_order(
    tmp_path: Path, plane: list[int]
) -> None:
    corners = [[7.0 * n, 3, -2.0 * n] for n in (2, 0, 1, 3)]
    path = enhanced(tmp_path / "one" / "a.dcm", corners, [plane])
    for number, corner in enumerate(corners):
        file = dataset(
            np.full((4, 6), number, np.uint16),
            ImagePositionPatient=corner,
            ImageOrientationPatient=plane,
            InstanceNumber=number + 1,
        )
        write(tmp_path / "series" / f"{number}.dcm", file)
    series = [int(read_image(image)[0, 0, 0]) for image in list_images(tmp_path / "series")]
    assert order_of(path) == series


@pytest.mark.parametrize("time_runs_fastest", [True, False])
def test_time_points_follow_one_another_as_in_nifti(
    tmp_path: Path, time_runs_fastest: bool
) -> None:
    places = [(time, height) for time in range(2) for height in (2, 1, 0)]
    if time_runs_fastest:
        places = [(time, height) for height in (2, 1, 0) for time in range(2)]
    path = enhanced(tmp_path / "a.dcm", heights(*(height for _, height in places)), [AXIAL])
    found = [places[frame] for frame in order_of(path)]
    assert found == [(time, height) for time in range(2) for height in range(3)]


def test_segments_follow_one_another_even_if_one_is_not_everywhere(tmp_path: Path) -> None:
    places = [(1, 1), (1, 2), (2, 2), (2, 1), (2, 0)]
    numbers = {
        "SegmentIdentificationSequence__ReferencedSegmentNumber": [segment for segment, _ in places]
    }
    corners = heights(*(height for _, height in places))
    path = enhanced(tmp_path / "a.dcm", corners, [AXIAL], **numbers)
    assert [places[frame] for frame in order_of(path)] == sorted(places)


def test_a_localizer_keeps_its_planes_apart_and_a_rotating_stack_its_order(tmp_path: Path) -> None:
    corners = [[0, 0, 9.0], [5.0, 0, 0], [0, 0, 2.0], [1.0, 0, 0]]
    planes = [AXIAL, SAGITTAL, AXIAL, SAGITTAL]
    assert order_of(enhanced(tmp_path / "a.dcm", corners, planes)) == [2, 0, 1, 3]
    turning = [[float(np.cos(a)), float(np.sin(a)), 0, 0, 0, -1] for a in (0.0, 0.5, 1.0, 1.5)]
    assert order_of(enhanced(tmp_path / "b.dcm", corners, turning)) == [0, 1, 2, 3]


def test_without_every_place_the_order_of_the_file_stays(tmp_path: Path) -> None:
    path = enhanced(tmp_path / "a.dcm", heights(2, 1, 0), [AXIAL])
    file = pydicom.dcmread(path)
    del file.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence
    write(path, file)
    assert order_of(path) == [0, 1, 2]
    pixels = np.stack([np.full((4, 6), n, np.uint16) for n in range(3)])
    assert order_of(write(tmp_path / "b.dcm", dataset(pixels))) == [0, 1, 2]


@pytest.mark.parametrize(
    ("plane", "offsets", "expected"),
    [
        (AXIAL, [0, 5, 10], [0, 1, 2]),
        (AXIAL, [0, -5, -10], [2, 1, 0]),  # from the first frame along the normal
        (FEET_UP, [0, 5, 10], [0, 1, 2]),
        (AXIAL, [30, 25, 20], [2, 1, 0]),  # z coordinates
        (FEET_UP, [30, 25, 20], [0, 1, 2]),
    ],
)
def test_dose_grids_are_sorted_by_their_offsets(
    tmp_path: Path, plane: list[int], offsets: list[float], expected: list[int]
) -> None:
    pixels = np.stack([np.full((4, 6), n, np.uint16) for n in range(3)])
    corner = [0, 0, offsets[0] or 3]
    geometry = {"ImageOrientationPatient": plane, "ImagePositionPatient": corner}
    file = dataset(pixels, Modality="RTDOSE", GridFrameOffsetVector=offsets, **geometry)
    assert order_of(write(tmp_path / "a.dcm", file)) == expected


def test_each_slice_keeps_its_own_scale_and_its_place_when_written(tmp_path: Path) -> None:
    scales = {"PixelValueTransformationSequence__RescaleSlope": [10, 20, 30]}
    path = enhanced(tmp_path / "a.dcm", heights(3, 1, 2), [AXIAL], **scales)
    images = [read_image(image) for image in list_images([path])]
    assert [int(image[0, 0, 0]) for image in images] == [20, 60, 0]
    written = tmp_path / "out" / "a.dcm"
    whole = [image.astype(np.uint16) for image in images]
    DerivedSeries("w").write(written, path, whole)
    back = [dicom.read(written, number) for number in (1, 2, 3)]
    np.testing.assert_array_equal(np.stack(back), np.stack(whole))
    derived = pydicom.dcmread(written)
    places = [
        (frame.PlanePositionSequence[0].ImagePositionPatient[2], int(pixels[0, 0]))
        for frame, pixels in zip(
            derived.PerFrameFunctionalGroupsSequence, derived.pixel_array, strict=True
        )
    ]
    assert places == [(15, 0), (5, 20), (10, 60)]  # in the order of the source's frames

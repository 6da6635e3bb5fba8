"""Series told apart, and slices in the order of their place in the body."""

from pathlib import Path

import numpy as np
import pytest
from dicom_samples import carried, dataset, write
from real_images import small

from deepimagetranslator.cli import remedies
from deepimagetranslator.cli.arguments import build_parser
from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.imaging.series import (
    SeveralSeriesError,
    find_series,
    in_order,
    patient_of,
)

AXIAL, CORONAL = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1]


def slice_file(path: Path, z: float | None, **attributes: object) -> Path:
    """A CT slice, all of whose pixels are 100 + z."""
    pixels = np.full((4, 5), 100 + round(z or 0), np.uint16)
    values = {"PatientID": "p1", "SeriesNumber": 3, "SeriesDescription": "Abdomen 5 mm"}
    if z is not None:
        values |= {"ImagePositionPatient": [0, 0, z], "ImageOrientationPatient": AXIAL}
    return write(path, dataset(pixels, **(values | attributes)))


def test_slices_are_sorted_by_their_place_not_by_name(tmp_path: Path) -> None:
    places = {"a": 30, "b": -12.5, "c": 2, "slice10": 10, "slice2": 20}
    for number, (name, z) in enumerate(places.items()):
        slice_file(tmp_path / f"{name}.dcm", z, InstanceNumber=number)
    found = list_images(tmp_path)
    assert [places[image.file.stem] for image in found] == [-12.5, 2, 10, 20, 30]
    assert [int(read_image(path)[0, 0, 0]) for path in found] == [88, 102, 110, 120, 130]


def test_the_place_is_along_the_normal_of_the_plane(tmp_path: Path) -> None:
    for name, y in (("a", 30), ("b", -4), ("c", 7)):
        corner = {"ImagePositionPatient": [ord(name), y, -ord(name)]}
        slice_file(tmp_path / f"{name}.dcm", 0, **corner, ImageOrientationPatient=CORONAL)
    assert [image.file.stem for image in list_images(tmp_path)] == [
        "b",
        "c",
        "a",
    ]  # normal: 0, 1, 0


def test_without_places_by_instance_and_without_those_by_name(tmp_path: Path) -> None:
    for name, instance in (("a", 3), ("b", 10), ("c", 2)):
        slice_file(tmp_path / "1" / f"{name}.dcm", None, InstanceNumber=instance)
    assert [image.file.stem for image in list_images(tmp_path / "1")] == ["c", "a", "b"]
    for name in ("s10", "s9", "S1"):
        slice_file(tmp_path / "2" / f"{name}.dcm", None)
    assert [image.file.stem for image in list_images(tmp_path / "2")] == ["S1", "s9", "s10"]


def test_phases_at_one_place_follow_each_other(tmp_path: Path) -> None:
    for name, z, acquisition, instance in (
        ("a", 5, 2, 1), ("b", 0, 1, 9), ("c", 5, 1, 7), ("d", 0, 2, 4), ("e", 0, 1, 8),
    ):  # fmt: skip
        order = {"AcquisitionNumber": acquisition, "InstanceNumber": instance}
        slice_file(tmp_path / f"{name}.dcm", z, **order)
    assert [image.file.stem for image in list_images(tmp_path)] == ["e", "b", "d", "c", "a"]


def two_series(folder: Path) -> Path:
    for z in (1, 0):
        slice_file(folder / f"thin{z}.dcm", z)
    other = {"SeriesInstanceUID": "9.9", "SeriesNumber": 4, "SeriesDescription": "Lung"}
    for z in (0, 2, 1):
        slice_file(folder / f"x{z}.dcm", z, **other)
    return folder


def test_several_series_of_a_patient_are_asked_for_by_description(tmp_path: Path) -> None:
    folder = two_series(tmp_path / "scan")
    with pytest.raises(SeveralSeriesError) as caught:
        list_images(folder)
    numbers = [(one.number, one.description, len(one.files)) for one in caught.value.series]
    assert numbers == [(3, "Abdomen 5 mm", 2), (4, "Lung", 3)]
    assert str(caught.value) == (
        f'{folder} holds several DICOM series: 3 "Abdomen 5 mm" (CT, 2 images); 4 "Lung" (CT, '
        "3 images). Choose one by its number or description."
    )
    assert remedies.sentence(caught.value.problems[0]).endswith("Use --series, or --series all.")
    for choice in ("4", "Lung", "9.9"):
        assert [image.file.stem for image in list_images(folder, choice)] == ["x0", "x1", "x2"]
    assert len(list_images(folder, "all")) == 5
    with pytest.raises(Exception, match='no series 7; choose one of these: 3 "Abdomen 5 mm"'):
        list_images(folder, "7")


def test_the_command_line_makes_a_project_of_one_series(tmp_path: Path) -> None:
    folder = two_series(tmp_path / "scan")
    for z in range(3):
        target = np.array([[0, 0, 255, 255, 255]] * 4, np.uint8)
        write_image(tmp_path / "targets" / f"x{z}.png", target)
    project = tmp_path / "p.json"
    words = ["new", str(project), "--train-inputs", str(folder)]
    words += ["--train-targets", str(tmp_path / "targets")]
    arguments = build_parser().parse_args(words)
    with pytest.raises(SeveralSeriesError):
        arguments.command(arguments)
    arguments = build_parser().parse_args([*words, "--series", "Lung"])
    assert arguments.command(arguments)[1]["train_pairs"] == 3
    inputs = load_project(project).specs.data.train_inputs
    assert [Path(path).stem for path in inputs] == ["x0", "x1", "x2"]


def test_targets_may_be_another_series_of_the_same_folder(tmp_path: Path) -> None:
    folder = two_series(tmp_path / "scan")
    slice_file(folder / "thin2.dcm", 2)
    words = ["new", str(tmp_path / "p.json"), "--train-inputs", str(folder), "--series", "LUNG"]
    words += ["--train-targets", str(folder), "--set", "data.pairing=order"]
    arguments = build_parser().parse_args(words)
    with pytest.raises(SeveralSeriesError, match="Choose one") as several:
        arguments.command(arguments)
    (problem,) = several.value.problems
    assert remedies.sentence(problem).endswith("Use --target-series, or --target-series all.")
    arguments = build_parser().parse_args([*words, "--target-series", "3"])
    assert arguments.command(arguments)[1]["train_pairs"] == 3
    targets = load_project(tmp_path / "p.json").specs.data.train_targets
    assert [Path(path).stem for path in targets] == ["thin0", "thin1", "thin2"]


def test_what_is_no_image_is_no_series_but_stays_listed(tmp_path: Path) -> None:
    folder = two_series(tmp_path)
    for path in folder.glob("x*"):
        path.unlink()
    (folder / "z_plan.dcm").write_bytes(carried("rtstruct.dcm").read_bytes())
    (folder / "z_empty.dcm").write_bytes(b"")
    write_image(folder / "a.png", np.zeros((4, 5), np.uint8))
    names = ["a", "thin0", "thin1", "z_empty", "z_plan"]
    assert [image.file.stem for image in list_images(folder)] == names
    chosen = list_images(folder, "3")
    assert [image.file.stem for image in chosen] == ["a", "thin0", "thin1", "z_empty"]
    assert list_images(folder / "a.png", "3") == [ImageRef(folder / "a.png")]


def test_several_patients_with_a_series_each_are_one_set(tmp_path: Path) -> None:
    for person in ("p1", "p2"):
        for z in (1, 0):
            uid = {"SeriesInstanceUID": f"1.{person[1]}", "PatientID": person}
            slice_file(tmp_path / person / f"{z}.dcm", z, **uid)
    found = list_images(tmp_path)
    assert [image.file.relative_to(tmp_path).as_posix() for image in found] == [
        "p1/0.dcm", "p1/1.dcm", "p2/0.dcm", "p2/1.dcm",
    ]  # fmt: skip
    assert [patient_of(path) for path in found] == ["p1", "p1", "p2", "p2"]


def test_a_survey_scan_in_a_series_is_told_apart(tmp_path: Path) -> None:
    for z in range(3):
        slice_file(tmp_path / f"{z}.dcm", z)
    slice_file(tmp_path / "survey.dcm", 0, ImageOrientationPatient=CORONAL)
    stack, survey = find_series(sorted(tmp_path.iterdir()))
    assert (stack.uid, survey.uid) == ("1.2.3.4", "1.2.3.4#2")
    assert [path.stem for path in survey.files] == ["survey"]
    assert len(list_images(tmp_path, stack.uid)) == 3
    with pytest.raises(SeveralSeriesError, match=r"1\.2\.3\.4#2"):
        list_images(tmp_path, "3")  # both parts have this number


def test_a_rotating_stack_stays_one(tmp_path: Path) -> None:
    for step in range(5):
        angle = np.pi * step / 5
        plane = [np.cos(angle), np.sin(angle), 0, 0, 0, -1]
        slice_file(
            tmp_path / f"{step}.dcm", 0, ImageOrientationPatient=[round(v, 6) for v in plane]
        )
    assert [len(one.files) for one in find_series(tmp_path.iterdir())] == [5]


def test_patient_of_slices_and_other_files(tmp_path: Path) -> None:
    several = write(tmp_path / "a.dcm", dataset(np.zeros((2, 3, 4), np.uint8), PatientName="A^B"))
    assert patient_of(ImageRef(several, 2)) == "A^B"
    assert patient_of(ImageRef(tmp_path / "missing.dcm")) is None
    write_image(tmp_path / "b.png", np.zeros((4, 5), np.uint8))
    assert patient_of(ImageRef(tmp_path / "b.png")) is None
    nameless = write(tmp_path / "c.dcm", dataset(np.zeros((3, 4), np.uint8)))
    assert patient_of(ImageRef(nameless)) is None


def test_headers_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [slice_file(tmp_path / f"{z}.dcm", z) for z in (2, 1)]
    images = list(map(ImageRef, files))
    before = in_order(images)
    monkeypatch.setattr("deepimagetranslator.core.imaging.series.header_of", None)
    assert in_order(images) == before == images[::-1]
    monkeypatch.undo()
    slice_file(files[0], 0, SeriesDescription="moved to another place")
    assert in_order(images) == images


def test_a_real_series_is_in_order() -> None:
    found = list_images(small("ct_dicom/crlm_1006"))
    assert [image.file.stem for image in found] == [f"1-{number}" for number in range(40, 25, -2)]

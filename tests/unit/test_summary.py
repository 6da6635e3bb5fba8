"""Mean and standard deviation of measures over images and over persons."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import numpy as np
import pytest
from dicom_samples import dataset, write

from deepimagetranslator.cli.engine_commands import spread_table
from deepimagetranslator.core.data.splits import persons_of
from deepimagetranslator.core.evaluation.summary import Spread, summaries, summarized
from deepimagetranslator.core.evaluation.table import Evaluation
from deepimagetranslator.core.imaging.image_ref import ImageRef

DICE = {"a1": 0.9, "a2": 0.7, "b1": 0.5, "c1": 0.6, "c2": math.nan}
PERSONS = ["a", "a", "b", "c", "c"]


def rows() -> list[dict[str, str | float]]:
    found: list[dict[str, str | float]] = []
    for name, dice in DICE.items():
        found.append({"image": name, "channel": "red", "dice": dice, "mse": 0.1})
        found.append({"image": name, "channel": "all", "mse": 0.1})
    return [*found, {"image": "pooled", "channel": "red", "dice": 0.0, "mse": 5.0}]


def test_images_are_summarized_without_the_whole_volume() -> None:
    red, everything = summaries(rows())
    known = [value for value in DICE.values() if not math.isnan(value)]
    assert (red.over, red.count, red.channel) == ("images", 5, "red")
    assert red.spreads["dice"].mean == pytest.approx(statistics.mean(known))
    assert red.spreads["dice"].sd == pytest.approx(statistics.stdev(known))
    assert red.spreads["dice"].count == 4
    assert set(everything.spreads) == {"mse"}
    assert everything.spreads["mse"].sd == pytest.approx(0, abs=1e-12)


def test_columns_of_the_terminal_stay_apart() -> None:
    names = {"grey": 0, "subcutaneous fat": 12}
    values = [(-12.5, -1.25), (-94.5, -1.5)]
    found = [
        {"image": str(n), "channel": name, "dice": 0.5, "psnr": values[n][0], "ssim": values[n][1]}
        for n in range(2)
        for name in names
    ]
    lines = spread_table(summaries(found)).splitlines()
    assert lines[0] == "2 images, mean and standard deviation:"
    for line, name in zip(lines[1:], names, strict=True):
        assert line.startswith(f"{name} ")
        cells = line.removeprefix(name).split("+-")
        assert [len(cell.split()) for cell in cells] == [1, 2, 2, 1], line
    assert len({len(line) for line in lines[1:]}) == 1
    one = spread_table(summaries(found[:1])).splitlines()
    assert one[0].startswith("1 image,") and "+-" not in one[1]


def test_persons_count_alike_however_many_images_they_have() -> None:
    person = next(one for one in summaries(rows(), PERSONS) if one.over == "persons")
    means = [0.8, 0.5, 0.6]
    assert (person.count, person.channel) == (3, "red")
    assert person.spreads["dice"].mean == pytest.approx(statistics.mean(means))
    assert person.spreads["dice"].sd == pytest.approx(statistics.stdev(means))


@pytest.mark.parametrize(
    ("files", "persons"),
    [
        (["a/1.png", "a/2.png", "b/1.png", "c/1.png", "c/2.png"], PERSONS),
        (
            ["x1_1.png", "x1_2.png", "x2_1.png", "x3_1.png", "x3_2.png"],
            ["x1", "x1", "x2", "x3", "x3"],
        ),
        (["a/1.png", "a/2.png", "a/3.png", "a/4.png", "a/5.png"], []),
        ([], []),
    ],
)
def test_persons_are_known_by_folder_or_name_or_left_out(
    files: list[str], persons: list[str]
) -> None:
    refs = tuple(ImageRef(Path("set") / file) for file in files)
    found = summarized(Evaluation(tuple(rows()), (), refs))
    assert list(found.persons) == persons
    assert ("persons" in {one.over for one in found.summaries}) == bool(persons)


def dicom_files(folder: Path, patients: str) -> tuple[ImageRef, ...]:
    """A file for each letter, the patient's name; their own names tell nothing."""
    return tuple(
        ImageRef(write(folder / f"{n}.dcm", dataset(np.zeros((2, 2), np.uint8), PatientID=who)))
        for n, who in enumerate(patients)
    )


def test_patients_are_persons_without_their_names(tmp_path: Path) -> None:
    files = dicom_files(tmp_path / "in", "ZYZYY")
    found = summarized(Evaluation(tuple(rows()), (), files))
    persons = [f"person {number}" for number in (1, 2, 1, 2, 2)]
    assert list(found.persons) == persons
    assert {one.count for one in found.summaries if one.over == "persons"} == {2}
    assert found.summaries == summaries(rows(), persons)
    one = dicom_files(tmp_path / "one", "ZZZZZ")
    assert list(summarized(Evaluation(tuple(rows()), (), one)).persons) == []


def test_persons_of_an_evaluation_are_those_of_the_split_and_of_the_check(tmp_path: Path) -> None:
    """Known folders, DICOM patients and parts of names side by side."""
    known = tuple(ImageRef(tmp_path / who / "a.png") for who in ("person 1", "P2"))
    patients = dicom_files(tmp_path / "dicom", "ZY")
    files = (*known, *patients, ImageRef(tmp_path / "x7_1.png"))
    folders = [str(tmp_path / who) for who in ("person 1", "P2")]
    found = summarized(Evaluation(tuple(rows()), (), files), folders)
    assert list(found.persons) == ["person 1", "P2", "person 2", "person 3", "x7"]
    as_split = persons_of(files, ["", "", "Z", "Y", ""], folders)
    assert as_split == ["person 1", "P2", "Z", "Y", "x7"]


def test_undefined_and_infinite_values_are_left_out() -> None:
    assert Spread.of([math.inf, 2.0, math.nan]) == Spread.of([2.0])
    assert math.isnan(Spread.of([2.0]).sd) and math.isnan(Spread.of([]).mean)

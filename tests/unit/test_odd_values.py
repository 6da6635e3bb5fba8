"""NaN, infinity and a few extreme values: the check names their files, and no right ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import nibabel
import numpy as np
import pytest
import tifffile
from dicom_samples import dataset as dicom_dataset
from dicom_samples import write as dicom_write

from deepimagetranslator.core.augmentation.sampling import PairReader
from deepimagetranslator.core.checks.context import CheckContext
from deepimagetranslator.core.checks.examination import examine, prepare
from deepimagetranslator.core.checks.kinds import NOTE, WARNING, level
from deepimagetranslator.core.checks.repairs import repaired
from deepimagetranslator.core.checks.values import odd_values
from deepimagetranslator.core.checks.values.unlike_inputs import unlike_series
from deepimagetranslator.core.checks.values.unlike_values import Trained
from deepimagetranslator.core.config.specs import DataSpec, Specs, TrainingSpec
from deepimagetranslator.core.data.check_record import record_file
from deepimagetranslator.core.data.facts import NOTHING, thumbnail_of
from deepimagetranslator.core.data.input_statistics import InputMeter
from deepimagetranslator.core.data.odd_values import OddValues
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_header, read_image
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.viewer.shading import (
    difference_to_rgb,
    levels_of,
    to_rgb,
    value_words,
    values_at,
)

SIDE = 48
KINDS = ("not_finite", "nan_margin", "far_values")
SIDES = ("inputs", "targets")
Change = Callable[[Array], object]
Write = Callable[[Path], Path]


def scan(number: int) -> Array:
    """Noise between two shades, like soft tissue in Hounsfield units."""
    rng = np.random.default_rng(number)
    field = np.kron(rng.uniform(-80, 120, (6, 6)), np.ones((8, 8)))
    return (field + rng.normal(0, 12, (SIDE, SIDE))).astype(np.float32)


def as_tiff(path: Path, image: Array) -> Path:
    tifffile.imwrite(path.with_suffix(".tif"), image)
    return path.with_suffix(".tif")


def as_nifti(path: Path, image: Array) -> Path:
    nibabel.save(nibabel.Nifti1Image(image.T[..., None], None), path.with_suffix(".nii"))
    return path.with_suffix(".nii")


def specs_of(
    folder: Path,
    changes: dict[tuple[str, int], Change] | None = None,
    write: Callable[[Path, Array], Path] = as_tiff,
    image_of: Callable[[int], Array] = scan,
    **data: Any,
) -> Specs:
    """Four pairs of files; each change is made in the image of that side and number."""
    files: dict[str, list[str]] = {side: [] for side in SIDES}
    for side in SIDES:
        (folder / side).mkdir()
        for number in range(4):
            image = image_of(number).copy() * (0.5 if side == "targets" else 1)
            image = image.astype(image_of(number).dtype)
            if changes and (side, number) in changes:
                changes[side, number](image)
            files[side].append(str(write(folder / side / f"a{number}", image)))
    lists = {
        f"{part}_{side}": tuple(files[side][first:last])
        for part, first, last in (("train", 0, 3), ("val", 3, 4))
        for side in SIDES
    }
    return Specs(data=DataSpec(**lists, **data), training=TrainingSpec(loss="mae", metrics=()))


def found(specs: Specs) -> list[Problem]:
    """The findings on odd values."""
    return [problem for problem in examine(specs)[2] if problem.kind in KINDS]


def some(value: float, *places: tuple[int, int]) -> Change:
    def change(image: Array) -> None:
        for place in places or ((20, 21),):
            image[place] = value

    return change


def around(value: float) -> Change:
    """Nothing was measured around the body."""

    def change(image: Array) -> None:
        y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
        image[np.hypot(y, x) > SIDE / 2] = value

    return change


@pytest.mark.parametrize("write", [as_tiff, as_nifti])
@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("value", "words"), [(np.nan, "1 NaN"), (np.inf, "1 infinite"), (-np.inf, "1 infinite")]
)
def test_values_that_are_no_numbers_are_named(tmp_path, value, words, side, number, write):
    specs = specs_of(tmp_path, {(side, number): some(value)}, write)
    (problem,) = found(specs)
    assert (problem.kind, level(problem)) == ("not_finite", WARNING)
    assert Path(problem.files[0]).name == f"a{number}{write(tmp_path / 'x', scan(0)).suffix}"
    assert words in problem.message and "are read as the lowest value" in problem.message
    assert problem.repair is not None and not found(repaired(specs, problem.repair))


def test_nan_around_the_body_is_a_note_and_infinity_there_is_not(tmp_path):
    changes = {("inputs", n): around(np.nan) for n in range(4)}
    specs = specs_of(tmp_path, changes, as_nifti)
    (problem,) = found(specs)
    assert (problem.kind, level(problem), len(problem.files)) == ("nan_margin", NOTE, 4)
    (tmp_path / "infinite").mkdir()
    (problem,) = found(specs_of(tmp_path / "infinite", {("inputs", 1): around(np.inf)}))
    assert problem.kind == "not_finite"


def test_an_image_of_both_parts_is_told_by_what_each_holds():
    image = ImageRef(Path("a.nii"), 1)
    margin, inside = (
        replace(NOTHING, thumbnail=np.full((64, 64), 9, np.uint8), odd=OddValues(1, margin=edge))
        for edge in (True, False)
    )
    images = [(image, margin), (image, inside)]
    context = SimpleNamespace(images=lambda side: images if side == "input" else [])
    problems = odd_values.not_finite(cast("CheckContext", context))
    assert [problem.kind for problem in problems] == ["nan_margin", "not_finite"]


@pytest.mark.parametrize("recorded", [False, True])
def test_a_training_knows_how_many_images_hold_nan(tmp_path, recorded):
    specs = specs_of(tmp_path, {("inputs", 0): some(np.nan), ("targets", 3): around(np.nan)})
    record = record_file(tmp_path / "p.json") if recorded else None
    examine(specs, record=record)
    assert prepare(specs, record=record).not_finite == 2


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("value", [3e38, -3.4e38, 1e6])
def test_a_few_extreme_values_are_named_and_the_repair_saves_the_range(tmp_path, value, side):
    specs = specs_of(tmp_path, {(side, 2): some(value, (3, 4), (30, 7))})
    (problem,) = found(specs)
    assert (problem.kind, level(problem)) == ("far_values", WARNING)
    assert [Path(file).name for file in problem.files] == ["a2.tif"]
    for repair in problem.repairs:
        assert not found(repaired(specs, repair))
    saved = repaired(specs, problem.repairs[0])
    dataset = prepare(saved)
    x, y = PairReader(dataset, 0).read(dataset.train[0])
    assert np.ptp(x) > 0.5 and np.ptp(y) > 0.5
    broken = prepare(specs)
    pair = PairReader(broken, 0).read(broken.train[0])
    assert np.ptp(pair[SIDES.index(side)]) < 0.01  # else there would be nothing to find


def test_an_area_of_the_largest_float_is_named_too(tmp_path):
    (problem,) = found(specs_of(tmp_path, {("inputs", 2): around(-3.4028235e38)}))
    assert problem.kind == "far_values"


def test_a_hot_pixel_of_a_16_bit_camera_is_named(tmp_path):
    def dim(number: int) -> Array:
        return np.random.default_rng(number).integers(100, 130, (SIDE, SIDE)).astype(np.uint16)

    (problem,) = found(specs_of(tmp_path, {("inputs", 0): some(65535)}, image_of=dim))
    assert problem.kind == "far_values"


def test_far_values_of_an_image_matter_only_where_they_set_the_range(tmp_path):
    change = {("inputs", 0): some(3e38)}
    for number, choice in enumerate(("percentiles", "image")):
        folder = tmp_path / str(number)
        folder.mkdir()
        problems = found(specs_of(folder, change, input_scaling=choice))
        assert [problem.kind for problem in problems] == ["far_values"] * (choice == "image")


def dots(number: int) -> Array:
    image = np.zeros((SIDE, SIDE), np.float32)
    image[tuple(np.random.default_rng(number).integers(0, SIDE, (2, 3)))] = 1
    return image


def densities(number: int) -> Array:
    y, x = np.mgrid[:SIDE, :SIDE]
    row, column = np.random.default_rng(number).uniform(15, 33, 2)
    return np.exp(-((y - row) ** 2 + (x - column) ** 2) / 8).astype(np.float32)


def metal(number: int) -> Array:
    image = scan(number)
    image[10:12, 10] = 3071
    image[40, 3] = 32767
    return image


def hot_bladder(number: int) -> Array:
    image = np.abs(scan(number)) / 100
    image[30:34, 20:24] = 150
    return image


def constant(number: int) -> Array:
    return np.full((SIDE, SIDE), number, np.float32)


@pytest.mark.parametrize("image_of", [scan, dots, densities, metal, hot_bladder, constant])
def test_right_images_are_not_named(tmp_path, image_of):
    assert not found(specs_of(tmp_path, image_of=image_of))


# ---- extreme numbers in files: sentences, never a warning of NumPy -----------------------------


def nifti_with(dtype: type, slope: float, shift: float, *, values: float = 1.0) -> Write:
    def write(path: Path) -> Path:
        image = (scan(1) * values).astype(dtype)
        file = as_nifti(path, image)
        data = bytearray(file.read_bytes())
        data[112:120] = np.array([slope, shift], "<f4").tobytes()
        file.write_bytes(data)
        return file

    return write


def dicom_with(slope: str, shift: str) -> Write:
    def write(path: Path) -> Path:
        stored = np.abs(scan(1)).astype(np.uint16)
        made = dicom_dataset(stored, RescaleSlope="1", RescaleIntercept="0")
        made["RescaleSlope"]._value, made["RescaleIntercept"]._value = slope, shift
        return dicom_write(path.with_suffix(".dcm"), made)

    return write


def tiff_with(dtype: type, value: float) -> Write:
    def write(path: Path) -> Path:
        image = scan(1).astype(dtype)
        image[3, 4], image[5, 6] = value, -value if dtype in (np.float32, np.float64) else value
        return as_tiff(path, image)

    return write


EXTREME: dict[str, Write] = {
    "nifti slope 1e38": nifti_with(np.int16, 1e38, 0),
    "nifti slope inf": nifti_with(np.int16, np.inf, 0),
    "nifti slope nan": nifti_with(np.int16, np.nan, 0),
    "nifti shift inf": nifti_with(np.int16, 2, np.inf),
    "nifti float64": nifti_with(np.float64, 0, 0, values=1e300),
    "nifti float64 times slope": nifti_with(np.float64, 1e38, 0, values=1e300),
    "nifti float32 times slope": nifti_with(np.float32, 1e38, 1e38, values=1e30),
    "dicom slope 1e300": dicom_with("1e300", "0"),
    "dicom slope -1e300": dicom_with("-1e300", "0"),
    "dicom slope 1e-300": dicom_with("1e-300", "0"),
    "dicom shift 1e300": dicom_with("1", "1e300"),
    "dicom slope inf": dicom_with("inf", "nan"),
    "tiff float32": tiff_with(np.float32, 3.4028235e38),
    "tiff inf": tiff_with(np.float32, np.inf),
    "tiff nan": tiff_with(np.float32, np.nan),
    "tiff float64": tiff_with(np.float64, 1e300),
    "tiff int64": tiff_with(np.int64, 2**63 - 1),
    "tiff uint64": tiff_with(np.uint64, 2**64 - 1),
}


@contextmanager
def no_warnings() -> Iterator[None]:
    """No warning of NumPy or any other in any thread. An error of it would be taken for damage."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield
    assert [f"{one.filename}:{one.lineno}: {one.message}" for one in told] == []


def seen_by_all(specs: Specs, file: Path) -> None:
    """What check, training, translation and window do with the values of a file."""
    dataset, _, problems = examine(specs)
    try:
        image = read_image(file)
    except UserError as error:
        assert str(file) in str(error)  # a sentence
        assert dataset is None and any(problem.kind == "unreadable" for problem in problems)
        return
    assert dataset is not None
    levels = levels_of(image, dataset.input_scaling)
    to_rgb(image, levels)
    to_rgb(image, levels_of(image))
    difference_to_rgb(image, image * 0.5, levels)
    values_at(image, 0.1, 0.1)
    value_words(image, 0.1, 0.1)
    thumbnail_of(image)
    pair = dataset.train[0]
    for normalized in PairReader(dataset, 0, dataset.contents).read(pair):
        assert np.isfinite(normalized).all()
    meter = InputMeter([pair.input], dataset.input_scaling)
    meter.add(pair.input, image)
    if (statistics := meter.statistics()) is not None:
        unlike_series([pair.input], Trained(dataset.input_scaling, statistics))
    for kind in ("float32", "uint16"):
        scaling = replace(dataset.target_scaling, dtype=kind)
        scaling.from_unit(np.ones((2, 2, 1), np.float32))


@pytest.mark.parametrize("choice", ["automatic", "percentiles", "image", "window"])
@pytest.mark.parametrize("name", EXTREME)
def test_extreme_numbers_in_a_file_are_no_warning_of_a_library(tmp_path, name, choice):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = EXTREME[name](tmp_path / "a")
    text = (str(file),)
    window = {"input_low": -100.0, "input_high": 100.0} if choice == "window" else {}
    data = DataSpec(train_inputs=text, train_targets=text, input_scaling=choice, **window)
    with no_warnings():
        seen_by_all(Specs(data=data, training=TrainingSpec(loss="mae", metrics=())), file)


@pytest.mark.parametrize(
    "name", ["dicom slope 1e300", "dicom slope -1e300", "dicom shift 1e300", "nifti slope 1e38"]
)
def test_a_slope_without_any_usable_value_is_named(tmp_path, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = EXTREME[name](tmp_path / "a")
    with pytest.raises(UserError, match="values beyond all that 32 bits can hold"):
        read_header(file)

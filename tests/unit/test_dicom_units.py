"""Real units of DICOM files: what is applied, what is named, and what counts as padding."""

from pathlib import Path

import numpy as np
import pytest
from dicom_samples import carried, dataset, group, write
from pydicom.dataset import Dataset

from deepimagetranslator.core.imaging import dicom
from deepimagetranslator.core.imaging.images import read_header, read_image

RNG = np.random.default_rng(4)
GREY16 = RNG.integers(0, 4096, (6, 7), np.uint16)
MAPPING, RESCALE = "RealWorldValueMappingSequence", "PixelValueTransformationSequence"
LINE = {"RealWorldValueSlope": 0.01, "RealWorldValueIntercept": -2.0}


def unit_item(code: str) -> Dataset:
    item = Dataset()
    item.CodeValue = code
    return item


def mapping(**attributes: object) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


@pytest.mark.parametrize("place", ["frame", "shared", "file", "beside an empty rescale"])
def test_a_line_to_real_world_values_is_applied(tmp_path: Path, place: str) -> None:
    file = dataset(np.stack([GREY16, GREY16]), Modality="MR")
    units = [unit_item("mm2/s")]
    own = mapping(**LINE, MeasurementUnitsCodeSequence=units)
    groups = Dataset()
    groups.add_new(0x00409096, "SQ", [own])
    if place == "file":
        file.update(groups)
    else:
        if place == "beside an empty rescale":
            rescale = group(RESCALE, RescaleSlope=1, RescaleIntercept=0, RescaleType="US")
            groups.update(rescale)
        shared = place == "shared"
        file.SharedFunctionalGroupsSequence = [groups if shared else Dataset()]
        file.PerFrameFunctionalGroupsSequence = [Dataset() if shared else groups] * 2
    path = write(tmp_path / "a.dcm", file)
    expected = GREY16.astype(np.float64) * 0.01 - 2
    np.testing.assert_allclose(read_image(path)[..., 0], expected, rtol=1e-6, atol=1e-6)
    header = read_header(path)
    assert (header.dtype, header.unit, header.note) == ("float32", "MR, mm2/s", "")


def test_each_frame_has_its_own_line(tmp_path: Path) -> None:
    file = dataset(np.stack([GREY16, GREY16]), Modality="MR")
    file.SharedFunctionalGroupsSequence = [Dataset()]
    file.PerFrameFunctionalGroupsSequence = [
        group(MAPPING, RealWorldValueSlope=slope, RealWorldValueIntercept=0) for slope in (0.5, 2)
    ]
    path = write(tmp_path / "a.dcm", file)
    for number, slope in ((1, 0.5), (2, 2)):
        np.testing.assert_array_equal(dicom.read(path, number)[..., 0], GREY16 * slope)


@pytest.mark.parametrize("kind", ["two", "table", "damaged"])
def test_other_mappings_are_named(tmp_path: Path, kind: str) -> None:
    items = {
        "two": [mapping(**LINE), mapping(**LINE)],
        "table": [mapping(RealWorldValueLUTData=[1.0, 2.0])],
        "damaged": [mapping(RealWorldValueSlope=0.0, RealWorldValueIntercept=1.0)],
    }[kind]
    file = dataset(GREY16, Modality="MR")
    file.add_new(0x00409096, "SQ", items)
    path = write(tmp_path / "a.dcm", file)
    np.testing.assert_array_equal(read_image(path)[..., 0], GREY16)
    assert "is not applied" in read_header(path).note


@pytest.mark.parametrize("equal", [True, False])
def test_a_rescale_slope_comes_first_and_a_contradiction_is_named(
    tmp_path: Path, equal: bool
) -> None:
    file = dataset(GREY16, Modality="MR", RescaleSlope=0.01 if equal else 3, RescaleIntercept=-2)
    file.add_new(0x00409096, "SQ", [mapping(**LINE)])
    path = write(tmp_path / "a.dcm", file)
    slope = 0.01 if equal else 3
    np.testing.assert_allclose(read_image(path)[..., 0], GREY16 * slope - 2.0, rtol=1e-6, atol=1e-6)
    assert bool(read_header(path).note) is not equal


# SimpleITK 2.5 (GDCM) inverts the stored values before it rescales them.
@pytest.mark.parametrize("slope", [1, 0.5, 2])
@pytest.mark.parametrize("unit", ["US", None, "UNSPECIFIED"])
def test_radiographs_are_bright_where_values_are_high(
    tmp_path: Path, slope: float, unit: str | None
) -> None:
    film = {"Modality": "CR", "PhotometricInterpretation": "MONOCHROME1", "BitsStored": 12}
    file = dataset(GREY16, **film, RescaleSlope=slope, RescaleIntercept=3, RescaleType=unit)
    image = read_image(write(tmp_path / "a.dcm", file))[..., 0]
    np.testing.assert_array_equal(image, (4095.0 - GREY16) * slope + 3)


@pytest.mark.parametrize(
    "real",
    [
        {"RescaleType": "HU"},
        {"Modality": "CT", "RescaleType": None},
        {"Modality": "PT", "Units": "BQML"},
        {"Modality": "RTDOSE", "DoseGridScaling": "2", "RescaleSlope": None},
    ],
)
def test_measured_quantities_are_never_inverted(tmp_path: Path, real: dict[str, str]) -> None:
    film = {"PhotometricInterpretation": "MONOCHROME1", "BitsStored": 12, "Modality": "CR"}
    values = film | {"RescaleSlope": 2, "RescaleIntercept": 0, "RescaleType": "US"} | real
    image = read_image(write(tmp_path / "a.dcm", dataset(GREY16, **values)))[..., 0]
    np.testing.assert_array_equal(image, GREY16 * 2.0)


@pytest.mark.parametrize(
    ("attributes", "unit"),
    [
        ({"RescaleIntercept": -1024, "RescaleSlope": 1}, "CT, HU"),
        ({"RescaleIntercept": 0, "RescaleSlope": 1, "RescaleType": "HU"}, "CT, HU"),
        ({"RescaleIntercept": 0, "RescaleSlope": 1, "RescaleType": "US"}, ""),
        ({}, ""),
        ({"Modality": "PT", "RescaleSlope": 3, "Units": "BQML"}, "PT, BQML"),
        ({"Modality": "MR", "RescaleSlope": 3, "RescaleIntercept": 1, "RescaleType": "US"}, ""),
        ({"Modality": "RTDOSE", "DoseGridScaling": "1e-3", "DoseUnits": "GY"}, "RTDOSE, Gy"),
    ],
)
def test_the_unit_is_named(tmp_path: Path, attributes: dict[str, object], unit: str) -> None:
    file = dataset(GREY16.astype(np.int16), **attributes)
    assert read_header(write(tmp_path / "a.dcm", file)).unit == unit


def test_real_files_name_their_units() -> None:
    named = {name: read_header(carried(name)).unit for name in ("CT_small.dcm", "MR_small.dcm")}
    assert named == {"CT_small.dcm": "CT, HU", "MR_small.dcm": ""}


@pytest.mark.parametrize(
    ("stored", "attributes", "expected"),
    [
        (GREY16.astype(np.int16), {"PixelPaddingValue": -2000}, [(-2000, -2000)]),
        (GREY16.astype(np.int16), {"PixelPaddingValue": 63536}, [(-2000, -2000)]),
        (
            GREY16,
            {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 9, "RescaleIntercept": -50},
            [(-50, -41)],
        ),
        (GREY16, {"PixelPaddingValue": 7}, [(7, 7)]),
        (
            GREY16,
            {
                "PixelPaddingValue": 95,
                "PhotometricInterpretation": "MONOCHROME1",
                "BitsStored": 12,
            },
            [(4000, 4000)],
        ),
        (GREY16, {}, []),
    ],
)
def test_padding_is_given_in_the_values_that_are_read(
    tmp_path: Path,
    stored: np.ndarray,
    attributes: dict[str, object],
    expected: list[tuple[float, float]],
) -> None:
    attributes = dict(attributes)
    number = attributes.pop("PixelPaddingValue", None)
    file = dataset(stored, Modality="MR", **attributes)
    if number is not None:
        signed = stored.dtype.kind == "i" and number < 0
        file.add_new("PixelPaddingValue", "SS" if signed else "US", number)
    assert list(read_header(write(tmp_path / "a.dcm", file)).padding) == expected

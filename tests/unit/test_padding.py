"""What a scanner writes where it measured nothing does not count in the intensity normalization."""

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from dicom_samples import dataset, write
from real_images import small

from deepimagetranslator.core.data.facts import read_facts
from deepimagetranslator.core.data.intensity.normalization import ValueRange, choose_normalization
from deepimagetranslator.core.data.intensity.padding import padding_values
from deepimagetranslator.core.data.statistics_json import range_from_json, range_to_json
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.header import Header
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_with_header

SIDE = 64
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
OUTSIDE = (ROWS - 31.5) ** 2 + (COLUMNS - 31.5) ** 2 > 32**2
RNG = np.random.default_rng(7)
BODY = RNG.integers(-1020, 1500, (SIDE, SIDE)).astype(np.int16)
HU = {"RescaleSlope": 1, "RescaleIntercept": 0}


def normalized(file: Path) -> tuple[float, float, str]:
    """Range and kind of the automatic normalization of one file."""
    facts = read_facts(ImageRef(file), target=False)
    found = choose_normalization(facts.values)
    return found.low, found.high, found.kind


@pytest.mark.parametrize("value", [-1025, -2000, -3024, -32768])
@pytest.mark.parametrize("kind", ["dicom", "nifti"])
def test_the_corners_of_a_ct_do_not_flatten_the_body(tmp_path: Path, kind: str, value: int) -> None:
    pixels = np.where(OUTSIDE, value, BODY).astype(np.int16)
    if kind == "dicom":
        path = write(tmp_path / "a.dcm", dataset(pixels, **HU))
    else:
        path = tmp_path / "a.nii.gz"
        nibabel.save(nibabel.Nifti1Image(pixels.T[..., None], np.diag([-1, -1, 1, 1])), path)
    inside = BODY[~OUTSIDE]
    assert normalized(path) == (inside.min(), inside.max(), "window")


@pytest.mark.parametrize("value", [0, 500, 4095])
def test_a_padding_value_is_left_out_in_any_unit(tmp_path: Path, value: int) -> None:
    pixels = np.where(OUTSIDE, value, RNG.integers(600, 3000, (SIDE, SIDE))).astype(np.uint16)
    path = write(tmp_path / "a.dcm", dataset(pixels, Modality="MR", PixelPaddingValue=value))
    inside = pixels[~OUTSIDE]
    assert normalized(path) == (inside.min(), inside.max(), "window")


@pytest.mark.filterwarnings("error")
def test_a_padding_value_that_no_pixel_can_have_says_nothing(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 255, (SIDE, SIDE)).astype(np.uint8)
    path = write(tmp_path / "a.dcm", dataset(pixels, Modality="MR", PixelPaddingValue=65535))
    assert read_with_header(path)[1].padding == ()


@pytest.mark.parametrize(
    "pixels",
    [
        np.where(OUTSIDE, BODY - 2000, BODY),  # noise, not a constant
        np.where((ROWS > 9) & (ROWS < 30) & (COLUMNS > 9) & (COLUMNS < 30), -2000, BODY),  # inside
        np.where((ROWS == 0) & (COLUMNS < 9), -2000, BODY),  # a few pixels
        np.where(OUTSIDE, -1024, BODY),  # a value that is measured
    ],
)
def test_what_may_be_measured_counts(tmp_path: Path, pixels: np.ndarray) -> None:
    path = write(tmp_path / "a.dcm", dataset(pixels.astype(np.int16), **HU))
    assert normalized(path) == (pixels.min(), pixels.max(), "data")


def test_other_units_and_fractions_are_no_hounsfield_units() -> None:
    image = np.where(OUTSIDE, -3024, BODY).astype(np.float32)[..., None]
    header = Header(image.shape, "float32")
    assert padding_values(image, header) == (-3024,)
    assert padding_values(image, replace(header, unit="MR, mm/s")) == ()
    assert padding_values(image + 0.5, header) == ()
    assert padding_values(np.repeat(image, 3, axis=2), header) == ()


def test_a_set_keeps_its_padding_and_its_unit_in_the_record(tmp_path: Path) -> None:
    padded = write(tmp_path / "a.dcm", dataset(np.where(OUTSIDE, -3024, BODY), **HU))
    plain = write(tmp_path / "b.dcm", dataset(BODY, **HU))
    values = ValueRange()
    for path in (padded, plain):
        one = ValueRange()
        one.add(*read_with_header(path))
        values.merge(one)
    assert (values.padded, values.unit, values.low) == (True, "CT, HU", BODY.min())
    back = range_from_json(range_to_json(values))
    assert (back.padded, back.unit) == (True, "CT, HU")
    assert choose_normalization(back) == choose_normalization(values)
    assert choose_normalization(back).to_unit(np.float32([-3024])).tolist() == [0]


def test_real_slices_have_no_padding() -> None:
    for image in list_images(small("ct_dicom/crlm_1006")):
        pixels, header = read_with_header(image)
        assert header.unit == "CT, HU"
        assert padding_values(pixels, header) == ()

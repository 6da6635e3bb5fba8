"""Every file of shared/data/awkward opens rightly, or is named with the reason.

The values come from other readers than ours: data/awkward.json, made by data/make_awkward.py.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import image_size, read_image

AWKWARD = Path(__file__).parents[3] / "shared" / "data" / "awkward"
EXPECTED = json.loads((Path(__file__).parents[1] / "data" / "awkward.json").read_text("utf-8"))
DAMAGED = {"truncated.png": "is damaged or incomplete", "zero_bytes.png": "is empty"}
ROUNDED = {"cmyk.jpg": 1, "pydicom_JPEG-lossy.dcm": 1}
"""How far decoders may differ: in the last bit of a lossy code, or of inks turned into colours."""

pytestmark = pytest.mark.skipif(not AWKWARD.is_dir(), reason="../shared/data is not here")


def test_every_file_is_spoken_of() -> None:
    assert {path.name for path in AWKWARD.iterdir()} == {*EXPECTED, *DAMAGED}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_opens_rightly(name: str) -> None:
    files, slices = list_images([AWKWARD / name]), EXPECTED[name]["slices"]
    assert len(files) == len(slices)
    within = ROUNDED.get(name, 0)
    for file, expected in zip(files, slices, strict=True):
        image = read_image(file)
        assert [*image.shape] == expected["shape"]
        assert image.dtype.name == expected["dtype"]
        assert image_size(file) == (*image.shape, image.dtype.name)
        for row, column, *values in expected["pixels"]:
            np.testing.assert_allclose(image[row, column], values, rtol=0, atol=within)
        mean = expected["sum"] / image.size
        assert image.mean(dtype=np.float64) == pytest.approx(mean, rel=1e-12, abs=within)


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_named(name: str) -> None:
    assert list_images([AWKWARD / name]) == [AWKWARD / name]
    with pytest.raises(UserError, match=rf"{name} {DAMAGED[name]}"):
        read_image(AWKWARD / name)


def test_the_whole_folder_is_listed_and_read_around_the_damage() -> None:
    files = list_images(AWKWARD, series="all")
    assert len(files) == sum(len(one["slices"]) for one in EXPECTED.values()) + len(DAMAGED)
    refused = []
    for file in files:
        try:
            read_image(file)
        except UserError:
            refused.append(file.name)
    assert sorted(refused) == sorted(DAMAGED)

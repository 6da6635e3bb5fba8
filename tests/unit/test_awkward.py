"""Every awkward file, such as real folders hold, opens rightly or is named with the reason.

The values come from other readers than ours: ``awkward.json``, made by ``data/make_awkward.py``.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_samples import carried
from real_images import SMALL, small, whole

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, read_image

DAMAGED = {"truncated.png": "is damaged or incomplete", "zero_bytes.png": "is empty"}
ROUNDED = {"cmyk.jpg": 1, "pydicom_JPEG-lossy.dcm": 1}
"""How far decoders may differ: in the last bit of a lossy code, or of inks turned into colours."""


def expected_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


OF_SMALL = expected_of(SMALL / "awkward.json")
OF_WHOLE = expected_of(SMALL.parent / "awkward.json")
OTHERS = [name for name in OF_WHOLE if not name.startswith("pydicom_")]
CARRIED = [name for name in OF_WHOLE if name.startswith("pydicom_")]
"""Files that are there in any case, as pydicom brings them along."""


def assert_opens(path: Path, name: str, slices: list[dict[str, Any]]) -> None:
    files = list_images([path])
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


@pytest.mark.parametrize("name", OF_SMALL)
def test_a_small_file_opens_rightly(name: str) -> None:
    assert_opens(small(f"awkward/{name}"), name, OF_SMALL[name]["slices"])


@pytest.mark.parametrize("name", CARRIED)
def test_a_file_of_pydicom_opens_rightly(name: str) -> None:
    assert_opens(carried(name.removeprefix("pydicom_")), name, OF_WHOLE[name]["slices"])


@pytest.mark.parametrize("name", OTHERS)
def test_a_whole_file_opens_rightly(name: str) -> None:
    assert_opens(whole(f"awkward/{name}"), name, OF_WHOLE[name]["slices"])


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_named(real: Callable[[str], Path], name: str) -> None:
    path = real(f"awkward/{name}")
    assert list_images([path]) == [ImageRef(path)]
    with pytest.raises(UserError, match=rf"{name} {DAMAGED[name]}"):
        read_image(path)


@pytest.mark.parametrize(("place", "expected"), [(small, OF_SMALL), (whole, OF_WHOLE)])
def test_the_whole_folder_is_listed_and_read_around_the_damage(
    place: Callable[[str], Path], expected: dict[str, Any]
) -> None:
    folder = place("awkward")
    assert {path.name for path in folder.iterdir()} == {*expected, *DAMAGED}
    files = list_images(folder, series="all")
    assert len(files) == sum(len(one["slices"]) for one in expected.values()) + len(DAMAGED)
    refused = []
    for file in files:
        try:
            read_image(file)
        except UserError:
            refused.append(file.name)
    assert sorted(refused) == sorted(DAMAGED)

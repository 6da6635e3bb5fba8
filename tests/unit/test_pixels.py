"""Channels and sizes of arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.pixels import resize, to_channels

RNG = np.random.default_rng(1)
COLOUR16 = RNG.integers(0, 65536, (20, 30, 3), dtype=np.uint16)
COLOUR = (COLOUR16 >> 8).astype(np.uint8)
GREY = COLOUR[..., :1]


def test_channels() -> None:
    np.testing.assert_array_equal(to_channels(GREY, 3, "x")[..., 2:], GREY)
    np.testing.assert_array_equal(to_channels(to_channels(GREY, 3, "x"), 1, "x"), GREY)
    luminance = np.rint(COLOUR16 @ np.array([0.299, 0.587, 0.114]))
    np.testing.assert_allclose(to_channels(COLOUR16, 1, "x")[..., 0], luminance, atol=2)
    with pytest.raises(UserError, match=r"five\.tif has 5"):
        to_channels(np.zeros((2, 2, 5), np.uint8), 3, "five.tif")


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(["uint8", "uint16", "float32"]))
def test_resize_keeps_type_colours_and_range(height: int, width: int, dtype: str) -> None:
    image = COLOUR.astype(dtype)
    labels = resize(image, height, width, labels=True)
    values = resize(image, height, width)
    assert labels.shape == values.shape == (height, width, 3)
    assert labels.dtype == values.dtype == image.dtype
    assert {tuple(c) for c in labels.reshape(-1, 3)} <= {tuple(c) for c in image.reshape(-1, 3)}
    assert image.min() - 1e-3 <= values.min() <= values.max() <= image.max() + 1e-3
    assert resize(image, 20, 30) is image
    mirrored = resize(image[::-1], height, width, labels=True)[::-1]
    if height % 2 and (20 * (2 * np.arange(height) + 1) % (2 * height)).all():
        np.testing.assert_array_equal(mirrored, labels)  # centred, not shifted to a corner


def test_grown_label_map_is_split_evenly() -> None:
    image = np.array([[[0], [9]]], np.uint8)
    assert resize(image, 1, 4, labels=True).ravel().tolist() == [0, 0, 9, 9]

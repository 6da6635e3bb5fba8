"""Palettes found, encoded, decoded and snapped to."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.images import read_image
from deepimagetranslator.core.labels import ColourCount, Palette, find_palette
from deepimagetranslator.core.pixels import resize
from deepimagetranslator.core.problem import UserError
from deepimagetranslator.core.scaling import Scaling

DATA = Path(__file__).parents[3] / "shared" / "data"
TISSUES = Palette(((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)), "uint8")
RNG = np.random.default_rng(1)


def blobs(size: int, classes: int) -> np.ndarray:
    """Class numbers in squares of 8 pixels, each class somewhere."""
    numbers = RNG.integers(0, classes, (size // 8, size // 8)).astype(np.uint8)
    numbers.flat[:classes] = np.arange(classes)
    return numbers.repeat(8, 0).repeat(8, 1)


@st.composite
def palettes(draw: st.DrawFn) -> Palette:
    dtype, channels = draw(st.sampled_from(["uint8", "uint16"])), draw(st.sampled_from([1, 3]))
    value = st.integers(0, 255 if dtype == "uint8" else 65535)
    colour = st.tuples(*[value] * channels)
    colours = draw(st.lists(colour, min_size=2, max_size=32, unique=True))
    return Palette(tuple(sorted(colours)), dtype)


@given(palettes())
def test_encode_decode_nearest_and_json(palette: Palette) -> None:
    classes = blobs(64, len(palette.colours))
    image = palette.decode(classes)
    assert image.shape == (64, 64, palette.channels)
    assert image.dtype == palette.dtype
    encoded = palette.encode(image, "x")
    assert encoded.dtype == np.uint8
    np.testing.assert_array_equal(encoded, classes)
    top = np.iinfo(palette.dtype).max
    for scaling in (Scaling("type", 0, top, palette.dtype), Scaling("data", 0, 9, palette.dtype)):
        values = scaling.to_unit(image)
        np.testing.assert_array_equal(palette.nearest(values, scaling), image)
    assert Palette.from_json(palette.to_json()) == palette


@given(palettes())
def test_all_colours_are_gathered_in_order(palette: Palette) -> None:
    image = palette.decode(blobs(64, len(palette.colours)))
    count = ColourCount()
    for part in np.array_split(image, 4):
        count.add(part)
    assert count.palette() == palette
    assert sum(count.pixels.values()) == 64 * 64


def test_noisy_values_get_the_nearest_colour_only() -> None:
    scaling = Scaling("type", 0, 255, "uint8")
    image = TISSUES.decode(blobs(64, 4))
    values = scaling.to_unit(image) + RNG.normal(0, 2, image.shape)
    distances = [
        ((values - scaling.to_unit(np.array(c, "u1"))) ** 2).sum(-1) for c in TISSUES.colours
    ]
    expected = TISSUES.decode(np.argmin(distances, axis=0))
    np.testing.assert_array_equal(TISSUES.nearest(values, scaling), expected)


def test_a_colour_outside_the_palette_is_named() -> None:
    image = TISSUES.decode(blobs(64, 4))
    image[3, 5] = 1, 2, 3
    with pytest.raises(UserError, match=r"mask\.png has the colour \(1, 2, 3\) at row 3, column 5"):
        TISSUES.encode(image, "mask.png")
    with pytest.raises(UserError, match="uint16"):
        TISSUES.encode(image.astype(np.uint16), "mask.png")


def test_grey_and_colour_files_of_one_map() -> None:
    grey, colour = Palette(((0,), (255,)), "uint8"), Palette(((0, 0, 0), (255,) * 3), "uint8")
    classes = blobs(64, 2)
    np.testing.assert_array_equal(grey.encode(colour.decode(classes), "x"), classes)
    np.testing.assert_array_equal(colour.encode(grey.decode(classes), "x"), classes)
    assert find_palette([grey.decode(classes), colour.decode(classes)]) == colour


def test_what_is_no_label_map() -> None:
    classes = blobs(64, 4)
    tissues = TISSUES.decode(classes)
    photo = RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert find_palette([tissues, photo]) is None
    assert find_palette([tissues.astype(np.float32)]) is None
    assert find_palette([tissues, tissues.astype(np.uint16)]) is None
    assert find_palette([np.zeros((8, 8, 1), np.uint8)]) is None  # one colour says nothing
    assert find_palette([]) is None
    mask = Palette(((0,), (255,)), "uint8").decode(np.roll(blobs(64, 2), 1, (0, 1)))
    assert find_palette([mask]) is not None
    assert find_palette([resize(mask, 32, 32)]) is None  # anti-aliased
    assert find_palette([resize(np.roll(tissues, 1, (0, 1)), 32, 32)]) is None
    dark = np.rint(RNG.normal(6, 2, (64, 64, 1))).clip(0, 20).astype(np.uint8)
    assert find_palette([dark]) is None
    night = np.where(RNG.random((64, 64, 1)) < 0.02, dark, 0).astype(np.uint8)
    assert find_palette([night]) is None


def test_thin_classes_are_labels() -> None:
    classes = blobs(64, 2) * np.uint8(2)
    classes[10] = 1  # a contour of one pixel
    assert find_palette([classes[..., None]]) == Palette(((0,), (1,), (2,)), "uint8")
    line = np.zeros((64, 64, 1), np.uint8)
    line[10] = 255
    assert find_palette([line]) == Palette(((0,), (255,)), "uint8")
    coloured = TISSUES.decode(blobs(64, 3))
    coloured[10] = 255, 0, 0
    assert find_palette([coloured]) == TISSUES


def test_wrong_palettes() -> None:
    for wrong in (
        None,
        {},
        {"colours": [], "dtype": "uint8"},
        {"colours": [[1], [1]], "dtype": "uint8"},
        {"colours": [[1], [1, 2, 3]], "dtype": "uint8"},
        {"colours": [[256]], "dtype": "uint8"},
        {"colours": [[1]], "dtype": "float32"},
    ):
        with pytest.raises(UserError, match="no palette"):
            Palette.from_json(wrong)


def test_real_label_maps() -> None:
    if not DATA.is_dir():
        pytest.skip("../shared/data is not here")
    folder = DATA / "ct_abdomen" / "lungdx_a0002"
    assert find_palette(map(read_image, sorted((folder / "targets").iterdir()))) == TISSUES
    assert find_palette(map(read_image, sorted((folder / "images").iterdir()))) is None
    awkward = DATA / "awkward"
    assert find_palette([read_image(awkward / "tissue_map_palette.png")]) == TISSUES
    assert find_palette([read_image(awkward / "tissue_map_odd_size_antialiased.png")]) is None

"""Palettes found, encoded, decoded and snapped to."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.config.classes import LabelClass, parse_classes, to_texts
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.config.validation import problems
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.data.labels.nearest import closest
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.imaging.pixels import resize

TISSUES = Palette(((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)), "uint8")
RNG = np.random.default_rng(1)


def find_palette(images: Iterable[np.ndarray]) -> Palette | None:
    count = ColourCount()
    for image in images:
        count.add(image)
    return count.label_palette()


def blobs(size: int, classes: int) -> np.ndarray:
    """Class numbers in squares of 8 pixels, each class somewhere."""
    numbers = RNG.integers(0, classes, (size // 8, size // 8)).astype(np.uint8)
    numbers.flat[:classes] = np.arange(classes)
    return numbers.repeat(8, 0).repeat(8, 1)


@pytest.mark.parametrize(
    ("channels", "colours", "pixels"), [(3, 4, 70_000), (1, 255, 300), (4, 9, 16_385), (3, 2, 0)]
)
def test_the_first_of_the_nearest_colours_is_taken(channels, colours, pixels):
    rng = np.random.default_rng(1)
    wide = rng.integers(0, 4, (colours, channels)).astype(np.float32)  # some of them equal
    values = rng.integers(0, 9, (pixels, channels)).astype(np.float32) / 2
    distances = ((values[:, None] - wide) ** 2).sum(axis=2)
    np.testing.assert_array_equal(closest(values, wide), distances.argmin(axis=1))
    values[:5] = np.nan
    assert not closest(values[:5], wide).any()


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
    for scaling in (
        IntensityNormalization("type", 0, top, palette.dtype),
        IntensityNormalization("data", 0, 9, palette.dtype),
    ):
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
    scaling = IntensityNormalization("type", 0, 255, "uint8")
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
    with pytest.raises(UserError, match=r"mask\.tif holds fractions"):
        TISSUES.encode(image.astype(np.float32) / 2, "mask.tif")


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
    assert find_palette([tissues.astype(np.float32) / 2]) is None
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


def test_real_label_maps(real: Callable[[str], Path]) -> None:
    folder = real("ct_abdomen/lungdx_a0002")
    assert find_palette(map(read_image, sorted((folder / "targets").iterdir()))) == TISSUES
    assert find_palette(map(read_image, sorted((folder / "images").iterdir()))) is None
    awkward = real("awkward")
    assert find_palette([read_image(awkward / "tissue_map_palette.png")]) == TISSUES
    assert find_palette([read_image(awkward / "tissue_map_odd_size_antialiased.png")]) is None


# --- classes as a user writes them ---------------------------------------------------------------


@st.composite
def written_classes(draw: st.DrawFn) -> tuple[LabelClass, ...]:
    """Any classes that can be written; grey or coloured."""
    channels = draw(st.sampled_from([1, 3]))
    colour = st.tuples(*[st.integers(0, 65535)] * channels)
    read = draw(st.lists(colour, min_size=4, max_size=12, unique=True))
    cuts = sorted({1, *draw(st.sets(st.integers(1, len(read) - 1), min_size=1, max_size=5))})
    groups = [tuple(group) for group in np.split(np.arange(len(read)), cuts)]
    name = st.text("abz Ä7>+,#", max_size=8).map(str.strip)
    return tuple(
        LabelClass(tuple(read[number] for number in group), draw(st.none() | colour), draw(name))
        for group in groups
    )


@given(written_classes())
def test_classes_are_read_as_they_are_written(classes: tuple[LabelClass, ...]) -> None:
    assert parse_classes(to_texts(classes)) == classes
    palette = Palette.of(classes, "uint8")
    assert Palette.from_json(palette.to_json()) == palette
    for number, one in enumerate(classes):
        for colour in one.colours:
            assert palette.class_of(colour) == number
            image = np.array([[colour]], np.uint16)
            np.testing.assert_array_equal(palette.encode(image, "x"), [[number]])
        expected = one.written or one.colours[0]
        got = tuple(palette.decode(np.array([[number]], np.uint8))[0, 0])
        assert got in (expected, expected * 3)


def test_the_ways_to_write_a_class() -> None:
    texts = (" 0,0,0 = background ", "#ff0000>200,0,0=fat", "7,7,7 + 8,8,8=lean = muscle", "rest")
    assert parse_classes(texts) == (
        LabelClass(((0, 0, 0),), None, "background"),
        LabelClass(((255, 0, 0),), (200, 0, 0), "fat"),
        LabelClass(((7, 7, 7), (8, 8, 8)), None, "lean = muscle"),
        LabelClass((), None, ""),
    )
    assert parse_classes(()) == ()


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("0", "x=liver"), "'x' is not a label colour"),
        (("0", "1,2"), "'1,2'"),
        (("0", "70000"), "'70000'"),
        (("0", "1>"), "'' is not a label"),
        (("0", "#12345"), "#12345"),
        (("0", "1", "0,0,0=again"), "0,0,0 occurs twice"),
        (("0", "255", "rest"), "rest>128"),
        (("0", "rest>1", "rest>2"), "merge"),
        (("0=alone",), "2 to 32 classes, not 1"),
        (tuple(map(str, range(33))), "not 33"),
    ],
)
def test_what_is_no_class_is_named(texts: tuple[str, ...], words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_classes(texts)
    assert words in str(caught.value)
    (problem,) = problems(DataSpec(labels=texts))
    assert problem.subject == "labels" and problem.message == str(caught.value)


# --- a palette with more than colours ------------------------------------------------------------


def of(*texts: str, snap: bool = False) -> Palette:
    return Palette.of(parse_classes(texts), "uint8", snap)


def test_written_colours_and_names() -> None:
    palette = of("0=air", "255>0,200,0=fat", "7")
    assert palette.channels == 1 and palette.colours == ((0,), (255,), (7,))
    assert palette.class_names == ("air", "fat", "class2")
    assert palette.plain
    written = palette.decode(np.array([[0, 1, 2]], np.uint8))
    np.testing.assert_array_equal(written, [[(0, 0, 0), (0, 200, 0), (7, 7, 7)]])
    scaling = IntensityNormalization("type", 0, 255, "uint8")
    predicted = np.array([[[-0.1], [0.9], [0.02]]], np.float32)
    np.testing.assert_array_equal(palette.nearest(predicted, scaling), written)
    assert of("0=fat", "1=fat").class_names == ("fat", "fat 1")
    assert of("0", "1000").dtype == "uint16"


def test_merged_classes_and_the_rest() -> None:
    palette = of("0=background", "2 + 9=cell", "rest>100=other")
    image = np.array([[0, 2, 9, 77, 100]], np.uint8)[..., None]
    np.testing.assert_array_equal(palette.encode(image, "x"), [[0, 1, 1, 2, 2]])
    np.testing.assert_array_equal(palette.exact(image, "x")[..., 0], [[0, 2, 2, 100, 100]])
    assert palette.class_of((77,)) == 2 and of("0", "1").class_of((77,)) == -1
    instances = of("0=background", "rest=object")
    mask = np.array([[0, 300, 65535]], np.uint16)[..., None]
    np.testing.assert_array_equal(instances.exact(mask, "x")[..., 0], [[0, 255, 255]])
    assert instances.exact(mask, "x").dtype == np.uint8


def test_a_pixel_near_a_merged_colour_is_of_that_class() -> None:
    palette = of("0=background", "50 + 200=cell", "100=wall", snap=True)
    image = np.array([[3, 52, 98, 190, 255]], np.uint8)[..., None]
    np.testing.assert_array_equal(palette.encode(image, "x"), [[0, 1, 2, 1, 1]])


def test_class_numbers_of_any_type_are_the_same() -> None:
    numbers = blobs(64, 4)[..., None]
    palette = find_palette([numbers])
    assert palette is not None
    for dtype in ("uint16", "float32"):
        np.testing.assert_array_equal(palette.encode(numbers.astype(dtype), "x"), numbers[..., 0])
        assert find_palette([numbers.astype(dtype)]) == Palette(palette.colours, "uint16")
        assert find_palette([numbers, numbers.astype(dtype)]) == palette
        assert palette.exact(numbers.astype(dtype), "x").dtype == np.uint8
    for wrong in (
        numbers + np.float32(0.5),
        -numbers.astype(np.float32),
        numbers * np.float32(1e6),
    ):
        assert find_palette([wrong]) is None
        with pytest.raises(UserError, match="fractions or values outside"):
            palette.encode(wrong, "x")
    assert find_palette([np.full((8, 8, 1), np.nan, np.float32)]) is None


@given(palettes())
def test_snapping_takes_the_nearest_colour_and_leaves_exact_ones(palette: Palette) -> None:
    snapping = Palette(palette.colours, palette.dtype, snap=True)
    classes = blobs(64, len(palette.colours))
    image = palette.decode(classes)
    np.testing.assert_array_equal(snapping.encode(image, "x"), classes)
    assert Palette.from_json(snapping.to_json()) == snapping
    noisy = image.astype(int) + RNG.integers(-3, 4, image.shape)
    noisy = noisy.clip(0, np.iinfo(palette.dtype).max).astype(palette.dtype)
    assert set(np.unique(snapping.encode(noisy, "x"))) <= set(range(len(palette.colours)))
    exact = snapping.exact(noisy, "x")
    found = {tuple(map(int, pixel)) for pixel in exact.reshape(-1, exact.shape[2])}
    assert found <= set(palette.colours)


def test_old_palettes_still_load() -> None:
    old = {"colours": [[0], [9]], "dtype": "uint8"}
    assert Palette.from_json(old) == Palette(((0,), (9,)), "uint8")
    for more in (
        {"names": ["one"]},
        {"names": 7},
        {"written": [[1], [2], [3]]},
        {"written": [[1], [2, 3, 4]]},
        {"written": [[1], [300]]},
        {"also": [[[9], 0]]},
        {"also": [[[5], 2]]},
        {"also": [7]},
        {"rest": 2},
    ):
        with pytest.raises(UserError, match="no palette"):
            Palette.from_json(old | more)

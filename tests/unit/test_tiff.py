"""TIFF files of every kind that laboratories have, against what was written and other readers."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from waiting import PATIENCE

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging import tiff
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import (
    image_size,
    read_header,
    read_image,
    read_spacing,
    write_stack,
)
from deepimagetranslator.core.imaging.reading import changed_since

RNG = np.random.default_rng(2)
RGB16 = RNG.integers(0, 65536, (40, 48, 3), dtype=np.uint16)
GREY16 = RGB16[..., :1]
RGB8 = (RGB16 >> 8).astype(np.uint8)


def check(path: Path | ImageRef, expected: np.ndarray) -> None:
    image = read_image(path)
    assert image.dtype == expected.dtype
    np.testing.assert_array_equal(image, expected)
    assert image_size(path) == (*image.shape, image.dtype.name)


def check_slices(path: Path, expected: np.ndarray) -> None:
    files = list_images([path])
    assert files == [ImageRef(path, number + 1) for number in range(len(expected))]
    for file, one in zip(files, expected, strict=True):
        check(file, one)


@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd", "packbits", "lzma"])
def test_colour_of_16_bits_however_it_is_packed(
    tmp_path: Path, compression: str, planar: str, bigtiff: bool, tile: tuple[int, int] | None
) -> None:
    pixels = RGB16 if planar == "contig" else np.moveaxis(RGB16, -1, 0)
    tifffile.imwrite(
        tmp_path / "x.tif",
        pixels,
        photometric="rgb",
        planarconfig=planar,
        tile=tile,
        compression=compression,
        bigtiff=bigtiff,
        predictor=compression in ("lzw", "zlib"),
        byteorder=">" if bigtiff else "<",
    )
    check(tmp_path / "x.tif", RGB16)


@pytest.mark.parametrize(
    "name", ["int8", "float16", "int32", "uint32", "float32", "float64", "int64"]
)
def test_other_numbers_become_float32_and_labels_survive(tmp_path: Path, name: str) -> None:
    labels = RNG.integers(0, 100, (40, 48)).astype(name)
    tifffile.imwrite(tmp_path / "x.tif", labels, compression="zlib")
    check(tmp_path / "x.tif", labels[..., None].astype(np.float32))


def test_jpeg_in_tiff_as_opencv_decodes_it(tmp_path: Path) -> None:
    smooth = cv2.GaussianBlur(RGB8, (0, 0), 5)
    tifffile.imwrite(tmp_path / "x.tif", smooth, photometric="rgb", compression="jpeg")
    expected = cv2.imread(str(tmp_path / "x.tif"), cv2.IMREAD_COLOR_RGB).astype(int)
    assert np.abs(read_image(tmp_path / "x.tif") - expected).max() <= 2  # decoders round


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_white_is_zero(tmp_path: Path, dtype: str) -> None:
    stored = GREY16[..., 0].astype(dtype)
    tifffile.imwrite(tmp_path / "x.tif", stored, photometric="miniswhite")
    check(tmp_path / "x.tif", (np.iinfo(dtype).max - stored)[..., None])
    if dtype == "uint8":
        with Image.open(tmp_path / "x.tif") as image:
            check(tmp_path / "x.tif", np.asarray(image)[..., None])


@pytest.mark.parametrize("compression", [None, "group3", "group4", "tiff_lzw"])
def test_one_bit_as_pillow_reads_it(tmp_path: Path, compression: str | None) -> None:
    image = Image.fromarray(RGB8[..., 0] > 128)
    image.save(tmp_path / "x.tif", compression=compression)
    check(tmp_path / "x.tif", np.asarray(image)[..., None] * np.uint8(255))


def test_palettes_as_pillow_reads_them(tmp_path: Path) -> None:
    image = Image.fromarray(RGB8).quantize(200)
    image.save(tmp_path / "x.tif")
    check(tmp_path / "x.tif", np.asarray(image.convert("RGB")))
    grey = Image.fromarray(RGB8[..., 0] // 64)
    grey.putpalette([level for value in (9, 5, 77, 0) for level in [value] * 3])
    grey.save(tmp_path / "grey.tif")
    check(tmp_path / "grey.tif", np.asarray(grey.convert("L"))[..., None])


def test_a_palette_of_8_bits_is_not_shifted_away(tmp_path: Path) -> None:
    """The standard asks for 16 bits; some programs write 8 all the same."""
    numbers = RNG.integers(0, 256, (40, 48), dtype=np.uint8)
    colours = RNG.integers(0, 256, (3, 256), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "x.tif", numbers, photometric="palette", colormap=colours)
    check(tmp_path / "x.tif", colours.T[numbers].astype(np.uint8))


def test_alpha_cmyk_and_samples_that_are_no_colour(tmp_path: Path) -> None:
    alpha = np.dstack([RGB16, GREY16])
    tifffile.imwrite(tmp_path / "rgba.tif", alpha, photometric="rgb", extrasamples=[2])
    check(tmp_path / "rgba.tif", RGB16)
    pair = alpha[..., 2:]
    tifffile.imwrite(tmp_path / "la.tif", pair, photometric="minisblack", extrasamples=[2])
    check(tmp_path / "la.tif", pair[..., :1])
    tifffile.imwrite(
        tmp_path / "stains.tif",
        np.moveaxis(alpha, -1, 0),
        photometric="minisblack",
        planarconfig="separate",
    )
    check_slices(tmp_path / "stains.tif", np.moveaxis(alpha, -1, 0)[..., None])
    cmyk = Image.fromarray(RGB8).convert("CMYK")
    deep = np.asarray(cmyk).astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "cmyk.tif", deep, photometric="separated")
    expected = np.asarray(cmyk.convert("RGB")).astype(int) * 257
    assert np.abs(read_image(tmp_path / "cmyk.tif") - expected).max() <= 129  # its 8 bits round


def test_stacks(tmp_path: Path) -> None:
    stack = RNG.integers(0, 65536, (2, 3, 8, 9), dtype=np.uint16)
    planes = stack.reshape(6, 8, 9, 1)
    pages = tmp_path / "pages.tif"
    Image.fromarray(planes[0, ..., 0]).save(
        pages, save_all=True, append_images=[Image.fromarray(one[..., 0]) for one in planes[1:]]
    )
    tifffile.imwrite(tmp_path / "packed.tif", stack, photometric="minisblack", compression="zlib")
    tifffile.imwrite(tmp_path / "ij.tif", stack, imagej=True, metadata={"axes": "ZCYX"})
    tifffile.imwrite(tmp_path / "x.ome.tif", stack, ome=True, metadata={"axes": "TZYX"})
    for name in ("pages.tif", "packed.tif", "ij.tif", "x.ome.tif"):
        check_slices(tmp_path / name, planes)
        check(tmp_path / name, planes[0])
    with pytest.raises(UserError, match=r"pages\.tif/0007 has 6 slices and no slice 7"):
        image_size(ImageRef(pages, 7))
    colour = RNG.integers(0, 255, (3, 8, 9, 3)).astype(np.float32)
    write_stack(tmp_path / "written.tif", iter(colour), None, colour.nbytes)
    check_slices(tmp_path / "written.tif", colour)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "written.tif"), colour)


def test_thumbnails_and_lower_resolutions_are_no_slices(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "x.ome.tif", ome=True) as tif:
        tif.write(RGB16[..., :2].transpose(2, 0, 1), subifds=1, metadata={"axes": "CYX"})
        tif.write(RGB16[::2, ::2, :2].transpose(2, 0, 1), subfiletype=1)
    check_slices(tmp_path / "x.ome.tif", RGB16[..., :2].transpose(2, 0, 1)[..., None])
    with tifffile.TiffWriter(tmp_path / "y.tif") as tif:
        tif.write(RGB8, photometric="rgb", metadata=None)
        tif.write(RGB8[::4, ::4], photometric="rgb", metadata=None)
    assert list_images([tmp_path / "y.tif"]) == [ImageRef(tmp_path / "y.tif")]
    check(tmp_path / "y.tif", RGB8)


def test_spacing(tmp_path: Path) -> None:
    stated = {
        "cm": {"resolution": (20, 40), "resolutionunit": "CENTIMETER"},
        "inch": {"resolution": (50.8, 101.6), "resolutionunit": "INCH"},
        "ij": {"resolution": (2e-3, 4e-3), "imagej": True, "metadata": {"unit": "um"}},
        "ome": {"ome": True, "metadata": {"PhysicalSizeX": 500, "PhysicalSizeY": 250}},
        "ome mm": {
            "ome": True,
            "metadata": {
                "PhysicalSizeX": 0.5,
                "PhysicalSizeXUnit": "mm",
                "PhysicalSizeY": 0.25,
                "PhysicalSizeYUnit": "mm",
            },
        },
    }
    for name, options in stated.items():
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, GREY16[..., 0], **options)
        assert read_spacing(path) == pytest.approx((0.25, 0.5)), name
    tifffile.imwrite(
        tmp_path / "turned.tif", GREY16[..., 0], extratags=[(274, "H", 1, 6, True)], **stated["cm"]
    )
    assert read_spacing(tmp_path / "turned.tif") == pytest.approx((0.5, 0.25))
    for name, options in {
        "none": {},
        "printer": {"resolution": (300, 300), "resolutionunit": "INCH"},
        "no unit": {"resolution": (2, 4), "resolutionunit": "NONE"},
        "nothing": {"resolution": (0, 0), "resolutionunit": "INCH"},
    }.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", GREY16[..., 0], **options)
        assert read_spacing(tmp_path / f"{name}.tif") is None, name


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "lzw"},
        {"compression": "zlib", "rowsperstrip": 7},
        {"compression": "jpeg", "tile": (16, 16)},
        {"imagej": True},
    ],
)
def test_truncated_files_are_refused(tmp_path: Path, options: dict[str, object]) -> None:
    stack = np.stack([RGB8, 255 - RGB8])
    tifffile.imwrite(tmp_path / "whole.tif", stack, photometric="rgb", **options)
    data = (tmp_path / "whole.tif").read_bytes()
    last = list_images([tmp_path / "whole.tif"])[-1].slice
    path = tmp_path / "cut.tif"
    for part in range(8, len(data) - 40, max(1, len(data) // 40)):
        path.write_bytes(data[:part])
        with pytest.raises(UserError, match=r"cut\.tif"):
            read_image(ImageRef(path, last))


def test_kinds_that_are_not_read_are_named(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "complex.tif", GREY16[..., 0].astype(np.complex64))
    tifffile.imwrite(tmp_path / "jxl.tif", RGB8, photometric="rgb", compression="jpegxl")
    tifffile.imwrite(tmp_path / "lab.tif", RGB8, photometric="cielab")
    for name in ("complex", "jxl", "lab"):
        with pytest.raises(UserError, match=r"this version does not read.*; save it as"):
            image_size(tmp_path / f"{name}.tif")


def test_bombs_are_refused_before_anything_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.tif"

    def refused(reason: str) -> None:
        with pytest.raises(UserError, match=reason):
            read_image(path)

    tifffile.imwrite(path, np.zeros((2, 2), np.uint8))
    with tifffile.TiffFile(path, mode="r+b") as tif:
        tif.pages.first.tags["ImageLength"].overwrite(50_000)
        tif.pages.first.tags["ImageWidth"].overwrite(50_000)
    refused("50000 x 50000 pixels")
    tifffile.imwrite(path, np.zeros((64, 64), np.uint8), tile=(16, 16))
    with tifffile.TiffFile(path, mode="r+b") as tif:
        tif.pages.first.tags["TileLength"].overwrite(60_000)
        tif.pages.first.tags["TileWidth"].overwrite(60_000)
    refused("too large")
    # A tile of 16 x 16 whose code is an image of 512 x 512.
    large = cv2.imencode(".jpg", np.zeros((512, 512), np.uint8))[1].tobytes()
    tifffile.imwrite(
        path, iter([large]), shape=(16, 16), dtype=np.uint8, tile=(16, 16), compression="jpeg"
    )
    refused("contradicts itself")
    tifffile.imwrite(path, np.zeros((30, 8, 8), np.uint8), photometric="minisblack")
    monkeypatch.setattr("deepimagetranslator.core.imaging.header.MAX_SLICES", 20)
    refused("30 slices, more than")


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 3), st.data())
def test_damaged_files_only_raise_user_errors(
    tmp_path_factory: pytest.TempPathFactory, kind: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.tif"
    stack = np.zeros((2, 16, 16, 3), np.uint16)
    options = [{}, {"compression": "lzw"}, {"tile": (16, 16), "compression": "zlib"}, {"ome": True}]
    tifffile.imwrite(path, stack, photometric="rgb", **options[kind])
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, min(700, len(content) - 1)), max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        assert read_image(ImageRef(path, 2)).shape[2] in (1, 3)
    except UserError as error:
        assert str(path) in str(error)


def test_nothing_is_printed(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "x.tif", np.stack([RGB8] * 2), photometric="rgb", compression="lzw")
    content = (tmp_path / "x.tif").read_bytes()
    for part in range(8, len(content), len(content) // 20):
        (tmp_path / f"{part}.tif").write_bytes(content[:part])
    code = (
        "import sys\n"
        "from deepimagetranslator.core.imaging.images import read_image\n"
        "from deepimagetranslator.core.errors import UserError\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        read_image(name)\n"
        "    except UserError:\n"
        "        pass\n"
    )
    run = [sys.executable, "-c", code, *map(str, tmp_path.iterdir())]
    done = subprocess.run(run, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def many_series(
    path: Path, *sizes: tuple[int, ...], reduced: tuple[int, ...] = ()
) -> list[np.ndarray]:
    """Write series of (pages, height, width); those of these numbers as reduced copies."""
    written = []
    with tifffile.TiffWriter(path) as tif:
        for number, size in enumerate(sizes):
            pages = RNG.integers(0, 255, size, np.uint8)
            for page in pages:
                tif.write(page, metadata=None, subfiletype=int(number in reduced))
            written.append(pages)
    return written


@pytest.mark.parametrize(
    ("sizes", "largest", "left_out"),
    [
        (((1, 16, 16), (3, 64, 64)), 1, "1 more page (16 x 16 pixels)"),
        (((3, 64, 64), (1, 16, 16)), 0, "1 more page (16 x 16 pixels)"),
        (((1, 64, 64), (1, 40, 64), (1, 64, 50)), 0, "2 more pages (64 x 40, 50 x 64 pixels)"),
        (((2, 20, 30), (2, 30, 20)), 0, "2 more pages (20 x 30 pixels)"),
        (((4, 20, 30),), 0, ""),
    ],
)
def test_the_largest_series_is_read_and_the_others_are_named(
    tmp_path: Path, sizes: tuple[tuple[int, ...], ...], largest: int, left_out: str
) -> None:
    written = many_series(tmp_path / "x.tif", *sizes)
    images = list_images([tmp_path / "x.tif"])
    for image, expected in zip(images, written[largest], strict=True):
        check(image, expected[..., None])
    note = read_header(tmp_path / "x.tif").note
    assert left_out in note and bool(note) == bool(left_out)
    assert bool(changed_since(tmp_path / "x.tif", 1)) == (largest > 0)


@pytest.mark.parametrize("number", [0, 1])
def test_reduced_copies_are_no_images(tmp_path: Path, number: int) -> None:
    sizes = [(1, 32, 32), (1, 32, 32)]
    sizes[number] = (9, 16, 16)
    written = many_series(tmp_path / "x.tif", *sizes, reduced=(number,))
    check(tmp_path / "x.tif", written[1 - number][0, ..., None])
    assert not read_header(tmp_path / "x.tif").note


STACK = RNG.integers(0, 255, (2, 3, 4, 16, 20), np.uint8)
IMAGEJ = {"spacing": 2.5, "unit": "um", "finterval": 30}
OME = {
    **{"PhysicalSizeX": 0.3, "PhysicalSizeY": 0.3, "PhysicalSizeZ": 2.5, "PhysicalSizeZUnit": "nm"},
    **{"PhysicalSizeXUnit": "um", "PhysicalSizeYUnit": "um"},
    **{"TimeIncrement": 30, "TimeIncrementUnit": "s"},
}


def written_again(
    source: Path, dtype: str = "uint8", colour: bool = False, reduce: int = 1
) -> Path:
    """A stack as a translation writes it after ``source``."""
    images = [
        read_image(image)[::reduce, ::reduce].astype(dtype) for image in list_images([source])
    ]
    images = [np.repeat(image, 3, axis=2) for image in images] if colour else images
    spacing = read_spacing(source)
    spacing = spacing and (spacing[0] * reduce, spacing[1] * reduce)
    path = source.with_name("again.tif")
    write_stack(path, iter(images), spacing, 1, tiff.stack_axes(source))
    return path


@pytest.mark.parametrize("form", ["imagej", "ome"])
@pytest.mark.parametrize(
    ("axes", "stack"),
    [
        ("ZYX", STACK[0, 0]),
        ("TYX", STACK[0, 0]),
        ("CYX", STACK[0, 0]),
        ("TZYX", STACK[0]),
        ("ZCYX", STACK[0]),
        ("TZCYX", STACK),
    ],
)
@pytest.mark.parametrize(
    ("dtype", "colour", "reduce"),
    [("uint8", False, 1), ("float32", False, 2), ("uint16", False, 1), ("uint8", True, 2)],
)
def test_axes_and_steps_of_a_stack_are_kept(
    tmp_path: Path, form: str, axes: str, stack: np.ndarray, dtype: str, colour: bool, reduce: int
) -> None:
    source = tmp_path / "source.tif"
    if form == "imagej":
        steps = {"metadata": {"axes": axes, **IMAGEJ}, "resolution": (1 / 0.3, 1 / 0.3)}
        tifffile.imwrite(source, stack, imagej=True, **steps)
    else:
        tifffile.imwrite(source, stack, ome=True, metadata={"axes": axes, **OME})
    path = written_again(source, dtype, colour, reduce)
    expected = stack[..., ::reduce, ::reduce]
    with tifffile.TiffFile(path) as tif:
        assert len(tif.series) == 1
        assert tif.series[0].axes == axes + "S" * colour
        found = tif.series[0].asarray()
        np.testing.assert_array_equal(found[..., 0] if colour else found, expected)
        if form == "imagej":
            assert {name: tif.imagej_metadata[name] for name in IMAGEJ} == IMAGEJ
        else:
            assert 'PhysicalSizeZ="2.5" PhysicalSizeZUnit="nm"' in tif.ome_metadata
            assert 'TimeIncrement="30.0" TimeIncrementUnit="s"' in tif.ome_metadata.replace(
                'TimeIncrement="30"', 'TimeIncrement="30.0"'
            )
    assert read_spacing(path) == pytest.approx((3e-4 * reduce, 3e-4 * reduce))


@pytest.mark.parametrize("axes", ["CZTYX", "ZTCYX", "TCZYX"])
def test_an_ome_stack_keeps_its_order_of_axes(tmp_path: Path, axes: str) -> None:
    source = tmp_path / "source.ome.tif"
    tifffile.imwrite(source, STACK, ome=True, metadata={"axes": axes})
    with tifffile.TiffFile(written_again(source)) as tif:
        assert (tif.series[0].axes, tif.series[0].shape) == (axes, STACK.shape)
        np.testing.assert_array_equal(tif.series[0].asarray(), STACK)


def test_an_other_stack_gets_no_axes_and_odd_units_are_kept(tmp_path: Path) -> None:
    plain = tmp_path / "plain.tif"
    tifffile.imwrite(plain, STACK[0, 0], metadata=None, photometric="minisblack")
    assert tiff.stack_axes(plain) is None
    with tifffile.TiffFile(written_again(plain)) as tif:
        assert not tif.is_imagej and not tif.is_ome
    odd = tmp_path / "odd.tif"
    unit = {"axes": "ZYX", "unit": "\\u00b5m", "spacing": 3}
    tifffile.imwrite(odd, STACK[0, 0], imagej=True, metadata=unit, resolution=(2, 2))
    with tifffile.TiffFile(written_again(odd)) as tif:
        assert tif.imagej_metadata["unit"] == "\\u00b5m"
    assert read_spacing(tmp_path / "again.tif") == pytest.approx((5e-4, 5e-4))

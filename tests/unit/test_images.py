"""Reading and writing image files, against Pillow and tifffile as other readers."""

import io
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from waiting import PATIENCE

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.header import MAX_PIXELS
from deepimagetranslator.core.imaging.images import (
    image_size,
    read_image,
    read_spacing,
    write_image,
)
from deepimagetranslator.core.imaging.pixels import turned

RNG = np.random.default_rng(1)
COLOUR16 = RNG.integers(0, 65536, (20, 30, 3), dtype=np.uint16)
COLOUR = (COLOUR16 >> 8).astype(np.uint8)
GREY = COLOUR[..., :1]


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    with path.open("wb") as file:
        image.save(file, **{"format": "PNG", **options})
    return path


def check(path: Path, expected: np.ndarray) -> None:
    image = read_image(path)
    assert image.dtype == expected.dtype
    np.testing.assert_array_equal(image, expected)
    assert image_size(path) == (*image.shape, image.dtype.name)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_8_bit_grey_and_colour_of_any_name(tmp_path: Path, kind: str) -> None:
    check(saved(tmp_path / "naïve 図 .x", Image.fromarray(GREY[..., 0]), format=kind), GREY)
    if kind != "GIF":
        check(saved(tmp_path / "wrong.jpg", Image.fromarray(COLOUR), format=kind), COLOUR)


def test_alpha_is_dropped_and_one_bit_is_0_and_255(tmp_path: Path) -> None:
    colour, grey = Image.fromarray(COLOUR), Image.fromarray(GREY[..., 0])
    colour.putalpha(7)
    grey.putalpha(7)
    check(saved(tmp_path / "rgba", colour), COLOUR)
    check(saved(tmp_path / "la", grey), GREY)
    bits = (GREY > 99) * np.uint8(255)
    check(saved(tmp_path / "bits", Image.fromarray(bits[..., 0]).convert("1")), bits)


def test_palettes_become_colours_and_grey_ones_one_channel(tmp_path: Path) -> None:
    numbers = np.array([[0, 1], [2, 1]], np.uint8)
    for name, colours in (("colour", [0, 0, 0, 255, 0, 0, 0, 9, 0]), ("grey", [5] * 3 + [9] * 6)):
        image = Image.fromarray(numbers)
        image.putpalette(colours)
        expected = np.array(colours, np.uint8).reshape(3, 3)[numbers]
        check(saved(tmp_path / name, image), expected[..., : 3 if name == "colour" else 1])


def test_cmyk_as_pillow_converts_it(tmp_path: Path) -> None:
    image = Image.fromarray(COLOUR).convert("CMYK")
    check(saved(tmp_path / "cmyk.tif", image, format="TIFF"), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("image", [GREY, COLOUR, COLOUR16[..., :1], COLOUR16])
def test_png_is_written_fast(tmp_path: Path, image: np.ndarray) -> None:
    write_image(tmp_path / "x.png", image)
    data = (tmp_path / "x.png").read_bytes()
    start = data.index(b"IDAT")
    packed = data[start + 4 : start + 4 + int.from_bytes(data[start - 4 : start], "big")]
    assert packed[1] >> 6 == 0  # of four levels that zlib tells apart the fastest
    rows = zlib.decompress(packed)
    length = 1 + image[0].nbytes
    assert set(rows[::length]) == {1} and len(rows) == length * len(image)  # one filter, no search


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_is_written_is_read(tmp_path: Path, suffix: str, channels: int, dtype: str) -> None:
    path, image = tmp_path / "new folder" / f"x{suffix}", COLOUR16[..., :channels].astype(dtype)
    if (suffix, dtype) == (".png", "float32"):
        with pytest.raises(UserError, match=r"\.tif"):
            write_image(path, image)
        assert not path.exists()
        return
    write_image(path, image)
    check(path, image)
    if suffix == ".tif":
        np.testing.assert_array_equal(tifffile.imread(path), image.squeeze())
    elif (channels, dtype) != (3, "uint16"):
        np.testing.assert_array_equal(np.asarray(Image.open(path)), image.squeeze())
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("dtype", "channels"),
    [
        (dtype, channels)
        for dtype in ("int8", "int16", "uint32", "int32", "float64", "uint16")
        for channels in (1, 3, 4)
    ],
)
def test_deep_tiff_of_other_writers(tmp_path: Path, dtype: str, channels: int) -> None:
    image = RNG.integers(-100 if dtype[0] == "i" else 0, 127, (20, 30, channels)).astype(dtype)
    kind = "minisblack" if channels == 1 else "rgb"
    tifffile.imwrite(tmp_path / "x.tif", image.squeeze(), photometric=kind)
    kept = np.uint16 if dtype == "uint16" else np.float32
    check(tmp_path / "x.tif", image[..., :3].astype(kept))


@pytest.mark.parametrize("kind", ["L", "LA", "RGB", "RGBA"])
def test_16_bit_png_keeps_16_bits(tmp_path: Path, kind: str) -> None:
    """Made chunk by chunk, since neither library writes grey with alpha."""
    import zlib  # noqa: PLC0415

    number, samples = {"L": (0, 1), "RGB": (2, 3), "LA": (4, 2), "RGBA": (6, 4)}[kind]
    values = RNG.integers(0, 65536, (5, 7, samples), dtype=np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    head = (7).to_bytes(4, "big") + (5).to_bytes(4, "big") + bytes([16, number, 0, 0, 0])
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (tmp_path / "x").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    check(tmp_path / "x", values[..., : 3 if samples > 2 else 1])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("PNG", "TIFF", "JPEG"):
        path = saved(tmp_path / "x", Image.fromarray(COLOUR), format=kind, exif=exif)
        with Image.open(path) as image:
            from PIL import ImageOps  # noqa: PLC0415

            check(path, np.asarray(ImageOps.exif_transpose(image)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotation_of_16_bit_colour_tiff(tmp_path: Path, orientation: int) -> None:
    tag = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(tmp_path / "x.tif", COLOUR16, photometric="rgb", extratags=tag)
    check(tmp_path / "x.tif", turned(COLOUR16, orientation))


@pytest.mark.parametrize(
    ("kind", "deep"),
    [
        *((kind, False) for kind in ("PNG", "BMP", "TIFF", "GIF", "JPEG")),
        ("PNG", True),
        ("TIFF", True),
    ],
)
def test_truncated_files_are_refused(tmp_path: Path, kind: str, deep: bool) -> None:
    if deep:
        data = cv2.imencode("." + kind.lower(), COLOUR16)[1].tobytes()
    else:
        file = io.BytesIO()
        Image.fromarray(COLOUR).save(file, kind)
        data = file.getvalue()
    for part in (0, 1, 10, 50, 200, len(data) // 2, len(data) - 60):
        path = tmp_path / "cut.png"
        path.write_bytes(data[:part])
        with pytest.raises(UserError, match=r"cut\.png") as caught:
            read_image(path)
        assert str(caught.value).count("\n") == 0


def test_what_is_no_image_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "scan.png").write_bytes(bytes(128) + b"DICM" + bytes(99))
    (tmp_path / "folder.png").mkdir()
    for name, reason in {
        "text.png": "not an image",
        "scan.png": "DICOM|damaged",
        "folder.png": "folder",
        "none.png": "does not exist",
        "nul\0.png": "damaged",
    }.items():
        with pytest.raises(UserError, match=reason):
            read_image(tmp_path / name)


def test_too_large_images_are_refused_before_decoding(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.bmp", Image.fromarray(GREY[..., 0]), format="BMP")
    data = bytearray(path.read_bytes())
    data[18:26] = (20_000).to_bytes(4, "little") * 2
    path.write_bytes(data)
    with pytest.raises(UserError, match="20000 x 20000 pixels"):
        image_size(path)
    assert MAX_PIXELS > 10_000 * 15_000


@settings(max_examples=200)
@given(st.sampled_from(["PNG", "GIF", "BMP", "JPEG", "TIFF"]), st.data())
def test_damaged_files_only_raise_user_errors(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    file = io.BytesIO()
    Image.fromarray(COLOUR).save(file, kind)
    content = bytearray(file.getvalue())
    for place in data.draw(st.lists(st.integers(0, min(400, len(content) - 1)), max_size=5)):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content)
    try:
        assert read_image(path).shape[2] in (1, 3)
    except UserError as error:
        assert str(path) in str(error)


def test_spacing_is_written_and_read(tmp_path: Path) -> None:
    for name in ("x.png", "x.tif"):
        write_image(tmp_path / name, COLOUR16, (0.703125, 0.5))
        check(tmp_path / name, COLOUR16)
        assert read_spacing(tmp_path / name) == pytest.approx((0.703125, 0.5), rel=1e-3)
        write_image(tmp_path / name, COLOUR16)
        assert read_spacing(tmp_path / name) is None
    write_image(tmp_path / "x.png", COLOUR, (0.5, 0.25))
    with Image.open(tmp_path / "x.png") as image:
        assert image.info["dpi"] == pytest.approx((101.6, 50.8))
        image.load()
    for dots, expected in ((300, None), (50.8, (0.5, 0.5))):
        path = saved(tmp_path / "x.jpg", Image.fromarray(COLOUR), format="JPEG", dpi=(dots, dots))
        assert read_spacing(path) == (expected and pytest.approx(expected, rel=0.01))


def test_nothing_is_printed_and_no_heavy_module_is_loaded(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.tif", Image.fromarray(COLOUR), format="TIFF")
    path.write_bytes(path.read_bytes()[:-40])
    write_image(tmp_path / "deep.png", COLOUR16)
    (tmp_path / "deep.png").write_bytes((tmp_path / "deep.png").read_bytes()[:-90])
    code = (
        "import sys\n"
        "from deepimagetranslator.core.imaging.images import read_image\n"
        "from deepimagetranslator.core.errors import UserError\n"
        "heavy = {'tifffile', 'imagecodecs', 'pydicom', 'nibabel', 'keras', 'tkinter'}\n"
        "assert not heavy & set(sys.modules)\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        raise AssertionError(read_image(name))\n"
        "    except UserError:\n"
        "        pass\n"
        "assert not {'keras', 'tensorflow', 'tkinter'} & set(sys.modules)\n"
    )
    names = [str(path), str(tmp_path / "deep.png")]
    run = [sys.executable, "-c", code, *names]
    done = subprocess.run(run, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

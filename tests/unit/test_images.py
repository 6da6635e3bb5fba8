"""Reading, writing and resizing image files, against Pillow and tifffile as other readers."""

import io
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from deepimagetranslator.core import images
from deepimagetranslator.core.images import (
    complete_file,
    image_size,
    list_images,
    long_path,
    read_image,
    resize,
    to_channels,
    write_image,
)
from deepimagetranslator.core.problem import UserError
from deepimagetranslator.core.scaling import Scaling, ValueRange, choose_scaling

# pytest drops the filter that images.py sets; without pytest nothing shows, which a test proves.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")

AWKWARD = Path(__file__).parents[3] / "shared" / "data" / "awkward"
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


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_is_written_is_read(tmp_path: Path, suffix: str, channels: int, dtype: str) -> None:
    tifffile = pytest.importorskip("tifffile")
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


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint32", "int32", "float64", "uint16"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_deep_tiff_of_other_writers(tmp_path: Path, dtype: str, channels: int) -> None:
    tifffile = pytest.importorskip("tifffile")
    image = RNG.integers(-100 if dtype[0] == "i" else 0, 127, (20, 30, channels)).astype(dtype)
    if dtype == "int8" and channels > 1:
        pytest.skip("refused: OpenCV multiplies these by their alpha")
    kind = "minisblack" if channels == 1 else "rgb"
    tifffile.imwrite(tmp_path / "x.tif", image.squeeze(), photometric=kind)
    kept = np.uint16 if dtype == "uint16" else np.float32
    check(tmp_path / "x.tif", image[..., :3].astype(kept))


def test_tiff_that_would_be_misread_is_refused(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    planes = np.moveaxis(COLOUR16, -1, 0)
    tifffile.imwrite(tmp_path / "x.tif", planes, photometric="rgb", planarconfig="separate")
    with pytest.raises(UserError, match="kind that this version does not read"):
        read_image(tmp_path / "x.tif")


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
    tifffile = pytest.importorskip("tifffile")
    tag = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(tmp_path / "x.tif", COLOUR16, photometric="rgb", extratags=tag)
    check(tmp_path / "x.tif", images.turned(COLOUR16, orientation))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "JPEG"])
@pytest.mark.parametrize("deep", [False, True])
def test_truncated_files_are_refused(tmp_path: Path, kind: str, deep: bool) -> None:
    if deep and kind not in ("PNG", "TIFF"):
        pytest.skip("8-bit formats")
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
        "scan.png": "DICOM",
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
    assert images.MAX_PIXELS > 10_000 * 15_000


@settings(max_examples=200, deadline=None)
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


def test_every_awkward_file_opens_rightly_or_is_refused_silently() -> None:
    if not AWKWARD.is_dir():
        pytest.skip("../shared/data is not here")
    tifffile = pytest.importorskip("tifffile")
    refused = []
    for path in sorted(AWKWARD.iterdir()):
        try:
            image = read_image(path)
        except UserError as error:
            assert path.name in str(error)
            refused.append(path.name)
            continue
        assert image_size(path) == (*image.shape, image.dtype.name)
        if path.suffix == ".tif":
            expected = tifffile.imread(path).astype(image.dtype)
        else:
            with Image.open(path) as opened:
                turned = opened.getexif().get(0x0112, 1)
                expected = np.asarray(opened if "16" in opened.mode else opened.convert("RGB"))
            expected = images.turned(expected, turned)
        expected = expected[..., None] if expected.ndim == 2 else expected
        np.testing.assert_array_equal(np.broadcast_to(image, expected.shape), expected)
    readable = {"truncated.png", "zero_bytes.png", "multipage_rgb.tif"}
    assert {name for name in refused if not name.endswith(".dcm")} == readable


def test_nothing_is_printed_and_no_heavy_module_is_loaded(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.tif", Image.fromarray(COLOUR), format="TIFF")
    path.write_bytes(path.read_bytes()[:-40])
    write_image(tmp_path / "deep.png", COLOUR16)
    (tmp_path / "deep.png").write_bytes((tmp_path / "deep.png").read_bytes()[:-90])
    code = (
        "import sys, deepimagetranslator.core.pairs as pairs\n"
        "from pathlib import Path\n"
        "for name in sys.argv[1:]:\n"
        "    path = Path(name)\n"
        "    assert len(pairs.check_pairs([pairs.ImagePair(path, path)])) == 2\n"
        "assert not {'keras', 'tensorflow', 'tkinter'} & set(sys.modules)\n"
    )
    names = [str(path), str(tmp_path / "deep.png")]
    run = [sys.executable, "-c", code, *names]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_complete_file_leaves_the_old_one_at_failure(tmp_path: Path) -> None:
    path = tmp_path / ("long" * 60 + ".weights.h5")
    with complete_file(path) as beside:
        assert beside.name.endswith(".weights.h5")
        beside.write_text("first")
    with pytest.raises(ZeroDivisionError), complete_file(path) as beside:
        beside.write_text("half")
        1 / 0  # noqa: B018
    assert [file.read_text() for file in tmp_path.iterdir()] == ["first"]
    with pytest.raises(UserError, match="cannot be written"), complete_file(path / "x"):
        pass


def test_a_file_held_by_another_program_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, calls = Path.replace, []

    def held(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) < 3:
            raise PermissionError("held")
        return replace(self, target)

    monkeypatch.setattr(images, "_RETRIES", (0, 0, 0))
    monkeypatch.setattr(Path, "replace", held)
    images.write_bytes(tmp_path / "x", b"1")
    assert (tmp_path / "x").read_bytes() == b"1"
    assert len(calls) == 3


def test_long_windows_paths() -> None:
    assert long_path("C:\\a\\b.png") == "\\\\?\\C:\\a\\b.png"
    assert long_path("\\\\server\\share\\b.png") == "\\\\?\\UNC\\server\\share\\b.png"
    assert long_path("\\\\?\\C:\\a") == "\\\\?\\C:\\a"


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


def test_folders_are_listed_in_natural_order(tmp_path: Path) -> None:
    names = ["b/slice10.png", "b/slice2.PNG", "a/x.tiff", ".hidden.png", "Thumbs.db", ".d/x.txt"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "b" / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = list_images(tmp_path)
    listed = [path.relative_to(tmp_path).as_posix() for path in found]
    assert listed == ["a/x.tiff", "b/slice2.PNG", "b/slice10.png"]
    assert list_images([found[2], tmp_path, found[2]]) == [found[2], found[0], found[1]]
    with pytest.raises(UserError, match=r"\.png, \.tif"):
        list_images(tmp_path / ".d")
    with pytest.raises(UserError, match="does not exist"):
        list_images([tmp_path / "none"])


@given(
    st.sampled_from(["uint8", "uint16"]),
    st.one_of(st.none(), st.tuples(st.integers(0, 65534), st.integers(1, 65535))),
)
def test_scaling_and_its_inverse(dtype: str, limits: tuple[int, int] | None) -> None:
    every = np.arange(256 if dtype == "uint8" else 65536).astype(dtype)[None, :, None]
    scaling = Scaling("type", 0, every.max(), dtype)
    if limits:
        low, high = min(limits), max(limits) + 1
        scaling = Scaling("data", low, high, dtype)
        every = every[(every >= low) & (every <= high)]
    unit = scaling.to_unit(every)
    assert unit.dtype == np.float32
    assert not unit.size or 0 <= unit.min() <= unit.max() <= 1
    result = scaling.from_unit(unit)
    assert result.dtype == every.dtype
    np.testing.assert_array_equal(result, every)
    assert Scaling.from_json(scaling.to_json()) == scaling


def test_scaling_of_other_types_and_wrong_values() -> None:
    scaling = Scaling("type", 0, 65535, "uint16")
    assert scaling.to_unit(np.array([0, 255], np.uint8)).tolist() == [0, 1]
    assert scaling.from_unit(np.array([-1, 0.5, 2], np.float32)).tolist() == [0, 32768, 65535]
    hounsfield = Scaling("data", -1000, 1000, "float32")
    odd = np.array([-1000, np.nan, np.inf, 2000], np.float32)
    assert hounsfield.to_unit(odd).tolist() == [0, 0, 1, 1.5]
    assert hounsfield.from_unit(np.array([-0.5, 1.5])).tolist() == [-2000, 2000]
    for wrong in ({}, None, {"kind": "data", "low": 1, "high": 1, "dtype": "uint8"}):
        with pytest.raises(UserError, match="damaged"):
            Scaling.from_json(wrong)


def gathered(*arrays: np.ndarray) -> ValueRange:
    values = ValueRange()
    for array in arrays:
        one = ValueRange()
        one.add(array)
        values.merge(one)
    return values


def test_chosen_scaling() -> None:
    one = np.ones((2, 2, 1), np.uint8)
    masks = gathered(one * 0, one)
    assert choose_scaling(masks, target=True) == Scaling("data", 0, 1, "uint8")
    assert choose_scaling(masks).kind == "type"
    assert choose_scaling(gathered(one * 0, one * 255), target=True).kind == "type"
    assert choose_scaling(gathered(COLOUR), "data") == Scaling("data", 0, 255, "uint8")
    deep = gathered(one.astype(np.uint16) * 7, one.astype(np.uint16) * 2000)
    assert choose_scaling(deep) == Scaling("data", 7, 2000, "uint16")
    assert choose_scaling(deep, "type") == Scaling("type", 0, 65535, "uint16")
    for constant in (one, one.astype(np.uint16), one * np.float32(1e30), one * np.float32("nan")):
        scaling = choose_scaling(gathered(constant), "data")
        assert np.isfinite(scaling.to_unit(constant)).all()
    mixed = choose_scaling(gathered(one, one.astype(np.uint16)))
    assert mixed == Scaling("type", 0, 65535, "uint16")

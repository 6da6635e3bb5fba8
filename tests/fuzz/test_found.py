"""What fuzzing found in the readers, each with its sentence."""

from __future__ import annotations

import io
import json
import os
import struct
import threading
import zlib
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from fuzz_bombs_pictures import BOMBS as PICTURES
from fuzz_bombs_tiff import BOMBS as TIFF
from fuzz_bombs_volumes import BOMBS as VOLUMES
from fuzz_seeds import DEEP, mended_png, packed, pictures, volumes

from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import expand, list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, read_image

COLOUR16 = np.stack([DEEP, DEEP[::-1], DEEP // 3], axis=-1)
PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")


def refused(path: Path, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        read_image(path)
    assert path.name in str(caught.value)


@PIPES
def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    for name in ("x.png", "x.tif", "x.dcm", "x.nii.gz", "x"):
        os.mkfifo(tmp_path / name)
        refused(tmp_path / name, "not an ordinary file")
    assert len(list_images(tmp_path)) == 4  # each will be named with the reason
    os.mkfifo(tmp_path / "x.json")
    with pytest.raises(UserError, match=r"x\.json"):
        load_project(tmp_path / "x.json")


@PIPES
def test_a_volume_whose_voxels_are_a_pipe(tmp_path: Path) -> None:
    VOLUMES["pair.hdr"](tmp_path / "x.hdr")
    refused(tmp_path / "x.hdr", r"no x\.img beside it")


# pytest drops the filter that core/imaging/dicom/image.py sets.
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize(
    ("bombs", "name", "reason"),
    [
        (PICTURES, "scans.jpg", "too many scans"),
        (PICTURES, "long deep.png", "damaged"),
        (TIFF, "ome many.tif", "1,600,000,000 slices"),
        (TIFF, "ome planes.tif", "damaged"),
        (VOLUMES, "elements.dcm", "damaged"),
        (VOLUMES, "length.dcm", "damaged"),
        (VOLUMES, "promise.nii.gz", "damaged"),
    ],
)
def test_bombs_are_refused_before_they_are_opened(
    tmp_path: Path, bombs: dict, name: str, reason: str
) -> None:
    bombs[name](tmp_path / name)
    refused(tmp_path / name, reason)


def test_many_scans_inside_a_dicom_file(tmp_path: Path) -> None:
    seed = volumes(tmp_path)["jpeg-dcm"].content
    place = seed.index(b"\xff\xda")
    scans = seed[:place] + seed[place : place + 10] * 101 + seed[place:]
    (tmp_path / "x.dcm").write_bytes(scans.replace(b"\xff\xd9", b"\0\0"))
    refused(tmp_path / "x.dcm", r"x\.dcm")


def chunks(width: int, height: int, interlaced: int, rows: bytes) -> bytes:
    """A PNG of three samples of 16 bits."""
    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, interlaced)
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        content += len(data).to_bytes(4, "big") + name + data + bytes(4)
    return mended_png(content)


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (8, 8), (3, 1), (1, 3), (17, 9)])
def test_interlaced_png_of_16_bits(tmp_path: Path, size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 65536, (*size, 3), dtype=np.uint16)
    steps = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4))
    parts = [image[a::c, b::d] for a, b, c, d in (*steps, (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))]
    lines = [line for part in parts if part.size for line in part]
    rows = b"".join(b"\0" + line.astype(">u2").tobytes() for line in lines)
    (tmp_path / "x.png").write_bytes(chunks(size[1], size[0], 1, rows))
    np.testing.assert_array_equal(read_image(tmp_path / "x.png"), image)


@pytest.mark.parametrize("wrong", ["short", "long", "filter", "between", "checksum"])
def test_damaged_png_of_16_bits_in_silence(
    tmp_path: Path, wrong: str, capfd: pytest.CaptureFixture[str]
) -> None:
    height, width, _ = COLOUR16.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in COLOUR16)
    content = {
        "short": chunks(width, height, 0, rows[:-1]),
        "long": chunks(width, height, 0, rows + b"\0"),
        "filter": chunks(width, height, 0, b"\5" + rows[1:]),
        "between": chunks(width, height + 1, 1, rows),
        "checksum": chunks(width, height, 0, rows)[:-16] + bytes(16),
    }[wrong]
    (tmp_path / "x.png").write_bytes(content)
    refused(tmp_path / "x.png", "damaged")
    assert capfd.readouterr() == ("", "")


def test_odd_words_in_a_deep_png_are_not_printed_about(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content = cv2.imencode(".png", COLOUR16[..., ::-1])[1].tobytes()
    profile = b"x\0\0" + zlib.compress(b"no profile")
    odd = len(profile).to_bytes(4, "big") + b"iCCP" + profile + bytes(4)
    (tmp_path / "x.png").write_bytes(mended_png(content[:33] + odd + content[33:]))
    np.testing.assert_array_equal(read_image(tmp_path / "x.png"), COLOUR16)
    assert capfd.readouterr() == ("", "")


def test_too_large_a_packed_bmp_is_refused(tmp_path: Path) -> None:
    PICTURES["single runs.bmp"](tmp_path / "x.bmp")
    content = (tmp_path / "x.bmp").read_bytes()
    (tmp_path / "x.bmp").write_bytes(content + bytes(2**22))
    refused(tmp_path / "x.bmp", "save it as PNG")
    with pytest.raises(UserError, match="save it as PNG"):
        image_size(tmp_path / "x.bmp")  # Pillow unpacks it to look at its palette


def test_what_a_packed_volume_cannot_hold_is_not_unpacked(tmp_path: Path) -> None:
    content = bytearray(volumes(tmp_path)["scaled-nii"].content)
    content[40:48] = struct.pack("<4h", 3, 500, 500, 500)
    (tmp_path / "x.nii.gz").write_bytes(packed(bytes(content)))
    refused(tmp_path / "x.nii.gz", "damaged")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"format": 1, "model": {"depth": %s}}' % ("9" * 4000), "1 to 12"),
        ('{"format": 1, "model": {"dropout": %s}}' % ("9" * 4000), "0 to 0.9"),
        ('{"format": 1, "model": {"dropout": Infinity}}', "0 to 0.9"),
        ('{"format": 1, "model": {"a\\nb\\ud800\\u2028": 1}}', r"field 'a\?b\?\?'"),
        ('{"format": 1, "model": {"%s": 1}}' % ("a" * 9000), "There is no field"),
        (json.dumps({"format": 1, "data": {"train_inputs": ["a"] * 400_001}}), "400,000"),
        ("[" * 2**26 + "]", "too large"),
    ],
)
def test_projects(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words) as caught:
        load_project(tmp_path / "x.json")
    assert "x.json" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 1500


def test_a_name_that_cannot_be_printed_is_printed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"two\?lines") as caught:
        read_image(tmp_path / "two\nlines\udcff.png")
    io.TextIOWrapper(io.BytesIO(), "utf-8").write(str(caught.value))


@pytest.mark.parametrize("ending", [".png", ".tif", ".nii", ".nii.gz", ".dcm"])
def test_a_file_that_grows_while_it_is_read(tmp_path: Path, ending: str) -> None:
    """Each reading gives the whole image or a sentence, never another error."""
    seeds = volumes(tmp_path) | {"deep-png": pictures()["deep-png"], "tif": pictures()["stack-tif"]}
    seed = next(one for one in seeds.values() if one.ending == ending)
    content = seed.finished(seed.content)
    whole, growing = tmp_path / f"whole{ending}", tmp_path / f"x{ending}"
    whole.write_bytes(content)
    first = expand(whole)[0]
    shape = read_image(first).shape
    parts = [content[start : start + 97] for start in range(0, len(content), 97)]
    growing.touch()

    def grow() -> None:
        with growing.open("ab", buffering=0) as file:
            for part in [*parts, b"more" * 99]:
                file.write(part)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        while writer.is_alive():
            with suppress(UserError):
                assert read_image(ImageRef(growing, first.slice)).shape == shape
    finally:
        writer.join()

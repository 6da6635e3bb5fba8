"""Files that are made to harm: they claim or unpack to huge sizes, never end, loop, are no files,
or would run code where somebody unpickled them."""

from __future__ import annotations

import json
import os
import pickle
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from fuzz_seeds import COLOUR, GREY, deflated, mended_png, packed, pictures, volumes

BOMBS: dict[str, tuple[str, Callable[[Path], None]]] = {}
"""By name: which reader of fuzz_child.py reads it, and what makes it."""
_SIDE = 14_000  # pixels; an image of this side is just allowed
_ENDINGS = {
    "read_picture": (".png", ".jpg", ".tif", ".dcm", ".nii", ".nii.gz"),
    "projects": (".json",),
    "weights": (".weights.h5", ".hdf5"),
}


def _bomb(reader: str, name: str) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    def add(make: Callable[[Path], None]) -> Callable[[Path], None]:
        BOMBS[name] = reader, make
        return make

    return add


def _content(reader: str, name: str, content: Callable[[], bytes]) -> None:
    BOMBS[name] = reader, lambda path: path.write_bytes(content()) and None


# No ordinary files, under every name.


def _empty(path: Path) -> None:
    path.touch()


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inside").mkdir()


def _self(path: Path) -> None:
    path.symlink_to(path)


def _pair(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**33)


def _forbidden(path: Path) -> None:
    path.write_bytes(b"x")
    path.chmod(0)


class _Harm:
    """Would write a file, were it unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("unpickled",)


def _pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(_Harm()))


def _numpy(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([_Harm()], object), allow_pickle=True)


def _archive(path: Path) -> None:
    """A zip file, as .npz and .keras are, with a pickle in it and one that unpacks to 1 GiB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", '{"class_name": "Functional", "module": "os"}')
        file.writestr("data.pkl", pickle.dumps(_Harm()))
        file.writestr("model.weights.h5", bytes(2**24))


for _reader, _endings in _ENDINGS.items():
    for _ending in _endings:
        for _make in (_empty, _folder, _self, _pair, _pipe, _endless, _socket, _sparse, _forbidden):
            BOMBS[f"{_make.__name__[1:]}{_ending}"] = _reader, _make
        for _make in (_pickle, _numpy, _archive):
            BOMBS[f"{_make.__name__[1:]}{_ending}"] = _reader, _make
for _ending in (".png", ".npy", ".pkl", ""):
    BOMBS[f"pickle again{_ending}"] = "folders", _pickle


# Pictures.


def _png(width: int, height: int, bits: int, kind: int, *chunks: tuple[bytes, bytes]) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    content = [b"\x89PNG\r\n\x1a\n"]
    for name, data in ((b"IHDR", head), *chunks, (b"IEND", b"")):
        content += [len(data).to_bytes(4, "big"), name, data, bytes(4)]
    return mended_png(b"".join(content))


def _zeros(length: int) -> bytes:
    """So many zeros, deflated: one block for a MiB, over and over."""
    code, part = zlib.compressobj(9), bytes(2**20)
    first, other = (code.compress(part) + code.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    last = zlib.compressobj(9, wbits=-15)
    end = last.compress(bytes(length % 2**20)) + last.flush()
    count, checksum = length >> 20, length % 65521 << 16 | 1
    blocks = first + other * (count - 1) if count else first[:2]
    return blocks + end + checksum.to_bytes(4, "big")


def _flat_png(bits: int, kind: int) -> bytes:
    samples = {0: 1, 2: 3, 6: 4}[kind]
    return _png(
        _SIDE, _SIDE, bits, kind, (b"IDAT", _zeros(_SIDE * (1 + _SIDE * samples * bits // 8)))
    )


_content("pictures", "huge.png", lambda: _png(2**31 - 1, 2**31 - 1, 8, 2, (b"IDAT", _zeros(99))))
_content("pictures", "flat.png", lambda: _flat_png(8, 0))
_content("pictures", "flat colour.png", lambda: _flat_png(8, 2))
_content("pictures", "flat deep.png", lambda: _flat_png(16, 6))
_content("pictures", "promise.png", lambda: _png(_SIDE, _SIDE, 16, 6, (b"IDAT", _zeros(99))))
_content(
    "pictures",
    "text.png",
    lambda: _png(
        2, 2, 8, 0, *[(b"zTXt", b"a\0\0" + _zeros(2**28))] * 4, (b"IDAT", zlib.compress(bytes(6)))
    ),
)
_content(
    "pictures",
    "profile.png",
    lambda: _png(
        2, 2, 8, 0, (b"iCCP", b"a\0\0" + _zeros(2**30)), (b"IDAT", zlib.compress(bytes(6)))
    ),
)
_content("pictures", "chunks.png", lambda: _png(2, 2, 8, 0, *[(b"tEXt", b"a\0b")] * 50_000))
_content("pictures", "long.png", lambda: _png(2, 2, 8, 0, (b"IDAT", _zeros(2**31))))
_content("pictures", "long deep.png", lambda: _png(2, 2, 16, 2, (b"IDAT", _zeros(2**31))))


def _scans_jpeg() -> bytes:
    """A progressive JPEG whose scans say next to nothing, many times."""
    code = cv2.imencode(".jpg", np.zeros((64, 64), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[
        1
    ].tobytes()
    frame, first = code.index(b"\xff\xc2"), code.index(b"\xff\xda")
    large = struct.pack(">HH", 12_000, 12_000)
    head = code[: frame + 5] + large + code[frame + 9 : first]
    end = min(
        at for at in (code.find(b"\xff\xc4", first), code.find(b"\xff\xda", first + 2)) if at > 0
    )
    refine = b"\xff\xda\0\x08\1\1\0\0\0\0" + b"\0"
    return head + code[first:end] + refine * 5000 + b"\xff\xd9"


_content("pictures", "scans.jpg", _scans_jpeg)
_content(
    "pictures",
    "promise.jpg",
    lambda: (lambda code, at: code[: at + 5] + struct.pack(">HH", _SIDE, _SIDE) + code[at + 9 :])(
        code := cv2.imencode(".jpg", COLOUR)[1].tobytes(), code.index(b"\xff\xc0")
    ),
)


def _bmp(side: int, compression: int, data: bytes) -> bytes:
    palette = bytes(1024)
    start = 54 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, compression, len(data), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + info + palette + data


_content("pictures", "runs.bmp", lambda: _bmp(_SIDE, 1, b"\xff\0" * 800_000 + b"\0\1"))
_content("pictures", "steps.bmp", lambda: _bmp(_SIDE, 1, b"\0\2\xff\xff" * 800_000 + b"\0\1"))
_content("pictures", "ends.bmp", lambda: _bmp(_SIDE, 1, b"\0\0" * 100_000 + b"\0\1"))
_content("pictures", "single runs.bmp", lambda: _bmp(_SIDE, 1, b"\1\0" * 1_000_000 + b"\0\1"))
_content("pictures", "promise.bmp", lambda: _bmp(_SIDE, 0, b""))


def _gif(side: int, blocks: int) -> bytes:
    """Of which every code clears the table: nothing is written, and it goes on."""
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\2"
    return head + frame + (b"\xff" + b"\x24\x49\x92" * 85) * blocks + b"\0;"


_content("pictures", "promise.gif", lambda: _gif(_SIDE, 1))
_content("pictures", "clears.gif", lambda: _gif(_SIDE, 20_000))
_content("pictures", "huge.gif", lambda: _gif(65_535, 1))


# TIFF.


def _tiff(directories: list[bytes], loop: int | None = None, rest: bytes = b"") -> bytes:
    """Directories of 12-byte entries one after another; the last leads to number ``loop``."""
    places, place = [], 8
    for one in directories:
        places.append(place)
        place += 6 + len(one)
    content = [b"II*\0" + struct.pack("<I", 8)]
    for number, one in enumerate(directories):
        last = number == len(directories) - 1
        after = (0 if loop is None else places[loop]) if last else places[number + 1]
        content += [struct.pack("<H", len(one) // 12), one, struct.pack("<I", after)]
    return b"".join([*content, rest])


def _entries(width: int = 4, height: int = 4, **more: tuple[int, int, int]) -> bytes:
    """An image of bytes at the beginning of the file; ``more``: tag, as t and its number."""
    found = {
        256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1),
        273: (4, 1, 0), 277: (3, 1, 1), 278: (4, 1, height), 279: (4, 1, width * height),
    }  # fmt: skip
    found |= {int(name[1:]): values for name, values in more.items()}
    return b"".join(struct.pack("<HHII", tag, *found[tag]) for tag in sorted(found))


_content("pictures", "self.tif", lambda: _tiff([_entries()], 0, bytes(99)))
_content("pictures", "ring.tif", lambda: _tiff([_entries()] * 5, 1, bytes(99)))
_content("pictures", "million pages.tif", lambda: _tiff([b""] * 300_000))
_content("pictures", "many pages.tif", lambda: _tiff([_entries()] * 25_000))
_content("pictures", "allowed pages.tif", lambda: _tiff([_entries()] * 19_000))
_content(
    "pictures", "tags.tif",
    lambda: _tiff([b"".join(struct.pack("<HHII", 40_000, 1, 2**31, 8) for _ in range(65_535))]),
)  # fmt: skip
_content(
    "pictures", "strips.tif",
    lambda: _tiff([_entries(1, 2**24, t273=(4, 2**24, 8), t279=(4, 2**24, 8), t278=(4, 1, 1))], rest=bytes(2**20)),
)  # fmt: skip
_content(
    "pictures", "lists.tif",
    lambda: _tiff([_entries(t273=(4, 2**28, 300), t279=(4, 2**28, 300), t320=(3, 2**31, 300))], rest=bytes(2**20)),
)  # fmt: skip
_content(
    "pictures", "subdirectories.tif",
    lambda: _tiff([_entries(t330=(4, 200_000, 200))], rest=struct.pack("<I", 8) * 200_000),
)  # fmt: skip


def _described(text: str, more: dict[str, Any] | None = None) -> bytes:
    import io  # noqa: PLC0415

    file = io.BytesIO()
    options: dict[str, Any] = {"photometric": "minisblack", "metadata": None}
    tifffile.imwrite(file, np.stack([GREY] * 2), description=text, **(options | (more or {})))
    return file.getvalue()


_OME = (
    '<?xml version="1.0"?>{before}<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
    '<Image ID="Image:0"><Pixels DimensionOrder="XYCZT" ID="P:0" SizeX="24" SizeY="20" '
    'SizeC="{c}" SizeZ="{z}" SizeT="{t}" Type="uint8">{data}</Pixels></Image></OME>'
)
_LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(12))
    + "]>"
)
_TIFF_DATA = '<TiffData IFD="0" PlaneCount="{n}"/>'


def _ome(name: str, before: str = "", c: int = 1, z: int = 1, t: int = 1, data: str = "") -> None:
    _content(
        "pictures",
        f"{name}.tif",
        lambda: _described(_OME.format(before=before, c=c, z=z, t=t, data=data)),
    )


_ome("ome sizes", z=2**31 - 1, t=2**31 - 1, c=2**31 - 1, data=_TIFF_DATA.format(n=2))
_ome("ome many", z=40_000, t=40_000, data=_TIFF_DATA.format(n=1_600_000_000))
_ome("ome planes", z=2, data=_TIFF_DATA.format(n=2**31 - 1))
_ome("ome laughs", _LAUGHS, z=2, data="&a12;" + _TIFF_DATA.format(n=2))
_ome("ome elements", z=2, data=_TIFF_DATA.format(n=1) * 200_000)
_ome("ome deep", z=2, data="<a>" * 100_000 + "</a>" * 100_000)
_content(
    "pictures",
    "imagej.tif",
    lambda: _described("ImageJ=1.53\nimages=2000000000\nslices=2000000000\n"),
)
_content("pictures", "shaped.tif", lambda: _described('{"shape": [1000000000, 20, 24]}'))
_content("pictures", "shaped wrong.tif", lambda: _described('{"shape": "' + "[" * 50_000 + '"}'))
_content("pictures", "shaped deep.tif", lambda: _described('{"shape": ' + "[" * 50_000))


def _inflated_tiff(compression: int, data: bytes) -> bytes:
    entries = _entries(16, 16, t259=(3, 1, compression), t273=(4, 1, 200), t279=(4, 1, len(data)))
    return _tiff([entries], rest=bytes(200 - 8 - 6 - len(entries)) + data)


def _lzma() -> bytes:
    import lzma  # noqa: PLC0415

    return lzma.compress(bytes(2**27), preset=0)


def _zstd() -> bytes:
    import imagecodecs  # noqa: PLC0415

    return bytes(imagecodecs.zstd_encode(bytes(2**29), 1))


_content("pictures", "deflate.tif", lambda: _inflated_tiff(8, _zeros(2**31)))
_content("pictures", "lzma.tif", lambda: _inflated_tiff(34925, _lzma()))
_content("pictures", "zstd.tif", lambda: _inflated_tiff(50000, _zstd()))
_content("pictures", "packbits.tif", lambda: _inflated_tiff(32773, b"\x81\0" * 2**22))


@_bomb("pictures", "flat.tif")
def _flat_tiff(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((_SIDE, _SIDE), np.uint8), compression="zlib")


@_bomb("pictures", "tiny tiles.tif")
def _tiny_tiles(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((4096, 4096), np.uint8), tile=(16, 16), compression="zlib")


# DICOM and NIfTI.


def _element(
    group: int, element: int, kind: bytes, value: bytes, length: int | None = None
) -> bytes:
    length = len(value) if length is None else length
    head = struct.pack("<HH", group, element) + kind
    if kind in (b"OB", b"OW", b"SQ", b"UN", b"UT"):
        return head + struct.pack("<HI", 0, length) + value
    return head + struct.pack("<H", length) + value


def _volume(name: str) -> bytes:
    import tempfile  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        return volumes(Path(folder))[name].content


def _dicom_with(*elements: bytes) -> bytes:
    """A good file with more elements before its group 0008."""
    content = _volume("signed-dcm")
    start = 144 + int.from_bytes(content[140:144], "little")
    return content[:start] + b"".join(elements) + content[start:]


def _replaced(content: bytes, group: int, element: int, kind: bytes, value: bytes) -> bytes:
    head = struct.pack("<HH", group, element) + kind
    place = content.index(head)
    length = int.from_bytes(content[place + 6 : place + 8], "little")
    return content[:place] + _element(group, element, kind, value) + content[place + 8 + length :]


def _deflated_head() -> bytes:
    content = deflated(_volume("signed-dcm"))
    return content[: 144 + int.from_bytes(content[140:144], "little")]


_DEEP = b"\xfe\xff\0\xe0\xff\xff\xff\xff" + b"\x08\0\x15\x11SQ\0\0\xff\xff\xff\xff"
_content("volumes", "deflated.dcm", lambda: deflated(_volume("signed-dcm") + bytes(2**27)))
_content(
    "volumes",
    "deflated long.dcm",
    lambda: _deflated_head() + _zeros(2**32)[2:],
)
_content(
    "volumes", "nested.dcm",
    lambda: _dicom_with(b"\x08\0\x15\x11SQ\0\0\xff\xff\xff\xff" + _DEEP * 20_000),
)  # fmt: skip
_content("volumes", "elements.dcm", lambda: _dicom_with(_element(8, 5, b"CS", b"ab") * 400_000))
_content(
    "volumes", "items.dcm",
    lambda: _dicom_with(_element(8, 0x1115, b"SQ", b"\xfe\xff\0\xe0\0\0\0\0" * 200_000)),
)  # fmt: skip
_content("volumes", "length.dcm", lambda: _dicom_with(_element(8, 5, b"UT", b"", 2**32 - 2)))
_content("volumes", "unknown.dcm", lambda: _dicom_with(_element(8, 5, b"UN", b"x" * 99, 2**32 - 1)))
_content("volumes", "text.dcm", lambda: _dicom_with(_element(8, 8, b"UT", b"a\\" * 10_000_000)))
_content(
    "volumes", "frames.dcm",
    lambda: _replaced(_volume("frames-dcm"), 0x28, 8, b"IS", b"2147483646"),
)  # fmt: skip
_content(
    "volumes", "number.dcm", lambda: _replaced(_volume("frames-dcm"), 0x28, 8, b"IS", b"9" * 6000)
)
for _name in ("rle-signed-dcm", "jpegls-signed-dcm", "jpeg2000-signed-dcm", "jpeg-dcm"):
    _content(
        "volumes", f"wide {_name[:-4]}.dcm",
        lambda name=_name: _replaced(  # type: ignore[misc]
            _replaced(_volume(name), 0x28, 0x10, b"US", struct.pack("<H", _SIDE)),
            0x28, 0x11, b"US", struct.pack("<H", _SIDE),
        ),
    )  # fmt: skip
_content(
    "volumes", "fragments.dcm",
    lambda: _volume("rle-signed-dcm")[:-8].replace(b"\0\0\xff\xff\xff\xff", b"\0\0\xff\xff\xff\xff", 1)
    + b"\xfe\xff\0\xe0\0\0\0\0" * 300_000,
)  # fmt: skip


def _nifti(shape: tuple[int, ...], datatype: int, bits: int, zeros: int) -> bytes:
    """A packed volume that says it has a shape, and unpacks to so many zeros."""
    content = bytearray(_volume("scaled-nii")[:352])
    content[40:56] = struct.pack("<8h", len(shape), *shape, *[1] * (7 - len(shape)))
    content[70:74] = struct.pack("<hh", datatype, bits)
    code = zlib.compressobj(1, wbits=31)
    data = [code.compress(bytes(content))]
    data += [code.compress(bytes(2**20)) for _ in range(zeros >> 20)]
    return b"".join(data) + code.flush()


_content("volumes", "flat.nii.gz", lambda: _nifti((512, 512, 512), 4, 16, 2**28))
_content("volumes", "large.nii.gz", lambda: _nifti((512, 512, 500), 4, 16, 2**28))
_content("volumes", "promise.nii.gz", lambda: _nifti((512, 512, 8000), 4, 16, 2**20))
_content("volumes", "huge.nii.gz", lambda: _nifti((512, 512, 19_000), 64, 64, 2**20))
_content("volumes", "long.nii.gz", lambda: _nifti((4, 4, 4), 4, 16, 2**28))
_content(
    "volumes", "members.nii.gz",
    lambda: packed(_volume("scaled-nii")[:352]) + packed(b"") * 50_000,
)  # fmt: skip
_content(
    "volumes", "first members.nii.gz",
    lambda: packed(b"") * 50_000 + packed(_volume("scaled-nii")),
)  # fmt: skip
_content("volumes", "not a number.nii", lambda: _volume("scaled-nii")[:108] + b"\0\0\xc0\x7f" * 61)


@_bomb("volumes", "pair.hdr")
def _nifti_pair(path: Path) -> None:
    """A header with a pipe where its voxels should be."""
    content = bytearray(_volume("scaled-nii")[:352])
    content[344:348] = b"ni1\0"
    path.write_bytes(content)
    os.mkfifo(path.with_suffix(".img"))


# Project files.

_content("projects", "deep.json", lambda: b"[" * 3_000_000)
_content(
    "projects", "deep list.json", lambda: b'{"format": 1, "run": ' + b"[" * 900 + b"]" * 900 + b"}"
)
for _depth in (300, 950, *range(976, 996)):
    _content(
        "projects", f"deep {_depth}.json",
        lambda depth=_depth: b'{"format": 1, "model": {"depth": ' + b"[" * depth + b"]" * depth + b"}}",  # type: ignore[misc]
    )  # fmt: skip
_content("projects", "number.json", lambda: b'{"format": ' + b"9" * 300_000 + b"}")
_content(
    "projects",
    "large number.json",
    lambda: b'{"format": 1, "model": {"depth": ' + b"9" * 4200 + b"}}",
)
_content(
    "projects", "float.json", lambda: b'{"format": 1, "model": {"dropout": ' + b"9" * 4200 + b"}}"
)
_content("projects", "negative.json", lambda: b'{"format": -' + b"9" * 4000 + b"}")
_content(
    "projects",
    "wide.json",
    lambda: json.dumps({"format": 1, "run": {str(n): n for n in range(300_000)}}).encode(),
)
for _count in (390_000, 9_000_000):
    _content(
        "projects",
        f"{_count} paths.json",
        lambda count=_count: (  # type: ignore[misc]
            b'{"format": 1, "data": {"train_inputs": [' + b'"a",' * count + b'"a"]}}'
        ),
    )
_content("projects", "text.json", lambda: b'{"format": 1, "preset": "' + b"a" * 60_000_000 + b'"}')
_content(
    "projects", "keys.json", lambda: b'{"format": 1, ' + b'"run": {}, ' * 300_000 + b'"run": {}}'
)
_content("projects", "wide characters.json", lambda: '{"format": 1}'.encode("utf-16"))
_content("projects", "mark.json", lambda: '{"format": 1}'.encode("utf-8-sig"))
_content("projects", "latin.json", lambda: b'{"format": 1, "preset": "\xff\xfe"}')
_content(
    "projects",
    "surrogate.json",
    lambda: b'{"format": 1, "preset": "\\ud800", "data": {"train_inputs": ["\\udfff\\u0000"]}}',
)
_content("projects", "unknown.json", lambda: b'{"format": 1, "model": {"\\ud800\\n\\u2028": 1}}')
_content(
    "projects",
    "value.json",
    lambda: b'{"format": 1, "model": {"depth": "\\ud800\\n\\u2028\\u0007"}}',
)


# Folders.


@_bomb("folders", "links")
def _links(path: Path) -> None:
    """Links that lead back, into themselves and nowhere, and two that double at every step."""
    path.mkdir()
    (path / "up").symlink_to("..")
    (path / "here").symlink_to(".")
    (path / "self.png").symlink_to("self.png")
    (path / "nowhere.tif").symlink_to("nothing")
    for number in range(40):
        (path / f"d{number}").mkdir()
        for name in "ab":
            (path / f"d{number}" / name).symlink_to(f"../d{number + 1}")


@_bomb("folders", "no files")
def _no_files(path: Path) -> None:
    """Pipes, sockets and folders with the names of images, and without a name's ending."""
    path.mkdir()
    for number, ending in enumerate((".png", ".tif", ".dcm", ".nii", ".nii.gz", "", ".840.1")):
        os.mkfifo(path / f"pipe{ending}")
        _socket(path / f"socket{ending}")
        (path / f"zero{ending}").symlink_to("/dev/zero")
        (path / f"folder{ending}").mkdir()
        (path / f"empty{ending}").touch()
        (path / f"sparse{ending}").touch()
        os.truncate(path / f"sparse{ending}", 2**33 + number)
        (path / f"hidden{ending}").touch(0)


@_bomb("folders", "deep folder")
def _deep_folder(path: Path) -> None:
    path.mkdir()
    (path / "/".join(["a" * 9] * 300)).mkdir(parents=True)


@_bomb("folders", "many slices")
def _many_slices(path: Path) -> None:
    path.mkdir()
    for number in range(3):
        (path / f"{number}.tif").write_bytes(_tiff([_entries()] * 9000))


@_bomb("folders", "all kinds")
def _all_kinds(path: Path) -> None:
    """Good files of every kind, cut in half, under one another's names."""
    path.mkdir()
    seeds = list(pictures().values())
    for number, seed in enumerate(seeds):
        ending = seeds[number - 7].ending
        whole = seed.finished(seed.content)
        (path / f"{number}{ending}").write_bytes(whole[: len(whole) // (1 + number % 2)])

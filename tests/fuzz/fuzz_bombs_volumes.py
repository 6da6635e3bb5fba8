"""DICOM and NIfTI that claim or unpack to huge sizes, nest without end, or have too much of all."""

from __future__ import annotations

import os
import struct
import tempfile
import zlib
from functools import cache
from pathlib import Path

from fuzz_registry import Bombs
from fuzz_seeds import Seed, deflated, packed, volumes, zeros

BOMBS = Bombs("volumes")


def _element(
    group: int, element: int, kind: bytes, value: bytes, length: int | None = None
) -> bytes:
    length = len(value) if length is None else length
    head = struct.pack("<HH", group, element) + kind
    if kind in (b"OB", b"OW", b"SQ", b"UN", b"UT"):
        return head + struct.pack("<HI", 0, length) + value
    return head + struct.pack("<H", length) + value


def _volume(name: str) -> bytes:
    return _volumes()[name].content


@cache
def _volumes() -> dict[str, Seed]:
    with tempfile.TemporaryDirectory() as folder:
        return volumes(Path(folder))


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


def _wide(name: str) -> bytes:
    """A good file's code under a header that says the largest side that is allowed."""
    side = struct.pack("<H", 14_000)
    rows = _replaced(_volume(name), 0x28, 0x10, b"US", side)
    return _replaced(rows, 0x28, 0x11, b"US", side)


_SEQUENCE = b"\x08\0\x15\x11SQ\0\0\xff\xff\xff\xff"
_ITEM = b"\xfe\xff\0\xe0"
_NESTED = _SEQUENCE + (_ITEM + b"\xff\xff\xff\xff" + _SEQUENCE) * 20_000
_EMPTY = _ITEM + bytes(4)

BOMBS.content("deflated.dcm", lambda: deflated(_volume("signed-dcm") + bytes(2**27)))
BOMBS.content("deflated long.dcm", lambda: _deflated_head() + zeros(2**32)[2:])
BOMBS.content("nested.dcm", lambda: _dicom_with(_NESTED))
BOMBS.content("elements.dcm", lambda: _dicom_with(_element(8, 5, b"CS", b"ab") * 400_000))
BOMBS.content("items.dcm", lambda: _dicom_with(_element(8, 0x1115, b"SQ", _EMPTY * 200_000)))
BOMBS.content("length.dcm", lambda: _dicom_with(_element(8, 5, b"UT", b"", 2**32 - 2)))
BOMBS.content("unknown.dcm", lambda: _dicom_with(_element(8, 5, b"UN", b"x" * 99, 2**32 - 1)))
BOMBS.content("text.dcm", lambda: _dicom_with(_element(8, 8, b"UT", b"a\\" * 10_000_000)))
for _name, _frames in (("frames", b"2147483646"), ("number", b"9" * 6000)):
    BOMBS.content(
        f"{_name}.dcm",
        lambda frames=_frames: _replaced(_volume("frames-dcm"), 0x28, 8, b"IS", frames),  # type: ignore[misc]
    )
for _name in ("rle-signed-dcm", "jpegls-signed-dcm", "jpeg2000-signed-dcm", "jpeg-dcm"):
    BOMBS.content(f"wide {_name[:-4]}.dcm", lambda name=_name: _wide(name))  # type: ignore[misc]
BOMBS.content("fragments.dcm", lambda: _volume("rle-signed-dcm")[:-8] + _EMPTY * 300_000)


_NOTHING = packed(b"")


def _nifti(shape: tuple[int, ...], datatype: int, bits: int, length: int) -> bytes:
    """A packed volume that says it has a shape, and unpacks to so many zeros."""
    content = bytearray(_volume("scaled-nii")[:352])
    content[40:56] = struct.pack("<8h", len(shape), *shape, *[1] * (7 - len(shape)))
    content[70:74] = struct.pack("<hh", datatype, bits)
    code = zlib.compressobj(1, wbits=31)
    data = [code.compress(bytes(content))]
    data += [code.compress(bytes(2**20)) for _ in range(length >> 20)]
    return b"".join(data) + code.flush()


BOMBS.content("flat.nii.gz", lambda: _nifti((512, 512, 512), 4, 16, 2**28))
BOMBS.content("large.nii.gz", lambda: _nifti((512, 512, 500), 4, 16, 2**28))
BOMBS.content("promise.nii.gz", lambda: _nifti((512, 512, 8000), 4, 16, 2**20))
BOMBS.content("huge.nii.gz", lambda: _nifti((512, 512, 19_000), 64, 64, 2**20))
BOMBS.content("long.nii.gz", lambda: _nifti((4, 4, 4), 4, 16, 2**28))
BOMBS.content("members.nii.gz", lambda: packed(_volume("scaled-nii")[:352]) + _NOTHING * 50_000)
BOMBS.content("first members.nii.gz", lambda: _NOTHING * 50_000 + packed(_volume("scaled-nii")))
BOMBS.content("not a number.nii", lambda: _with_nan(_volume("scaled-nii")))


def _with_nan(content: bytes) -> bytes:
    """The header with no number for one from its voxels' offset to its end."""
    return content[:108] + b"\0\0\xc0\x7f" * 59 + content[344:]


@BOMBS.file("pair.hdr")
def _nifti_pair(path: Path) -> None:
    """A header with a pipe where its voxels should be."""
    content = bytearray(_volume("scaled-nii")[:352])
    content[344:348] = b"ni1\0"
    path.write_bytes(content)
    os.mkfifo(path.with_suffix(".img"))

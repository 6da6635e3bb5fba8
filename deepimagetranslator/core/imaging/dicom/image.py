"""Read one image of a DICOM file: a slice, or one frame of several, in any transfer syntax.

pydicom reads the header; it and its decoders (JPEG, JPEG-LS, JPEG 2000, RLE) decode one frame at
a time. The headers of the files read last are cached, so a header is parsed once for all frames of
a large file, and once for the size and the pixels of a small one.
"""

from __future__ import annotations

import io
import logging
import math
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from deepimagetranslator.core.imaging.dicom.coded import check_fragments, coded_frame
from deepimagetranslator.core.imaging.dicom.frames import frame_order
from deepimagetranslator.core.imaging.dicom.groups import from_groups
from deepimagetranslator.core.imaging.dicom.position import places_of
from deepimagetranslator.core.imaging.dicom.stored_values import (
    Values,
    values_of,
    within_stored_bits,
)
from deepimagetranslator.core.imaging.header import MAX_PIXELS, Header, UnreadableError, check_size
from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.imaging.place import Place
from deepimagetranslator.core.typing import Array

_DEFLATED, _EXPLICIT = b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.1"
_MAX_INFLATED = 4 * MAX_PIXELS
_MAX_ELEMENTS = 20_000  # of a header; each takes time to parse, however short it is
_UNDEFINED = 2**32 - 1  # a length
_PIXEL_DATA = {
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
    0x7FE00010: "PixelData",
}
_SAMPLES = {"MONOCHROME1": 1, "MONOCHROME2": 1, "PALETTE COLOR": 1, "RGB": 3}
_SAMPLES |= {"YBR_FULL": 3, "YBR_FULL_422": 3, "YBR_RCT": 3, "YBR_ICT": 3}
_RLE = "1.2.840.10008.1.2.5"
_NUMBERS = ["rows", "columns", "samples_per_pixel", "bits_allocated", "bits_stored"]
_NUMBERS += ["pixel_representation", "planar_configuration", "number_of_frames"]

# This program reports problems of files itself; pydicom's messages are switched off.
warnings.filterwarnings("ignore", module=r"pydicom\.")


@dataclass(frozen=True)
class _Image:
    """A file's header and what is needed to decode its frames.

    Attributes:
        order: the frame (from 0) of each slice.
        offset: of the pixel data's value, in bytes.
    """

    header: Header
    order: tuple[int, ...]
    values: Values
    syntax: str
    options: dict[str, Any]
    offset: int
    places: tuple[Place | None, ...]


def is_dicom(start: bytes) -> bool:
    """Whether the first bytes of a file (at least 132) are DICOM: by the prefix "DICM" or, as very
    old files have none, by a first element of group 2 or 8."""
    if start[128:132] == b"DICM":
        return True
    if len(start) < 132 or start[:2] not in (b"\x02\0", b"\x08\0", b"\0\x02", b"\0\x08"):
        return False
    if start[4:6].isalpha() and start[4:6].isupper():  # the value representation, such as UI
        return True
    little = start[1] == 0  # else bytes 4 to 7 are the value's length
    return little and start[3] == 0 and 0 < int.from_bytes(start[4:8], "little") < 1024


def inspect(path: Path) -> Header:
    """The header of the file's images; nothing is decoded.

    Raises:
        UnreadableError: it holds no image, or one that cannot be read, or it is damaged.
        Exception: any error of pydicom for a damaged file.
    """
    return _known(path).header


def read(path: Path, number: int = 1) -> Array:
    """One slice: (height, width, 1 or 3), uint8, uint16 or float32.

    Slices are in order of place, whatever the order of the frames (``frames.frame_order``). Bits
    above BitsStored, such as overlays, are not part of the values.

    Grey values with a rescale slope and intercept, a dose grid scaling, or else a linear
    real-world value mapping are float32 in real units (Hounsfield units for CT). Signed values
    without them are float32; others stay uint8 or uint16. A modality LUT is applied. MONOCHROME1
    is inverted so that bright is high, except in real units. 1-bit values become 0 and 255. Colour
    and palette images are RGB (grey if the palette is grey).

    Args:
        path: the file.
        number: of the slice, from 1.

    Raises:
        UnreadableError: as ``inspect``, or there is no such slice.
        Exception: any error of pydicom and its decoders for a damaged file.
    """
    image = _known(path)
    header, options = image.header, image.options
    header.check_slice(number)
    index = image.order[number - 1]
    decoder = pydicom().pixels.get_decoder(image.syntax)
    with _opened(path) as file:
        file.seek(image.offset)
        if options["bits_allocated"] == 1 and not decoder.is_encapsulated:
            stored = _bits(file, index, options["rows"] * options["columns"])
        elif not decoder.is_encapsulated:
            stored, _ = decoder.as_array(file, index=index, **options)
        else:
            code = pydicom().encaps.encapsulate([coded_frame(file, index, options)])
            alone = options | {"number_of_frames": 1, "extended_offsets": None}
            stored, _ = decoder.as_array(
                code, index=0, decoding_plugin=_plugin(image.syntax), **alone
            )
            stored = within_stored_bits(stored, options)
    return image.values.of(np.asarray(stored).reshape(*header.shape[:2], -1), index)


def place(path: Path, number: int) -> Place | None:
    """The place of a slice in the patient; None if the file states none.

    Raises:
        UnreadableError: as ``inspect``.
        Exception: any error of pydicom for a damaged file.
    """
    image = _known(path)
    return image.places[image.order[number - 1]] if 1 <= number <= len(image.order) else None


def slice_order(path: Path) -> tuple[int, ...]:
    """The frame (from 0) of each slice of a file.

    Raises:
        UnreadableError: as ``inspect``.
        Exception: any error of pydicom for a damaged file.
    """
    return _known(path).order


def changed_since_1(path: Path) -> str:
    """What is read otherwise than by reading version 1; see ``core.imaging.reading``.

    Raises:
        UnreadableError: as ``inspect``.
        Exception: any error of pydicom for a damaged file.
    """
    image = _known(path)
    found = ["its slices are in order of place"] * (image.order != tuple(sorted(image.order)))
    found += [image.values.change] * bool(image.values.change)
    coded = pydicom().uid.UID(image.syntax).is_encapsulated
    if coded and image.values.channels == 1 and _has_overlay_bits(header_of(path)):
        found.append("the bits of its overlays are left out")
    return ", ".join(found)


def _has_overlay_bits(dataset: Any) -> bool:
    """Whether overlays lie in unused bits of the pixels (DICOM PS3.3 C.9.2, now retired)."""
    places = (dataset.get((group, 0x0102)) for group in range(0x6000, 0x6020, 2))
    return any(place is not None and place.value for place in places)


def header_of(path: Path, tags: list[str] | None = None) -> Any:
    """A file's pydicom data set without its pixels, or only the elements ``tags`` of it.

    Raises:
        Exception: whatever pydicom raises for a damaged file.
    """
    with _opened(path) as file:
        return _read_header(file, tags)


@cache
def pydicom() -> Any:
    """pydicom with its decoders, imported for the first DICOM file. Its logs and warnings are
    switched off, as this program reports problems of files itself."""
    import pydicom  # noqa: PLC0415
    import pydicom.encaps  # noqa: PLC0415
    import pydicom.pixels  # noqa: PLC0415

    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    return pydicom


def _known(path: Path) -> _Image:
    facts = path.stat()
    return _inspected(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=128)
def _inspected(path: Path, modified: int, size: int) -> _Image:
    """``_known``, cached by time of modification and size."""
    del modified, size
    with _opened(path) as file:
        dataset = _read_header(file)
        implicit, little_endian = dataset.original_encoding
        offset, keyword, kind = _pixel_data(file, little_endian)
        if not keyword or "Rows" not in dataset:
            reason = f"is a DICOM file without an image ({_kind(dataset)})"
            contours = dataset.get("Modality") == "RTSTRUCT"
            remedy = "export its contours as masks" if contours else "take it out"
            raise UnreadableError(reason, remedy)
        unsaid = f"1.2.840.10008.1.2{'' if implicit else '.1' if little_endian else '.2'}"
        syntax = str(dataset.file_meta.get("TransferSyntaxUID") or unsaid)
        options = _options(dataset, pixel_keyword=keyword, pixel_vr=kind)
        _check(options, syntax)
        end = file.seek(0, io.SEEK_END)
        file.seek(offset)
        if pydicom().uid.UID(syntax).is_encapsulated:
            check_fragments(file, options["number_of_frames"], end)
        elif _bytes(options) > end - offset:
            raise UnreadableError("is damaged or incomplete")
    values = values_of(dataset, options, little_endian)
    shape = (options["rows"], options["columns"], values.channels)
    places = places_of(dataset, shape[:2], options["number_of_frames"])
    header = Header(
        shape,
        values.dtype,
        options["number_of_frames"],
        spacing_of(dataset),
        unit=values.unit,
        padding=values.padding,
        note=values.note,
        placed=any(places),
    )
    return _Image(header, frame_order(dataset), values, syntax, options, offset, places)


def _read_header(file: BinaryIO, tags: list[str] | None = None) -> Any:
    """The data set before the pixels, or only the elements ``tags`` of it.

    Raises:
        UnreadableError: it has too many elements, or a truncated one.
        Exception: whatever pydicom raises for a damaged file.
    """
    from pydicom.filereader import read_partial  # noqa: PLC0415

    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    count = 0

    def at_pixels(tag: int, _kind: str | None, length: int) -> bool:
        nonlocal count
        count += 1
        if tag in _PIXEL_DATA:
            return True
        if count > _MAX_ELEMENTS or end < length < _UNDEFINED:
            raise UnreadableError("is damaged or incomplete")
        return False

    wanted = None if tags is None else [pydicom().tag.Tag(tag) for tag in tags]
    return read_partial(file, at_pixels, force=True, specific_tags=wanted)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file; a file with a deflated transfer syntax appears as if not compressed."""
    with HELD.opened(path) as file:
        start = file.read(144)
        length = int.from_bytes(start[140:144], "little")
        meta = file.read(length) if start[128:132] == b"DICM" and length < 1 << 16 else b""
        if _DEFLATED not in meta:
            file.seek(0)
            yield file
            return
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        rest = inflate.decompress(file.read(), _MAX_INFLATED)
        if inflate.unconsumed_tail:
            raise UnreadableError("is larger when decompressed than is allowed", "take it out")
        padding = b"\0" * (len(_DEFLATED) - len(_EXPLICIT))
        yield io.BytesIO(start + meta.replace(_DEFLATED, _EXPLICIT + padding) + rest)


def _pixel_data(file: BinaryIO, little_endian: bool) -> tuple[int, str, str]:
    """The element at which the header's reader stopped: offset of its value, keyword and value
    representation; the keyword is empty if it is not pixel data."""
    start = file.tell()
    order: Literal["little", "big"] = "little" if little_endian else "big"
    tag, kind = file.read(4), file.read(2)
    number = int.from_bytes(tag[:2], order) << 16 | int.from_bytes(tag[2:], order)
    explicit = kind.isalpha() and kind.isupper()
    length = 12 if explicit else 8
    return start + length, _PIXEL_DATA.get(number, ""), kind.decode() if explicit else "OW"


def _plugin(syntax: str) -> str:
    """The decoder plugin for a transfer syntax; pylibjpeg's RLE decoder crashes on damaged data."""
    return "pydicom" if syntax == _RLE else "pylibjpeg"


def _bits(file: BinaryIO, index: int, pixels: int) -> Array:
    """A 1-bit frame, which may begin within a byte; ``file`` is positioned at the first frame."""
    first, shift = divmod(index * pixels, 8)
    file.seek(first, io.SEEK_CUR)
    packed = np.frombuffer(file.read((shift + pixels + 7) // 8), np.uint8)
    return np.unpackbits(packed, bitorder="little")[shift : shift + pixels]


def _options(dataset: Any, **more: str) -> dict[str, Any]:
    """The decoder's options, with defaults for attributes that are missing in the file."""
    from pydicom.pixels.utils import as_pixel_options  # noqa: PLC0415

    given = as_pixel_options(dataset, **more)
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    options.setdefault("samples_per_pixel", 1)
    grey = options["samples_per_pixel"] == 1
    options.setdefault("photometric_interpretation", "MONOCHROME2" if grey else "RGB")
    options.setdefault("planar_configuration", 0)
    options.setdefault("pixel_representation", 0)
    options.setdefault("bits_stored", options["bits_allocated"])
    return options | {name: int(options[name]) for name in _NUMBERS}


def _check(options: dict[str, Any], syntax: str) -> None:
    """Refuse unsupported images before memory is allocated.

    Raises:
        UnreadableError: the size, the photometric interpretation or the transfer syntax is not
            supported.
    """
    check_size(options["rows"], options["columns"], options["number_of_frames"])
    kind, samples = options["photometric_interpretation"], options["samples_per_pixel"]
    if _SAMPLES.get(kind) != samples:
        words = f"{text_of(kind)}, {samples} samples a pixel"
        reason = f"is a DICOM image of a kind that is not read ({words})"
        raise UnreadableError(reason, "save it as a grey or RGB image")
    if not 1 <= options["bits_stored"] <= options["bits_allocated"] <= 64:
        raise UnreadableError("is damaged or incomplete")
    uid = pydicom().uid.UID(syntax)
    try:
        decoder = pydicom().pixels.get_decoder(uid)
        known = not decoder.is_encapsulated or _plugin(syntax) in decoder.available_plugins
    except NotImplementedError:
        known = False
    if not known:
        reason = f"is a DICOM file in a coding that is not read ({text_of(uid.name)})"
        raise UnreadableError(reason, "save it without compression")


def _bytes(options: dict[str, Any]) -> int:
    """Bytes of the uncompressed pixels."""
    names = ("rows", "columns", "samples_per_pixel", "number_of_frames", "bits_allocated")
    size = math.prod(int(options[name]) for name in names) // 8
    return size * 2 // 3 if options["photometric_interpretation"] == "YBR_FULL_422" else size


def _kind(dataset: Any) -> str:
    """The SOP class name or modality of a file."""
    uid = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID")
    return text_of(getattr(uid, "name", "") or dataset.get("Modality")) or "of no known kind"


def text_of(value: Any) -> str:
    """A text of a possibly damaged file as one printable line of at most 64 characters."""
    words = str("" if value is None else value).split()
    return "".join(letter for letter in " ".join(words) if letter.isprintable())[:64]


def spacing_of(dataset: Any) -> tuple[float, float] | None:
    """Row spacing and column spacing in mm; None if the file has none."""
    given = from_groups(dataset, 0, "PixelMeasuresSequence", "PixelSpacing")
    try:
        rows, columns = (float(value) for value in given)
    except (TypeError, ValueError):
        return None
    return (rows, columns) if 0 < rows < math.inf and 0 < columns < math.inf else None

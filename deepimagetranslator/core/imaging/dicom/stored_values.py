"""Converts the stored values of a DICOM file to pixel values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepimagetranslator.core.imaging.dicom.real_units import RealUnits, real_units
from deepimagetranslator.core.imaging.header import UnreadableError, check_rescale
from deepimagetranslator.core.typing import Array

_BELOW = float(np.nextafter(np.float32(-1024), -np.inf, dtype=np.float32))
"""The first Hounsfield unit below the least that scanners of 12 bits give."""


@dataclass(frozen=True)
class Values:
    """How the stored values of one file become pixel values.

    Attributes:
        dtype: of the values: uint8, uint16 or float32.
        channels: 1 or 3.
        rescale: slope and intercept of every frame, or one pair for all; empty for none.
        table: lookup table (entries, channels) for stored values from ``first`` on; or None.
        first: the smallest value that can be stored.
        top: for MONOCHROME1: values v become ``top`` - v before they are rescaled; None for others.
        unit: the modality and the unit, such as "CT, HU"; empty if unknown.
        padding: see ``Header``.
        note: see ``Header``.
        change: what reading version 1 did otherwise; empty for nothing.
    """

    dtype: str
    channels: int
    rescale: tuple[tuple[float, float], ...] = ()
    table: Array | None = None
    first: int = 0
    top: int | None = None
    unit: str = ""
    padding: tuple[tuple[float, float], ...] = ()
    note: str = ""
    change: str = ""

    def of(self, stored: Array, frame: int) -> Array:
        """Pixel values (height, width, channels) of stored values (height, width, samples).

        ``frame`` counts from 0.
        """
        if self.table is not None:
            places = stored[..., 0].astype(np.int64) - self.first
            stored = self.table[np.clip(places, 0, len(self.table) - 1)]
        with np.errstate(over="ignore", invalid="ignore"):
            image = stored.astype(self.dtype)
        if self.top is not None:
            np.subtract(image.dtype.type(self.top), image, out=image)
        if self.rescale:
            slope, intercept = self.rescale[min(frame, len(self.rescale) - 1)]
            with np.errstate(over="ignore", invalid="ignore"):  # of float pixels: infinite
                image *= np.float32(slope)
                image += np.float32(intercept)
        return image


def values_of(dataset: Any, options: dict[str, Any], little_endian: bool) -> Values:
    """How the stored values of a file become pixel values.

    Args:
        dataset: the file's header.
        options: pixel attributes, as the decoder takes them.
        little_endian: byte order of the file's lookup tables.

    Raises:
        UnreadableError: the palette is not supported, or the rescaled values are too large.
    """
    bits, stored = options["bits_allocated"], options["bits_stored"]
    whole, signed = options["pixel_keyword"] == "PixelData", options["pixel_representation"] == 1
    kind = options["photometric_interpretation"]
    dtype = "float32" if signed or not whole or bits > 16 else "uint8" if bits <= 8 else "uint16"
    if options["samples_per_pixel"] == 3:
        return Values(dtype, 3)
    if kind == "PALETTE COLOR":
        table = _palette(dataset, stored, little_endian)
        return Values(table.dtype.name, table.shape[1], table=table)
    first = -(1 << stored - 1) if signed else 0
    top = (1 << stored) - 1 + 2 * first if kind == "MONOCHROME1" and whole else None
    if bits == 1:
        black_white = np.array([[0], [255]], np.uint8)
        return Values("uint8", 1, table=black_white if top is None else black_white[::-1])
    if dataset.get("ModalityLUTSequence") and whole and stored <= 16:
        item = dataset.ModalityLUTSequence[0]
        numbers = np.arange(first, first + (1 << stored))
        table, depth = _looked_up(numbers, item.LUTDescriptor, item.LUTData, little_endian)
        top = None if top is None else (1 << depth) - 1
        return Values(table.dtype.name, 1, table=table[:, None], first=first, top=top)
    units = real_units(dataset, options["number_of_frames"])
    for slope, intercept in units.rescale:
        check_rescale(slope, intercept, stored if whole else 1)
    values = Values(
        "float32" if units.rescale else dtype,
        1,
        units.rescale,
        top=None if units.known else top,
        unit=_with_modality(units.unit, dataset.get("Modality")),
        note=units.note,
        change=_change(units, top),
    )
    return replace(values, padding=_padding(dataset, values, stored if signed else 0))


def within_stored_bits(stored: Array, options: dict[str, Any]) -> Array:
    """Stored values without the bits above BitsStored, where overlays may be; the sign is kept.

    Args:
        stored: integers of any shape.
        options: pixel attributes, as the decoder takes them.
    """
    unused = 8 * stored.dtype.itemsize - options["bits_stored"]
    if options["pixel_keyword"] != "PixelData" or stored.dtype.kind not in "ui" or unused <= 0:
        return stored
    cut: Array = np.right_shift(np.left_shift(stored, unused), unused)
    return cut


def _change(units: RealUnits, top: int | None) -> str:
    """What reading version 1 did otherwise: it inverted MONOCHROME1 unless there was a rescale
    slope or intercept, and knew no real-world value mapping."""
    if units.mapped:
        return "its real-world value mapping is applied"
    inverted = not units.known
    if top is None or inverted == (not units.rescale):
        return ""
    return "its brightness is inverted" if inverted else "its brightness is no longer inverted"


def _with_modality(unit: str, modality: Any) -> str:
    known = unit and isinstance(modality, str) and modality.isalnum()
    return f"{modality}, {unit}" if known else unit


def _padding(dataset: Any, values: Values, sign_bits: int) -> tuple[tuple[float, float], ...]:
    """The ranges of values that are no measurement: PixelPaddingValue, and below -1024 HU.

    Args:
        dataset: the file's header.
        values: how stored values become pixel values.
        sign_bits: bits of a signed stored value; 0 if unsigned.
    """
    found = []
    limits = [dataset.get(f"PixelPadding{name}") for name in ("Value", "RangeLimit")]
    limits = [limits[0] if one is None else one for one in limits]
    if all(isinstance(one, int) for one in limits) and len(values.rescale) < 2:
        numbers = np.array(limits, np.int64)
        if sign_bits:  # some programs write the number as if it were unsigned
            numbers = (numbers + (1 << sign_bits - 1)) % (1 << sign_bits) - (1 << sign_bits - 1)
        whole = values.dtype != "float32"
        if not whole or (numbers.min() >= 0 and numbers.max() <= np.iinfo(values.dtype).max):
            shown = values.of(numbers.astype(np.float32)[:, None, None], 0).ravel()
            found.append((float(shown.min()), float(shown.max())))
    if values.unit.endswith("HU"):
        found.append((-math.inf, _BELOW))
    return tuple(found)


def _palette(dataset: Any, stored: int, little_endian: bool) -> Array:
    """The colour of every stored value: (2 ** stored, 3), or (2 ** stored, 1) if all are grey."""
    if stored > 16:
        raise UnreadableError("has a palette of more than 16 bits", "save it as an RGB image")
    numbers = np.arange(1 << stored)
    if "SegmentedRedPaletteColorLookupTableData" in dataset:
        from pydicom.pixels import apply_color_lut  # noqa: PLC0415

        table = np.asarray(apply_color_lut(numbers, dataset))[:, :3]
    else:
        columns = [
            _looked_up(
                numbers,
                dataset[f"{colour}PaletteColorLookupTableDescriptor"].value,
                dataset[f"{colour}PaletteColorLookupTableData"].value,
                little_endian,
            )[0]
            for colour in ("Red", "Green", "Blue")
        ]
        table = np.stack(columns, axis=-1)
    if table.dtype == np.uint16 and not (table & 0xFF).any():  # 8 bits written into 16
        table = (table >> 8).astype(np.uint8)
    return table[:, :1] if (table == table[:, :1]).all() else table


def _looked_up(
    numbers: Array, descriptor: Sequence[int], data: bytes | Sequence[int], little_endian: bool
) -> tuple[Array, int]:
    """The lookup table's entries for numbers (uint8 or uint16), and the bits of an entry.

    The descriptor holds the number of entries (0 means 65,536), the stored value of the first
    entry (smaller values use the first, larger ones the last entry) and the bits of an entry.
    Entries may be stored as bytes or as words. DICOM PS3.3 C.11.1.1.
    """
    count, start, depth = (int(value) for value in descriptor)
    count = count or 1 << 16
    if isinstance(data, bytes):
        words = len(data) >= 2 * count
        entries = np.frombuffer(data, ("<u2" if little_endian else ">u2") if words else "u1")
    else:
        entries = np.asarray(data, np.uint16)
    entries = entries[:count].astype(np.uint8 if depth <= 8 else np.uint16)
    return entries[np.clip(numbers - start, 0, len(entries) - 1)], depth

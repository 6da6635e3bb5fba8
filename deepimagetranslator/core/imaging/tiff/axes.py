"""What the axes of an ImageJ or OME stack mean, and the description that keeps it in a new file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from deepimagetranslator.core.imaging.tiff.spacing import MILLIMETRES, ome_pixels

_IMAGEJ_KEPT = (
    *("images", "channels", "slices", "frames", "hyperstack", "mode", "loop"),
    *("unit", "xunit", "yunit", "zunit", "spacing", "finterval", "fps", "tunit"),
)
"""Fields of an ImageJ description that are true of a translated stack: all but those of values."""
_OME_KEPT = ("PhysicalSizeZ", "PhysicalSizeZUnit", "TimeIncrement", "TimeIncrementUnit")
_OME_TYPES = {"uint8": "uint8", "uint16": "uint16", "float32": "float"}
_LONGEST = 256  # characters of a field

Spacing = tuple[float, float]


@dataclass(frozen=True)
class StackAxes:
    """The axes of a stack.

    Attributes:
        kind: "imagej" or "ome".
        axes: letters of the axes of its slices, slowest first: T (time), Z (depth), C (channel).
        sizes: the length of each.
        fields: step sizes and units, as the file states them.
    """

    kind: str
    axes: str
    sizes: tuple[int, ...]
    fields: Mapping[str, str]


def axes_of(tif: Any, series: Any) -> StackAxes | None:
    """The axes of the slices of an open file's series; None if it does not say what they are."""
    axes = [(a, n) for a, n in zip(series.axes, series.shape, strict=True) if a not in "YXS"]
    letters, sizes = "".join(a for a, _ in axes), tuple(int(n) for _, n in axes)
    with suppress(Exception):  # a damaged description counts as missing
        if tif.is_imagej:
            lines = str(tif.pages.first.description).splitlines()[:100]
            given = dict(line.split("=", 1) for line in lines if "=" in line)
            return StackAxes("imagej", letters, sizes, _kept(given, _IMAGEJ_KEPT))
        if tif.is_ome and set(letters) <= set("TZC"):
            return StackAxes("ome", letters, sizes, _kept(ome_pixels(tif), _OME_KEPT))
    return None


def description(
    stack: StackAxes, shape: tuple[int, ...], dtype: str, spacing: Spacing | None
) -> bytes:
    """The description for the first page of a stack with these axes; empty if there is no form.

    Args:
        stack: the axes.
        shape: height, width and channels of each page.
        dtype: "uint8", "uint16" or "float32".
        spacing: row spacing and column spacing of the pages in mm; None if unknown.
    """
    if stack.kind == "ome":
        return _ome(stack, shape, dtype, spacing)
    if shape[2] == 3 and dtype != "uint8":
        return b""  # ImageJ knows only colours of 8 bits
    lines = ["ImageJ=1.54f", *(f"{name}={value}" for name, value in stack.fields.items()), ""]
    text = "\n".join(lines)
    return "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in text).encode()


def resolution(stack: StackAxes, spacing: Spacing) -> tuple[tuple[float, float], str] | None:
    """Pixels per unit (across, down) and the TIFF's unit; None if the stack's unit is no length.

    ImageJ takes the resolution to be in the unit of its description, whatever the TIFF says.
    """
    if stack.kind == "ome":
        return (10 / spacing[1], 10 / spacing[0]), "CENTIMETER"
    length = MILLIMETRES.get(stack.fields.get("unit", "").lower())
    return None if length is None else ((length / spacing[1], length / spacing[0]), "NONE")


def _kept(given: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: given[name][:_LONGEST] for name in names if name in given}


def _ome(stack: StackAxes, shape: tuple[int, ...], dtype: str, spacing: Spacing | None) -> bytes:
    """OME-XML of one image. The samples of a colour count as channels (OME schema 2016-06)."""
    height, width, samples = shape
    sizes = dict(zip(stack.axes, stack.sizes, strict=True))
    faster_first = stack.axes[::-1] + "".join(a for a in "CZT" if a not in stack.axes)
    attributes = {"DimensionOrder": f"XY{faster_first}", "Type": _OME_TYPES[dtype]}
    lengths = {"X": width, "Y": height, "C": sizes.get("C", 1) * samples}
    lengths |= {axis: sizes.get(axis, 1) for axis in "ZT"}
    attributes |= {f"Size{axis}": str(length) for axis, length in lengths.items()}
    if spacing is not None:  # the default unit is a micrometre
        sides = zip("YX", spacing, strict=True)
        attributes |= {f"PhysicalSize{axis}": f"{side * 1000:.9g}" for axis, side in sides}
    pixels = _attributes(attributes | dict(stack.fields))
    channels = "".join(
        f'<Channel ID="Channel:0:{n}" SamplesPerPixel="{samples}"/>'
        for n in range(sizes.get("C", 1))
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        f'<Image ID="Image:0"><Pixels ID="Pixels:0" {pixels}>{channels}'
        f'<TiffData IFD="0" PlaneCount="{math.prod(stack.sizes)}"/></Pixels></Image></OME>'
    )
    return text.encode()


def _attributes(values: Mapping[str, str]) -> str:
    plain = {name: re.sub(r"[^\x20-\x7e\xa0-\uffff]", "?", value) for name, value in values.items()}
    return " ".join(f"{name}={quoteattr(value)}" for name, value in plain.items())

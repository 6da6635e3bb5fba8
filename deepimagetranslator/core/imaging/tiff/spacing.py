"""Pixel spacing of a TIFF file, from its tags, its ImageJ description or its OME-XML."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import Any

from deepimagetranslator.core.imaging.header import for_print

_INCH = 25.4
MILLIMETRES = {
    "m": 1000.0,
    "cm": 10.0,
    "centimeter": 10.0,
    "mm": 1.0,
    "millimeter": 1.0,
    "micron": 1e-3,
    "microns": 1e-3,
    "um": 1e-3,
    "µm": 1e-3,  # micro sign
    "μm": 1e-3,  # Greek letter
    "\\u00b5m": 1e-3,  # as ImageJ writes it
    "nm": 1e-6,
    "inch": _INCH,
}
"""Units of length by name, in mm."""


def spacing_of(tif: Any, page: Any) -> tuple[float, float] | None:
    """Row spacing and column spacing in mm; None if the file has none."""
    with suppress(Exception):  # invalid values count as missing
        spacing = _ome(tif) if tif.is_ome else _tags(tif, page)
        if spacing and all(math.isfinite(value) and value > 0 for value in spacing):
            return spacing
    return None


def ome_pixels(tif: Any) -> dict[str, str]:
    """The attributes of the first ``Pixels`` in the OME-XML of an open file."""
    pixels = re.search(r"<(?:\w+:)?Pixels\b[^>]*>", tif.ome_metadata)
    return dict(re.findall(r'(\w+)="([^"]*)"', pixels[0])) if pixels else {}


def _ome(tif: Any) -> tuple[float, float] | None:
    stated = ome_pixels(tif)
    row, column = (
        float(stated[f"PhysicalSize{axis}"])
        * MILLIMETRES[stated.get(f"PhysicalSize{axis}Unit", "µm").lower()]
        for axis in "YX"
    )
    return row, column


def _tags(tif: Any, page: Any) -> tuple[float, float] | None:
    across, down = (page.tags[tag].value[0] / page.tags[tag].value[1] for tag in (282, 283))
    unit = page.tags.valueof(296, 2)
    described = str((tif.imagej_metadata or {}).get("unit", "")).lower() if tif.is_imagej else ""
    if described in MILLIMETRES:
        length = MILLIMETRES[described]
    elif unit == 3:
        length = 10.0
    elif unit == 2 and not (for_print(across) and for_print(down)):
        length = _INCH
    else:
        return None
    return length / down, length / across

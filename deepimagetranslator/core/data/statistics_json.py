"""Converts statistics of a set of images to JSON values and back, without rounding."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.classes import Colour
from deepimagetranslator.core.data.intensity.histogram import ValueCounts
from deepimagetranslator.core.data.intensity.normalization import ValueRange
from deepimagetranslator.core.data.labels.colours import ColourCount, Regions
from deepimagetranslator.core.data.labels.sketch import Sketch


def range_to_json(values: ValueRange) -> dict[str, Any]:
    """A set's values for JSON."""
    return {
        "low": values.low,
        "high": values.high,
        "dtypes": sorted(values.dtypes),
        "channels": sorted(values.channels),
        "values": np.flatnonzero(values.values).tolist(),
        "integers": _counts_to_json(values.integers),
        "floats": _counts_to_json(values.floats),
        "units": sorted(values.units),
        "padded": values.padded,
    }


def range_from_json(data: dict[str, Any]) -> ValueRange:
    """The inverse of ``range_to_json``."""
    result = ValueRange(
        data["low"],
        data["high"],
        set(data["dtypes"]),
        set(data["channels"]),
        integers=_counts_from_json(data["integers"]),
        floats=_counts_from_json(data["floats"]),
        units=set(data["units"]),
        padded=data["padded"],
    )
    result.values[data["values"]] = True
    return result


def _counts_to_json(counts: ValueCounts) -> list[Any]:
    values, often = counts.table()
    return [counts.low, counts.high, text_of(values.astype("<f4")), text_of(often.astype("<f8"))]


def _counts_from_json(data: list[Any]) -> ValueCounts:
    low, high, values, often = data
    result = ValueCounts()
    result.add((array_of(values, "<f4"), array_of(often, "<f8")), low, high)
    return result


def colours_to_json(colours: ColourCount) -> dict[str, Any]:
    """A set's colours for JSON."""
    (bins, bin_counts), (flats, flat_counts) = colours.sketch.tables()
    return {
        "pixels": [
            [colour, count, colours.flat[colour]] for colour, count in colours.pixels.items()
        ],
        "groups": [sorted(group) for group in colours.groups],
        "dtypes": sorted(colours.dtypes),
        "many": colours.many,
        "regions": asdict(colours.regions),
        "elsewhere": colours.sketch.elsewhere,
        "bins": [text_of(bins.astype("<u2")), text_of(bin_counts.astype("<f4"))],
        "flats": [text_of(flats.astype("<u4")), text_of(flat_counts.astype("<f4"))],
    }


def colours_from_json(data: dict[str, Any]) -> ColourCount:
    """The inverse of ``colours_to_json``."""
    counted: list[tuple[Colour, int, int]] = [(tuple(c), n, flat) for c, n, flat in data["pixels"]]
    bins, flats = (
        (array_of(data[name][0], kind), array_of(data[name][1], "<f4"))
        for name, kind in (("bins", "<u2"), ("flats", "<u4"))
    )
    return ColourCount(
        {colour: count for colour, count, _ in counted},
        {colour: flat for colour, _, flat in counted},
        tuple(frozenset(map(tuple, group)) for group in data["groups"]),
        set(data["dtypes"]),
        data["many"],
        Sketch.of(data["elsewhere"], bins, flats),
        Regions(**data["regions"]),
    )


def text_of(array: NDArray[Any]) -> str:
    """The bytes of an array as base64."""
    return base64.b64encode(array.tobytes()).decode()


def array_of(text: str, dtype: Any) -> NDArray[Any]:
    """The inverse of ``text_of``: a read-only array (n,) of this dtype.

    Raises:
        ValueError: the text is not base64, or its length is not a multiple of the item size.
    """
    return np.frombuffer(base64.b64decode(text, validate=True), dtype)

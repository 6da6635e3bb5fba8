"""The real units of a DICOM file: rescale slope, dose grid scaling, real-world value mapping."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deepimagetranslator.core.imaging.dicom.groups import from_groups, items_of, sequence_items

Linear = tuple[float, float]  # slope and intercept
_NO_UNIT = ("", "US", "UNSPECIFIED", "NORMALIZED")  # "US" is "unspecified"
_TRANSFORMATION = "PixelValueTransformationSequence"
_MAPPING = "RealWorldValueMappingSequence"
_NONE = (1.0, 0.0)


@dataclass(frozen=True)
class RealUnits:
    """How the values of a file become real ones.

    Attributes:
        rescale: slope and intercept of every frame, or one pair for all; empty for none.
        unit: such as "HU", "BQML" or "Gy"; empty if unknown.
        known: the values are a measured quantity, even if its unit has no name.
        note: a mapping that is not applied; see ``Header.note``.
        mapped: ``rescale`` comes from a real-world value mapping.
    """

    rescale: tuple[Linear, ...] = ()
    unit: str = ""
    known: bool = False
    note: str = ""
    mapped: bool = False


def real_units(dataset: Any, frames: int) -> RealUnits:
    """The real units of a file.

    The rescale slope and intercept (or the dose grid scaling) come first. If they change nothing,
    a single linear real-world value mapping of each frame is applied; other mappings are noted.

    Args:
        dataset: its header.
        frames: how many frames it has.
    """
    rescale, unit = _rescale(dataset, frames), _unit(dataset)
    found = [items_of(dataset, frame, _MAPPING) for frame in range(_groups(dataset, frames))]
    known = bool(unit)
    if not any(found):
        return RealUnits(rescale, unit, known)
    linear = [_linear(items[0]) if len(items) == 1 else None for items in found]
    mapped = _short([one for one in linear if one is not None])
    if None in linear:
        return RealUnits(rescale, unit, known, _NOT_LINEAR)
    if rescale or unit:
        note = "" if mapped == rescale else _TWICE
        return RealUnits(rescale, unit, known, note)
    return RealUnits(mapped, _measured(found[0][0]), True, mapped=bool(mapped))


_NOT_LINEAR = (
    "has a real-world value mapping that is not a single line for each frame and is not applied; "
    "convert its values with another program if they differ between files"
)
_TWICE = (
    "has a rescale slope and another real-world value mapping, of which the first is applied; "
    "check that the values mean the same in all files"
)


def _rescale(dataset: Any, frames: int) -> tuple[Linear, ...]:
    """Slope and intercept of every frame; one pair if all agree, () if they are 1 and 0."""
    found = []
    for frame in range(_groups(dataset, frames)):
        dose = dataset.get("DoseGridScaling")
        slope = _number(from_groups(dataset, frame, _TRANSFORMATION, "RescaleSlope") or dose, 1.0)
        shift = _number(from_groups(dataset, frame, _TRANSFORMATION, "RescaleIntercept"), 0.0)
        found.append((slope or 1.0, shift))
    return _short(found)


def _groups(dataset: Any, frames: int) -> int:
    """How many frames can differ: 1 if the file has no group of its own for each frame."""
    return frames if "PerFrameFunctionalGroupsSequence" in dataset else 1


def _short(found: list[Linear]) -> tuple[Linear, ...]:
    if set(found) <= {_NONE}:
        return ()
    return tuple(found[:1] if len(set(found)) == 1 else found)


def _unit(dataset: Any) -> str:
    """The unit of the rescaled values; empty if unspecified.

    The values of a CT image are Hounsfield units unless it says otherwise (DICOM PS3.3 C.8.2.1),
    those of a PET image have the attribute Units.
    """
    if dataset.get("DoseGridScaling") is not None:
        return "Gy" if dataset.get("DoseUnits") == "GY" else "relative dose"
    stated = from_groups(dataset, 0, _TRANSFORMATION, "RescaleType")
    if stated is None:
        scaled = from_groups(dataset, 0, _TRANSFORMATION, "RescaleIntercept") is not None
        stated = "HU" if dataset.get("Modality") == "CT" and scaled else ""
    unit = _word(stated)
    if unit.upper() in _NO_UNIT:
        unit = _word(dataset.get("Units"))
    return "" if unit.upper() in _NO_UNIT else unit


def _measured(mapping: Any) -> str:
    """The unit of a real-world value mapping; "1" stands for none."""
    unit = sequence_items(mapping, "MeasurementUnitsCodeSequence")
    code = _word(unit[0].get("CodeValue")) if unit else ""
    return "" if code in ("1", "{}") else code


def _linear(mapping: Any) -> Linear | None:
    """Slope and intercept of a mapping; None if it is a table or damaged."""
    slope = _number(mapping.get("RealWorldValueSlope"), 0.0)
    shift = _number(mapping.get("RealWorldValueIntercept"), math.nan)
    return (slope, shift) if slope and math.isfinite(shift) else None


def _number(value: Any, default: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return default
    return number if math.isfinite(number) else default


def _word(value: Any) -> str:
    """The text of an attribute as one printable word of at most 16 characters."""
    text = "" if value is None else str(value)
    return "".join(letter for letter in text if letter.isprintable()).strip()[:16]

"""Recognizes several encodings of the same classes: 0 and 1, 0 and 255, class numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deepimagetranslator.core.config.classes import Colour
from deepimagetranslator.core.data.labels.palette import TOPS, Palette

_MOST_STRETCHED = 16  # classes; with more, 255 / (classes - 1) could be a class number

Group = frozenset[Colour]
"""Colours that occur together in one file."""


def palette_of_encodings(
    colours: Iterable[Colour], groups: Sequence[Group], small: bool
) -> Palette | None:
    """The palette of files with 0, 1, 2 ... and files where these are stretched to 255 or 65535.

    Args:
        colours: all colours of the set.
        groups: the colours that occur together in a file.
        small: whether some files are 8-bit.

    Returns:
        The palette; None unless all greys belong to such encodings and no file mixes two of them.
    """
    found = set(colours)
    if any(len(set(colour)) > 1 for colour in found):
        return None
    values, channels = {colour[0] for colour in found}, max(map(len, found), default=1)
    for classes in range(2, _MOST_STRETCHED + 1):
        encodings = [e for e in _encodings(classes, values) if len(e) == classes]
        if len(encodings) < 2 or set().union(*encodings) != values or _meet(encodings, groups):
            continue
        # The stretched values are learnt, as 0 and 255 suit every loss.
        first, *others = sorted(encodings, key=lambda encoding: encoding[-1] != TOPS["uint8"])
        return Palette(
            tuple((value,) * channels for value in first),
            "uint8" if small and first[-1] <= TOPS["uint8"] else "uint16",
            also=tuple(
                ((value,) * channels, number)
                for encoding in others
                for number, value in enumerate(encoding)
                if value
            ),
        )
    return None


def apart(
    colours: Iterable[Colour], groups: Sequence[Group]
) -> tuple[tuple[Colour, ...], tuple[Colour, ...]]:
    """Greys and colours that never occur in the same file, black excluded; else empty.

    They may be two encodings of the same classes.
    """
    listed = sorted(colour for colour in colours if len(colour) == 3 and any(colour))
    greys = tuple(colour for colour in listed if len(set(colour)) == 1)
    others = tuple(colour for colour in listed if len(set(colour)) > 1)
    met = any(group.intersection(greys) and group.intersection(others) for group in groups)
    return (greys, others) if greys and others and not met else ((), ())


def _encodings(classes: int, values: set[int]) -> list[tuple[int, ...]]:
    """For each grey encoding of this number of classes, its values that occur, in order."""
    steps = [number / (classes - 1) for number in range(classes)]
    stretched = [
        tuple(v for v in sorted(values) if any(abs(v - step * top) <= 0.5 for step in steps))
        for top in TOPS.values()
    ]
    return [tuple(v for v in range(classes) if v in values), *stretched]


def _meet(encodings: Sequence[tuple[int, ...]], groups: Sequence[Group]) -> bool:
    """Whether a file mixes values of two encodings; 0 is ignored."""
    return any(
        sum(bool({c[0] for c in group} & set(encoding[1:])) for encoding in encodings) > 1
        for group in groups
    )

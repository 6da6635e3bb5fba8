"""Finds label colours that never share a file, as two programs write the same class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from deepimagetranslator.core.checks.context import CheckContext, finding, named
from deepimagetranslator.core.config.classes import Colour, colour_text
from deepimagetranslator.core.data.labels.encodings import apart
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import Problem, Remedy
from deepimagetranslator.core.imaging.image_ref import ImageRef

_FEWEST = 5
_FEWEST_EACH = 2
_NEARLY_ALL = 0.9  # fraction of the targets that hold one of the colours

Files = Mapping[Colour, frozenset[ImageRef]]


def never_together(context: CheckContext) -> Iterator[Problem]:
    """Classes of which nearly every target has exactly one.

    They may be classes indeed, so they are merged only by the user.
    """
    colours = context.train.colours
    palette = context.palette or context.train.palette
    if palette is None or apart(colours.pixels, colours.groups)[0]:
        return  # greys and colours in different files are told with the label colours
    drawn = [facts for facts in context.readable if not facts.target.constant]
    files = _files_of_classes(context, palette)
    group = _disjoint(files, len(drawn))
    if len(group) < 2 or len(drawn) < _FEWEST:
        return
    shown = [colour_text(colour) for colour in group]
    examples = [named(sorted(files[colour], key=str)[:1]) for colour in group[:2]]
    message = (
        f"No target holds more than one of the label colours {' and '.join(shown)}, and nearly "
        f"every target holds one ({shown[0]} in {examples[0]}, {shown[1]} in {examples[1]}); if "
        f"they are the same class, merge them: {' + '.join(shown)}."
    )
    held = sorted(files[group[0]], key=str)
    remedy = Remedy(action="join_classes")
    yield finding("separate_labels", message, held, subject="targets", remedy=remedy)


def _files_of_classes(context: CheckContext, palette: Palette) -> Files:
    """The targets of each label colour; colours of one class count as its first."""
    found: dict[Colour, set[ImageRef]] = defaultdict(set)
    for facts in context.readable:
        if not facts.target.constant:
            for colour in facts.target.colours.pixels:
                if (number := palette.class_of(colour)) >= 0:
                    found[palette.colours[number]].add(facts.pair.target)
    return {colour: frozenset(files) for colour, files in found.items()}


def _disjoint(files: Files, drawn: int) -> list[Colour]:
    """Colours that never share a file and that together are in nearly all; [] if there are none."""
    often = [
        colour
        for colour, where in sorted(files.items())
        if any(colour) and _FEWEST_EACH <= len(where) < drawn
    ]
    for first in often:
        group, covered = [first], files[first]
        for colour in often:
            if not covered & files[colour]:
                group.append(colour)
                covered |= files[colour]
        if len(group) > 1 and len(covered) >= _NEARLY_ALL * drawn:
            return sorted(group)
    return []

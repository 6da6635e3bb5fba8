"""Finds targets that number their objects, such as the cells of an image, from 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from deepimagetranslator.core.checks.context import CheckContext, finding
from deepimagetranslator.core.data.labels.choice import OBJECT_LABELS, OUTLINE_LABELS
from deepimagetranslator.core.data.labels.numbering import (
    CLASSES,
    OBJECTS,
    Region,
    highest_number,
    meaning_of,
    numbered_regions,
)
from deepimagetranslator.core.errors import Problem, Repair

_LABEL = "Learn object and background"
_LOOKED_AT = 256


def numbered_objects(context: CheckContext) -> Iterator[Problem]:
    """Label maps of up to 32 numbers that number objects instead of classes.

    Those of more numbers are found with the label colours.
    """
    data = context.specs.data
    if data.labels or data.target_kind == "values" or context.train.colours.many:
        return
    counts = _counts(context)
    meaning = meaning_of(counts, _regions(context)) if max(counts, default=0) > 1 else CLASSES
    if meaning == CLASSES:
        return
    most = max(counts)
    sure = meaning == OBJECTS
    message = (
        f"The targets {'number' if sure else 'seem to number'} their objects from 1 to at most "
        f"{most}; a number says nothing about the image, so it cannot be learnt. "
        "Learn object and background, or the objects with their outlines"
        f"{'.' if sure else ', unless the numbers are classes such as liver and spleen.'}"
    )
    kind = "instance_masks" if sure else "maybe_instances"
    repair = Repair(_LABEL, settings=(("data.labels", OBJECT_LABELS),), guess=True)
    yield with_outlines(context, finding(kind, message, subject="targets", repair=repair))


def with_outlines(context: CheckContext, problem: Problem) -> Problem:
    """A problem about numbered objects, with the further repair that keeps them apart."""
    changes = tuple((str(f.pair.target), "objects_outline") for f in context.readable)
    settings = (("data.labels", OUTLINE_LABELS),)
    label = "Learn object, outline and background"
    outlines = Repair(label, settings=settings, changes=changes, name="outline", guess=True)
    return replace(problem, others=(outlines,))


def _counts(context: CheckContext) -> list[int]:
    """The highest number of each target that is not empty; [] if one has gaps."""
    drawn = [f.target.colours.pixels for f in context.readable if not f.target.constant]
    counts = [highest_number(colours) for colours in drawn]
    return counts if all(counts) else []


def _regions(context: CheckContext) -> list[list[Region]]:
    pairs = [facts for facts in context.readable if facts.target.numbers.size]
    some = np.linspace(0, len(pairs) - 1, min(len(pairs), _LOOKED_AT)).astype(np.intp)
    images = (pairs[place] for place in some)
    return [numbered_regions(f.target.numbers, f.input.thumbnail) for f in images]

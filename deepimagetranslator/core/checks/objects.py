"""Finds targets that number their objects, such as the cells of an image, from 1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepimagetranslator.core.checks.context import CheckContext, finding
from deepimagetranslator.core.data.facts import PairFacts
from deepimagetranslator.core.data.labels.choice import OBJECT_LABELS, OUTLINE_LABELS
from deepimagetranslator.core.data.labels.numbering import (
    CLASSES,
    OBJECTS,
    Region,
    averaged,
    highest_number,
    meaning_of,
    numbered_regions,
)
from deepimagetranslator.core.errors import Problem, Repair

Files = dict[Path, list[PairFacts]]
"""The pairs of each target file; a volume has many."""

_LABEL = "Learn object and background"
_LOOKED_AT = 256


def numbered_objects(context: CheckContext) -> Iterator[Problem]:
    """Label maps of up to 32 numbers that number objects instead of classes.

    Those of more numbers are found with the label colours.
    """
    data = context.specs.data
    if data.labels or data.target_kind == "values" or context.train.colours.many:
        return
    by_file = _by_file(context)
    counts = _counts(by_file)
    meaning = meaning_of(counts, _regions(by_file)) if max(counts, default=0) > 1 else CLASSES
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
    files = dict.fromkeys(facts.pair.target.file for facts in context.readable)
    changes = tuple((str(file), "objects_outline") for file in files)
    settings = (("data.labels", OUTLINE_LABELS),)
    label = "Learn object, outline and background"
    outlines = Repair(label, settings=settings, changes=changes, name="outline", guess=True)
    return replace(problem, others=(outlines,))


def _counts(by_file: Files) -> list[int]:
    """The highest number of each target file that is not empty; [] if one has a gap."""
    held = ({c for f in facts for c in f.target.colours.pixels} for facts in by_file.values())
    drawn = [colours for colours in held if len(colours) > 1]
    counts = [highest_number(colours) for colours in drawn]
    return counts if all(counts) else []


def _regions(by_file: Files) -> list[list[Region]]:
    """The numbered regions of each file that has two or more; those of a volume are averages."""
    pairs = [f for facts in by_file.values() for f in facts if f.target.numbers.size]
    some = np.linspace(0, len(pairs) - 1, min(len(pairs), _LOOKED_AT)).astype(np.intp)
    found: defaultdict[Path, list[Region]] = defaultdict(list)
    for facts in (pairs[place] for place in some):
        found[facts.pair.target.file] += numbered_regions(
            facts.target.numbers, facts.input.thumbnail
        )
    return [averaged(regions) for regions in found.values()]


def _by_file(context: CheckContext) -> Files:
    found: Files = defaultdict(list)
    for facts in context.readable:
        found[facts.pair.target.file].append(facts)
    return found

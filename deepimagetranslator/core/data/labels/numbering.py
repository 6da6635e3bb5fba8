"""Decides whether label maps number their objects, or number classes such as liver and spleen.

A class keeps something from image to image: its place, the brightness under it or its size. Number
3 of numbered cells keeps none of them. How much a number keeps is the adjusted share of a
feature's variance that the number explains (epsilon squared; Kelley 1935): about 0 for numbers
without a meaning, 1 if the number determines the feature.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.classes import Colour

Numbers = NDArray[np.uint8]
"""(64, 64): the numbers of a label map at a grid of its pixels, 0 for none."""

OBJECTS, MAYBE_OBJECTS, CLASSES = "objects", "maybe objects", "classes"

_FEATURES = ("row", "column", "size", "brightness")
_NOISE = np.array([0.02, 0.02, 0.1, 3.0])  # differences of the features below this mean nothing
_FEWEST = 6  # numbered regions in images with at least two of them
_HARDLY, _MUCH = 0.15, 0.35  # share of the variance that numbers without and with meaning explain
_CHANCE = 0.05  # a larger share is no chance if fewer random numberings reach it
_NUMBERINGS = 200
_NEARLY_ALL = 0.8  # of the variance is explained by classes in however few images
_ONE_PIECE = 0.9  # fraction of the regions that are connected
_CONNECTED = 0.9  # fraction of a region's pixels in its largest connected part
_NESTED = 0.4  # allowed fraction of regions whose centre lies in the bounds of another
_IN_ORDER = 0.95  # fraction of successive numbers whose first pixels follow each other
_SPREAD = 0.12  # standard deviation of a place, in sides of the image
_ENOUGH = 12  # regions for certainty
_SLACK = 0.1  # first pixels are in order, centres only nearly


@dataclass(frozen=True)
class Region:
    """One number in one image.

    Attributes:
        number: from 1.
        row, column: of its centre, 0 to 1.
        size: natural logarithm of its share of the image.
        brightness: mean of the input's thumbnail under it, 0 to 255.
        connected: whether nearly all of it is one piece.
        nested: whether its centre lies in the bounds of another region.
    """

    number: int
    row: float
    column: float
    size: float
    brightness: float
    connected: bool
    nested: bool


def highest_number(colours: Iterable[Colour]) -> int:
    """The highest of the greys 1, 2, 3 ... if a label map has no others but 0; else 0."""
    values = {colour[0] if len(colour) == 1 else -1 for colour in colours} - {0}
    return len(values) if values == set(range(1, len(values) + 1)) else 0


def numbered_regions(numbers: Numbers, thumbnail: NDArray[np.uint8]) -> list[Region]:
    """The regions of a label map; those that the grid has missed are left out.

    Args:
        numbers: the label map at a grid of its pixels.
        thumbnail: the input at the same size, grey.
    """
    found, bounds = [], []
    for number in np.unique(numbers[numbers > 0]):
        mask = (numbers == number).astype(np.uint8)
        _, _, pieces, _ = cv2.connectedComponentsWithStats(mask)
        rows, columns = np.nonzero(mask)
        centre = float(rows.mean()), float(columns.mean())
        bounds.append((rows.min(), rows.max(), columns.min(), columns.max()))
        connected = bool(pieces[1:, cv2.CC_STAT_AREA].max() >= _CONNECTED * len(rows))
        light = float(thumbnail[rows, columns].mean())
        found.append((int(number), *centre, len(rows), light, connected))
    height, width = numbers.shape
    return [
        Region(
            *(number, row / height, column / width),
            *(float(np.log(pixels / numbers.size)), light, connected),
            _inside(row, column, [*bounds[:place], *bounds[place + 1 :]]),
        )
        for place, (number, row, column, pixels, light, connected) in enumerate(found)
    ]


def averaged(regions: Iterable[Region]) -> list[Region]:
    """The regions of the slices of a volume, of each number one."""
    by_number: defaultdict[int, list[Region]] = defaultdict(list)
    for region in regions:
        by_number[region.number].append(region)
    return [_average(number, each) for number, each in sorted(by_number.items())]


def _average(number: int, regions: Sequence[Region]) -> Region:
    rows = [(one.row, one.column, one.size, one.brightness) for one in regions]
    row, column, size, brightness = np.mean(rows, axis=0).tolist()
    connected, nested = np.mean([(one.connected, one.nested) for one in regions], axis=0) >= 1 / 2
    return Region(number, row, column, size, brightness, bool(connected), bool(nested))


def _inside(row: float, column: float, bounds: Iterable[tuple[int, int, int, int]]) -> bool:
    return any(
        top <= row <= bottom and left <= column <= right for top, bottom, left, right in bounds
    )


def meaning_of(counts: Sequence[int], images: Sequence[Sequence[Region]]) -> str:
    """What the numbers of a set of label maps mean: ``OBJECTS``, ``MAYBE_OBJECTS`` or ``CLASSES``.

    Args:
        counts: the highest number of each label map, whose numbers have no gap.
        images: the regions of those that have two or more.
    """
    regions = [region for image in images for region in image]
    if len(set(counts)) < 2 or len(regions) < _FEWEST:
        return CLASSES
    if np.mean([region.connected for region in regions]) < _ONE_PIECE:
        return CLASSES
    if np.mean([region.nested for region in regions]) > _NESTED:
        return CLASSES
    order = _order(images, regions)
    used = [feature != order for feature in _FEATURES]
    values = np.array([[getattr(region, name) for name in _FEATURES] for region in regions])
    values = (values / _NOISE)[:, used]
    most = _most_explained(values, np.array([region.number for region in regions]))
    by_chance = _reached_by_chance(values, images) if most > _HARDLY else 1.0
    if most > _NEARLY_ALL or (most > _MUCH and by_chance < _CHANCE):
        return CLASSES
    certain = len(regions) >= _ENOUGH and most <= (_MUCH if by_chance >= _CHANCE else _HARDLY)
    return OBJECTS if certain and order != "size" else MAYBE_OBJECTS


def _most_explained(values: NDArray[np.float64], numbers: NDArray[np.intp]) -> float:
    """The largest adjusted share of a feature's variance that the number explains, at most 1.

    Args:
        values: (regions, features), in units of their noise.
        numbers: of the regions.
    """
    _, group, size = np.unique(numbers, return_inverse=True, return_counts=True)
    free = len(values) - len(size)
    if free < 1:
        return 0.0
    of_number = group == np.arange(len(size))[:, None]
    means = of_number @ values / size[:, None]
    within = ((values - means[group]) ** 2).sum(axis=0) / free
    return float((1 - (within + 1) / (values.var(axis=0, ddof=1) + 1)).max())


def _reached_by_chance(values: NDArray[np.float64], images: Sequence[Sequence[Region]]) -> float:
    """The fraction of random numberings of each image's regions that explain as much."""
    rng = np.random.default_rng(0)
    each = [np.array([region.number for region in image]) for image in images]
    most = _most_explained(values, np.concatenate(each))
    others = [
        _most_explained(values, np.concatenate([rng.permutation(numbers) for numbers in each]))
        for _ in range(_NUMBERINGS)
    ]
    return float(np.mean(np.array(others) >= most))


def _order(images: Sequence[Sequence[Region]], regions: Sequence[Region]) -> str:
    """The feature by which a program numbered scattered objects; empty if there is none.

    It numbers from top to bottom, from left to right or the largest first. Classes may follow each
    other too, such as layers, vertebrae, or an organ and its lesion, but scatter less.
    """
    scattered = {axis: _spread(regions, axis) >= _SPREAD for axis in ("row", "column")}
    for feature, scatters in (
        ("row", scattered["column"]),
        ("column", scattered["row"]),
        ("size", all(scattered.values())),
    ):
        steps = np.concatenate([np.diff([getattr(r, feature) for r in image]) for image in images])
        if feature == "size":
            steps = -steps - 2 * _SLACK * (np.median(steps) > -_SLACK)  # equal sizes are no order
        if scatters and np.mean(steps > -_SLACK) >= _IN_ORDER:
            return feature
    return ""


def _spread(regions: Sequence[Region], feature: str) -> float:
    """The standard deviation of a feature among regions of the same number."""
    values: dict[int, list[float]] = {}
    for region in regions:
        values.setdefault(region.number, []).append(getattr(region, feature))
    return float(np.sqrt(np.mean([np.var(each) for each in values.values() if len(each) > 1] or 0)))

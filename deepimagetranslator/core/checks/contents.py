"""Findings about single images: their content, and how they differ from the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain

import numpy as np

from deepimagetranslator.core.checks.context import CheckContext, finding, leave_out, phrase
from deepimagetranslator.core.data.facts import FileFacts
from deepimagetranslator.core.data.intensity.histogram import Distribution
from deepimagetranslator.core.data.intensity.normalization import TYPE_WORDS, IntensityNormalization
from deepimagetranslator.core.data.statistics import DatasetStatistics, fits
from deepimagetranslator.core.errors import Problem, Remedy, Repair, first_few
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.reading import told_once

_ODD = 0.5  # leaving out files of another kind is offered only below this fraction of all files
_STRAY = 0.05  # allowed fraction of an image outside the training images' own range, above usual
_MORE_OUTSIDE = 0.4  # the same for a chosen window
_NEARLY_ALL = 0.98
_MUCH, _HARDLY = 0.3, 0.15
_OWN_RANGE = Repair(
    "Use the training images' own range",
    settings=(("data.input_scaling", "data"), ("data.input_offset", 0.0)),
)


def unreadable(context: CheckContext) -> Iterator[Problem]:
    """Files that are missing, damaged or not images."""
    files = context.train.unreadable | context.val.unreadable
    found = [
        Problem(str(path), trouble, True, "unreadable", (str(path),), leave_out([path]))
        for path, trouble in files.items()
    ]
    yield from first_few(found, "more files cannot be read")


def duplicates(context: CheckContext) -> Iterator[Problem]:
    """The same image several times within a part; constant images are ignored."""
    copies: list[ImageRef] = []
    first = None
    for part in (context.train, context.val):
        seen: dict[bytes, ImageRef] = {}
        for facts in part.readable:
            known = seen.setdefault(facts.input.digest, facts.pair.input)
            if known != facts.pair.input and not facts.input.constant:
                copies.append(facts.pair.input)
                first = first or known
    if first is not None:
        message = (
            f"{phrase(copies, 'image', 'repeats', 'repeat')} another one, {copies[0].name} is the "
            f"same as {first.name}, and would count more than the others; leave out the copies."
        )
        yield finding("duplicates", message, copies, repair=leave_out(copies))


def empty_target(context: CheckContext) -> Iterator[Problem]:
    """Constant targets of inputs that are not constant."""
    files = [
        facts.pair.target
        for facts in context.readable
        if facts.target.constant and not facts.input.constant
    ]
    if files:
        message = (
            f"{phrase(files, 'target', 'holds', 'hold')} a single value; that is right if the "
            "input shows no object, else draw the missing labels or leave these pairs out."
        )
        yield finding("empty_target", message, files, repair=leave_out(files))


def constant_image(context: CheckContext) -> Iterator[Problem]:
    """Constant inputs."""
    files = [path for path, facts in context.images("input") if facts.constant]
    if files:
        message = (
            f"{phrase(files, 'image', 'holds', 'hold')} a single value, from which nothing can be "
            "learnt; copy the originals again or leave these pairs out."
        )
        yield finding("constant_image", message, files, repair=leave_out(files))


def bit_depths(context: CheckContext) -> Iterator[Problem]:
    """Sets of images of several dtypes."""
    for side in ("input", "target"):
        kinds = _by_kind(context, side, lambda facts: TYPE_WORDS[facts.dtype])
        yield from _mixture(
            "bit_depths",
            side,
            kinds,
            "their values may mean different things; save them in one type or leave some out",
        )


def colour_and_grey(context: CheckContext) -> Iterator[Problem]:
    """Sets with both grey and colour images."""
    for side in ("input", "target"):
        kinds = _by_kind(context, side, lambda facts: "grey" if facts.shape[2] == 1 else "coloured")
        yield from _mixture(
            "colour_and_grey",
            side,
            kinds,
            "check that none is out of place; grey ones are read as colour, or the reverse",
        )


def several_sizes(context: CheckContext) -> Iterator[Problem]:
    """Sets of images of several sizes, all of which are resized to the network's size."""
    if context.specs.data.large_images == "crop":
        return
    for side in ("input", "target"):
        sizes: Counter[tuple[int, ...]] = Counter()
        for part in (context.train, context.val):
            for facts in part.readable:
                if fits(facts.input.shape[:2], facts.target.shape[:2], part.ratio):
                    sizes[getattr(facts, side).shape[:2]] += 1
        if len(sizes) > 1:
            height, width = max(sizes, key=lambda size: sizes[size])
            message = (
                f"The {side}s have {len(sizes)} sizes, most often {width} x {height} pixels; they "
                "are resized to the network's, which changes how large things are."
            )
            yield finding("several_sizes", message, subject=f"{side}s")


def outside_window(context: CheckContext) -> Iterator[Problem]:
    """Inputs with many values outside the window or the training images' range.

    A part of every image may be outside a chosen window, such as air in CT. So validation images
    are compared with the usual training image. Training images are reported only if nearly all of
    their values are outside.
    """
    scaling = context.input_scaling
    if scaling is None or scaling.kind not in ("data", "window"):
        return
    if _shows_nothing(context.train, scaling):
        spread = context.train.input_range.distribution(scaling.offset)
        message = (
            f"The window of {scaling.low:g} to {scaling.high:g} shows next to nothing of the "
            f"training images, whose values go from {spread.low:g} to {spread.high:g}; choose "
            "another window, or the offset that the files need."
        )
        yield finding("outside_window", message, subject="data.input_low", repair=_OWN_RANGE)
        return

    def outside(facts: FileFacts) -> float:
        if facts.constant:
            return 0.0
        spread = facts.values.distribution(scaling.offset)
        return sum(spread.outside(scaling.low, scaling.high))

    def parts(part: DatasetStatistics) -> list[tuple[ImageRef, float]]:
        return [(facts.pair.input, outside(facts.input)) for facts in part.readable]

    train = parts(context.train)
    usual = float(np.median([share for _, share in train])) if train else 0.0
    most = min(_NEARLY_ALL, usual + (_STRAY if scaling.kind == "data" else _MORE_OUTSIDE))
    files = [path for path, share in train if share >= _NEARLY_ALL]
    files += [path for path, share in parts(context.val) if share > most]
    if files:
        message = (
            f"Much of the values of {phrase(files, 'image')} lies outside "
            f"{scaling.low:g} to {scaling.high:g}, the network's range; choose another window, "
            "or leave them out."
        )
        few = len(files) < _ODD * (len(train) + len(context.val.readable))
        repair = leave_out(files) if few or scaling.kind == "data" else _OWN_RANGE
        remedy = Remedy(action="choose_window")
        yield finding("outside_window", message, files, repair=repair, remedy=remedy)


def not_read(context: CheckContext) -> Iterator[Problem]:
    """Parts of files that their reader leaves out, such as pages of other sizes."""
    sides = chain(context.images("input"), context.images("target"))
    for subject, note, files in told_once((image.file, facts.note) for image, facts in sides):
        yield finding("not_read", f"{subject} {note}.", list(map(ImageRef, files)))


def _shows_nothing(train: DatasetStatistics, scaling: IntensityNormalization) -> bool:
    """Whether a window cuts off many values and the rest hardly varies, such as only air of a CT.

    This happens if the files hold Hounsfield units + 1024 and the offset is not set.
    """
    if scaling.kind != "window":
        return False
    spread = train.input_range.distribution(scaling.offset)
    inside = (spread.values >= scaling.low) & (spread.values <= scaling.high)
    left = Distribution(spread.values[inside], spread.counts[inside], spread.low, spread.high)
    cut = sum(spread.outside(scaling.low, scaling.high))
    range_left = left.quantile(0.75) - left.quantile(0.25) if inside.any() else 0.0
    return cut > _MUCH and range_left < _HARDLY * (scaling.high - scaling.low)


def _by_kind(context: CheckContext, side: str, kind_of: object) -> dict[str, list[ImageRef]]:
    assert callable(kind_of)
    kinds: dict[str, list[ImageRef]] = defaultdict(list)
    for path, facts in context.images(side):
        kinds[str(kind_of(facts))].append(path)
    return kinds


def _mixture(
    kind: str, side: str, kinds: dict[str, list[ImageRef]], remedy: str
) -> Iterator[Problem]:
    if len(kinds) < 2:
        return
    usual = max(kinds, key=lambda name: len(kinds[name]))
    odd = [path for name, paths in kinds.items() if name != usual for path in paths]
    counts = ", ".join(f"{name} ({len(paths)})" for name, paths in kinds.items())
    message = f"The {side}s mix {counts} images, so {remedy}."
    few = len(odd) < _ODD * (len(odd) + len(kinds[usual]))
    repair = leave_out(odd) if few else None
    yield finding(kind, message, odd, repair=repair, subject=f"{side}s")

"""Findings about single images: what they hold, and what is odd among the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from deepimagetranslator.core.checks.context import CheckContext, finding, leave_out, phrase
from deepimagetranslator.core.data.facts import FileFacts
from deepimagetranslator.core.data.intensity.histogram import Distribution
from deepimagetranslator.core.data.intensity.normalization import TYPE_WORDS, IntensityNormalization
from deepimagetranslator.core.data.statistics import DatasetStatistics, fits
from deepimagetranslator.core.errors import Problem, Remedy, Repair, first_few
from deepimagetranslator.core.imaging.image_ref import ImageRef

_ODD = 0.5  # files of another kind are left out only if they are fewer than this part
_STRAY = 0.05  # so much of an image may lie outside the training images' own range
_MORE_OUTSIDE = 0.4  # of a validation image, than of the usual training image
_NEARLY_ALL = 0.98
_MUCH, _HARDLY = 0.3, 0.15
_OWN_RANGE = Repair(
    "Use the training images' own range",
    settings=(("data.input_scaling", "data"), ("data.input_offset", 0.0)),
)


def unreadable(case: CheckContext) -> Iterator[Problem]:
    """Files that are missing, damaged or no images."""
    files = case.train.unreadable | case.val.unreadable
    found = [
        Problem(str(path), trouble, True, "unreadable", (str(path),), leave_out([path]))
        for path, trouble in files.items()
    ]
    yield from first_few(found, "more files cannot be read")


def duplicates(case: CheckContext) -> Iterator[Problem]:
    """The same image more than once within a part; constant images are alike anyway."""
    copies: list[ImageRef] = []
    first = None
    for part in (case.train, case.val):
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


def empty_target(case: CheckContext) -> Iterator[Problem]:
    """Targets of one value where the input shows something."""
    files = [
        facts.pair.target
        for facts in case.readable
        if facts.target.constant and not facts.input.constant
    ]
    if files:
        message = (
            f"{phrase(files, 'target', 'holds', 'hold')} a single value; that is right where there "
            "is nothing to find, else draw what is missing or leave these pairs out."
        )
        yield finding("empty_target", message, files, repair=leave_out(files))


def constant_image(case: CheckContext) -> Iterator[Problem]:
    """Inputs of one value."""
    files = [path for path, facts in case.images("input") if facts.constant]
    if files:
        message = (
            f"{phrase(files, 'image', 'holds', 'hold')} a single value, from which nothing can be "
            "learnt; copy the originals again or leave these pairs out."
        )
        yield finding("constant_image", message, files, repair=leave_out(files))


def bit_depths(case: CheckContext) -> Iterator[Problem]:
    """Sets of mixed value types."""
    for side in ("input", "target"):
        kinds = _by_kind(case, side, lambda facts: TYPE_WORDS[facts.dtype])
        yield from _mixture(
            "bit_depths",
            side,
            kinds,
            "their values may mean different things; save them in one type or leave some out",
        )


def colour_and_grey(case: CheckContext) -> Iterator[Problem]:
    """Sets of grey and coloured images."""
    for side in ("input", "target"):
        kinds = _by_kind(case, side, lambda facts: "grey" if facts.shape[2] == 1 else "coloured")
        yield from _mixture(
            "colour_and_grey",
            side,
            kinds,
            "check that none is out of place; grey ones are read as colour, or the reverse",
        )


def several_sizes(case: CheckContext) -> Iterator[Problem]:
    """Sets of several sizes, which are resized to the network's, so seldom meant."""
    if case.specs.data.large_images == "crop":
        return
    for side in ("input", "target"):
        sizes: Counter[tuple[int, ...]] = Counter()
        for part in (case.train, case.val):
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


def outside_window(case: CheckContext) -> Iterator[Problem]:
    """Inputs whose values the window or the training images' range cuts off.

    Some of every image may lie outside a chosen window: air does, of a CT. So validation images
    are compared with the training images, and those only with nothing at all.
    """
    scaling = case.input_scaling
    if scaling is None or scaling.kind not in ("data", "window"):
        return
    if _shows_nothing(case.train, scaling):
        spread = case.train.input_range.distribution(scaling.offset)
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

    train = parts(case.train)
    usual = float(np.median([share for _, share in train])) if train else 0.0
    most = min(_NEARLY_ALL, usual + (_STRAY if scaling.kind == "data" else _MORE_OUTSIDE))
    files = [path for path, share in train if share >= _NEARLY_ALL]
    files += [path for path, share in parts(case.val) if share > most]
    if files:
        message = (
            f"Much of the values of {phrase(files, 'image')} lies outside "
            f"{scaling.low:g} to {scaling.high:g}, which the network sees; choose another window, "
            "or leave them out."
        )
        few = len(files) < _ODD * (len(train) + len(case.val.readable))
        repair = leave_out(files) if few or scaling.kind == "data" else _OWN_RANGE
        remedy = Remedy(action="choose_window")
        yield finding("outside_window", message, files, repair=repair, remedy=remedy)


def _shows_nothing(train: DatasetStatistics, scaling: IntensityNormalization) -> bool:
    """Whether a window cuts off much, and what it leaves hardly differs: air, say, of a CT.

    So it is where the files hold Hounsfield units + 1024 and the offset was forgotten.
    """
    if scaling.kind != "window":
        return False
    spread = train.input_range.distribution(scaling.offset)
    inside = (spread.values >= scaling.low) & (spread.values <= scaling.high)
    left = Distribution(spread.values[inside], spread.counts[inside], spread.low, spread.high)
    cut = sum(spread.outside(scaling.low, scaling.high))
    range_left = left.quantile(0.75) - left.quantile(0.25) if inside.any() else 0.0
    return cut > _MUCH and range_left < _HARDLY * (scaling.high - scaling.low)


def _by_kind(case: CheckContext, side: str, kind_of: object) -> dict[str, list[ImageRef]]:
    assert callable(kind_of)
    kinds: dict[str, list[ImageRef]] = defaultdict(list)
    for path, facts in case.images(side):
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

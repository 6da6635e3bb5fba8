"""Findings about values that are no measurement: NaN, infinity, and a few far beyond all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from deepimagetranslator.core.checks.context import CheckContext, finding, leave_out, phrase
from deepimagetranslator.core.config.chosen import info_of
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.facts import FileFacts
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.odd_values import READ_AS, far_limits
from deepimagetranslator.core.errors import Problem, Repair
from deepimagetranslator.core.imaging.image_ref import ImageRef

Images = Sequence[tuple[ImageRef, FileFacts]]


def not_finite(context: CheckContext) -> Iterator[Problem]:
    """Images with NaN or infinite values; NaN around the body are only noted."""
    for side in ("input", "target"):
        odd = [(path, facts) for path, facts in context.images(side) if facts.odd.not_finite]
        for kind, margin in (("nan_margin", True), ("not_finite", False)):
            images = [(path, facts) for path, facts in odd if facts.odd.margin == margin]
            yield from _not_finite(kind, side, images)


def _not_finite(kind: str, side: str, images: Images) -> Iterator[Problem]:
    if not images:
        return
    files = [path for path, _ in images]
    counts = {
        "NaN": sum(facts.odd.nan for _, facts in images),
        "infinite": sum(facts.odd.infinite for _, facts in images),
    }
    held = " and ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    message = f"{phrase(files, side, 'holds', 'hold')} {held} values; {READ_AS}. "
    if kind == "nan_margin":
        message += "That is right if they mark where nothing was measured."
    else:
        message += "Save the images without them, or leave these pairs out."
    yield finding(kind, message, files, repair=leave_out(files))


def far_values(context: CheckContext) -> Iterator[Problem]:
    """A few values so far beyond all others that these become almost equal in the network.

    They matter if the lowest and the highest value of the images, or of each, become 0 and 1.
    """
    data = context.specs.data
    if context.input_scaling is not None and context.input_scaling.kind != "type":
        yield from _far("input", data, context.input_scaling, list(context.images("input")))
    labels = context.palette is not None
    if context.target_scaling is not None and context.target_scaling.kind != "type" and not labels:
        yield from _far("target", data, context.target_scaling, list(context.images("target")))


def _far(
    side: str, data: DataSpec, scaling: IntensityNormalization, images: Images
) -> Iterator[Problem]:
    """The finding for a side; far values of an image may be usual ones of the set."""
    choice = getattr(data, f"{side}_scaling")
    if choice not in ("automatic", "data", "image"):
        return
    usual = [_without_far(facts, scaling) for _, facts in images]
    low, high = min(one[0] for one in usual), max(one[1] for one in usual)
    found = {
        path: _ends(facts, scaling)
        for (path, facts), own in zip(images, usual, strict=True)
        if facts.odd.far and _is_far(facts, scaling, own if choice == "image" else (low, high))
    }
    if not found:
        return
    files = list(found)
    extreme = max(chain(*found.values()), key=lambda end: max(low - end, end - high))
    message = (
        f"{phrase(files, side, 'holds', 'hold')} a few values far beyond all others, such as "
        f"{extreme:.3g}, where the others lie from {low:.4g} to {high:.4g}. They set the range "
        "that becomes 0 to 1, in which all others look alike; use the range of the others, or "
        "leave these pairs out."
    )
    out = leave_out(files)
    repair = None if choice == "image" else _range_repair(side, low, high)
    others = (out,) if out is not None and repair is not None else ()
    yield finding("far_values", message, files, repair=repair or out, others=others)


def _range_repair(side: str, low: float, high: float) -> Repair | None:
    """The repair that normalizes by this range; None if the fields cannot hold it."""
    name = f"data.{side}"
    settings = (f"{name}_scaling", "window"), (f"{name}_low", low), (f"{name}_high", high)
    label = f"Use {low:.4g} to {high:.4g} as the range of the {side}s"
    held = max(abs(low), abs(high)) <= (info_of(f"{name}_high").high or 0)
    return Repair(label, settings=settings, name="range") if held else None


def _is_far(facts: FileFacts, scaling: IntensityNormalization, others: tuple[float, float]) -> bool:
    (low, high), (lowest, highest) = _ends(facts, scaling), far_limits(*others)
    return others[0] < others[1] and (low < lowest or high > highest)


def _ends(facts: FileFacts, scaling: IntensityNormalization) -> tuple[float, float]:
    """The lowest and the highest value of an image, with the offset."""
    shift = _shift(facts, scaling)
    return facts.values.low + shift, facts.values.high + shift


def _without_far(facts: FileFacts, scaling: IntensityNormalization) -> tuple[float, float]:
    """The same without values far beyond the others; infinity and its negative if there are
    none."""
    low, high = facts.odd.rest if facts.odd.far else (facts.values.low, facts.values.high)
    shift = _shift(facts, scaling)
    return low + shift, high + shift


def _shift(facts: FileFacts, scaling: IntensityNormalization) -> float:
    return 0.0 if facts.dtype == "float32" else scaling.offset

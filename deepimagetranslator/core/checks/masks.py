"""Findings about masks: object and background exchanged, and masks without any content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.checks.context import CheckContext, finding, phrase, target_volumes
from deepimagetranslator.core.checks.repairs import changing
from deepimagetranslator.core.data.facts import PairFacts, Thumbnail
from deepimagetranslator.core.errors import Problem, Repair, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_alpha

_FEWEST = 5
_LOOKED_AT = 16
_VISIBLE, _CLEAR = 0.05, 0.2  # minimum correlations of mask and input at 64 x 64 pixels
_MOST = 0.8  # minimum fraction of masks whose correlation is visible
_NEARER, _FAR_NEARER = 0.2, 0.8  # the least that shares are nearer to the complement's than to the
# others', for a clear and for a visible correlation


def opposed_polarity(context: CheckContext) -> Iterator[Problem]:
    """Masks of two values in two groups, in one of which object and background are exchanged.

    The image is brighter under the masks of one group and darker under those of the other, and one
    group covers what the other leaves free. Which group is right, only the user knows: membranes
    may be dark or bright.
    """
    pairs = [facts for facts in context.readable if len(facts.target.colours.pixels) == 2]
    alike = np.array([facts.alike for facts in pairs])
    if len(pairs) < _FEWEST or (np.abs(alike) >= _VISIBLE).mean() < _MOST:
        return
    covers = np.array([_covers(facts.target.thumbnail) for facts in pairs])
    brighter, darker = alike >= _VISIBLE, alike <= -_VISIBLE
    few, many = sorted((brighter, darker), key=np.count_nonzero)
    nearer = _nearer_to_complement(covers, np.median(covers[many], axis=0))
    few = few & (nearer > np.where(np.abs(alike) >= _CLEAR, _NEARER, _FAR_NEARER))
    names = ("brighter", "darker") if many is darker else ("darker", "brighter")
    few, many = _by_volume(pairs, few, many)
    if not few.any() or not many.any():
        return
    doubtful = _is_more_doubtful(few, many, covers)
    groups = (few, many) if doubtful else (many, few)
    words = names if doubtful else names[::-1]
    repairs = [_exchanging(pairs, group, name) for group, name in zip(groups, words, strict=True)]
    both = [_targets(pairs, group) for group in groups]
    message = (
        f"In {phrase(both[0], 'mask')} the object is the {words[0]} part of the image, in "
        f"{phrase(both[1], 'mask')} the {words[1]} part, and one group covers what the other "
        "leaves free; exchange object and background in the wrong group."
    )
    yield finding("mask_polarity", message, both[0], repair=repairs[0], others=repairs[1:])


def _covers(mask: Thumbnail) -> tuple[float, float]:
    """The share of the image and of its border that a mask covers."""
    border = np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])
    return float(mask.mean()) / 255, float(border.mean()) / 255


def _nearer_to_complement(
    covers: NDArray[np.float64], usual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much nearer the shares of each mask are to what usual masks leave free than to what they
    cover, -2 to 2."""
    to_usual = np.abs(covers - usual).sum(axis=1)
    nearer: NDArray[np.float64] = to_usual - np.abs(covers - (1 - usual)).sum(axis=1)
    return nearer


def _by_volume(
    pairs: Sequence[PairFacts], few: NDArray[np.bool_], many: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The groups, with all slices of a volume in that which has more of them."""
    few, many = few.copy(), many.copy()
    for numbers in target_volumes(pairs):
        odd = few[numbers].sum() > many[numbers].sum()
        few[numbers], many[numbers] = odd, not odd
    return few, many


def _is_more_doubtful(
    few: NDArray[np.bool_], many: NDArray[np.bool_], covers: NDArray[np.float64]
) -> bool:
    """Whether the first group is the smaller one; of equal ones that which covers more of the
    border."""
    sizes = [int(np.count_nonzero(group)) for group in (few, many)]
    if sizes[0] == sizes[1]:
        return bool(covers[few, 1].mean() >= covers[many, 1].mean())
    return sizes[0] < sizes[1]


def _exchanging(pairs: Sequence[PairFacts], group: NDArray[np.bool_], name: str) -> Repair:
    """The repair of a group. An entry for each file holds for slices of one value too."""
    masks = _targets(pairs, group)
    whose = f"in these {len(masks)} masks" if len(masks) > 1 else "in this mask"
    label = f"Exchange object and background {whose} of {name} objects"
    files = dict.fromkeys(ImageRef(mask.file) for mask in masks)
    return replace(changing(label, "inverted", files, guess=True), name=name)


def _targets(pairs: Sequence[PairFacts], group: NDArray[np.bool_]) -> list[ImageRef]:
    return [f.pair.target for f, chosen in zip(pairs, group, strict=True) if chosen]


def all_constant(context: CheckContext) -> Iterator[Problem]:
    """Training targets that all hold a single value; their masks may be in the transparency."""
    pairs = context.train.readable
    if not pairs or not all(facts.target.constant for facts in pairs):
        return
    if all(facts.input.constant for facts in pairs):
        return  # that is another finding
    files = [facts.pair.target for facts in pairs]
    transparent = _masks_in_transparency(files[:_LOOKED_AT])
    message = (
        f"Each target holds a single value{', but its transparency varies' * transparent}, so "
        "there is nothing to learn; "
        + ("read the masks from the transparency." if transparent else "choose the right files.")
    )
    everywhere = [facts.pair.target for facts in context.readable if facts.target.constant]
    repair = (
        changing("Read the masks from the transparency", "transparency", everywhere)
        if transparent
        else None
    )
    yield finding("all_constant", message, files, fatal=True, repair=repair, subject="targets")


def _masks_in_transparency(targets: Sequence[ImageRef]) -> bool:
    """Whether most of these constant targets have a transparency that varies."""
    found = 0
    for target in targets:
        with suppress(UserError):
            alpha = read_alpha(target)
            found += alpha is not None and bool(alpha.min() < alpha.max())
    return found > len(targets) / 2

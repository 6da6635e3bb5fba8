"""Findings about pairs: wrong partners, sizes, roles or positions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from deepimagetranslator.core.checks.context import CheckContext, finding, leave_out, phrase
from deepimagetranslator.core.checks.outlines.fit import Fit, fit_of
from deepimagetranslator.core.checks.outlines.orientation import (
    sideways_targets,
    turned_targets,
    turns_of,
)
from deepimagetranslator.core.checks.repairs import moved
from deepimagetranslator.core.config.specs import OPERATIONS
from deepimagetranslator.core.data.facts import SIDE, FileFacts, PairFacts
from deepimagetranslator.core.data.pairs import DOUBTFUL, ImagePair
from deepimagetranslator.core.data.statistics import DatasetStatistics, fits
from deepimagetranslator.core.errors import Problem, Repair, first_few
from deepimagetranslator.core.imaging.filenames import plain
from deepimagetranslator.core.imaging.image_ref import ImageRef

_TARGET_WORDS = {"mask", "masks", "seg", "segmentation", "label", "labels", "gt", "groundtruth"}
_TARGET_WORDS |= {"target", "targets", "annotation", "annotations", "segmentations"}
_INPUT_WORDS = {"image", "images", "img", "imgs", "input", "inputs", "raw", "original", "originals"}
_MOST = 0.6  # minimum fraction of a set that defines its usual kind
_NEARLY_EQUAL = 0.97  # correlation of brightness at 64 x 64 pixels
_FAR_BELOW = 0.1


def sizes(context: CheckContext) -> Iterator[Problem]:
    """Targets whose size is not the input's size times the ratio of most pairs."""
    found = []
    turned = _sideways(context)
    yield from sideways_targets(turned)
    sideways = {facts.pair for facts in turned}
    for part in (context.train, context.val):
        for facts in part.readable:
            ours, theirs = facts.input.shape, facts.target.shape
            if fits(ours[:2], theirs[:2], part.ratio) or facts.displaced:
                continue
            if facts.pair in sideways:
                continue
            height, width = (round(a * r) for a, r in zip(ours, part.ratio, strict=False))
            pair = facts.pair
            message = (
                f"It has {theirs[1]} x {theirs[0]} pixels where {width} x {height} belong to its "
                f"input {pair.input} ({ours[1]} x {ours[0]}); resize it or choose the right file."
            )
            files = (str(pair.target),)
            found.append(
                Problem(str(pair.target), message, True, "sizes", files, leave_out([pair.target]))
            )
    yield from first_few(found, "more targets do not have the size that belongs to their input")


def _sideways(context: CheckContext) -> list[PairFacts]:
    """Pairs whose target would have the right size with rows and columns exchanged."""
    return [
        facts
        for part in (context.train, context.val)
        for facts in part.readable
        if not fits(facts.input.shape[:2], facts.target.shape[:2], part.ratio)
        and fits(facts.input.shape[:2], facts.target.shape[1::-1], part.ratio)
        and not facts.displaced
    ]


def other_aspect(context: CheckContext) -> Iterator[Problem]:
    """Targets that are stretched against their inputs in one direction.

    Another size of the same aspect is a feature; a target may be wider than it should by a pixel.
    """
    for part in (context.train, context.val):
        odd = [f for f in part.readable if _stretched(f.input.shape[:2], f.target.shape[:2])]
        odd = [f for f in odd if fits(f.input.shape[:2], f.target.shape[:2], part.ratio)]
        odd = [facts for facts in odd if not facts.displaced]
        if not odd:
            continue
        files = [facts.pair.target for facts in odd]
        (height, width, _), (rows, columns, _) = odd[0].input.shape, odd[0].target.shape
        message = (
            f"{phrase(files, 'target', 'has', 'have')} another aspect ratio than the input, such "
            f"as {columns} x {rows} pixels for {width} x {height}; are these the right files? If "
            "they show the same field of view, this is right."
        )
        yield finding("other_aspect", message, files)


def _stretched(ours: tuple[int, ...], theirs: tuple[int, ...]) -> bool:
    """Whether no factor turns one size into the other within a pixel."""
    (height, width), (rows, columns) = ours, theirs
    least, most = (
        [(side + slack) / own for side, own in ((rows, height), (columns, width))]
        for slack in (-1, 1)
    )
    return max(least) > min(most)


def swapped(context: CheckContext) -> Iterator[Problem]:
    """Pairs whose input is a label map and whose target is not, unlike the others."""
    pairs = context.readable
    odd = [f for f in pairs if _is_label_map(f.input) and not _is_label_map(f.target)]
    usual = [f for f in pairs if _is_label_map(f.target) and not _is_label_map(f.input)]
    if not odd:
        return
    if len(usual) >= _MOST * len(pairs):
        message = f"{phrase([f.pair.input for f in odd], 'pair', 'seems', 'seem')} "
    elif len(odd) == len(pairs) and _names_are_swapped(pairs):
        message = "All pairs seem "
    else:
        return
    chosen = {facts.pair for facts in odd}

    def turned(part: DatasetStatistics) -> list[ImagePair]:
        return [
            ImagePair(f.pair.target, f.pair.input) if f.pair in chosen else f.pair
            for f in part.facts
        ]

    repair = moved(turned(context.train), turned(context.val), "Exchange inputs and targets")
    message += "to have input and target exchanged: the input is the label map."
    files = [facts.pair.input for facts in odd]
    yield finding("swapped", message, files, repair=repair)


def target_is_input(context: CheckContext) -> Iterator[Problem]:
    """Targets that look like their input, unlike those of the other pairs."""
    pairs = context.readable
    same = np.array([f.input.digest == f.target.digest for f in pairs], np.bool_)
    alike = np.array([f.alike for f in pairs], np.float32)
    if not pairs or same.mean() >= 1 - _MOST:
        return
    labels = np.array([_is_label_map(f.target) for f in pairs], np.bool_)
    constant = np.array([f.input.constant for f in pairs], np.bool_)
    unlike = np.median(alike) < _NEARLY_EQUAL - _FAR_BELOW and labels.mean() >= _MOST
    odd = ~constant & (same | (unlike & ~labels & (alike > _NEARLY_EQUAL)))
    files = [facts.pair.target for facts, is_odd in zip(pairs, odd, strict=True) if is_odd]
    if files:
        message = (
            f"{phrase(files, 'target', 'looks like its input', 'look like their inputs')}, unlike "
            "the others; choose the right files or leave these pairs out."
        )
        yield finding("target_is_input", message, files, repair=leave_out(files))


def own_target(context: CheckContext) -> Iterator[Problem]:
    """Images that are their own targets, without augmentation of the inputs only."""
    files = [f.pair.input for f in context.readable if f.pair.input == f.pair.target]
    augmentation = context.specs.augmentation
    learns = any(
        augmentation.ticks(name)[0] and not augmentation.ticks(name)[1] for name in OPERATIONS
    )
    if learns or not files or len(files) < _MOST * len(context.readable):
        return
    message = (
        f"{phrase(files, 'image', 'is its own target', 'are their own targets')}, so there is "
        "nothing to learn; for denoising add noise to the inputs only, else choose the targets."
    )
    fields = ("augmentation.noise_input", "augmentation.noise_validation")
    repair = Repair(
        "Add noise to the inputs in training", settings=tuple((name, True) for name in fields)
    )
    yield finding("own_target", message, files, repair=repair)


def misplaced(context: CheckContext) -> Iterator[Problem]:
    """Pairs whose outlines do not fit: a turned or shifted target, or one of another pair.

    Pairs with doubtful names are reported too, unless the outlines confirm the set.
    """
    both = [*_comparable(context.train), *_comparable(context.val)]
    turns = turns_of(both)
    yield from turned_targets(both, turns)
    turned = {both[number].pair for number in turns.changes}
    for part, pairing, name in zip(
        (context.train, context.val), context.pairings, ("train", "val"), strict=True
    ):
        pairs = [facts for facts in _comparable(part) if facts.pair not in turned]
        fit = fit_of(pairs)
        yield from _shifted(pairs, fit)
        yield from _mispaired(context, name, pairs, fit)
        doubtful = [
            pair
            for pair, confidence in zip(pairing.pairs, pairing.confidences, strict=True)
            if confidence == DOUBTFUL
        ]
        if doubtful and pairing.rule != "their order" and not fit.confirmed:
            files = [pair.input for pair in doubtful]
            message = (
                f"{phrase(files, 'pair', 'was', 'were')} matched only by {pairing.rule}, "
                f"for example {doubtful[0].input.shown_name} with "
                f"{doubtful[0].target.shown_name}; check that they belong together."
            )
            yield finding("doubtful_pairs", message, files)


def _comparable(part: DatasetStatistics) -> list[PairFacts]:
    """The pairs whose outlines are compared; an empty target fits nothing."""
    return [
        facts
        for facts in part.readable
        if not facts.target.constant
        and fits(facts.input.shape[:2], facts.target.shape[:2], part.ratio)
    ]


def _shifted(pairs: Sequence[PairFacts], fit: Fit) -> Iterator[Problem]:
    if not fit.shifts:
        return
    files = [pairs[number].pair.target for number in fit.shifts]
    number, (down, right) = next(iter(fit.shifts.items()))
    height, width = pairs[number].target.shape[:2]
    rows, columns = (round(abs(part) * side / SIDE) for part, side in
                     ((down, height), (right, width)))  # fmt: skip
    where = [f"{rows} pixels {'down' if down > 0 else 'up'}"] if rows else []
    where += [f"{columns} pixels to the {'right' if right > 0 else 'left'}"] if columns else []
    message = (
        f"{phrase(files, 'target', 'is', 'are')} shifted against the input, unlike the "
        f"others: {files[0].shown_name} by about {' and '.join(where)}; correct the position or "
        "leave these pairs out."
    )
    yield finding("shifted_pair", message, files, repair=leave_out(files))


def _mispaired(
    context: CheckContext, name: str, pairs: Sequence[PairFacts], fit: Fit
) -> Iterator[Problem]:
    if not fit.better:
        return
    files = [pairs[number].pair.input for number in fit.better]
    other = next(iter(fit.better.values()))
    message = (
        f"{phrase(files, 'image', 'fits', 'fit')} the target of another pair better, "
        f"for example {files[0].shown_name} that of {pairs[other].pair.input.shown_name}; choose "
        "the right targets or leave these pairs out."
    )
    repair = leave_out(files)
    if fit.exchange:
        targets = {pairs[i].pair: pairs[j].pair.target for i, j in fit.exchange.items()}
        both = {
            part: [
                ImagePair(f.pair.input, targets[f.pair]) if part == name and f.pair in targets
                else f.pair
                for f in statistics.facts
            ]
            for part, statistics in (("train", context.train), ("val", context.val))
        }  # fmt: skip
        label = f"Give these {len(files)} images the targets that fit"
        repair = moved(both["train"], both["val"], label)
    yield finding("mispaired", message, files, repair=repair)


def _is_label_map(facts: FileFacts) -> bool:
    return facts.label_map and not facts.constant


def _names_are_swapped(pairs: Sequence[PairFacts]) -> bool:
    """Whether inputs have names or folders for masks, and targets for images."""

    def words(image: ImageRef) -> set[str]:
        path = image.path
        return set(re.split(r"[^a-z]+", plain(f"{path.parent.name} {path.stem}")))

    return all(
        words(f.pair.input) & _TARGET_WORDS and words(f.pair.target) & _INPUT_WORDS
        and not words(f.pair.input) & _INPUT_WORDS and not words(f.pair.target) & _TARGET_WORDS
        for f in pairs
    )  # fmt: skip

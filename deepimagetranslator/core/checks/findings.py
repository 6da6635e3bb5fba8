"""All findings about a project's images, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from deepimagetranslator.core.checks import (
    augmentation,
    changed,
    contents,
    encodings,
    machine,
    masks,
    objects,
    pairs,
    places,
    splits,
)
from deepimagetranslator.core.checks.context import CheckContext
from deepimagetranslator.core.checks.values import odd_values
from deepimagetranslator.core.errors import Problem

Finding = Callable[[CheckContext], Iterator[Problem]]

BLOCKING: tuple[Finding, ...] = (contents.unreadable, pairs.sizes)
"""Findings that prevent all further decisions."""

FINDINGS: tuple[Finding, ...] = (
    *BLOCKING,
    places.displaced,
    pairs.other_aspect,
    masks.all_constant,
    pairs.swapped,
    pairs.target_is_input,
    pairs.own_target,
    pairs.misplaced,
    objects.numbered_objects,
    masks.opposed_polarity,
    encodings.never_together,
    splits.no_validation,
    splits.in_both,
    splits.person_in_both,
    splits.class_missing,
    splits.few_images,
    contents.duplicates,
    contents.empty_target,
    contents.constant_image,
    contents.bit_depths,
    contents.colour_and_grey,
    contents.several_sizes,
    odd_values.not_finite,
    odd_values.far_values,
    contents.outside_window,
    places.two_forms,
    changed.changed_targets,
    augmentation.little_left,
    contents.not_read,
    machine.memory,
    machine.disk_space,
)
"""Each takes the ``CheckContext`` and yields problems."""

STOPPING: tuple[Finding, ...] = (
    *BLOCKING,
    places.displaced,
    masks.all_constant,
    pairs.swapped,
    pairs.target_is_input,
)
"""Findings that can be errors; they need only ``brief`` facts."""


def blocking(context: CheckContext) -> list[Problem]:
    """Problems that prevent deciding on sizes, label colours and normalization."""
    return [problem for finding in BLOCKING for problem in finding(context)]


def find(
    context: CheckContext,
    between: Callable[[], None] = lambda: None,
    findings: Sequence[Finding] = FINDINGS,
) -> list[Problem]:
    """All problems of the images.

    Args:
        context: the project to check.
        between: called before each finding; may raise to cancel.
        findings: the findings to evaluate.
    """
    found: list[Problem] = []
    for finding in findings:
        between()
        found += finding(context)
    return found


def explained(
    context: CheckContext, found: list[Problem], decided: list[Problem]
) -> tuple[list[Problem], list[Problem]]:
    """Findings and the problems of the settings, without those that are only consequences.

    A single target that is not a label map makes the loss unsuitable, looks blurred, and has
    unknown colours. Then only the target is reported, not the loss. A colour that occurs only in
    validation targets may be a class that is missing in training.
    """
    found = _without_consequences(context, found)
    causes = [problem for problem in found if problem.kind in ("swapped", "target_is_input")]
    if causes:
        odd = {file for problem in causes for file in _with_partners(context, problem.files)}
        follows = [p for p in decided if p.kind in _FOLLOWING or p.subject in _FOLLOWING]
        fatal = any(problem.fatal for problem in follows)
        found = [
            replace(problem, fatal=fatal) if problem in causes else problem
            for problem in found
            if problem in causes or not problem.files or not odd.issuperset(problem.files)
        ]
        decided = [problem for problem in decided if problem not in follows]
    found, decided = _before_reading_rightly(context, found, decided)
    decided = [
        splits.missing_from_training(context, p)
        if (p.kind, p.subject) == ("unknown_labels", "validation targets")
        else p
        for p in decided
    ]
    return found, decided


def _before_reading_rightly(
    context: CheckContext, found: list[Problem], decided: list[Problem]
) -> tuple[list[Problem], list[Problem]]:
    """The problems without those that vanish when targets are read rightly.

    Validation images may have more objects than all training images; their higher numbers would be
    reported as unknown colours.
    """
    kinds = {problem.kind for problem in found}
    if "all_constant" in kinds:
        found = [problem for problem in found if problem.kind != "empty_target"]
        decided = [problem for problem in decided if problem.subject not in _FOLLOWING]
    if "instance_masks" in kinds:
        found = [p for p in found if p.kind not in ("class_missing", "few_images")]
        fatal = any(p.kind == "unknown_labels" for p in decided)
        found = [replace(p, fatal=fatal) if p.kind == "instance_masks" else p for p in found]
        decided = [problem for problem in decided if problem.kind != "unknown_labels"]
    decided = [
        objects.with_outlines(context, p) if p.kind == "instance_masks" else p for p in decided
    ]
    return found, decided


_FOLLOWING = (
    "training.loss",
    "data.target_kind",
    "blurred_labels",
    "unknown_labels",
    "instance_masks",
    "mask_encodings",
)


_FIT = ("other_aspect", "turned_target", "mispaired", "shifted_pair", "doubtful_pairs")


def _without_consequences(context: CheckContext, found: list[Problem]) -> list[Problem]:
    """The findings without those on the fit of pairs whose places differ."""
    displaced = [file for problem in found if problem.kind == "displaced" for file in problem.files]
    odd = _with_partners(context, displaced) if displaced else set()
    return [p for p in found if p.kind not in _FIT or not odd.issuperset(p.files)]


def _with_partners(context: CheckContext, files: Sequence[str]) -> set[str]:
    """These files and their partners."""
    both = ({str(f.pair.input), str(f.pair.target)} for f in context.readable)
    return {file for pair in both if pair & set(files) for file in pair}

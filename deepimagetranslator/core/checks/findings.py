"""All findings about a project's images, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from deepimagetranslator.core.checks import contents, machine, pairs, splits
from deepimagetranslator.core.checks.context import CheckContext
from deepimagetranslator.core.errors import Problem

Finding = Callable[[CheckContext], Iterator[Problem]]

BLOCKING: tuple[Finding, ...] = (contents.unreadable, pairs.sizes)
"""With these nothing further can be decided."""

FINDINGS: tuple[Finding, ...] = (
    *BLOCKING,
    pairs.swapped,
    pairs.target_is_input,
    pairs.own_target,
    pairs.misplaced,
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
    contents.outside_window,
    machine.memory,
    machine.disk_space,
)
"""Each takes the ``CheckContext`` and yields what it finds."""

STOPPING: tuple[Finding, ...] = (*BLOCKING, pairs.swapped, pairs.target_is_input)
"""Those that can stop a training; ``brief`` facts suffice for them."""


def blocking(case: CheckContext) -> list[Problem]:
    """What stands in the way of deciding on sizes, label colours and scalings."""
    return [problem for finding in BLOCKING for problem in finding(case)]


def find(
    case: CheckContext,
    between: Callable[[], None] = lambda: None,
    findings: Sequence[Finding] = FINDINGS,
) -> list[Problem]:
    """Everything that is wrong with the images.

    Args:
        case: to be examined.
        between: called before each finding; may raise to end it.
        findings: what is looked for.
    """
    found: list[Problem] = []
    for finding in findings:
        between()
        found += finding(case)
    return found


def explained(
    case: CheckContext, found: list[Problem], decided: list[Problem]
) -> tuple[list[Problem], list[Problem]]:
    """Findings and the problems of the choices, where one explains the other.

    A single target that is no label map makes the loss unfit, looks blurred, and has other
    colours than the rest: then the target is the problem, and said to be, not the loss. A colour
    that only validation targets have may be a class that training lacks.
    """
    causes = [problem for problem in found if problem.kind in ("swapped", "target_is_input")]
    if causes:
        odd = {file for problem in causes for file in _with_partners(case, problem.files)}
        follows = [p for p in decided if p.kind in _FOLLOWING or p.subject in _FOLLOWING]
        fatal = any(problem.fatal for problem in follows)
        found = [
            replace(problem, fatal=fatal) if problem in causes else problem
            for problem in found
            if problem in causes or not problem.files or not odd.issuperset(problem.files)
        ]
        decided = [problem for problem in decided if problem not in follows]
    decided = [
        splits.missing_from_training(case, p)
        if (p.kind, p.subject) == ("unknown_labels", "validation targets")
        else p
        for p in decided
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


def _with_partners(case: CheckContext, files: Sequence[str]) -> set[str]:
    """These files and those that they are paired with."""
    both = ({str(f.pair.input), str(f.pair.target)} for f in case.readable)
    return {file for pair in both if pair & set(files) for file in pair}

"""Pair the images to evaluate with their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deepimagetranslator.core.config.target_changes import NAMES, joined
from deepimagetranslator.core.data.pairs import ImagePair, match_pairs
from deepimagetranslator.core.data.unmatched import explained
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef


def pairs_to_evaluate(
    images: Sequence[ImageRef],
    targets: Sequence[ImageRef],
    pairing: str = "name",
    changes: Sequence[str] = (),
) -> tuple[list[ImagePair], list[Problem]]:
    """Pair images with their targets.

    Args:
        images: translated images, or inputs that will be translated for the evaluation.
        targets: the target images.
        pairing: "name" or "order".
        changes: the changes with which every target is read, see ``core.config.target_changes``.

    Returns:
        The pairs, and the problems of images or targets that are left out.

    Raises:
        UserError: there is no such change.
    """
    unknown = next((name for name in changes if name not in NAMES), None)
    if unknown is not None:
        raise UserError(f"'{unknown}' is no change of a target; choose one of {', '.join(NAMES)}.")
    matched = match_pairs(images, targets, pairing)
    problems = list(explained(matched))
    read_with = joined(changes)
    pairs = [
        replace(pair, changes=read_with) for pair in matched.pairs if pair.input != pair.target
    ]
    own = len(matched.pairs) - len(pairs)
    if own:
        message = f"{own} of the images are their own targets; choose the targets' folder."
        problems.append(Problem("targets", message))
    return pairs, problems

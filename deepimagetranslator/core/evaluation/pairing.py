"""Pair the images to evaluate with their targets."""

from __future__ import annotations

from collections.abc import Sequence

from deepimagetranslator.core.data.pairs import ImagePair, match_pairs
from deepimagetranslator.core.data.unmatched import explained
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.imaging.image_ref import ImageRef


def pairs_to_evaluate(
    images: Sequence[ImageRef], targets: Sequence[ImageRef], pairing: str = "name"
) -> tuple[list[ImagePair], list[Problem]]:
    """Pair images with their targets.

    Args:
        images: translated images, or inputs that will be translated for the evaluation.
        targets: the target images.
        pairing: "name" or "order".

    Returns:
        The pairs, and the problems of images or targets that are left out.
    """
    matched = match_pairs(images, targets, pairing)
    problems = list(explained(matched))
    pairs = [pair for pair in matched.pairs if pair.input != pair.target]
    own = len(matched.pairs) - len(pairs)
    if own:
        message = f"{own} of the images are their own targets; choose the targets' folder."
        problems.append(Problem("targets", message))
    return pairs, problems

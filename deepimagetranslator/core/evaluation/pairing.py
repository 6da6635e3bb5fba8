"""Which image is compared with which target, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence

from deepimagetranslator.core.data.pairs import ImagePair, match_pairs
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.imaging.image_ref import ImageRef


def pairs_to_evaluate(
    images: Sequence[ImageRef], targets: Sequence[ImageRef], pairing: str = "name"
) -> tuple[list[ImagePair], list[Problem]]:
    """Images with their targets, and a problem for each that is left out.

    Args:
        images: translated images, or images that weights are going to translate.
        targets: what they should be.
        pairing: "name" or "order".
    """
    matched = match_pairs(images, targets, pairing)
    problems = list(matched.problems)
    pairs = [pair for pair in matched.pairs if pair.input != pair.target]
    own = len(matched.pairs) - len(pairs)
    if own:
        message = f"{own} of the images are their own targets; choose the targets' folder."
        problems.append(Problem("targets", message))
    return pairs, problems

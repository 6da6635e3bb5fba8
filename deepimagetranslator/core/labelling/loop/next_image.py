"""Proposes the image to label next: at random, spread over persons, blank images last.

A random choice among images with foreground is hard to beat by a network's doubt when few images
are labelled (arXiv 2511.19183).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.loop.states import KnownImage
from deepimagetranslator.core.labelling.record import DONE


@dataclass(frozen=True)
class Proposal:
    """The image to label next.

    Attributes:
        image: it.
        person: whose it is; empty if unknown.
        reason: why this one, as the part of a sentence after the image's name.
    """

    image: ImageRef
    person: str
    reason: str


def next_image(
    images: Sequence[KnownImage],
    seed: int,
    has_foreground: Callable[[ImageRef], bool],
    last: Collection[ImageRef] = (),
) -> Proposal | None:
    """The image to label next; None if all are done.

    The same images in the same states give the same proposal. Persons of whom the smallest share of
    images is done come first; among these images the choice is random, and among their drafts too.

    Args:
        images: all images of the project, in its order.
        seed: of the random order.
        has_foreground: whether an image shows an object; asked until one does.
        last: images that come after all others, as they were proposed and not labelled.
    """
    total = Counter(one.person for one in images)
    done = Counter(one.person for one in images if one.state == DONE)
    order = list(images)
    random.Random(seed).shuffle(order)
    left = [one for one in order if one.state != DONE]
    # The sorting is stable: ties stay at random.
    left.sort(key=lambda one: (one.image in last, done[one.person] / total[one.person]))
    if not left:
        return None
    found = next((one for one in left if has_foreground(one.image)), None)
    chosen = found or left[0]
    reason = "chosen at random among images with foreground"
    if found is None:
        reason = "chosen at random, as no image with foreground is left"
    if len(total) > 1 and chosen.person:
        share = f"{done[chosen.person]} of {total[chosen.person]}"
        reason += f"; {share} images of {chosen.person} are done"
    return Proposal(chosen.image, chosen.person, reason)

"""Proposes the image to label next: at random, spread over persons, blank images last.

A random choice among images with foreground is hard to beat by a network's doubt when few images
are labelled (arXiv 2511.19183). So it is the default, and other ways are choices.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.loop.states import KnownImage
from deepimagetranslator.core.labelling.record import DONE

RANDOM, THUMBNAILS, DISAGREEMENT = "random", "thumbnails", "disagreement"
WAYS = (RANDOM, THUMBNAILS, DISAGREEMENT)
"""How the next image is chosen: at random; the one least like those that are done
(``thumbnails.distances``); the one on which a network disagrees most with itself
(``ml.self_disagreement``)."""
_REASONS = {
    THUMBNAILS: "the least like the images that are done",
    DISAGREEMENT: "the one of which the network's predictions differ most when it is mirrored",
}


@dataclass(frozen=True)
class Proposal:
    """The image to label next.

    Attributes:
        image: it.
        person: whose it is; empty if unknown.
        reason: why this one, as the part of a sentence after the image's name.
        value: the number by which it was chosen; None if at random.
    """

    image: ImageRef
    person: str
    reason: str
    value: float | None = None


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


def next_by_value(
    images: Sequence[KnownImage],
    seed: int,
    has_foreground: Callable[[ImageRef], bool],
    values: Mapping[ImageRef, float],
    way: str,
) -> Proposal | None:
    """The image with the greatest value of those that are not done and show an object.

    Equal values are in the random order of ``next_image``. Where no value is known, it chooses.

    Args:
        images, seed, has_foreground: see ``next_image``.
        values: of images that are not done; one without a value is not chosen.
        way: "thumbnails" or "disagreement", for the reason.
    """
    order = [one for one in images if one.state != DONE and one.image in values]
    random.Random(seed).shuffle(order)
    order.sort(key=lambda one: -values[one.image])
    chosen = next((one for one in order if has_foreground(one.image)), None)
    if chosen is None:
        return next_image(images, seed, has_foreground)
    return Proposal(chosen.image, chosen.person, _REASONS[way], values[chosen.image])

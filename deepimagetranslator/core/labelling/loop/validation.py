"""Which done images validate a training of the loop; the others are trained on.

An image that has validated goes on validating, so that no later round trains on it. From five
persons on whole persons validate, chosen once among those least trained on; below that every fifth
image does, and it is said that the figures are optimistic then, as the network knows the person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.loop.states import KnownImage

LEAST_IMAGES = 5
"""With fewer done images none validates."""
LEAST_PERSONS = 5
"""From so many persons on whole persons validate."""
_SHARE = 5  # one of so many images or persons validates

Kind = Literal["own", "persons", "images", "none"]


@dataclass(frozen=True)
class Division:
    """Images to train on and images to validate.

    Attributes:
        train, val: the images; ``val`` may be empty.
        kind: "own" validation images of the project, whole "persons", single "images", or "none".
        sentence: what the user should know of it.
    """

    train: tuple[ImageRef, ...]
    val: tuple[ImageRef, ...]
    kind: Kind
    sentence: str


def divided(
    done: Sequence[KnownImage],
    own: Collection[ImageRef] = (),
    trained: Collection[ImageRef] = (),
    validated: Collection[ImageRef] = (),
) -> Division:
    """Divide the done images of a project.

    The same images and earlier rounds give the same division.

    Args:
        done: the done images, in the project's order.
        own: the project's own validation images, each once; if there are some, all others are
            trained on.
        trained: the images that an earlier round was trained on.
        validated: the images that validated the last round.
    """
    images = [one for one in done if one.image not in own]
    if own:
        verb = "validates" if len(own) == 1 else "validate"
        sentence = f"{_count(len(own), 'validation image')} of the project {verb}."
        return Division(_images(images), (), "own", sentence)
    if len(images) < LEAST_IMAGES:
        sentence = (
            f"{_count(len(images), 'image is', 'images are')} done: too few for validation, which "
            f"begins with {LEAST_IMAGES}; the training loss selects the best weights."
        )
        return Division(_images(images), (), "none", sentence)
    earlier = {one.image for one in images if one.image in validated} - set(trained)
    persons = list(dict.fromkeys(one.person for one in images))
    if len(persons) >= LEAST_PERSONS:
        return _by_persons(images, persons, set(trained), earlier)
    return _by_images(images, persons, set(trained), earlier)


def _by_persons(
    images: Sequence[KnownImage],
    persons: Sequence[str],
    trained: set[ImageRef],
    earlier: set[ImageRef],
) -> Division:
    """Whole persons validate; those of whom no image was trained on yet come first."""
    known = Counter(one.person for one in images if one.image in trained)
    before = {one.person for one in images if one.image in earlier}
    order = sorted(persons, key=lambda one: (known[one], one not in before))
    wanted = len(persons) // _SHARE
    chosen = {one for one in persons if one in before and not known[one]} | set(order[:wanted])
    if 2 * len(chosen) > len(persons):  # many images are no longer done
        chosen = set(order[:wanted])
    val = [one for one in images if one.person in chosen]
    sentence = (
        f"{_count(len(chosen), 'person')} of {len(persons)} "
        f"({_count(len(val), 'image')}) {'validates' if len(chosen) == 1 else 'validate'} and "
        f"{'is' if len(chosen) == 1 else 'are'} not trained on."
    )
    return _division(images, {one.image for one in val}, "persons", sentence)


def _by_images(
    images: Sequence[KnownImage],
    persons: Sequence[str],
    trained: set[ImageRef],
    earlier: set[ImageRef],
) -> Division:
    """Every fifth image validates; those that were not trained on yet come first."""
    again = [one.image for one in images if one.image in earlier]
    val = set(_spread(again, len(images) // 2))  # all, unless many images are no longer done
    new = [one.image for one in images if one.image not in trained | earlier]
    old = [one.image for one in images if one.image in trained]
    for candidates in (new, old):
        val |= set(_spread(candidates, len(images) // _SHARE - len(val)))
    sentence = f"Every fifth done image validates ({len(val)} of {len(images)}). "
    if len(persons) > 1:
        sentence += (
            f"They are of the same persons as the training images, so the figures are optimistic; "
            f"from {LEAST_PERSONS} persons on whole persons validate."
        )
    elif persons[0]:
        sentence += "Same person in training and validation: the figures are optimistic."
    else:
        sentence += (
            "The files do not tell the persons, so all images count as the same person's: the "
            "figures are optimistic."
        )
    return _division(images, val, "images", sentence)


def _spread(candidates: Sequence[ImageRef], count: int) -> list[ImageRef]:
    """So many of the candidates at even distances; all if there are fewer."""
    count = max(0, min(count, len(candidates)))
    return [candidates[(2 * i + 1) * len(candidates) // (2 * count)] for i in range(count)]


def _division(
    images: Sequence[KnownImage], val: set[ImageRef], kind: Kind, sentence: str
) -> Division:
    train = [one for one in images if one.image not in val]
    return Division(
        _images(train), _images(one for one in images if one.image in val), kind, sentence
    )


def _images(known: Iterable[KnownImage]) -> tuple[ImageRef, ...]:
    return tuple(one.image for one in known)


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"

"""Which images of a project are to be labelled, drafts, or done, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.pair_lists import pairing_of
from deepimagetranslator.core.data.splits import persons_of
from deepimagetranslator.core.evaluation.summary import without_patients
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.imaging.series import patient_of
from deepimagetranslator.core.labelling.record import DONE, DRAFT, TO_LABEL, State
from deepimagetranslator.core.labelling.store import LabelStore


@dataclass(frozen=True)
class KnownImage:
    """An image of a project and what is known of it.

    Attributes:
        image: an input to train on or to label.
        person: whose it is; empty if unknown. A DICOM patient is "person 1" and so on.
        state: of its label map. Without one, an image with a target is done.
    """

    image: ImageRef
    person: str
    state: State


def known_images(data: DataSpec, store: LabelStore) -> list[KnownImage]:
    """The training inputs and the images to label, with their states, in the project's order.

    An image needs no target in either list; one in both counts once.

    Args:
        data: the project's files.
        store: has the label maps.
    """
    inputs = list(dict.fromkeys(parse_images((*data.train_inputs, *data.unlabelled_inputs))))
    targeted = {pair.input for pair in pairing_of(data, "train").pairs}
    patients = [patient_of(image) or "" for image in inputs]
    persons = without_patients(persons_of(inputs, patients, data.persons), set(patients) - {""})

    def state(image: ImageRef) -> State:
        known = store.status(image).state
        return DONE if known == TO_LABEL and image in targeted else known

    return [
        KnownImage(image, person, state(image))
        for image, person in zip(inputs, persons, strict=True)
    ]


def counts(images: Sequence[KnownImage]) -> dict[State, int]:
    """The number of images in each state."""
    states = [one.state for one in images]
    return {state: states.count(state) for state in (TO_LABEL, DRAFT, DONE)}


def labelled_words(images: Sequence[KnownImage]) -> str:
    """How many images are done and how many are drafts, such as "9 of 165 labelled, 3 drafts"."""
    found = counts(images)
    drafts = found[DRAFT]
    more = f", {drafts} draft{'s' * (drafts != 1)}" if drafts else ""
    return f"{found[DONE]} of {len(images)} labelled{more}"

"""Which done images validate a training of the labelling loop."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.loop.states import KnownImage
from deepimagetranslator.core.labelling.loop.validation import divided
from deepimagetranslator.core.labelling.record import DONE


def listed(persons: list[str]) -> list[KnownImage]:
    return [KnownImage(ImageRef(Path(f"{n}.png")), one, DONE) for n, one in enumerate(persons)]


@given(
    st.lists(st.tuples(st.sampled_from("ABCDEFG"), st.sampled_from(["new", "train", "val"]))),
    st.integers(1, 7),
)
def test_images_are_divided_once_and_persons_stay_whole(
    drawn: list[tuple[str, str]], most: int
) -> None:
    done = listed(["ABCDEFG"["ABCDEFG".index(person) % most] for person, _ in drawn])
    before = {
        part: {one.image for one, (_, was) in zip(done, drawn, strict=True) if was == part}
        for part in ("train", "val")
    }
    found = divided(done, (), before["train"], before["val"])
    assert found == divided(done, (), before["train"], before["val"])
    assert sorted((*found.train, *found.val), key=str) == sorted((o.image for o in done), key=str)
    assert not set(found.train) & set(found.val)
    persons = {one.person for one in done}
    if len(done) < 5:
        assert found.kind == "none" and found.val == ()
    elif len(persons) >= 5:
        assert found.kind == "persons"
        of_val = {one.person for one in done if one.image in found.val}
        of_train = {one.person for one in done if one.image in found.train}
        assert of_val and of_train and not of_val & of_train
    else:
        assert found.kind == "images" and "optimistic" in found.sentence
        assert found.train
        if 2 * len(before["val"]) > len(done):
            assert set(found.val) < before["val"]
            return
        assert before["val"] <= set(found.val)
        new = sum(was == "new" for _, was in drawn)
        if new >= len(done) // 5 - len(before["val"]):
            assert not before["train"] & set(found.val)
            assert len(found.val) == max(len(done) // 5, len(before["val"]))


def test_five_done_images_are_enough_and_every_fifth_validates() -> None:
    for count, validating in ((4, 0), (5, 1), (9, 1), (10, 2), (165, 33)):
        found = divided(listed(["A"] * count))
        assert len(found.val) == validating and len(found.train) == count - validating
    positions = [int(image.file.stem) for image in divided(listed(["A"] * 20)).val]
    assert positions == [2, 7, 12, 17]


@pytest.mark.parametrize(
    ("persons", "words"),
    [
        (["A"] * 5, "Same person in training and validation: the figures are optimistic."),
        ([""] * 5, "do not tell the persons, so all images count as the same person's"),
        (["A", "A", "B", "B", "C"], "of the same persons as the training images, so the figures"),
        (list("ABCDE"), "1 person of 5 (1 image) validates and is not trained on."),
        (list("ABCDEFGHIJ") * 2, "2 persons of 10 (4 images) validate and are not trained on."),
    ],
)
def test_the_sentence_says_how_far_the_figures_can_be_trusted(
    persons: list[str], words: str
) -> None:
    assert words in divided(listed(persons)).sentence

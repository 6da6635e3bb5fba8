"""The proposal of the next image to label: persons, foreground, and the same one each time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from dicom_samples import dataset, write
from hypothesis import given
from hypothesis import strategies as st

from deepimagetranslator.core.config.classes import parse_classes
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.loop.foreground import foreground_in, has_object
from deepimagetranslator.core.labelling.loop.next_image import (
    DISAGREEMENT,
    THUMBNAILS,
    next_by_value,
    next_image,
)
from deepimagetranslator.core.labelling.loop.states import KnownImage, counts, known_images
from deepimagetranslator.core.labelling.loop.thumbnails import SIDE, distances, thumbnail
from deepimagetranslator.core.labelling.record import DONE, DRAFT, TO_LABEL, State
from deepimagetranslator.core.labelling.store import LabelStore

STATES: list[State] = [TO_LABEL, DRAFT, DONE]


def listed(persons: list[str], states: list[State]) -> list[KnownImage]:
    both = enumerate(zip(persons, states, strict=True))
    return [KnownImage(ImageRef(Path(f"{n}.png")), *one) for n, one in both]


def some(person: str, *states: State) -> list[KnownImage]:
    return listed([person] * len(states), list(states))


cases = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(STATES), st.booleans()))


@given(cases, st.integers(0, 99))
def test_what_is_proposed_follows_from_states_persons_and_foreground(
    drawn: list[tuple[str, State, bool]], seed: int
) -> None:
    images = listed([one[0] for one in drawn], [one[1] for one in drawn])
    full = {known.image for known, one in zip(images, drawn, strict=True) if one[2]}
    found = next_image(images, seed, full.__contains__)
    assert found == next_image(images, seed, full.__contains__)
    left = [one for one in images if one.state != DONE]
    if not left:
        assert found is None
        return
    assert found is not None and (found.image, found.person) in [(o.image, o.person) for o in left]
    candidates = [one for one in left if one.image in full] or left
    assert (found.image in full) == any(one.image in full for one in left)
    share = {
        person: sum(one.state == DONE for one in images if one.person == person) / total
        for person, total in Counter(one.person for one in images).items()
    }
    assert share[found.person] == min(share[one.person] for one in candidates)


def test_the_choice_is_random_by_seed_and_over_persons_of_equal_share() -> None:
    images = listed(["A"] * 5 + ["B"] * 5, [TO_LABEL] * 10)
    found = [next_image(images, seed, lambda _: True) for seed in range(60)]
    assert {one.image for one in found if one} == {one.image for one in images}


def test_labelling_what_is_proposed_alternates_between_persons() -> None:
    images = listed(["A"] * 4 + ["B"] * 4, [TO_LABEL] * 8)
    order = []
    while (found := next_image(images, 1, lambda _: True)) is not None:
        order.append(found.person)
        states = [DONE if one.image == found.image else one.state for one in images]
        images = listed([one.person for one in images], states)
    assert len(order) == 8
    assert all(set(order[place : place + 2]) == {"A", "B"} for place in range(0, 8, 2))


def test_the_reason_names_the_share_of_several_persons_and_a_blank_image() -> None:
    images = listed(["A", "A", "B"], [DONE, TO_LABEL, DONE])
    found = next_image(images, 1, lambda _: True)
    assert found is not None and found.reason.endswith("foreground; 1 of 2 images of A are done")
    found = next_image(some("", TO_LABEL), 1, lambda _: False)
    assert found is not None
    assert found.reason == "chosen at random, as no image with foreground is left"


# ---- by a value --------------------------------------------------------------------------------


@given(cases, st.lists(st.integers(0, 3), min_size=50, max_size=50), st.integers(0, 99))
def test_the_greatest_value_wins_among_images_with_foreground(
    drawn: list[tuple[str, State, bool]], numbers: list[int], seed: int
) -> None:
    images = listed([one[0] for one in drawn], [one[1] for one in drawn])
    full = {known.image for known, one in zip(images, drawn, strict=True) if one[2]}
    values = {one.image: float(n) for one, n in zip(images, numbers, strict=False) if n}
    found = next_by_value(images, seed, full.__contains__, values, DISAGREEMENT)
    assert found == next_by_value(images, seed, full.__contains__, values, DISAGREEMENT)
    known = [o.image for o in images if o.state != DONE and o.image in full and o.image in values]
    if not known:
        assert found == next_image(images, seed, full.__contains__)
        return
    assert found is not None and found.image in known
    assert found.value == values[found.image] == max(values[image] for image in known)
    assert "mirrored" in found.reason


def test_equal_values_are_in_random_order() -> None:
    images = some("A", *[TO_LABEL] * 6)
    values = dict.fromkeys((one.image for one in images), 1.0)
    found = [next_by_value(images, s, lambda _: True, values, THUMBNAILS) for s in range(60)]
    assert {one.image for one in found if one} == set(values)


def test_labelling_the_least_like_is_the_greedy_k_centre_choice() -> None:
    """Against Gonzalez's algorithm on all distances, written out."""
    rng = np.random.default_rng(4)
    pictures = rng.normal(0, 1, (9, SIDE, SIDE, 1)).astype(np.float32)
    pictures *= rng.uniform(0.2, 3, (9, 1, 1, 1)).astype(np.float32)
    flat = pictures.reshape(9, -1).astype(np.float64)
    apart = np.sqrt(((flat[:, None] - flat[None]) ** 2).sum(axis=2))
    images = some("A", *[TO_LABEL] * 9)
    contents = {one.image: picture for one, picture in zip(images, pictures, strict=True)}
    order = [3]
    while len(order) < 9:
        rest = [place for place in range(9) if place not in order]
        order.append(max(rest, key=lambda place: min(apart[place, c] for c in order)))
    chosen = [3]
    while len(chosen) < 9:
        states = [DONE if place in chosen else TO_LABEL for place in range(9)]
        images = some("A", *states)
        values = distances(images, contents.__getitem__)
        for one, value in values.items():
            place = int(one.file.stem)
            assert value == pytest.approx(min(apart[place, c] for c in chosen), rel=1e-6)
        found = next_by_value(images, 1, lambda _: True, values, THUMBNAILS)
        assert found is not None and "least like" in found.reason
        chosen.append(int(found.image.file.stem))
    assert chosen == order


def test_a_thumbnail_is_the_mean_of_parts_of_any_image() -> None:
    image = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96, 1)
    parts = image[..., 0].reshape(SIDE, 2, SIDE, 3).mean(axis=(1, 3))
    assert np.allclose(thumbnail(image).reshape(SIDE, SIDE), parts, atol=1e-2)
    for odd in (
        np.full((1, 1, 1), 7, np.uint8),
        np.full((3, 500, 3), 7, np.uint8),
        np.full((40, 40, 1), 7, np.float32),
    ):
        assert np.allclose(thumbnail(odd), 7)
    assert np.isfinite(thumbnail(np.full((9, 9, 1), np.nan, np.float32))).all()


def test_unreadable_images_and_none_done_have_no_distance(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.png" for n in range(3)]
    for number, path in enumerate(paths[:2]):
        write_image(path, np.full((8, 8, 1), 100 * number, np.uint8))
    paths[2].write_bytes(b"no image")
    refs = [ImageRef(path) for path in paths]
    states: list[State] = [DONE, DRAFT, TO_LABEL]
    images = [KnownImage(one, "", state) for one, state in zip(refs, states, strict=True)]
    assert distances(images) == {refs[1]: 100.0 * SIDE}
    assert distances([KnownImage(one, "", TO_LABEL) for one in refs]) == {}
    assert distances([KnownImage(refs[2], "", DONE), KnownImage(refs[0], "", DRAFT)]) == {}


# ---- foreground --------------------------------------------------------------------------------


def disc(side: int, radius: float, inside: float, outside: float, noise: float) -> np.ndarray:
    at = np.arange(side) - (side - 1) / 2
    image = np.where(at[:, None] ** 2 + at**2 < radius**2, inside, outside)
    return (image + np.random.default_rng(side).normal(0, noise, image.shape))[..., None]


@pytest.mark.parametrize("side", [32, 100, 600])
def test_an_object_is_seen_in_noise_and_noise_alone_is_none(side: int) -> None:
    radius = side / 6
    assert has_object(disc(side, radius, 40, -1000, 20).astype(np.float32))
    assert has_object(disc(side, radius, 60, 160, 25).clip(0, 255).astype(np.uint8))
    assert has_object(np.repeat(disc(side, radius, 9000, 300, 100).astype(np.uint16), 3, axis=2))
    for nothing in (
        disc(side, 0, 0, 100, 20),
        disc(side, 0, 0, 100, 2).astype(np.uint8),
        disc(side, 0, 0, 0, 20).clip(0, 255),
        np.random.default_rng(side).poisson(3, (side, side, 1)),
        np.random.default_rng(side).uniform(0, 1, (side, side, 3)),
        np.full((side, side, 1), 7, np.uint8),
        np.full((side, side, 1), np.nan, np.float32),
    ):
        assert not has_object(nothing)


def test_single_odd_pixels_and_tiny_images_are_no_object() -> None:
    image = disc(64, 0, 0, 100, 2).astype(np.uint16)
    image[10, 10] = 65535
    assert not has_object(image)
    for shape in ((1, 1, 1), (1, 50, 3), (2, 3, 1)):
        assert not has_object(np.zeros(shape, np.uint8))


# ---- states ------------------------------------------------------------------------------------


def test_states_persons_and_foreground_of_a_project(tmp_path: Path) -> None:
    texts: dict[str, list[str]] = {"inputs": [], "targets": []}
    for person in ("P1", "P2"):
        for number in range(3):
            path = tmp_path / person / "images" / f"s{number}.png"
            write_image(path, disc(32, 8, 200, 10, 1).clip(0, 255).astype(np.uint8))
            texts["inputs"].append(str(path))
    target = tmp_path / "P1" / "targets" / "s0.png"
    write_image(target, np.zeros((32, 32, 1), np.uint8))
    inputs = tuple(texts["inputs"])
    persons = (str(tmp_path / "P1"), str(tmp_path / "P2"))
    data = DataSpec(train_inputs=inputs, train_targets=(str(target),), persons=persons)
    store = LabelStore(tmp_path / "labels" / "study")
    store.open()
    store.set_table(ClassTable().with_project(parse_classes(["0=air", "9=fat"])))
    first, second, third = (ImageRef(Path(text)) for text in inputs[3:])
    store.write(first, np.zeros((32, 32), np.uint8))
    store.write(second, np.ones((32, 32), np.uint8))
    store.write(third, np.ones((32, 32), np.uint8))
    store.mark_done(third)
    images = known_images(data, store)
    assert [one.state for one in images] == [DONE, TO_LABEL, TO_LABEL, DRAFT, DRAFT, DONE]
    assert [one.person for one in images] == ["P1"] * 3 + ["P2"] * 3
    assert counts(images) == {TO_LABEL: 2, DRAFT: 2, DONE: 2}
    found = foreground_in(store)
    assert found(images[1].image) and found(second)
    assert not found(first)  # a draft of background alone
    assert not found(ImageRef(tmp_path / "gone.png"))
    store.close()
    seen = LabelStore(store.folder)
    with_lock = LabelStore(store.folder)
    with_lock.open()
    seen.look()  # also while another process paints
    assert known_images(data, seen) == images
    with_lock.close()


def test_patients_are_told_apart_and_not_named(tmp_path: Path) -> None:
    texts = []
    for patient in ("Berta", "Anna"):
        for number in (1, 2):
            pixels = np.zeros((4, 4), np.uint16)
            file = dataset(pixels, PatientID=patient, SeriesInstanceUID=f"1.2.{len(patient)}")
            texts.append(str(write(tmp_path / f"{patient[0]}{number}.dcm", file)))
    images = known_images(
        DataSpec(train_inputs=tuple(texts)), LabelStore(tmp_path / "labels" / "p")
    )
    assert [one.person for one in images] == ["person 1", "person 1", "person 2", "person 2"]

"""Folds of whole persons, and nested training sets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study.folds import folds_of, leave_one_out, nested
from deepimagetranslator.core.study.plan import INNER, LAST, Plan
from deepimagetranslator.core.study.variations import Variation

COUNTS = st.lists(st.integers(1, 6), min_size=6, max_size=14)
SEEDS = st.integers(0, 2**31 - 1)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan of k folds or of one person left out, of persons with some images each."""
    counts, seed = draw(COUNTS), draw(SEEDS)
    numbers = draw(st.permutations(range(sum(counts))))
    persons, start = {}, 0
    for place, count in enumerate(counts):
        persons[f"person{place}"] = tuple(sorted(numbers[start : start + count]))
        start += count
    repeats = draw(st.integers(1, 3))
    k = draw(st.integers(2, len(counts)))
    folds = tuple(folds_of(list(persons), k, seed + repeat) for repeat in range(repeats))
    if draw(st.booleans()):
        folds = (leave_one_out(list(persons)),) * repeats
    weights = draw(st.sampled_from((LAST, INNER))) if k < len(counts) else LAST
    variations = (Variation("one"), Variation("other"))
    return Plan(variations, persons, folds, seed=seed, weights=weights)


@settings(max_examples=40)
@given(plans())
def test_no_person_is_in_training_and_tested(plan: Plan) -> None:
    who = plan.person_of()
    for cell in plan.cells():
        images = plan.images(cell)
        train, watched, tested = (
            {who[number] for number in part}
            for part in (images.train, images.watched, images.tested)
        )
        assert train and watched and tested
        assert not train & tested and not train & watched
        assert watched == tested if plan.weights == LAST else not watched & tested
        everyone = {*images.train, *images.watched, *images.tested}
        assert everyone == set(who)


@settings(max_examples=40)
@given(plans())
def test_each_image_is_tested_once_in_each_repeat_of_each_variation(plan: Plan) -> None:
    for repeat in range(1, plan.repeats + 1):
        for variation in ("one", "other"):
            tested = [
                number
                for cell in plan.cells()
                if (cell.repeat, cell.variation) == (repeat, variation)
                for number in plan.images(cell).tested
            ]
            assert sorted(tested) == sorted(plan.person_of())


@settings(max_examples=40)
@given(plans())
def test_cells_have_names_of_their_own_in_a_stable_order(plan: Plan) -> None:
    cells = list(plan.cells())
    assert len({cell.name for cell in cells}) == len(cells)
    assert cells == list(plan.cells())
    assert [plan.cell(cell.name) for cell in cells] == cells


@settings(max_examples=40)
@given(st.integers(2, 30), SEEDS, st.data())
def test_folds_differ_by_one_person_at_most(persons: int, seed: int, data: st.DataObject) -> None:
    names = [f"p{number}" for number in range(persons)]
    count = data.draw(st.integers(2, persons))
    sizes = [len(fold) for fold in folds_of(names, count, seed)]
    assert len(sizes) == count and sum(sizes) == persons and max(sizes) - min(sizes) <= 1


@settings(max_examples=40)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=5, unique=True), SEEDS)
def test_smaller_sets_lie_in_larger_ones(sizes: list[int], seed: int) -> None:
    images = range(100, 140)
    sets = [nested(images, size, seed, 1) for size in sorted(sizes)]
    for size, chosen in zip(sorted(sizes), sets, strict=True):
        assert len(chosen) == size and list(chosen) == sorted(set(chosen) & set(images))
    for smaller, larger in pairwise(sets):
        assert set(smaller) < set(larger)
    assert nested(images, 0, seed, 1) == tuple(images)


def test_what_cannot_be_dealt_is_a_sentence() -> None:
    with pytest.raises(UserError, match="only 2 persons for 3 folds"):
        folds_of(["a", "b"], 3, 1)
    with pytest.raises(UserError, match="2 folds or more, not 1"):
        folds_of(["a", "b"], 1, 1)
    with pytest.raises(UserError, match="only one person"):
        leave_one_out(["a"])
    with pytest.raises(UserError, match="4 training images, which is less than the size 5"):
        nested(range(4), 5, 1, 1)

"""Repairs change the project only, and go together in any order."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from deepimagetranslator.core.checks.kinds import TITLES, rank, title
from deepimagetranslator.core.checks.repairs import moved, repaired
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data.dataset import match
from deepimagetranslator.core.data.pair_lists import with_pairs
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import Repair
from deepimagetranslator.core.imaging.image_ref import ImageRef


def pairs_of(names: str) -> list[ImagePair]:
    return [
        ImagePair(ImageRef(Path(f"i/{name}.png")), ImageRef(Path(f"t/{name}.png")))
        for name in names.split()
    ]


def specs_of(train: str, val: str) -> Specs:
    return replace(Specs(), data=with_pairs(DataSpec(), pairs_of(train), pairs_of(val)))


def parts(specs: Specs) -> tuple[list[ImagePair], list[ImagePair]]:
    found = match(specs.data)
    return list(found.train), list(found.val)


def test_both_files_of_a_pair_are_left_out() -> None:
    for file in ("i/b.png", "t/b.png"):
        specs = repaired(specs_of("a b c", "d b"), Repair("", (str(Path(file)),)))
        assert parts(specs) == (pairs_of("a c"), pairs_of("d"))
        assert specs.data.pairing == "name"


def test_a_file_is_left_out_of_one_part() -> None:
    specs = repaired(
        specs_of("a b", "b c"), Repair("", (str(ImageRef(Path("i/b.png"))),), part="val")
    )
    assert parts(specs) == (pairs_of("a b"), pairs_of("c"))


def test_a_file_without_a_partner_is_left_out_and_others_stay() -> None:
    data = DataSpec(("i/a.png", "i/b.png", "i/c.png"), ("t/a.png",))
    specs = repaired(replace(Specs(), data=data), Repair("", (str(ImageRef(Path("i/b.png"))),)))
    assert specs.data.train_inputs == ("i/a.png", "i/c.png")
    assert specs.data.train_targets == ("t/a.png",)


def test_what_remains_keeps_its_partners() -> None:
    """With one pair left, nothing is common to all names any more."""
    data = DataSpec(
        ("i/x_one_1.png", "i/x_two_2.png"), ("t/y_two_2.png", "t/y_one_1.png"), pairing="name"
    )
    before = match(data)
    assert len(before.train) == 2
    specs = repaired(
        replace(Specs(), data=data), Repair("", (str(ImageRef(Path("i/x_one_1.png"))),))
    )
    assert parts(specs)[0] == [before.train[1]]


def test_settings_of_any_section() -> None:
    repair = Repair("", settings=(("training.batch_size", 3), ("data.snap_labels", True)))
    specs = repaired(specs_of("a", "b"), repair)
    assert (specs.training.batch_size, specs.data.snap_labels) == (3, True)
    assert parts(specs) == (pairs_of("a"), pairs_of("b"))


def test_pairs_that_their_names_do_not_say_are_paired_by_order() -> None:
    crossed = [
        ImagePair(ImageRef(Path("i/a.png")), ImageRef(Path("t/b.png"))),
        ImagePair(ImageRef(Path("i/b.png")), ImageRef(Path("t/a.png"))),
    ]
    specs = repaired(specs_of("a b c", "d"), moved(crossed, pairs_of("d"), "Exchange"))
    assert parts(specs) == (crossed, pairs_of("d"))
    assert specs.data.pairing == "order"


REPAIRS = (
    Repair("leave out", (str(ImageRef(Path("i/b.png"))), str(ImageRef(Path("t/e.png"))))),
    Repair("leave out of validation", (str(ImageRef(Path("i/f.png"))),), part="val"),
    moved(pairs_of("a b e g"), pairs_of("c d f"), "split"),
    Repair("smaller", settings=(("training.batch_size", 2),)),
)


@pytest.mark.parametrize("order", [*permutations(range(len(REPAIRS)))])
def test_the_order_of_repairs_does_not_matter(order: tuple[int, ...]) -> None:
    specs = specs_of("a b c d", "e f g")
    for number in order:
        specs = repaired(specs, REPAIRS[number])
    assert parts(specs) == (pairs_of("a g"), pairs_of("c d"))
    assert specs.training.batch_size == 2


def test_every_kind_has_a_name_and_a_place() -> None:
    assert len({title(kind) for kind in TITLES}) == len(TITLES)
    assert sorted(TITLES, key=rank) == list(TITLES)
    assert title("some_new_kind") == "Some new kind"
    assert rank("some_new_kind") > rank("unmatched")

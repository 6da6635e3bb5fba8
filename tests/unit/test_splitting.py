"""Keeping pairs for validation: what a split would do, said before it is done."""

from __future__ import annotations

import pytest

from deepimagetranslator.app.splitting import SplitWay, preview_split
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.splits import EACH_IMAGE
from deepimagetranslator.core.imaging.image_ref import parse_images

NAMES = [f"p{k}.png" for k in range(4)]


def pairs(names: list[str]) -> list[ImagePair]:
    return [ImagePair(*parse_images([f"/data/in/{name}", f"/data/out/{name}"])) for name in names]


def test_a_preview_shows_groups_and_counts() -> None:
    names = [f"person{p}_slice{s}.png" for p in range(4) for s in range(p + 1)]
    preview = preview_split(pairs(names), SplitWay(pattern="person([0-9])", fraction=0.3))
    assert [(name, count) for name, count, _ in preview.groups] == [
        ("0", 1),
        ("1", 2),
        ("2", 3),
        ("3", 4),
    ]
    assert preview.val == sum(count for _, count, validates in preview.groups if validates) == 3
    assert preview.train == 7
    assert preview.warning == preview.problem == ""


def test_image_by_image_is_never_silent() -> None:
    preview = preview_split(pairs(NAMES), SplitWay(by="image", fraction=0.25))
    assert (preview.train, preview.val) == (3, 1)
    assert preview.warning == EACH_IMAGE


@pytest.mark.parametrize(
    ("way", "word"),
    [
        (SplitWay(pattern="("), "regular expression"),
        (SplitWay(pattern="q"), "not found"),
        (SplitWay(fraction=0.0), "between 0 and 1"),
        (SplitWay(by="patient"), "does not say whose"),
    ],
)
def test_what_cannot_be_split_is_a_sentence(way: SplitWay, word: str) -> None:
    preview = preview_split(pairs(NAMES), way)
    assert word in preview.problem
    assert preview.groups == ()

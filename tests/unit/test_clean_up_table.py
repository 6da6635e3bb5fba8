"""The clean-up as a table: rules to rows and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepimagetranslator.app.clean_up_table import (
    CleanUpRow,
    clean_up_rows,
    clean_up_texts,
    suggested_rows,
)
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError

TISSUES = Palette(
    ((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)), "uint8", names=("", "lean", "", "")
)
RULES = (
    "lean: holes under 10",
    "green: bordered by red",
    "green: islands under 20",
    "green: all holes",
    "red: connected to outside within 8, else green",
    "red: largest only",
)


def test_rules_become_rows_and_rows_the_same_rules() -> None:
    rows = clean_up_rows(RULES, TISSUES)
    assert rows == [
        CleanUpRow("black", "#000000"),
        CleanUpRow("lean", "#0000ff", holes="10"),
        CleanUpRow("green", "#00ff00", islands="20", holes="all", beside="red"),
        CleanUpRow("red", "#ff0000", largest=True, other="green", gap="8"),
    ]
    assert clean_up_texts(rows) == RULES
    assert clean_up_texts(clean_up_rows((), TISSUES)) == ()


def test_rules_name_classes_in_any_way_and_rules_for_other_classes_are_left_out() -> None:
    rules = ("0,0,255: HOLES under 10", "class2: islands under 20", "liver: all holes")
    assert clean_up_texts(clean_up_rows(rules, TISSUES)) == (RULES[0], RULES[2])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"islands": "3x"}, "'3x' for red is not a number of pixels"),
        ({"islands": "0"}, "at least 1"),
        ({"holes": "-2"}, "'-2' for red"),
        ({"other": "green", "gap": ""}, "'' for red"),
        ({"other": "red"}, "cannot become red"),
        ({"beside": "green", "share": "100"}, "share in per cent; write a whole number from 0"),
        ({"islands": "9" * 30}, "not a number of pixels"),
    ],
)
def test_what_is_no_number_is_said(change: dict[str, str], words: str) -> None:
    *others, red = clean_up_rows((), TISSUES)
    with pytest.raises(UserError, match=words):
        clean_up_texts([*others, replace(red, **change)])  # type: ignore[arg-type]


def test_the_suggestion_follows_the_size_of_the_image_and_keeps_the_rest() -> None:
    rows = clean_up_rows(RULES, TISSUES)
    for pixels, few in ((None, "20"), (512 * 512, "20"), (256 * 256, "5"), (10, "2")):
        suggested = suggested_rows(rows, pixels)
        assert [row.islands for row in suggested] == [few] * 4
        assert [replace(row, islands="") for row in suggested] == [
            replace(row, islands="") for row in rows
        ]

"""Splitting validation from training: the live preview, its sentences, what OK gives."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import wait_until

from deepimagetranslator.app.splitting import BY_IMAGE, BY_NAME, BY_PATIENT, SplitWay
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.splits import EACH_IMAGE
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.gui.dialogs.split_dialog import _WORDS, SplitDialog

PAIRS = [
    ImagePair(ImageRef(Path(f"/in/{who}_s{k}.png")), ImageRef(Path(f"/out/{who}_s{k}.png")))
    for who in ("anna1", "bert2", "carl3", "dora4", "emil5")
    for k in range(4)
]


@pytest.fixture
def chosen() -> list[SplitWay]:
    return []


@pytest.fixture
def dialog(root: tk.Tk, chosen: list[SplitWay]) -> SplitDialog:
    return SplitDialog(root, PAIRS, SplitWay(), False, chosen.append)


def wait(dialog: SplitDialog, condition: Callable[[], object]) -> None:
    wait_until(condition, dialog.update, lambda: dialog.words.cget("text"))


def lines(dialog: SplitDialog) -> list[tuple[str, str, int]]:
    table = dialog.table
    return [
        (table.item(item, "text"), *table.item(item, "values"))  # type: ignore[misc]
        for item in table.get_children()
    ]


def test_groups_are_shown_before_anything_is_chosen(
    dialog: SplitDialog, chosen: list[SplitWay]
) -> None:
    wait(dialog, lambda: dialog.preview)
    found = lines(dialog)
    assert [line[0] for line in found] == ["anna1", "bert2", "carl3", "dora4", "emil5"]
    assert sorted(line[1] for line in found) == ["training"] * 4 + ["validation"]
    assert "16 images for training, 4 for validation (20 per cent)" in dialog.words.cget("text")
    dialog.ok_button.invoke()
    assert chosen == [SplitWay()]


def test_the_preview_follows_the_pattern(dialog: SplitDialog, chosen: list[SplitWay]) -> None:
    wait(dialog, lambda: dialog.preview)
    dialog.pattern.set("_s([0-9])")
    assert dialog.ok_button.instate(["disabled"])
    wait(dialog, lambda: dialog.preview)
    assert [line[0] for line in lines(dialog)] == ["0", "1", "2", "3"]
    dialog.percent.set("50 %")
    dialog.seed.set("3")
    wait(dialog, lambda: dialog.preview)
    dialog.ok_button.invoke()
    assert chosen == [SplitWay(BY_NAME, "_s([0-9])", 0.5, 3)]


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("pattern", "(", "regular expression"),
        ("pattern", "zoe", "not found"),
        ("percent", "many", "not a number"),
        ("percent", "100", "between 0 and 1"),
        ("seed", "x", "whole number"),
    ],
)
def test_what_is_wrong_is_said_and_cannot_be_accepted(
    dialog: SplitDialog, name: str, text: str, word: str
) -> None:
    wait(dialog, lambda: dialog.preview)
    getattr(dialog, name).set(text)
    wait(dialog, lambda: word in str(dialog.words.cget("text")))
    assert dialog.ok_button.instate(["disabled"])
    assert dialog.value() is None


def test_image_by_image_warns(dialog: SplitDialog) -> None:
    wait(dialog, lambda: dialog.preview)
    dialog.by.set(_WORDS[BY_IMAGE])
    wait(dialog, lambda: dialog.preview)
    assert EACH_IMAGE in dialog.words.cget("text")
    assert str(dialog.words.cget("style")) == "Warning.TLabel"
    assert dialog.entry.instate(["disabled"])
    assert len(lines(dialog)) == len(PAIRS)


def test_patients_only_of_dicom_files(root: tk.Tk, dialog: SplitDialog) -> None:
    assert _WORDS[BY_PATIENT] not in dialog.way_box.cget("values")
    dialog.destroy()
    dicom = SplitDialog(root, PAIRS, SplitWay(), True, lambda _way: None)
    assert _WORDS[BY_PATIENT] in dicom.way_box.cget("values")
    dicom.by.set(_WORDS[BY_PATIENT])
    wait(dicom, lambda: "does not say whose" in str(dicom.words.cget("text")))
    dicom.destroy()

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


# ---- chosen groups -------------------------------------------------------------------------


def parts(dialog: SplitDialog) -> dict[str, str]:
    return {name: part for name, part, _count in lines(dialog)}


def click(dialog: SplitDialog, group: str) -> None:
    """Click the line of a group, as a user does."""
    table = dialog.table
    (item,) = (item for item, name in dialog.lines.items() if name == group)
    table.see(item)
    table.update_idletasks()
    x, y, width, height = table.bbox(item, "part")  # type: ignore[misc]
    place = {"x": x + width // 2, "y": y + height // 2}
    table.event_generate("<ButtonPress-1>", **place)
    table.event_generate("<ButtonRelease-1>", **place)
    wait(dialog, lambda: dialog.preview)


def test_a_click_moves_a_group(dialog: SplitDialog, chosen: list[SplitWay]) -> None:
    wait(dialog, lambda: dialog.preview)
    first = next(name for name, part in parts(dialog).items() if part == "validation")
    others = [name for name in parts(dialog) if name != first]
    click(dialog, others[0])
    click(dialog, others[1])
    click(dialog, first)
    assert [name for name, part in parts(dialog).items() if part == "validation"] == others[:2]
    assert "12 images for training, 8 for validation (40 per cent)" in dialog.words.cget("text")
    dialog.ok_button.invoke()
    assert [way.validates for way in chosen] == [frozenset(others[:2])]


def test_the_keyboard_moves_a_group_too(dialog: SplitDialog) -> None:
    wait(dialog, lambda: dialog.preview)
    before = parts(dialog)
    item = dialog.table.get_children()[0]
    dialog.table.focus(item)
    dialog.table.focus_force()
    dialog.update()
    for _ in range(2):
        dialog.table.event_generate("<space>")
        wait(dialog, lambda: dialog.preview)
    assert parts(dialog) == before
    assert dialog.lines[dialog.table.focus()] == "anna1"


def test_without_a_group_on_both_sides_there_is_no_split_but_its_lines_stay(
    dialog: SplitDialog,
) -> None:
    wait(dialog, lambda: dialog.preview)
    (only,) = (name for name, part in parts(dialog).items() if part == "validation")
    click(dialog, only)
    assert set(parts(dialog).values()) == {"training"}
    assert "No group is left for validation" in dialog.words.cget("text")
    assert dialog.ok_button.instate(["disabled"]) and dialog.value() is None
    click(dialog, "carl3")
    assert dialog.ok_button.instate(["!disabled"])
    dialog.seed.set("5")  # chooses at random again
    wait(dialog, lambda: dialog.preview)
    assert dialog.value() == SplitWay(seed=5)


def test_the_present_split_is_shown_first(root: tk.Tk, chosen: list[SplitWay]) -> None:
    val = [pair for pair in PAIRS if pair.input.name.startswith(("dora", "emil"))]
    train = [pair for pair in PAIRS if pair not in val]
    dialog = SplitDialog(root, train, SplitWay(), False, chosen.append, val)
    wait(dialog, lambda: dialog.preview)
    validates = {name for name, part in parts(dialog).items() if part == "validation"}
    assert validates == {"dora4", "emil5"}
    dialog.destroy()
    mixed = SplitDialog(root, PAIRS[1:], SplitWay(), False, chosen.append, PAIRS[:1])
    wait(mixed, lambda: mixed.preview)  # anna1 is on both sides: a new split is offered
    assert mixed.value() == SplitWay()
    mixed.destroy()


def test_known_persons_are_the_groups(root: tk.Tk, chosen: list[SplitWay]) -> None:
    pairs = [
        ImagePair(*(ImageRef(Path(f"/tree/{who}/{side}/{k}.png")) for side in ("im", "gt")))
        for who in ("a", "b")
        for k in range(2)
    ]
    persons = ("/tree/a", "/tree/b")
    dialog = SplitDialog(root, pairs, SplitWay(), False, chosen.append, persons=persons)
    wait(dialog, lambda: dialog.preview)
    assert set(parts(dialog)) == {"a", "b"}
    dialog.destroy()

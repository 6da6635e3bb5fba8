"""The dialog of a new study: what is typed, its problems, and what is said of it beforehand."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tkinter import ttk

import pytest
from focus import focus
from study_sets import project_of_persons
from waiting import wait_until

from deepimagetranslator.app.study.axes import DEEP_SUPERVISION, Axis, labels
from deepimagetranslator.app.study.draft import Draft
from deepimagetranslator.app.study.outlook import Outlook, outlook_of
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.study.new_study import FIXED, FOLDS
from deepimagetranslator.gui.study.new_study_dialog import _KINDS, NewStudyDialog

PEOPLE = ("anna", "bert", "carl", "dora", "emil", "fred")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project_of_persons(tmp_path_factory.mktemp("people"), PEOPLE, 3)


@pytest.fixture
def made() -> list[Outlook]:
    return []


@pytest.fixture
def dialog(root: tk.Tk, project: Project, tmp_path: Path, made: list[Outlook]) -> NewStudyDialog:
    dialog = NewStudyDialog(
        root, project, tmp_path / "study", lambda: tmp_path / "elsewhere", made.append
    )
    known(dialog)
    return dialog


def known(dialog: NewStudyDialog) -> None:
    """Wait until it is known what follows from what is typed."""
    wait_until(lambda: dialog.outlook is not None, dialog.update, dialog.draft)


def told(dialog: NewStudyDialog) -> dict[str, str]:
    """The problems that are seen, by their fields."""
    found = dict(dialog.messages)
    found |= {f"axis {n}": row.message for n, row in enumerate(dialog.axes.rows)}
    return {name: message.text() for name, message in found.items() if message.winfo_manager()}


def test_what_it_amounts_to_is_said_while_one_chooses(
    dialog: NewStudyDialog, made: list[Outlook], project: Project, tmp_path: Path
) -> None:
    assert dialog.count.cget("text") == "6 trainings: 1 variation × 6 folds."
    assert "6 persons, recognized by their folders.\nFold 1: 1 person (anna), 3 images" in str(
        dialog.persons.cget("text")
    )
    dialog.axes.quick["augmentation"].invoke()
    dialog.axes.quick[DEEP_SUPERVISION].invoke()
    dialog.texts["kind"].set(_KINDS[FOLDS])
    dialog.texts["epochs"].set("5")
    known(dialog)
    assert dialog.count.cget("text") == "12 trainings: 4 variations × 3 folds."
    assert "7 persons are needed" in dialog.test.cget("text")
    lines = list(dialog.comparisons.pairs)
    assert [dialog.comparisons.table.item(line, "text") for line in lines].count("✓") == 3
    first = dialog.comparisons.pairs[lines[0]]
    for line, pair in dialog.comparisons.pairs.items():
        if dialog.comparisons.table.item(line, "text") and pair != first:
            dialog.comparisons.toggle(line)
    known(dialog)
    assert "Smallest possible p: 0.031 (6 persons, 1 comparison)." in dialog.test.cget("text")

    focus(dialog.ok_button)
    dialog.event_generate("<Return>")
    wait_until(lambda: made, dialog.master.update)
    axes = (Axis("augmentation", "on, off"), Axis(DEEP_SUPERVISION, "on, off"))
    draft = Draft(
        kind=FOLDS, epochs="5", axes=axes, comparisons=(first,), output=str(tmp_path / "study")
    )
    assert made[0].draft == draft
    assert made[0].study == outlook_of(project, draft).study


def test_problems_stand_beside_their_fields(dialog: NewStudyDialog) -> None:
    dialog.axes.add(Axis("training.learning_rate", "0.1, fast"))
    known(dialog)
    assert "'fast'" in told(dialog)["axis 0"] and dialog.ok_button.instate(["disabled"])
    assert "6 persons" in dialog.persons.cget("text"), "what stays true stays in sight"
    dialog.axes.rows[0].values.set("0.1, 0.01")
    known(dialog)
    assert told(dialog) == {} and dialog.ok_button.instate(["!disabled"])
    for name, text, words in (
        ("sizes", "3,99", "less than the size 99"),
        ("repeats", "none", "'none' is not a whole number"),
        ("epochs", "0", "Epochs must be"),
        ("group", "zoe", "not found in"),
        ("output", "", "Choose a folder"),
    ):
        before = dialog.texts[name].get()
        dialog.texts[name].set(text)
        known(dialog)
        assert words in told(dialog)[name], told(dialog)
        assert dialog.entries[name].instate(["invalid"]) and dialog.ok_button.instate(["disabled"])
        dialog.texts[name].set(before)
    dialog.texts["kind"].set(_KINDS[FIXED])
    known(dialog)
    assert "no validation images" in told(dialog)["folds"]


def test_any_setting_is_chosen_by_its_label(dialog: NewStudyDialog) -> None:
    dialog.axes.add_button.invoke()
    row = dialog.axes.rows[0]
    row.choice.set(labels()["training.optimizer"])
    row.choice.event_generate("<<ComboboxSelected>>")
    ticks = row.editor.ticks  # type: ignore[attr-defined]
    for word in ("adam", "sgd"):
        if word not in row.values.get():
            ticks[word].invoke()
    dialog.update()
    assert row.name == "training.optimizer"
    assert {"adam", "sgd"} <= set(row.values.get().split(", "))
    row.choice.set(labels()["model.depth"])
    row.choice.event_generate("<<ComboboxSelected>>")
    assert isinstance(row.editor, ttk.Entry)
    known(dialog)
    assert dialog.draft().axes == (Axis("model.depth", str(dialog._project.specs.model.depth)),)
    row.remove_button.invoke()
    assert dialog.draft().axes == ()


def test_quick_ticks_and_rows_follow_each_other(dialog: NewStudyDialog) -> None:
    tick = dialog.axes.quick["preset"]
    tick.invoke()
    assert dialog.draft().axes == (Axis("preset", "recommended, 2021"),)
    dialog.axes.rows[0].remove_button.invoke()
    assert tick.instate(["!selected"])
    dialog.axes.quick["training.loss"].invoke()
    loss = dialog._project.specs.training.loss
    assert dialog.draft().axes[0].values.startswith(f"{loss}, ")
    dialog.axes.quick["training.loss"].invoke()
    assert dialog.draft().axes == ()


def test_the_space_bar_marks_a_comparison(dialog: NewStudyDialog) -> None:
    dialog.axes.quick["augmentation"].invoke()
    table = dialog.comparisons.table
    focus(table)
    table.focus(table.get_children()[0])
    table.event_generate("<space>")
    assert dialog.draft().comparisons == ()
    known(dialog)
    assert dialog.test.cget("text") == "Nothing is compared, so there is no p."
    dialog.axes.rows[0].values.set("on")
    assert dialog.draft().comparisons is None, "other variations, other comparisons"


def test_the_folder_is_browsed_for(dialog: NewStudyDialog, tmp_path: Path) -> None:
    dialog._browse()
    assert dialog.draft().output == str(tmp_path / "elsewhere" / "study")


def test_the_measure_and_the_weights_are_chosen_by_their_words(dialog: NewStudyDialog) -> None:
    assert (dialog.draft().measure, dialog.draft().weights) == ("", "")
    dialog.texts["measure"].set("PSNR")
    dialog.texts["weights"].set("Last weights")
    assert (dialog.draft().measure, dialog.draft().weights) == ("psnr", "last")


def test_it_fits_a_small_screen(
    root: tk.Tk, project: Project, monkeypatch: pytest.MonkeyPatch, pump: Callable[..., None]
) -> None:
    monkeypatch.setattr(tk.Misc, "winfo_screenwidth", lambda _self: 800)
    monkeypatch.setattr(tk.Misc, "winfo_screenheight", lambda _self: 600)
    dialog = NewStudyDialog(root, replace(project), Path("/study"), lambda: None)
    pump(root, lambda: dialog.winfo_viewable() and dialog.winfo_width() > 1)
    root.update()
    assert dialog.winfo_width() <= 800 and dialog.winfo_height() <= 560
